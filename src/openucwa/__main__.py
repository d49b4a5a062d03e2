"""`python -m openucwa`: the same as the command `openucwa`."""

from openucwa.cli import main

if __name__ == "__main__":
    main(prog_name="openucwa")

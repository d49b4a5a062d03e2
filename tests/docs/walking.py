"""The shell commands of a page, run as they stand there, with what they need of the machine put in its place."""

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

from tests.needs import find, need
from tests.process.running import environment

ROOT = Path(__file__).parents[2]

#: Seconds that the commands of a section may take.
LIMIT = 240.0

#: What may not be done on a machine that runs tests; nobody else is there to be asked for a right.
STAND_INS = {
    "apt": "exit 0",
    "openucwa": 'exec "$PYTHON" -m openucwa "$@"',
    "sudo": '[ "$1" = -u ] && shift 2\nexec "$@"',
    "systemctl": "exit 0",
}


def blocks(page: str, section: str) -> list[str]:
    """The `sh` blocks of a section, up to the next heading."""
    text = (ROOT / page).read_text("utf-8")
    found = re.search(rf"^##+ {re.escape(section)}\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found is not None, section
    found_blocks = re.findall(r"^( *)```sh\n(.*?)^\1```", found[1], re.DOTALL | re.MULTILINE)
    assert found_blocks, section
    return [textwrap.dedent(block) for _, block in found_blocks]


def commands(page: str, section: str) -> str:
    """All `sh` blocks of a section in one."""
    return "".join(blocks(page, section))


def walk(script: str, folder: Path, put: Mapping[str, str], stand_ins: Mapping[str, str] | None = None) -> str:
    """What the commands say. `put`: what stands in the page, and what is meant here; each is there.

    `stand_ins`: shell scripts by the names of the programs that they are in place of.
    """
    for said, meant in put.items():
        assert said in script, said
        script = script.replace(said, meant)
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for name, text in {**STAND_INS, **(stand_ins or {})}.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n", "utf-8")
        (programs / name).chmod(0o755)
    postgres = Path(need("postgresql")).resolve().parent
    path = os.pathsep.join((str(programs), str(Path(need("curl")).parent), str(postgres), os.environ["PATH"]))
    done = subprocess.run(
        [need("bash"), "-c", f"set -euo pipefail\ntrap 'kill $(jobs -p) 2> /dev/null || true; wait' EXIT\n{script}"],
        cwd=folder,
        env={**environment({}), "PATH": path, "PYTHON": sys.executable, "PGUSER": "postgres", "PGHOST": "127.0.0.1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def nginx_in(folder: Path, plain: int, tls: int) -> dict[str, str]:
    """What stands in for nginx, and for what starts it: it listens on these ports, and writes where it may."""
    program, conf = find("nginx"), folder / "openucwa.conf"
    ports = f"s/listen 80;/listen 127.0.0.1:{plain};/; s/listen 443 ssl http2;/listen 127.0.0.1:{tls} ssl http2;/"
    call = f'"{program}" -p "{folder}" -e stderr -c "{folder / "nginx.conf"}"'
    ready = f"curl -sk --retry 50 --retry-delay 1 --retry-connrefused -o /dev/null https://localhost:{tls}/"
    return {
        "nginx": f'sed -i "{ports}" "{conf}"\nexec {call} "$@"',
        "systemctl": f"{call} > /dev/null 2>&1 &\nexec {ready}",
    }

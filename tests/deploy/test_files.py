"""The files of `deploy/`: what they name is there, and the programs that read them take them."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from openucwa.cli import main
from tests.deploy.nginx import Nginx
from tests.needs import need
from tests.process.running import LIMIT

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def test_nginx_accepts_its_configuration(tmp_path: Path) -> None:
    assert Nginx(tmp_path, ["127.0.0.1:1"]).test() == ""


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    program = need("systemd")
    (tmp_path / "openucwa").symlink_to(sys.executable)
    units = [tmp_path / unit.name for unit in DEPLOY.iterdir() if unit.suffix in {".service", ".timer"}]
    assert len(units) == 3
    for unit in units:
        text = (DEPLOY / unit.name).read_text("utf-8")
        # The program and the user have to be there; on this machine they need not be.
        text = text.replace("/opt/openucwa/bin/openucwa", str(tmp_path / "openucwa"))
        unit.write_text(text.replace("User=openucwa\n", "User=root\n"), "utf-8")
    said = subprocess.run(
        [program, "verify", "--man=no", *map(str, units)], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    # What other units of the machine lack is told as well.
    assert [line for line in said.stderr.splitlines() if "openucwa" in line] == []


def test_units_call_commands_with_options_that_exist() -> None:
    for unit in DEPLOY.glob("*.service"):
        (words,) = re.findall(r"^ExecStart=/opt/openucwa/bin/openucwa (.*)$", unit.read_text("utf-8"), re.MULTILINE)
        name, *arguments = shlex.split(words)
        main.commands[name].make_context(name, arguments)  # raises what the command line would be refused with


def test_container_copies_existing_files_and_installs_locked_versions() -> None:
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    copied = [name for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE) for name in line.split()[:-1]]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert "--require-hashes -r requirements.txt -r requirements-ldap.txt" in text
    bases = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    assert all(re.fullmatch(r"python:3\.\d+-slim", base) for base in bases), "a short name, of no registry"
    assert re.search(r"^USER (?!root)", text, re.MULTILINE)

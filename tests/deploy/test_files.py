"""The files of `deploy/`: what they name is there, and the programs that read them take them."""

import re
import subprocess
import sys
from pathlib import Path

from tests.deploy.nginx import Nginx
from tests.needs import need
from tests.process.running import LIMIT

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def test_nginx_accepts_its_configuration(tmp_path: Path) -> None:
    assert Nginx(tmp_path, ["127.0.0.1:1"]).test() == ""


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    program = need("systemd")
    (tmp_path / "openucwa").symlink_to(sys.executable)
    text = (DEPLOY / "openucwa.service").read_text("utf-8")
    # The program and the user have to be there; on this machine they need not be.
    text = text.replace("/opt/openucwa/bin/openucwa", str(tmp_path / "openucwa")).replace(
        "User=openucwa\n", "User=root\n"
    )
    unit = tmp_path / "openucwa.service"
    unit.write_text(text, "utf-8")
    said = subprocess.run(
        [program, "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    # What other units of the machine lack is told as well.
    assert [line for line in said.stderr.splitlines() if "openucwa" in line] == []


def test_container_copies_existing_files_and_installs_locked_versions() -> None:
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    copied = [name for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE) for name in line.split()[:-1]]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert "--require-hashes -r requirements.txt -r requirements-ldap.txt" in text
    bases = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    assert all(re.fullmatch(r"python:3\.\d+-slim", base) for base in bases), "a short name, of no registry"
    assert re.search(r"^USER (?!root)", text, re.MULTILINE)

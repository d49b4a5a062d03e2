"""The pages' client as a package, @openucwa/client, packed and unpacked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.needs import need, nothing_left_out

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "node_modules" / ".bin"
#: Seconds that a tool may take on a busy machine.
LIMIT = 120.0


def install_package(folder: Path) -> Path:
    """`folder`, with the package in its node_modules. Without npm and tsc the test is skipped."""
    need("npm")
    if not (TOOLS / "tsc").exists():
        assert not nothing_left_out(), "make lint installs tsc"
        pytest.skip("tsc is not installed: make lint installs it")
    shutil.copytree(ROOT / "src" / "openucwa" / "web", folder / "web")
    run("npm", "pack", "--silent", cwd=folder / "web")
    place = folder / "node_modules" / "@openucwa"
    place.mkdir(parents=True)
    run("tar", "-xzf", str(next((folder / "web").glob("*.tgz"))), "-C", str(place), cwd=folder)
    (place / "package").rename(place / "client")
    shutil.rmtree(folder / "web")
    return folder


def run(*words: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """A program that succeeds."""
    path = os.pathsep.join((str(TOOLS), os.environ["PATH"]))
    done = subprocess.run(
        words, cwd=cwd, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done

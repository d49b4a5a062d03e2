"""`make run` on machines that lack something: it says what, in one line."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
LIMIT = 30.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what `make` reads, in a folder with a blank in its name, and a folder for programs."""
    copied = tmp_path / "a folder"
    (copied / "tools").mkdir(parents=True)
    (copied / "programs").mkdir()
    for name in ("Makefile", "tools/install", "requirements.txt", "pyproject.toml"):
        shutil.copy(PROJECT / name, copied / name)
    return copied


def make(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """`make`, where the programs of `folder` come first."""
    path = f"{folder / 'programs'}:/usr/bin:/bin"
    return subprocess.run(
        ["make", *words], cwd=folder, env={"PATH": path}, capture_output=True, text=True, timeout=LIMIT, check=False
    )


def fake_python(folder: Path, script: str) -> None:
    """A `python3` that is `script`."""
    program = folder / "programs" / "python3"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_help_lists_every_target(folder: Path) -> None:
    done = make(folder)
    assert done.returncode == 0
    listed = [line.split()[1] for line in done.stdout.splitlines()]
    phony = next(line for line in (PROJECT / "Makefile").read_text().splitlines() if line.startswith(".PHONY"))
    assert listed == phony.split()[1:]


def test_an_old_python_is_named(folder: Path) -> None:
    fake_python(folder, 'case "$2" in *print*) echo 3.9.2 ;; *) exit 1 ;; esac')
    done = make(folder, "run")
    assert done.returncode != 0
    assert "openucwa: Python 3.11 or later is needed, and python3 is 3.9.2" in done.stderr
    assert not (folder / ".venv").exists()


def test_a_python_without_venv_is_told_what_is_missing(folder: Path) -> None:
    fake_python(folder, 'case "$2" in *print*) echo 3.12.1 ;; *venv*) exit 1 ;; esac')
    done = make(folder, "run")
    assert done.returncode != 0
    assert "the package python3-venv is missing" in done.stderr
    assert len(done.stderr.splitlines()) == 2, "make's own line comes behind"


def test_no_python_at_all_is_said(folder: Path) -> None:
    done = make(folder, "run", "PYTHON=python-nowhere")
    assert done.returncode != 0
    assert "openucwa: there is no python-nowhere" in done.stderr


def test_an_installation_that_broke_off_is_taken_up_again(folder: Path) -> None:
    fake_python(
        folder, 'case "$2" in *print*) echo 3.12.1 ;; venv) mkdir -p .venv/bin; cp pip .venv/bin/python ;; esac'
    )
    pip = folder / "pip"
    pip.write_text('#!/bin/sh\necho "pip fails" >&2\nexit 1\n')
    pip.chmod(0o755)
    for _ in range(2):
        done = make(folder, "run")
        assert done.returncode != 0
        assert "pip fails" in done.stderr

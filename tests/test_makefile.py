"""`make run` and `make test` with other Pythons, on machines that lack something, and the lock files."""

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
LIMIT = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what `make` reads, in a folder with a space in its name, and a folder for programs."""
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


def test_old_python_is_refused(folder: Path) -> None:
    fake_python(folder, 'case "$2" in *print*) echo 3.9.2 ;; *) exit 1 ;; esac')
    done = make(folder, "run")
    assert done.returncode != 0
    assert "openucwa: Python 3.11 or later is required, but python3 is 3.9.2" in done.stderr
    assert not (folder / ".venv").exists()


def test_python_without_venv_is_refused_with_the_missing_package(folder: Path) -> None:
    fake_python(folder, 'case "$2" in *print*) echo 3.12.1 ;; *venv*) exit 1 ;; esac')
    done = make(folder, "run")
    assert done.returncode != 0
    assert "install the package python3-venv" in done.stderr
    assert len(done.stderr.splitlines()) == 2, "make's own line comes behind"


def test_missing_python_is_refused(folder: Path) -> None:
    done = make(folder, "run", "PYTHON=python-nowhere")
    assert done.returncode != 0
    assert "openucwa: python-nowhere not found" in done.stderr


def test_interrupted_installation_is_resumed(folder: Path) -> None:
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


def test_python_that_only_pyenv_knows_is_found(folder: Path) -> None:
    versions = folder / "pyenv" / "versions" / "3.13.0" / "bin"
    versions.mkdir(parents=True)
    found = versions / "python3.13"
    found.write_text("#!/bin/sh\ncase \"$2\" in *print*) echo 3.9.1 ;; '') ;; *) exit 1 ;; esac\n")
    shim, pyenv = folder / "programs" / "python3.13", folder / "programs" / "pyenv"
    shim.write_text("#!/bin/sh\nexit 127\n")
    pyenv.write_text(f'#!/bin/sh\necho "{folder / "pyenv"}"\n')
    for program in (found, shim, pyenv):
        program.chmod(0o755)
    done = make(folder, "run", "PYTHON=python3.13")
    assert f"{found} is 3.9.1" in done.stderr


def test_virtual_environment_can_have_another_name(folder: Path) -> None:
    fake_python(folder, 'case "$2" in *print*) echo 3.12.1 ;; venv) mkdir -p "$4/bin"; cp pip "$4/bin/python" ;; esac')
    (folder / "pip").write_text("#!/bin/sh\nexit 0\n")
    (folder / "pip").chmod(0o755)
    assert make(folder, "run", "VENV=.venv-3.12").returncode == 0
    assert (folder / ".venv-3.12" / "installed-requirements.txt").exists()
    assert not (folder / ".venv").exists()


def test_lowest_versions_are_locked_as_declared() -> None:
    minimums = subprocess.run(
        [sys.executable, "tools/minimums"], cwd=PROJECT, capture_output=True, text=True, timeout=LIMIT, check=True
    ).stdout.splitlines()
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (PROJECT / "requirements-lowest.txt").read_text(), re.MULTILINE))
    assert minimums
    for minimum in minimums:
        name, _, version = minimum.partition("==")
        assert locked[name].removesuffix(".0").removesuffix(".0") == version.removesuffix(".0"), minimum


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-lowest.txt"])
def test_lock_files_have_hashes_and_name_no_registry(name: str) -> None:
    text = (PROJECT / name).read_text()
    packages = re.findall(r"^[\w.-]+==.*$", text, re.MULTILINE)
    assert packages
    assert all(package.endswith("\\") for package in packages), "a hash follows"
    assert "://" not in text

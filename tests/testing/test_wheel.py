"""The wheel, as somebody uses it who has nothing else: in an empty folder, with the documentation's tests."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.docs.test_ci import blocks
from tests.process.running import LIMIT, environment

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel is installed, for PYTHONPATH."""
    built = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(built)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=4 * LIMIT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = built.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(built / "installed")
    return built / "installed"


def run(installed: Path, folder: Path, *words: str) -> str:
    """What this interpreter prints in an empty folder, with the wheel in front of everything else."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=4 * LIMIT,
        check=False,
        env={**environment({}), "PYTHONPATH": str(installed)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_tests_of_the_page_pass_with_nothing_but_the_wheel(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "test_client.py").write_text("".join(blocks("python")))
    said = run(installed, tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-s", "test_client.py")
    assert "2 passed" in said


def test_example_passes_with_nothing_but_the_wheel(installed: Path, tmp_path: Path) -> None:
    where = "import openucwa\n\n\ndef test_wheel() -> None:\n    assert openucwa.__file__.startswith({!r})\n"
    (tmp_path / "test_where.py").write_text(where.format(str(installed) + os.sep))
    (tmp_path / "test_client.py").write_text((ROOT / "examples" / "test_client.py").read_text("utf-8"), "utf-8")
    assert "7 passed" in run(installed, tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_wheel_has_every_file_of_the_package(installed: Path) -> None:
    source = ROOT / "src" / "openucwa"
    files = {
        path.relative_to(source)
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    assert files == {
        path.relative_to(installed / "openucwa")
        for path in (installed / "openucwa").rglob("*")
        if path.is_file() and not {"__pycache__", "guides"} & set(path.parts)
    }

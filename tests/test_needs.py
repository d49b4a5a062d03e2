"""What becomes of tests whose programs are missing: never a silent pass."""

import stat
from pathlib import Path

import pytest

from tests import needs


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that lacks one program; its folder of programs."""
    monkeypatch.setattr(needs, "PROGRAMS", {"frobnicator": ("frobnicate", "frob")})
    monkeypatch.setattr(needs, "HEADERS", {})
    monkeypatch.setattr(needs, "LIBRARIES", {})
    monkeypatch.setattr(needs, "BUILT", {})
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    return tmp_path


def program(file: Path, script: str = "") -> None:
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def test_program_is_found_under_each_of_its_names(machine: Path) -> None:
    assert needs.missing() == ["frobnicator"]
    program(machine / "frob")
    assert needs.need("frobnicator") == str(machine / "frob")
    assert needs.missing() == []


def test_missing_program_skips_the_test_with_a_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="frobnicator is not installed"):
        needs.need("frobnicator")


def test_missing_program_fails_the_test_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="frobnicator is not installed"):
        needs.need("frobnicator")


@pytest.mark.parametrize(("ci", "status", "expected"), [("", 0, "skipped"), ("true", 1, "fail")])
def test_missing_programs_are_listed_before_the_tests(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ci: str, status: int, expected: str
) -> None:
    monkeypatch.setenv("CI", ci)
    assert needs.main() == status
    said = capsys.readouterr().err
    assert "frobnicator is not installed" in said
    assert expected in said


def test_root_installs_missing_programs(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    program(machine / "apt-get", f'echo "$@" >>"{machine}/asked"; [ "$2" = update ] || cp /bin/sh "{machine}/frob"')
    assert needs.main() == 0
    assert (machine / "asked").read_text().splitlines() == [
        "-qq update",
        "-qq install --yes --no-install-recommends frobnicator",
    ]
    assert needs.missing() == []


def test_failed_installation_is_reported(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    program(machine / "apt-get", "exit 100")
    assert needs.main() == 0
    assert "frobnicator is not installed" in capsys.readouterr().err

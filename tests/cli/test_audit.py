"""What commands leave in the audit trail."""

import getpass
from pathlib import Path

import pytest

from openucwa.transfer.importing import Importer
from tests.cli.commands import PASSWORD, add, fails, run
from tests.pictures.images import photo
from tests.users import LENE


@pytest.fixture
def trail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENUCWA_AUDIT_LOG", str(tmp_path / "audit.log"))
    monkeypatch.delenv("SUDO_USER", raising=False)
    return tmp_path / "audit.log"


def acts(trail: Path) -> list[str]:
    return [line.partition("openucwa.audit: ")[2] for line in trail.read_text("utf-8").splitlines()]


def test_changes_of_users_are_in_the_trail_with_the_user_of_the_operating_system(data: str, trail: Path) -> None:
    add(data)
    run("user", "passwd", LENE, "--data", data, "--password-stdin", stdin=PASSWORD + "\n")
    run("user", "remove", LENE, "--data", data, "--yes")
    who = f"by=os:{getpass.getuser()} user={LENE}"
    assert acts(trail) == [
        f"user-added {who}",
        f"password-changed {who}",
        f"removed user {LENE} of {LENE}: removed by an administrator",
        f"user-removed {who}",
    ]
    assert PASSWORD not in trail.read_text("utf-8")


def test_photo_that_an_administrator_sets_or_removes_is_in_the_trail(data: str, trail: Path, tmp_path: Path) -> None:
    add(data)
    (tmp_path / "lene.jpg").write_bytes(photo())
    run("user", "photo", LENE, str(tmp_path / "lene.jpg"), "--data", data)
    run("user", "photo", LENE, "--remove", "--data", data)
    fails(run("user", "photo", LENE, "--remove", "--data", data), f"{LENE} has no photo")
    who = f"by=os:{getpass.getuser()} user={LENE}"
    removal = f"removed photo {LENE} of {LENE}: deleted"
    assert acts(trail)[1:] == [f"photo-changed {who}", removal, f"photo-removed {who}"]


def test_user_who_called_sudo_is_named(data: str, trail: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "lene")
    add(data)
    assert acts(trail) == [f'user-added by="os:{getpass.getuser()} (sudo: lene)" user={LENE}']


def test_act_that_failed_is_not_in_the_trail(data: str, trail: Path) -> None:
    add(data)
    assert add(data).exit_code == 1
    assert len(acts(trail)) == 1


def test_keys_tokens_webhooks_and_data_that_leaves_are_in_the_trail(data: str, trail: Path, tmp_path: Path) -> None:
    add(data)
    run("key", "rotate", "--data", data)
    run("token", LENE, "--data", data)
    run("webhook", "add", "https://example.com/hook?key=secret", "--all", "--data", data)
    run("export", str(tmp_path / "all.jsonl"), "--data", data)
    run("backup", str(tmp_path / "all.sqlite3"), "--data", data)
    names = [act.partition(" ")[0] for act in acts(trail)]
    assert names == [
        "user-added",
        "signing-key-added",
        "token-issued",
        "webhook-added",
        "data-exported",
        "backup-written",
    ]
    assert "secret" not in trail.read_text("utf-8")


def test_data_that_left_before_an_export_broke_off_is_in_the_trail(data: str, trail: Path) -> None:
    add(data)
    done = run("export", "/dev/full", "--data", data)
    assert done.exit_code == 1
    assert acts(trail)[1:] == [f"data-exported by=os:{getpass.getuser()} file=/dev/full"]


def test_data_that_came_in_before_an_import_broke_off_is_in_the_trail(
    data: str, trail: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(data)
    run("export", str(tmp_path / "all.jsonl"), "--data", data)

    async def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Importer, "add", interrupted)
    new = str(tmp_path / "new")
    assert run("import", str(tmp_path / "all.jsonl"), "--data", new).exit_code == 1
    assert acts(trail)[-1] == f"data-imported by=os:{getpass.getuser()} file={tmp_path}/all.jsonl"


def test_trail_that_cannot_be_written_is_named_before_anything_is_changed(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(data)
    monkeypatch.setenv("OPENUCWA_AUDIT_LOG", str(tmp_path / "none" / "audit.log"))
    path = tmp_path / "none" / "audit.log"
    fails(
        run("user", "remove", LENE, "--data", data, "--yes"),
        f"the log file {path} cannot be written: No such file or directory",
    )
    monkeypatch.undo()
    assert LENE in run("user", "list", "--data", data).stdout

"""The audit trail: the form of its lines, and where they go."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from openucwa.config import Config
from openucwa.config_options import ConfigError
from openucwa.telemetry import audit
from openucwa.telemetry.audit_trail import AuditTrail
from openucwa.telemetry.log import LogLines, route_logging
from tests.docs import acts
from tests.telemetry.watching import Lines
from tests.world import FakeWorld

WHEN = "2023-11-14T22:13:20.000Z"
FAILED = audit.SignInFailed("lene a", "192.0.2.1", "password", "wrong user or password")


@pytest.fixture
def log() -> Iterator[Lines]:
    """The log, at a level that hides nearly everything."""
    writer = Lines()
    undo = route_logging(LogLines(writer, "error", FakeWorld()))
    yield writer
    undo()


def lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines() if file.exists() else []


def test_act_is_a_line_of_the_log_whatever_its_level(log: Lines) -> None:
    with AuditTrail(Config(), FakeWorld()):
        audit.log(FAILED)
    fields = 'user="lene a" client=192.0.2.1 grant=password reason="wrong user or password"'
    assert log.stream.getvalue() == f"{WHEN} info openucwa.audit: sign-in-failed {fields}\n"


def test_act_is_an_object_with_its_fields_where_the_log_is_json() -> None:
    writer = Lines()
    LogLines(writer, "info", FakeWorld(), "json", 1).act(FAILED)
    assert msgspec.json.decode(writer.stream.getvalue()) == {
        "time": WHEN,
        "level": "info",
        "logger": "openucwa.audit",
        "worker": 1,
        "act": "sign-in-failed",
        "user": "lene a",
        "client": "192.0.2.1",
        "grant": "password",
        "reason": "wrong user or password",
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_value_from_a_stranger_can_neither_end_its_line_nor_its_quotes_nor_grow(form: str) -> None:
    writer = Lines()
    name = 'a" client=127.0.0.1\n2023 \x1b[2J\u2028\u202e\x00\\' + "x" * 10_000
    LogLines(writer, "info", FakeWorld(), form).act(audit.SignInFailed(name, "192.0.2.1", "password", "no"))
    (line,) = writer.stream.getvalue().splitlines()
    assert line.isprintable()
    assert len(line) < 500
    assert r"a\" client=127.0.0.1" in line
    assert line.count("192.0.2.1") == 1


def test_id_of_an_extension_cannot_pass_for_the_rest_of_its_line() -> None:
    forged = "notes in meeting ABCD1234 of sip:dana@contoso.com: deleted"
    act = audit.Removal.of_extension(forged, "EFGH5678", "sip:lene@contoso.com")
    assert str(act) == f'removed extension "{forged}" in meeting EFGH5678 of sip:lene@contoso.com: deleted'
    long = audit.Removal.of_extension("x" * 256, "EFGH5678", "sip:lene@contoso.com")
    assert str(long).endswith(" in meeting EFGH5678 of sip:lene@contoso.com: deleted")


def test_unknown_fields_are_left_out() -> None:
    assert str(audit.PasswordChanged("os:root", "sip:a@b.com")) == "password-changed by=os:root user=sip:a@b.com"


def test_file_of_its_own_has_the_acts_and_the_log_does_not(log: Lines, tmp_path: Path) -> None:
    with AuditTrail(Config(audit_log=str(tmp_path / "audit")), FakeWorld()):
        audit.log(FAILED)
    assert [line.split()[3] for line in lines(tmp_path / "audit")] == ["sign-in-failed"]
    assert log.stream.getvalue() == ""


def test_off_means_no_line_anywhere(log: Lines) -> None:
    with AuditTrail(Config(audit_log="off"), FakeWorld()):
        audit.log(FAILED)
    assert log.stream.getvalue() == ""


def test_reload_opens_the_file_again_after_a_rotation(tmp_path: Path) -> None:
    config = Config(audit_log=str(tmp_path / "audit"))
    with AuditTrail(config, FakeWorld()) as trail:
        (tmp_path / "audit").rename(tmp_path / "audit.1")
        trail.reload(config)
        audit.log(FAILED)
    assert len(lines(tmp_path / "audit")) == 1


def test_last_line_at_a_place_says_that_the_trail_moved(log: Lines, tmp_path: Path) -> None:
    with AuditTrail(Config(), FakeWorld()) as trail:
        trail.reload(Config(audit_log="off"))
        audit.log(FAILED)
    assert log.stream.getvalue() == f"{WHEN} info openucwa.audit: audit-trail-moved to=off\n"


def test_unwritable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none/audit cannot be written"):
        AuditTrail(Config(audit_log=str(tmp_path / "none" / "audit")), FakeWorld())


def test_operating_md_lists_every_act_with_its_fields() -> None:
    page = acts.PAGE.read_text("utf-8")
    assert acts.listed(page) == [acts.row(act) for act in acts.acts()]
    assert len(acts.acts()) > 20

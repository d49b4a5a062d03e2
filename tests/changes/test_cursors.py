"""Cursors: what they reveal, and which are accepted."""

import base64

import pytest

from openucwa.changes.cursors import Cursors
from openucwa.model.change import Position
from openucwa.model.refusals import ChangesForgotten, ParameterValidationFailure

IDENTITY = "0123456789abcdef0123456789abcdef"
POSITION = Position(123456789, 987654321)


def test_cursor_is_the_position_that_it_was_made_of() -> None:
    cursors = Cursors(IDENTITY)
    assert cursors.open(cursors.seal(POSITION)) == POSITION


def test_cursor_reveals_nothing_of_the_position() -> None:
    cursors = Cursors(IDENTITY)
    first, second = cursors.seal(POSITION), cursors.seal(POSITION)
    assert first != second
    for part in first.split("."):
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        assert b"987654321" not in decoded
        assert IDENTITY.encode() not in decoded
    assert len(cursors.seal(Position(0, 1))) <= 128


def test_cursor_of_another_log_leads_to_a_fresh_start() -> None:
    with pytest.raises(ChangesForgotten):
        Cursors(IDENTITY).open(Cursors(IDENTITY[::-1]).seal(POSITION))


def test_changed_cursor_is_not_accepted() -> None:
    cursors = Cursors(IDENTITY)
    cursor = cursors.seal(POSITION)
    changed = cursor[:-4] + ("AAAA" if cursor[-4:] != "AAAA" else "BBBB")
    with pytest.raises(ChangesForgotten):
        cursors.open(changed)


@pytest.mark.parametrize(
    "text", ["", "1", "a.b.c.d", "é....", "." * 4, "x" * 600, "e30.e30.e30.e30.e30", "eyJhbGciOiJub25lIn0...."]
)
def test_invalid_cursor_is_refused(text: str) -> None:
    with pytest.raises((ParameterValidationFailure, ChangesForgotten)):
        Cursors(IDENTITY).open(text)

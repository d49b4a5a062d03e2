"""The small parts of a connection: time limit, states, the bytes of a response."""

import pytest

from openucwa.http.message import Response
from openucwa.server.deadline import Deadline
from openucwa.server.encoding import encode
from openucwa.server.states import CLOSED, DONE, READING, WRITING, Reading, Writing
from tests.world import FakeWorld


async def test_moved_deadline_fires_at_the_time_set_last() -> None:
    world, came = FakeWorld(), []
    deadline = Deadline(world, lambda: came.append(world.monotonic()))
    deadline.set(10)
    await world.advance(6)
    deadline.set(10)
    await world.advance(9)
    assert came == []
    await world.advance(1)
    assert came == [16.0]
    deadline.set(10)
    await world.advance(1)
    deadline.set(2)
    await world.advance(20)
    assert came == [16.0, 19.0]


async def test_cleared_or_ended_deadline_does_not_fire() -> None:
    world, came = FakeWorld(), []
    for stop in (Deadline.clear, Deadline.end):
        deadline = Deadline(world, lambda: came.append(1))
        deadline.set(10)
        stop(deadline)
    await world.advance(20)
    assert came == []


async def test_moving_a_deadline_back_starts_no_timer() -> None:
    world = FakeWorld()
    deadline = Deadline(world, lambda: None)
    for _ in range(1000):
        deadline.set(10)
    assert world.sleepers == 1


def test_every_state_has_transitions_and_the_last_is_final() -> None:
    assert set(READING) == set(Reading)
    assert set(WRITING) == set(Writing)
    assert READING[DONE] == {DONE}
    assert WRITING[CLOSED] == set()
    for table in (READING, WRITING):
        last = max(table)
        assert all(last in after or state is last for state, after in table.items())  # type: ignore[operator]


def test_status_without_a_phrase_is_sent() -> None:
    sent = encode(Response(status=499), b"Date: x\r\n", without_body=False, close=False)
    assert sent == b"HTTP/1.1 499 \r\nDate: x\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("header", [(b"A\r\nB", b"c"), (b"A", b"b\n"), (b"A\r", b"b")])
def test_line_break_in_a_header_is_refused(header: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="line break"):
        encode(Response(status=200, headers=(header,)), b"", without_body=False, close=False)

"""Work that is counted instead of timed: the calls that code makes are the same on every machine."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Seconds until what hangs is interrupted. No test depends on it unless something takes a thousand times too long.
HANG = 120


@contextmanager
def at_most(calls: int) -> Iterator[None]:
    """Fails if the block makes more than `calls` calls, of Python functions and of built-in ones, in this thread.

    What a single call of a built-in function costs is not counted; if it never ends, it is interrupted.
    """
    made = 0

    def count(frame: FrameType, event: str, function: object) -> None:
        nonlocal made
        if event in {"call", "c_call"}:
            made += 1

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"still busy after {HANG} seconds")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(HANG)
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert made <= calls, f"{made:,} calls were made, more than {calls:,}"

"""A deadline that is moved with each request, at almost no cost."""

from collections.abc import Callable

from openucwa.model.world import Timer, World


class Deadline:
    """Calls `callback` at the time that was set last.

    Moving the deadline later, the usual case, leaves the timer running: if it fires too early it is restarted.
    """

    __slots__ = ("_at", "_callback", "_due", "_timer", "_world")

    def __init__(self, world: World, callback: Callable[[], object]) -> None:
        self._world = world
        self._callback: Callable[[], object] | None = callback
        self._at: float | None = None
        self._due = 0.0
        self._timer: Timer | None = None

    def set(self, seconds: float) -> None:
        """Sets the deadline, in `seconds` from now."""
        self._at = at = self._world.monotonic() + seconds
        if self._timer is not None:
            if self._due <= at:
                return
            self._timer.cancel()
        self._due = at
        self._timer = self._world.call_later(seconds, self._fire)

    def clear(self) -> None:
        """Removes the deadline."""
        self._at = None

    def end(self) -> None:
        """Releases everything; it cannot be set again."""
        self._at = self._callback = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        if self._at is None:
            return
        left = self._at - self._world.monotonic()
        if left > 0:
            self._due = self._at
            self._timer = self._world.call_later(left, self._fire)
        elif self._callback is not None:
            self._at = None
            self._callback()

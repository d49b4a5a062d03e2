"""One time limit that is moved for each request, and costs next to nothing when it is."""

from collections.abc import Callable

from openucwa.model.world import Timer, World


class Deadline:
    """Calls `callback` when the time that was set last has come.

    A timer that runs already is left running when the time moves back, which it mostly does: it is started again when
    it fires too early.
    """

    __slots__ = ("_at", "_callback", "_due", "_timer", "_world")

    def __init__(self, world: World, callback: Callable[[], object]) -> None:
        self._world = world
        self._callback: Callable[[], object] | None = callback
        self._at: float | None = None
        self._due = 0.0
        self._timer: Timer | None = None

    def set(self, seconds: float) -> None:
        """The time comes in `seconds`."""
        self._at = at = self._world.monotonic() + seconds
        if self._timer is not None:
            if self._due <= at:
                return
            self._timer.cancel()
        self._due = at
        self._timer = self._world.call_later(seconds, self._fire)

    def clear(self) -> None:
        """The time does not come."""
        self._at = None

    def end(self) -> None:
        """Lets go of everything; it cannot be set again."""
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

"""Waiting until something happens, or for a time."""

import asyncio

from openucwa.model.world import World


class Wake:
    """Lets one task wait. A wake-up between two waits ends the next one."""

    __slots__ = ("_future", "_woken", "_world")

    def __init__(self, world: World) -> None:
        self._world = world
        self._woken = False
        self._future: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """Ends the current wait, or the next one."""
        self._woken = True
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    async def wait(self, seconds: float | None = None) -> bool:
        """Waits until it is woken, at most `seconds` on the `monotonic` clock; whether it was woken."""
        if not self._woken and (seconds is None or seconds > 0):
            self._future = future = asyncio.get_running_loop().create_future()
            timer = None if seconds is None else self._world.call_later(seconds, lambda: _end(future))
            try:
                await future
            finally:
                self._future = None
                if timer is not None:
                    timer.cancel()
        woken, self._woken = self._woken, False
        return woken


def _end(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)

"""Messages to systemd (sd_notify(3)): ready, reloading, stopping, and signs of life for its watchdog.

Where systemd did not start the process, nothing is sent.
"""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from openucwa.server.control import ProcessControl


class Systemd:
    """The service manager that started this process, if any.

    `environment`: with NOTIFY_SOCKET and, for the watchdog, WATCHDOG_USEC and WATCHDOG_PID.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        #: An address that begins with @ is in Linux's abstract namespace.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._interval: float | None = None
        if environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()):
            with suppress(ValueError):
                self._interval = int(environment.get("WATCHDOG_USEC", "")) / 2_000_000

    @property
    def present(self) -> bool:
        """Whether systemd started this process."""
        return bool(self._address)

    def ready(self) -> None:
        """The server accepts connections."""
        self._send("READY=1")

    @asynccontextmanager
    async def informed(self, control: ProcessControl) -> AsyncIterator[None]:
        """Tells systemd of reloads and of the stop, and that the event loop runs, while the block lasts."""
        if not self._address:
            yield
            return
        control.around_hang_up(self._reloading, self.ready)
        tasks = [asyncio.create_task(self._tell_stop(control.stop), name="openucwa systemd")]
        if self._interval is not None:
            tasks.append(asyncio.create_task(self._show_life(self._interval), name="openucwa watchdog"))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()

    def _reloading(self) -> None:
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    async def _tell_stop(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._send("STOPPING=1")

    async def _show_life(self, seconds: float) -> None:
        while True:
            self._send("WATCHDOG=1")
            await asyncio.sleep(seconds)  # systemd's clock, not the server's

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
            end.setblocking(False)
            end.sendto("\n".join(lines).encode(), self._address)

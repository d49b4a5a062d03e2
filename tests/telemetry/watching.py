"""A whole server on sockets in the test's own loop, with its log and its status address."""

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx

from openucwa.app import Service
from openucwa.server.control import ProcessControl
from openucwa.server.process import serve
from openucwa.telemetry.access_log import AccessLog
from openucwa.telemetry.log import LogLines, route_logging
from tests.client import UcwaClient
from tests.world import until

#: Seconds that a test waits for anything.
LIMIT = 60.0

#: Makes servers that serve: an asynchronous context manager of a `ObservedServer`, with settings as arguments.
Watch: TypeAlias = Callable[..., AbstractAsyncContextManager["ObservedServer"]]


class Lines:
    """Where a test's log goes: into memory, at once."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.takes = True

    def write(self, line: str) -> bool:
        if self.takes:
            self.stream.write(line + "\n")
        return self.takes

    def flush(self) -> None:
        """Nothing waits."""

    def reopen(self, path: str | None) -> None:
        """There is no file."""


@dataclass
class ObservedServer:
    """The server under test. `stop` begins its stop."""

    service: Service
    log: io.StringIO
    control: ProcessControl = field(default_factory=ProcessControl)
    url: str = ""

    @property
    def stop(self) -> asyncio.Event:
        return self.control.stop

    @property
    def status(self) -> str:
        """The URL of the status address."""
        found = re.search(r"status at (http://[^\s\"]+)", self.log.getvalue())
        assert found is not None, self.log.getvalue()
        return found[1]

    def lines(self) -> list[str]:
        return self.log.getvalue().splitlines()

    def objects(self) -> list[dict[str, Any]]:
        """The log, where it is JSON."""
        return [json.loads(line) for line in self.lines()]

    async def ask(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Asks the status address, on a connection of its own."""
        async with httpx.AsyncClient(base_url=self.status, timeout=LIMIT) as client:
            return await client.request(method, path, headers=headers)

    async def ready(self) -> tuple[int, dict[str, str]]:
        """What `/readyz` says: the status and the reasons."""
        answer = await self.ask("/readyz")
        return answer.status_code, answer.json().get("reasons", {})

    @asynccontextmanager
    async def client(self) -> AsyncIterator[UcwaClient]:
        """Somebody at the listeners, over sockets."""
        async with httpx.AsyncClient(base_url=self.url, timeout=LIMIT) as http:
            yield UcwaClient(http)


@asynccontextmanager
async def watched(service: Service, *, level: str = "info") -> AsyncIterator[ObservedServer]:
    """Lets `service`, which is not started yet, serve by its own settings; its listeners have port 0."""
    writer = Lines()
    lines = LogLines(writer, level, service.world, service.config.log_format)
    restore = route_logging(lines)
    server = ObservedServer(service, writer.stream)
    urls: list[str] = []
    log = AccessLog(lines, service.measures)
    running = asyncio.create_task(
        serve(service, service.config, control=server.control, observer=log, ready=urls.extend)
    )
    try:
        await until(lambda: urls or running.done(), LIMIT)
        if running.done():
            await running
        server.url = urls[0]
        yield server
    finally:
        server.stop.set()
        try:
            async with asyncio.timeout(LIMIT):
                await running
        finally:
            restore()

"""A connection to speak HTTP on, as small as can be: what prepares a measurement, and what waits for events.

No HTTP library, because with thousands of connections those take longer than the server that is measured.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from bench.processes import BenchError


class Answer(NamedTuple):
    """What came back: its header names in lower case. `size`: bytes in all. `at`: when its head was read."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    size: int
    at: float

    def header(self, name: str) -> str:
        """The value of a header, or nothing."""
        return next((value for known, value in self.headers if known == name), "")

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Connection:
    """One keep-alive connection; one request at a time."""

    def __init__(self, port: int, source: str | None) -> None:
        self._port = port
        self._source = None if source is None else (source, 0)

    @classmethod
    async def open(cls, port: int, source: str | None = None) -> Self:
        """A new connection. `source`: the loopback address that it comes from; each has only so many ports."""
        connection = cls(port, source)
        await connection._open()
        return connection

    async def _open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=self._source)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Hangs up."""
        self._writer.close()

    async def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: object = None
    ) -> Answer:
        """Asks, and gives the answer, whatever it is. `body`: bytes as they are, all else as JSON."""
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = {"Host": "127.0.0.1", **(headers or {})}
        if body is not None:
            lines = {"Content-Type": "application/json", **lines, "Content-Length": str(len(content))}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content)
        raw = await self._reader.readuntil(b"\r\n\r\n")
        at = time.perf_counter()
        status_line, *fields = raw.decode("latin-1").strip().split("\r\n")
        found = [(name.lower(), value.strip()) for name, _, value in (field.partition(":") for field in fields)]
        length = next((int(value) for name, value in found if name == "content-length"), 0)
        status = int(status_line.split()[1])
        text = await self._reader.readexactly(length) if status != 304 else b""
        if ("connection", "close") in found:
            self.close()
            await self._open()
        return Answer(status, found, text, len(raw) + len(text), at)

    async def expect(
        self, status: int, method: str, path: str, headers: Mapping[str, str] | None = None, body: object = None
    ) -> Answer:
        """As `request`. BenchError: the answer's status is another."""
        answer = await self.request(method, path, headers, body)
        if answer.status != status:
            raise BenchError(f"{method} {path} was answered {answer.status}, not {status}: {answer.body[:300]!r}")
        return answer

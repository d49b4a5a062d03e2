"""Attackers between the server and its directory, on plain TCP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.streams import Serve, serving

#: The tags of two responses (RFC 4511), and result codes.
_STARTTLS, _BIND = 0x78, 0x61
SUCCESS, PROTOCOL_ERROR = 0, 2


def result(message: int, kind: int, code: int) -> bytes:
    """An LDAPResult (RFC 4511, 4.1.9) without a text."""
    return bytes((0x30, 0x0C, 0x02, 0x01, message, kind, 0x07, 0x0A, 0x01, code, 0x04, 0x00, 0x04, 0x00))


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[str]:
    """Serves each connection with `serve`; the URL, for StartTLS."""
    async with serving(serve) as port:
        yield f"ldap://127.0.0.1:{port}"


class Impostor:
    """Answers StartTLS with `code` and everything else with success, without TLS. `seen`: what it received."""

    def __init__(self, code: int) -> None:
        self._code = code
        self.seen = b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        message = 0
        while data := await reader.read(4_096):
            self.seen += data
            message += 1
            writer.write(result(message, _STARTTLS, self._code) if message == 1 else result(message, _BIND, SUCCESS))


class Relay:
    """Relays connections to `port`. `appended`: added to the first response. `stalls_after`: the number of bytes of
    responses that each connection gets. `passed`: the number of bytes of responses, by connection."""

    def __init__(self, port: int, *, appended: bytes = b"", stalls_after: int | None = None) -> None:
        self._port = port
        self._appended = appended
        self._left = stalls_after
        self.passed: list[int] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection("127.0.0.1", self._port)
        upwards = asyncio.create_task(self._pass_on(reader, requests))
        number = len(self.passed)
        self.passed.append(0)
        try:
            while data := await answers.read(65_536):
                left = len(data) if self._left is None else self._left - self.passed[number]
                self.passed[number] += len(data)
                writer.write(data[: max(0, left)] + (self._appended if self.passed[number] == len(data) else b""))
        finally:
            upwards.cancel()
            requests.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.write_eof()


#: A successful response to a bind that is the second message of its connection.
FORGED_BIND = result(2, _BIND, SUCCESS)

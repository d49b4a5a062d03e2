"""A client that puts bytes of its choice on a socket, and looks at what comes back."""

import select
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.process.running import RunningServer


@dataclass(frozen=True)
class Answer:
    """One answer. `headers`: names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """One connection to the server's first listener."""

    def __init__(self, server: RunningServer) -> None:
        self._socket = server.connect()
        self._received = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._received.close()
        self._socket.close()

    def send(self, data: bytes) -> bool:
        """Sends; False: the server has closed before it took all of it."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def answer(self) -> Answer | None:
        """The next answer; None: the server closed without one."""
        try:
            line = self._received.readline()
            if not line:
                return None
            headers = {}
            while header := self._received.readline().decode("latin-1").rstrip("\r\n"):
                name, _, value = header.partition(": ")
                headers[name.lower()] = value
            return Answer(int(line.split()[1]), headers, self._received.read(int(headers.get("content-length", "0"))))
        except ConnectionResetError:
            return None

    def has_answer(self) -> bool:
        """Whether something came, were it the end."""
        return bool(select.select([self._socket], [], [], 0)[0])

    def rest(self) -> bytes:
        """Everything until the server closes."""
        try:
            return self._received.read()
        except ConnectionResetError:
            return b""


def ask(server: RunningServer, data: bytes) -> Answer | None:
    """The answer to bytes on a connection of their own."""
    with Connection(server) as connection:
        connection.send(data)
        return connection.answer()


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """A request as it should be. Its length is among the headers where there is a body."""
    length = [f"Content-Length: {len(body)}"] if body else []
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *length, *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class Memory:
    """The memory of a process, and the most that it had since this was made."""

    def __init__(self, server: RunningServer) -> None:
        self._folder = Path(f"/proc/{server.process.pid}")
        (self._folder / "clear_refs").write_text("5")
        self._before = self._of("VmRSS")

    def growth(self) -> int:
        """Bytes by which it grew at most."""
        return self._of("VmHWM") - self._before

    def _of(self, name: str) -> int:
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

"""Runs `python -m openucwa` in a process."""

import http.client
import json
import os
import queue
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlencode

from tests.client import PASSWORD
from tests.users import LENE

#: Timeout for everything in these tests, in seconds.
LIMIT = 60.0


_READY = re.compile(r"openucwa \S+ listening on (\S+)")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without any settings, and with `settings`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENUCWA_")}
    source = str(Path(__file__).parents[2] / "src")
    return {**kept, "PYTHONPATH": source, **settings}


def command(*arguments: str, stdin: str = "", **settings: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command and waits for it."""
    return subprocess.run(
        [sys.executable, "-m", "openucwa", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env=environment(settings),
    )


def at(place: Path | str) -> tuple[str, str]:
    """The option that names the store: a folder, or the URL of a database."""
    return ("--store", place) if isinstance(place, str) else ("--data", str(place))


class RunningServer:
    """`openucwa serve` on free ports; it is ready after construction. `place`: its store, as in `at`; None: it is a
    sandbox."""

    def __init__(self, place: Path | str | None, *arguments: str, listeners: int = 1, **settings: str) -> None:
        command = ("sandbox",) if place is None else ("serve", *at(place))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "openucwa", *command, *_listening(arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(settings),
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._log: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self._lines.put)),
            threading.Thread(target=self._read, args=(self.process.stderr, self._log.append)),
        ]
        for reader in self._readers:
            reader.start()
        self.urls: list[str] = []
        try:
            for _ in range(listeners):
                found = _READY.fullmatch(self._lines.get(timeout=LIMIT))
                assert found is not None
                self.urls.append(found[1])
        except (queue.Empty, AssertionError):
            self.kill()
            raise AssertionError(f"the server did not get ready: {self.log}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    @staticmethod
    def _read(stream: IO[str], put: Callable[[str], None]) -> None:
        with stream:
            for line in stream:
                put(line.rstrip("\n"))

    @property
    def log(self) -> list[str]:
        """The lines on stderr so far."""
        return list(self._log)

    def logged(self, text: str) -> str:
        """Waits for the first line of the log that contains `text`."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            for line in self.log:
                if text in line:
                    return line
            time.sleep(0.01)
        raise AssertionError(f"no line of the log holds {text!r}: {self.log}")

    def port(self, index: int = 0) -> int:
        return int(self.urls[index].rpartition(":")[2])

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """Waits for the process to end; its exit status."""
        status = self.process.wait(LIMIT)
        for reader in self._readers:
            reader.join(LIMIT)
        return status

    def kill(self) -> None:
        self.process.kill()
        self.wait()

    def stop(self) -> int:
        """Sends SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def connect(self, index: int = 0) -> socket.socket:
        """A connection to say on what one likes."""
        return socket.create_connection(("127.0.0.1", self.port(index)), timeout=LIMIT)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        index: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> tuple[int, dict[str, object]]:
        """One request on a connection of its own: status and JSON."""
        headers = {"Accept": "application/json", "Connection": "close"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        data: str | None = None
        if isinstance(body, str):
            data, headers["Content-Type"] = body, "application/x-www-form-urlencoded"
        elif body is not None:
            data, headers["Content-Type"] = json.dumps(body), "application/json"
        connection = (
            http.client.HTTPSConnection("localhost", self.port(index), timeout=LIMIT, context=tls)
            if tls is not None
            else http.client.HTTPConnection("127.0.0.1", self.port(index), timeout=LIMIT)
        )
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else {}
        finally:
            connection.close()

    def healthy(self) -> bool:
        """Whether it answers normally."""
        return self.ask("GET", "/")[0] == 200

    def sign_in(self, password: str = PASSWORD, user: str = LENE) -> str:
        """A token of Lene's, or of another user's."""
        form = urlencode({"grant_type": "password", "username": user, "password": password})
        status, answer = self.ask("POST", "/WebTicket/oauthtoken", form)
        assert status == 200, answer
        return str(answer["access_token"])

    def open_application(self, token: str) -> str:
        """The href of a new application."""
        status, answer = self.ask(
            "POST",
            "/ucwa/v1/applications",
            {"culture": "en-US", "endpointId": "e", "userAgent": "test"},
            token=token,
        )
        assert status == 201, answer
        return f"/ucwa/v1/applications/{answer['id']}"


def _listening(arguments: tuple[str, ...]) -> tuple[str, ...]:
    return arguments if "--listen" in arguments else (*arguments, "--listen", "http://127.0.0.1:0")


def read_to_end(connection: socket.socket) -> bytes:
    """All that comes until the server closes, or resets, the connection."""
    parts: list[bytes] = []
    while True:
        try:
            part = connection.recv(65536)
        except ConnectionResetError:
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)

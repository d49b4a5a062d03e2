"""A NATS server for tests."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.needs import find
from tests.ports import free_port

SERVER = find("nats-server")

needs_server = pytest.mark.skipif(
    SERVER is None and "CI" not in os.environ, reason="nats-server is not installed (it is a package of Debian)"
)


class NatsServer:
    """A nats-server on a free port, which can be stopped, paused and restarted."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._log = folder / "nats.log"
        self._options = options
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert SERVER is not None
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [SERVER, "--addr", "127.0.0.1", "--port", str(self.port), *self._options], stdout=log, stderr=log
            )

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def pause(self) -> None:
        """Stops answering; connections stay open."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

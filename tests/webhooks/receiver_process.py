"""A receiver of webhooks as a process, which may be killed: `python -m tests.webhooks.receiver_process PORT FILE`.

It writes each message as a line of JSON to FILE before it answers.
"""

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

from tests.process.running import LIMIT, environment


class ReceiverProcess:
    """The process, from outside."""

    def __init__(self, port: int, file: Path) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self._port = port
        self._file = file
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns once it accepts connections."""
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.webhooks.receiver_process", str(self._port), str(self._file)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env=environment({}),
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(LIMIT)
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def messages(self) -> list[dict[str, str]]:
        """What was received, in order; a line that was not written to its end was not answered either."""
        if not self._file.exists():
            return []
        lines = self._file.read_text("utf-8").split("\n")
        return [json.loads(line) for line in lines[:-1] if line.endswith("}")]


def _end_line(file: Path) -> None:
    """Ends the line that a killed process may have left."""
    if file.exists() and not file.read_text("utf-8").endswith("\n"):
        with file.open("a", encoding="utf-8") as out:
            out.write("\n")


async def _serve(port: int, out: TextIO) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lines = (line.partition(":") for line in head.split("\r\n")[1:] if line)
                headers = {name.lower(): value.strip() for name, _, value in lines}
                body = await reader.readexactly(int(headers["content-length"]))
                names = ("webhook-id", "webhook-timestamp", "webhook-signature")
                message = {"received": str(time.time()), **{name: headers[name] for name in names}}
                out.write(json.dumps({**message, "body": body.decode()}) + "\n")
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", port)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    _end_line(Path(sys.argv[2]))
    with Path(sys.argv[2]).open("a", encoding="utf-8", buffering=1) as received:
        asyncio.run(_serve(int(sys.argv[1]), received))

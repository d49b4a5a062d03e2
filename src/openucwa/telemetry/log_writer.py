"""Writes the log in a thread, so that the server never waits for it."""

import os
import select
import threading
import time
from collections import deque
from contextlib import suppress

from openucwa.config_options import ConfigError

#: Seconds to collect lines that are then written together.
GATHER = 0.02
#: Maximum duration of `flush`, in seconds: a blocked log must not keep a process from ending.
FLUSH = 1.0


class LogFile:
    """The destination of the log. `path`: a file, which is appended to; None: stderr."""

    def __init__(self, path: str | None = None) -> None:
        self._descriptor = _open(path)

    def reopen(self, path: str | None) -> None:
        """Writes to this file from now on, even if it has the same name as before. ConfigError: it is not writable; the
        previous one stays in use.
        """
        new = _open(path)
        os.dup2(new, self._descriptor)
        os.close(new)

    def write(self, lines: list[bytes]) -> None:
        """Writes lines, in pieces that a pipe accepts whole, so that lines of several processes are not interleaved."""
        piece = b""
        for line in lines:
            if piece and len(piece) + len(line) > select.PIPE_BUF:
                self._write_all(piece)
                piece = b""
            piece += line
        self._write_all(piece)

    def _write_all(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]


class LogWriter:
    """Takes lines from any thread. `backlog`: maximum size of unwritten lines, in bytes."""

    def __init__(self, file: LogFile, backlog: int) -> None:
        self._file = file
        self._backlog = backlog
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._work = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None

    def write(self, line: str) -> bool:
        """Queues a line. False: too many are waiting, and it is dropped."""
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        with self._lock:
            if self._size + len(data) > self._backlog:
                return False
            self._size += len(data)
            self._waiting.append(data)
            if self._thread is None:
                # Not joined at the end of the process: it hangs if the log is not read.
                self._thread = threading.Thread(target=self._run, name="openucwa log", daemon=True)
                self._thread.start()
        if not self._work.is_set():
            self._idle.clear()
            self._work.set()
        return True

    def flush(self) -> None:
        """Returns when everything is written, or after FLUSH seconds."""
        self._idle.wait(FLUSH)

    def reopen(self, path: str | None) -> None:
        """As `LogFile.reopen`."""
        self._file.reopen(path)

    def _run(self) -> None:
        while True:
            self._work.wait()
            time.sleep(GATHER)
            self._work.clear()
            with self._lock:
                lines, self._waiting = list(self._waiting), deque()
            with suppress(OSError):  # a full disk or a broken pipe costs the lines and nothing else
                self._file.write(lines)
            with self._lock:
                self._size -= sum(len(line) for line in lines)
                if not self._waiting:
                    self._idle.set()


def _open(path: str | None) -> int:
    if path is None:
        return os.dup(2)
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise ConfigError(f"the log file {path} cannot be written: {error.strerror}") from None

"""The database file, and the two connections to it, one for writing and one for reading."""

import logging
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from openucwa.model.refusals import ServiceUnavailable
from openucwa.store.sqlite.errors import unavailable
from openucwa.store.sqlite.schema import Schema

FILE = "openucwa.sqlite3"

logger = logging.getLogger(__name__)

#: The oldest SQLite with all features that the statements use: strict tables, `returning`.
OLDEST_SQLITE = (3, 37, 0)

#: Timeout of reads, in seconds. Readers never wait for writers, only for recovery after a crash. It is short, because
#: the event loop waits as well.
READ_TIMEOUT = 0.1

#: Seconds between two attempts to switch a new file to its write-ahead log.
_PAUSE = 0.01

Row: TypeAlias = tuple[Any, ...]


class Database:
    """One SQLite file in its folder. `timeout`: seconds to wait while another process writes."""

    def __init__(self, folder: Path, timeout: float, schema: Schema) -> None:
        self.path = folder.absolute() / FILE
        self.schema = schema
        self.timeout = timeout
        #: Device and inode of the file that is open.
        self._identity: tuple[int, int] | None = None
        self._lost = False

    def connect_writer(self) -> sqlite3.Connection:
        """The connection for writing. Creates the file if necessary, and migrates it to this server's schema.

        Only the file's owner can read it, because it contains the signing keys; SQLite gives the files beside it the
        same mode. A store that this server may not use is not modified.
        InvalidExchangeServerVersion, ServiceUnavailable.
        """
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            needed = ".".join(map(str, OLDEST_SQLITE))
            raise ServiceUnavailable(f"SQLite {needed} or newer is required; this is {sqlite3.sqlite_version}", 60)
        with self._refusals():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._identity = _identity(os.fstat(file))
            finally:
                os.close(file)
            with closing(self._connect("ro", self.timeout)) as reader:
                self.schema.check_or_empty(reader)
            return self._connect_writer()

    def version(self) -> int:
        """The version of the store; 0: it does not exist yet. Nothing is modified.

        InvalidExchangeServerVersion, ServiceUnavailable.
        """
        with self._refusals():
            try:
                made = self.path.stat().st_size > 0
            except (FileNotFoundError, NotADirectoryError):
                made = False
            if not made:
                return 0
            with closing(self._connect("ro", self.timeout)) as reader:
                return self.schema.check_or_empty(reader).version

    def row_counts(self) -> Mapping[str, int]:
        """The number of rows of each table, counted on a connection of its own. ServiceUnavailable."""
        with self._refusals(), closing(self._connect("ro", self.timeout)) as reader:
            self.schema.check(reader)
            names = [name for (name,) in reader.execute("select name from sqlite_schema where type = 'table'")]
            return {
                name: reader.execute(f'select count(*) from "{name}"').fetchone()[0]  # noqa: S608  # a table of ours
                for name in sorted(names)
                if not name.startswith("sqlite_")
            }

    def check_file(self) -> None:
        """ServiceUnavailable: the file was removed or replaced since it was opened, so writes would be lost.

        SQLite does not notice: it still has the old file open.
        """
        try:
            there = self._identity in {None, _identity(self.path.stat())}
        except OSError:
            there = False
        if there:
            self._lost = False
            return
        if not self._lost:
            self._lost = True
            logger.error("the store's file %s was removed or replaced; the server cannot work without it", self.path)
        reason = f"the store's file {self.path} was removed or replaced"
        raise ServiceUnavailable("the store was removed or replaced", 60, reason)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turns errors into refusals that name the file."""
        try:
            yield
        except OSError as error:
            reason = f"the store {self.path} cannot be opened: {error.strerror}"
            raise ServiceUnavailable("the store cannot be opened", 60, reason) from error
        except sqlite3.Error as error:
            if (refusal := unavailable(error, str(self.path))) is None:
                raise
            raise refusal from error

    def _connect_writer(self) -> sqlite3.Connection:
        connection = self._connect("rw", self.timeout)
        try:
            self._switch_to_wal(connection)
            connection.execute("pragma synchronous = full")
            connection.execute("pragma foreign_keys = on")
            self.schema.migrate(connection)
            connection.execute("pragma busy_timeout = 0")  # from now on, only `begin_waiting` waits
        except BaseException:
            connection.close()
            raise
        return connection

    def begin_waiting(self, connection: sqlite3.Connection) -> None:
        """Begins a transaction of the writing connection, waiting for other processes. sqlite3.Error."""
        connection.execute(f"pragma busy_timeout = {self.timeout * 1000:.0f}")
        try:
            connection.execute("begin immediate")
        finally:
            connection.execute("pragma busy_timeout = 0")

    def _switch_to_wal(self, connection: sqlite3.Connection) -> None:
        """Retries until the timeout: SQLite does not wait here while another process creates the same store."""
        give_up = time.monotonic() + self.timeout
        while True:
            try:
                connection.execute("pragma journal_mode = wal")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
                time.sleep(_PAUSE)
            else:
                return

    def connect_reader(self) -> sqlite3.Connection:
        """A read-only connection."""
        return self._connect("ro", READ_TIMEOUT)

    def _connect(self, mode: str, timeout: float) -> sqlite3.Connection:
        # The writer makes sure that no two threads use it at the same time.
        return sqlite3.connect(
            f"{self.path.as_uri()}?mode={mode}",
            timeout=timeout,
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino

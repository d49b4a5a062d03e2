"""Connections to the database, and the statements on one of them."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeVar
from urllib.parse import unquote, urlsplit

import asyncpg

from openucwa.model.refusals import InvalidExchangeServerVersion, ServiceUnavailable
from openucwa.store.postgres.errors import temporary, unavailable

T = TypeVar("T")

#: Seconds after a failed attempt until the next one, at first and at most.
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 0.5

#: The fraction of a call's timeout for which it waits for a connection.
PATIENCE = 0.8

#: Maximum number of prepared statements of a connection.
STATEMENTS = 500

#: The answer to one set of a statement's parameters; see `statements.py`.
Answer: TypeAlias = Sequence[Any]


class Connection:
    """One connection; once closed, it stays closed.

    `timeout`: seconds without an answer after which it is closed.
    """

    def __init__(self, connection: "asyncpg.Connection[Any]", timeout: float) -> None:
        self._connection = connection
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()

    @property
    def closed(self) -> bool:
        return self._connection.is_closed()

    async def ask(self, statement: str, parameters: Iterable[Sequence[object]]) -> list[Answer]:
        """The answer of `statement` to each set of parameters, all in one round trip."""
        watch = self._loop.call_later(self._timeout, self._connection.terminate)
        try:
            return await self._connection.fetchmany(statement, parameters)
        except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            raise self._ended(error) or error from error
        finally:
            watch.cancel()

    async def execute(self, script: str, patience: float | None = None) -> None:
        """Runs statements without results. `patience`: their timeout in seconds, instead of the connection's."""
        watch = self._loop.call_later(patience or self._timeout, self._connection.terminate)
        try:
            await self._connection.execute(script)
        except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            raise self._ended(error) or error from error
        finally:
            watch.cancel()

    def end(self) -> None:
        """Closes it at once, whatever is in progress."""
        self._connection.terminate()

    @property
    def server_version(self) -> str:
        version = self._connection.get_server_version()
        return f"{version.major}.{version.minor}"

    def _ended(self, error: Exception) -> OSError | None:
        """The driver has one class for a connection that has ended and for its wrong use, and another for one whose
        end PostgreSQL has announced but that is still open."""
        if isinstance(error, asyncpg.InternalClientError):
            self._connection.terminate()
        return ConnectionError("the connection has ended") if self.closed else None


class Database:
    """The database at `url`. `timeout`: seconds that one call of the store may take. `known`: the version of the store
    that this server knows."""

    def __init__(self, url: str, timeout: float, known: int) -> None:
        self._url = url
        self.timeout = timeout
        self.known = known
        self.place = place_of(url)
        #: Whether any connection ever reached a standby, which may be behind: then nothing is cached.
        self.standby = False
        self._pause = FIRST_PAUSE
        self._not_before = 0.0
        self._refusal: ServiceUnavailable | None = None

    async def connect(self) -> Connection:
        """A new connection. ServiceUnavailable: none can be made; also for a moment after a failed attempt."""
        if self._refusal is not None and time.monotonic() < self._not_before:
            raise ServiceUnavailable(str(self._refusal), self._refusal.retry_after, self._refusal.reason)
        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=self.timeout,
                statement_cache_size=STATEMENTS,
                max_cached_statement_lifetime=0,
                server_settings=self._server_settings(),
            )
            self.standby = self.standby or await _is_standby(connection)
        except Exception as error:  # noqa: BLE001  # whatever it is: without a connection there is no store
            refusal = unavailable(error, self.place) or _misfit(error, self.place)
            self._not_before = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            self._refusal = refusal
            # Without the driver's error, which may hold the URL.
            raise refusal from None
        self._pause, self._refusal = FIRST_PAUSE, None
        return Connection(connection, self.timeout * 1.2)

    async def reconnect(self) -> Connection:
        """As `connect`, but keeps trying for most of a call's timeout if the database may be back in a moment."""
        give_up = time.monotonic() + PATIENCE * self.timeout
        while True:
            try:
                return await self.connect()
            except ServiceUnavailable as refusal:
                now = time.monotonic()
                pause = max(self._not_before - now, 0.0)
                if not temporary(refusal) or now + pause >= give_up:
                    raise
                await asyncio.sleep(pause)

    def check(self, oldest: int) -> None:
        """InvalidExchangeServerVersion: the store takes servers that know version `oldest`, and this one does not."""
        if oldest > self.known:
            raise InvalidExchangeServerVersion(
                f"the store requires a server that supports version {oldest}; this one supports version {self.known}"
            )

    def _server_settings(self) -> dict[str, str]:
        """Timeouts that PostgreSQL enforces, so that nothing runs on after its caller has given up."""
        milliseconds = 1000 * self.timeout
        return {
            "application_name": "openucwa",
            "lock_timeout": f"{0.8 * milliseconds:.0f}ms",
            "statement_timeout": f"{milliseconds:.0f}ms",
            "idle_in_transaction_session_timeout": f"{2 * milliseconds:.0f}ms",
        }


async def answered(answer: "asyncio.Future[T]", seconds: float) -> T:
    """The answer, or the error that it is answered with. ServiceUnavailable: none came within `seconds`."""
    # A timer costs a third of `asyncio.timeout`, which every read and change would pay.
    timer = answer.get_loop().call_later(seconds, _give_up, answer)
    try:
        return await answer
    finally:
        timer.cancel()
        del answer  # a refusal that it raised holds this frame


def _give_up(answer: "asyncio.Future[Any]") -> None:
    if not answer.done():
        answer.set_exception(ServiceUnavailable("the store does not answer in time", 1))


class Link:
    """A connection that is made on first use, and again after it was lost."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    async def connection(self) -> Connection:
        """The open connection. ServiceUnavailable: none can be made."""
        if self._connection is None or self._connection.closed:
            self._connection = await self._database.reconnect()
        return self._connection

    async def reason(self, error: Exception) -> Exception:
        """What to raise for the error of a statement: a refusal where that is what it means, else the error itself.

        A statement may have failed because the store has moved on to a version that this server may not use.
        """
        if refusal := unavailable(error):
            return refusal
        if isinstance(error, asyncpg.PostgresError):
            try:
                ((oldest,),) = await (await self.connection()).ask("select oldest from store_version", ((),))
                self._database.check(oldest)
            except InvalidExchangeServerVersion as newer:
                return newer
            except Exception:  # noqa: BLE001  # then the first error is the better one to report
                return error
        return error

    def end(self) -> None:
        """Closes the connection, whatever is in progress; the next use makes another."""
        if self._connection is not None:
            self._connection.end()


async def _is_standby(connection: "asyncpg.Connection[Any]") -> bool:
    standby = getattr(connection.get_settings(), "in_hot_standby", None)
    if standby is None:  # PostgreSQL 13 does not report it
        return bool(await connection.fetchval("select pg_is_in_recovery()"))
    return bool(standby == "on")


def place_of(url: str) -> str:
    """Host, port and database of a URL, without user and password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or "here"
    return unquote(host + parts.path)


def _misfit(error: Exception, place: str) -> ServiceUnavailable:
    """What to say when the connection fails for a reason that is neither the network's nor PostgreSQL's."""
    reason = f"the store {place} cannot be connected to: {type(error).__name__}"
    return ServiceUnavailable("the store cannot be connected to", 60, reason)

"""Verifies passwords by a directory: searches for the user, then binds as that user.

The LDAP library blocks, so calls run in a few threads. Search connections are pooled; each bind as a user has a
connection of its own. A thread that hangs in the library, because a server stopped responding during the TLS handshake,
is abandoned and ends with its connection.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import TypeVar

from openucwa.config_identity import Directory, texts
from openucwa.identity.directories.connection import Connection, DirectoryAway, Entry, bind_password
from openucwa.identity.directories.entries import group_filter, login_attributes, login_filter, profile
from openucwa.identity.login import Login
from openucwa.identity.outages import Outages
from openucwa.identity.profile import Profile
from openucwa.model.refusals import ServiceUnavailable
from openucwa.model.world import World

T = TypeVar("T")

#: Maximum number of sign-ins waiting for a connection (503).
_MAX_WAITING = 64
#: Maximum number of abandoned threads; then requests fail at once.
_MAX_HANGING = 16
#: Retry-After while the directory is unreachable, in seconds.
_RETRY_AFTER = 5
#: Weight of the latest sample in the average duration of a failed bind.
_WEIGHT = 0.2
#: For unknown users, a bind with this name takes the place of that of a user.
_NOBODY = "cn=nobody"


class DirectoryPasswords:
    """Verifies passwords by `directory`."""

    def __init__(self, directory: Directory, world: World) -> None:
        self.domains = texts(directory.domains)
        self._directory = directory
        self._world = world
        self.source = texts(directory.url)[0]
        self._outages = Outages("directory", self.source, world)
        #: In the order in which they are tried.
        self._urls = list(texts(directory.url))
        self._slots = asyncio.Semaphore(directory.connections)
        self._max = directory.connections + _MAX_WAITING
        self._in_flight = 0
        self._hanging = 0
        self._idle: list[Connection] = []
        self._closed = False
        #: Average duration of a bind with a wrong password, in seconds.
        self._usual = 0.0

    def may_know(self, login: Login) -> bool:
        """Any login may match, by mail address for example."""
        return bool(login.text)

    async def verify(self, login: Login, password: str) -> Profile | None:
        """The user who signed in; None: wrong name or password, or a user who may not sign in.

        As far as possible, all of these take the same time.
        ServiceUnavailable: the directory is unreachable, or too many sign-ins are waiting.
        """
        try:
            found = await self._run(lambda: self._search(login))
            known = len(found) == 1
            entry = found[0] if known else Entry(f"{_NOBODY},{self._directory.base}", {})
            begun = self._world.monotonic()
            accepted = await self._run(lambda: self._try(entry.dn, password))
            took = self._world.monotonic() - begun
            if accepted and known and await self._run(lambda: self._in_groups(entry)):
                return profile(self._directory, entry, photo=True)
        except DirectoryAway as away:
            raise self._outages.refusal(away, _RETRY_AFTER) from None
        if known and not accepted:
            self._usual += _WEIGHT * (took - self._usual)
        elif not known:
            await self._world.sleep(max(0.0, self._usual - took))
        return None

    async def look_up(self, work: Callable[[Connection], T]) -> T:
        """The result of `work`, which runs in a thread, on a search connection.

        ServiceUnavailable: the directory is unreachable, or too many others are waiting.
        """
        try:
            return await self._run(lambda: self._searching(work))
        except DirectoryAway as away:
            raise self._outages.refusal(away, _RETRY_AFTER) from None

    async def close(self) -> None:
        """Closes the idle connections; those in use are closed after use."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    async def _run(self, work: Callable[[], T]) -> T:
        """Runs `work` in a thread. DirectoryAway: it failed or timed out."""
        if self._in_flight >= self._max or self._closed:
            raise ServiceUnavailable("too many sign-ins are waiting for the directory", 1)
        self._in_flight += 1
        try:
            async with self._slots:
                return await self._in_thread(work)
        finally:
            self._in_flight -= 1

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._hanging >= _MAX_HANGING:
            raise DirectoryAway(f"{self.source} did not respond to {_MAX_HANGING} sign-ins")
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()

        def run() -> None:
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001  # raised in the waiting coroutine
                future.set_exception(error)

        Thread(target=run, name="openucwa directory", daemon=True).start()
        result = asyncio.wrap_future(future)
        done, _ = await asyncio.wait({result}, timeout=2 * self._directory.timeout)
        if done:
            return await result
        self._hanging += 1
        result.add_done_callback(self._ended)
        self._urls.append(self._urls.pop(0))
        raise DirectoryAway(f"{self._urls[-1]} does not respond")

    def _ended(self, result: "asyncio.Future[T]") -> None:
        self._hanging -= 1
        if not result.cancelled():
            result.exception()  # retrieved, so that asyncio does not log it

    # In a thread

    def _search(self, login: Login) -> list[Entry]:
        query, wanted = login_filter(self._directory, login), login_attributes(self._directory)
        return self._searching(lambda connection: connection.search(self._directory.base, query, wanted))

    def _in_groups(self, entry: Entry) -> bool:
        """Whether the user is in one of `groups`, if any are set."""
        query = group_filter(self._directory, entry)

        def member(group: str) -> bool:
            return bool(self._searching(lambda connection: connection.search(group, query, (), below=False)))

        return not self._directory.groups or any(member(group) for group in self._directory.groups)

    def _try(self, dn: str, password: str) -> bool:
        def bind(url: str) -> bool:
            connection = Connection(self._directory, url)
            try:
                return connection.bind(dn, password)
            finally:
                connection.close()

        return self._at_one(bind)

    def _searching(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` on a pooled search connection, or on a new one if that is broken."""
        with suppress(IndexError):
            connection = self._idle.pop()
            with suppress(DirectoryAway):  # the server may have closed it
                return self._used(connection, work)
        return self._at_one(lambda url: self._used(self._connected(url), work))

    def _at_one(self, work: Callable[[str], T]) -> T:
        """Runs `work` at the first server that responds."""
        *others, last = self._urls
        for url in others:
            with suppress(DirectoryAway):
                return work(url)
        return work(last)

    def _used(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        found = work(connection)  # on failure, it has closed itself
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)
        return found

    def _connected(self, url: str) -> Connection:
        password = bind_password(self._directory)
        connection = Connection(self._directory, url)
        if self._directory.bind_dn is not None and not connection.bind(self._directory.bind_dn, password or ""):
            connection.close()
            raise DirectoryAway(f"{url} refuses {self._directory.bind_dn}")
        return connection

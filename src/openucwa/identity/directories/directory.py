"""Passwords that a directory verifies: the user is searched, and the password tried by a bind as that user.

The library blocks. So it runs in a few threads at a time, each of which uses one connection; those that search are
used again, and a bind as a user has one of its own. A thread that hangs in the library, which happens where a server
falls silent in the middle of TLS, is left to itself: it ends with its connection, and holds up nobody.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import TypeVar

from openucwa.config_identity import Directory, texts
from openucwa.identity.directories.connection import Connection, DirectoryAway, Entry, bind_password
from openucwa.identity.directories.entries import attributes, group_filter, login_filter, profile
from openucwa.identity.login import Login
from openucwa.identity.profile import Profile
from openucwa.model.refusals import ServiceUnavailable
from openucwa.model.world import World

T = TypeVar("T")

#: Sign-ins that may wait for a connection; more are answered 503.
_MAX_WAITING = 64
#: Threads that may hang. More of them say nothing new.
_MAX_HANGING = 16
#: Seconds after which somebody whom a directory that is away could not sign in may come again.
_RETRY_AFTER = 5
#: How much the latest wrong password counts for how long one takes.
_WEIGHT = 0.2
#: Where nobody is: the bind as this user costs what that of another does.
_NOBODY = "cn=nobody"

logger = logging.getLogger(__name__)


class DirectoryPasswords:
    """Verifies passwords by `directory`."""

    def __init__(self, directory: Directory, world: World) -> None:
        self._directory = directory
        self._world = world
        self.source = texts(directory.url)[0]
        #: Those that answer first.
        self._urls = list(texts(directory.url))
        self._slots = asyncio.Semaphore(directory.connections)
        self._max = directory.connections + _MAX_WAITING
        self._in_flight = 0
        self._hanging = 0
        self._idle: list[Connection] = []
        self._closed = False
        #: Seconds that a bind with a wrong password takes.
        self._usual = 0.0

    def may_know(self, login: Login) -> bool:
        """Whether the directory may know whoever this is: by mail, say, it may be anybody."""
        return bool(login.text)

    async def verify(self, login: Login, password: str) -> Profile | None:
        """Who signed in; None: the name or the password is wrong, or names nobody who may sign in here.

        Which of these it is can't be told by the time, as far as that is in our hands.
        ServiceUnavailable: the directory does not say, or too many wait for it.
        """
        try:
            found = await self._run(lambda: self._search(login))
            known = len(found) == 1
            entry = found[0] if known else Entry(f"{_NOBODY},{self._directory.base}", {})
            begun = self._world.monotonic()
            accepted = await self._run(lambda: self._try(entry.dn, password))
            took = self._world.monotonic() - begun
            if accepted and known and await self._run(lambda: self._in_groups(entry)):
                return profile(self._directory, entry)
        except DirectoryAway as away:
            logger.warning("the directory can't be asked: %s", away)
            raise ServiceUnavailable("the directory can't be reached", _RETRY_AFTER) from None
        if known and not accepted:
            self._usual += _WEIGHT * (took - self._usual)
        elif not known:
            await self._world.sleep(max(0.0, self._usual - took))
        return None

    async def close(self) -> None:
        """Closes the connections; what is in flight closes its own."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    async def _run(self, work: Callable[[], T]) -> T:
        """What `work` gives in a thread. DirectoryAway: it fails, or does not end in time."""
        if self._in_flight >= self._max or self._closed:
            raise ServiceUnavailable("too many sign-ins wait for the directory", 1)
        self._in_flight += 1
        try:
            async with self._slots:
                return await self._in_thread(work)
        finally:
            self._in_flight -= 1

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._hanging >= _MAX_HANGING:
            raise DirectoryAway(f"{self.source} has been silent for {_MAX_HANGING} sign-ins")
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()

        def run() -> None:
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001  # it is raised where the result is waited for
                future.set_exception(error)

        Thread(target=run, name="openucwa directory", daemon=True).start()
        result = asyncio.wrap_future(future)
        done, _ = await asyncio.wait({result}, timeout=2 * self._directory.timeout)
        if done:
            return await result
        self._hanging += 1
        result.add_done_callback(self._ended)
        self._urls.append(self._urls.pop(0))
        raise DirectoryAway(f"{self._urls[-1]} does not answer")

    def _ended(self, result: "asyncio.Future[T]") -> None:
        self._hanging -= 1
        if not result.cancelled():
            result.exception()  # it comes too late for anybody

    # In a thread

    def _search(self, login: Login) -> list[Entry]:
        query, wanted = login_filter(self._directory, login), attributes(self._directory)
        return self._searching(lambda connection: connection.search(self._directory.base, query, wanted))

    def _in_groups(self, entry: Entry) -> bool:
        """Whether the user is in one of the groups that may sign in, where there are such groups."""
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
        """What `work` finds on a connection of the account that searches; on another one where the first is broken."""
        with suppress(IndexError):
            connection = self._idle.pop()
            with suppress(DirectoryAway):  # it may have been closed long ago; a new one will tell
                return self._used(connection, work)
        return self._at_one(lambda url: self._used(self._connected(url), work))

    def _at_one(self, work: Callable[[str], T]) -> T:
        """What `work` gives at the first server that answers."""
        *others, last = self._urls
        for url in others:
            with suppress(DirectoryAway):
                return work(url)
        return work(last)

    def _used(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        found = work(connection)  # where it fails, it has closed itself
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
            raise DirectoryAway(f"{url} does not let {self._directory.bind_dn} in")
        return connection

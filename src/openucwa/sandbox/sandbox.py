"""One sandbox: a service on a store of its own, which a reset replaces by a new one."""

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from openucwa.app import Routes, Service
from openucwa.channel.local import LocalBus
from openucwa.config import Config
from openucwa.http.message import Handler, Request, Response
from openucwa.identity.passwords import Passwords
from openucwa.model.measures import Load, Measures
from openucwa.model.refusals import Forbidden, ResourceNotFound
from openucwa.model.user import User
from openucwa.sandbox.strangers import check_caller
from openucwa.sandbox.tables import Rows, dump, load
from openucwa.sandbox.users import SandboxUser, Seed
from openucwa.sandbox.world import SandboxWorld, SocketWorld
from openucwa.store.sqlite import SqliteStore
from openucwa.store.sqlite.database import FILE

#: The maximum size of a body for control: an import is as large as what it imports.
MAX_CONTROL_BYTES = 67_108_864
#: The path of the control resources.
ROOT = "/sandbox"
#: Seconds that requests to a service that was replaced have to finish.
PATIENCE = 5.0
#: How many of the seed's users are added at the same time; as many passwords can wait to be hashed.
USERS_AT_A_TIME = 64
#: The snapshot that a reset returns to.
INITIAL = ""
#: The beginning of the names of folders; the id of the process follows.
_PREFIX = "openucwa-sandbox-"
#: The snapshot that is exported or imported; no path names it.
_IN_TRANSIT = "/"


@dataclass(frozen=True, slots=True)
class Moment:
    """A state of everything: the store's folder; the time of day in ms, and how much chance was used."""

    folder: Path
    now: int
    drawn: int


class _Running:
    """A service in operation, and how many requests it is answering. `changes`: where its store counts them."""

    def __init__(self, service: Service, store: SqliteStore, changes: Measures, folder: Path) -> None:
        self.service = service
        self.store = store
        self.changes = changes
        self.folder = folder
        self._requests = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def answer(self, request: Request) -> Response:
        self._requests += 1
        self._idle.clear()
        try:
            answer = self.service.handler(request)
            return answer if isinstance(answer, Response) else await answer
        finally:
            self._requests -= 1
            if not self._requests:
                self._idle.set()

    async def end(self) -> None:
        """Ends its polls, waits for its requests, and stops it."""
        await self.service.release()
        waiting = asyncio.ensure_future(self._idle.wait())
        await asyncio.wait({waiting}, timeout=PATIENCE)
        waiting.cancel()
        await self.service.stop()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)


class Sandbox:
    """The application that `server.process.serve` serves.

    `config`: its settings; where the store is is not theirs to say. `seed`: the users. `routes`: the control resources.
    `layers`: what requests other than those for control pass before they are answered.
    """

    def __init__(self, config: Config, world: SandboxWorld, seed: Seed) -> None:
        #: The folder of the stores, once it is started.
        self.place = Path()
        self.config = replace(config, store=None, bus=None, workers=1)
        self.clock = world
        self.world = SocketWorld(world)
        self.seed = seed
        self.routes: Routes = ()
        self.layers: Callable[[Handler], Handler] = _none
        #: What is done to a service before it starts.
        self.prepare: Callable[[Service], None] = _leave
        #: What else forgets at a reset of everything.
        self.on_reset: Callable[[], None] = _nothing
        self.measures = Measures()
        self._snapshots: dict[str, Moment] = {}
        self._made = 0
        self._running: _Running | None = None
        self._changing = asyncio.Lock()
        self._through: Handler = self._answer

    # As an application

    def handler(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        service = self.service
        if not is_control(service, request):
            return self._through(request)
        try:
            check_caller(request, self.config, service.cors)
        except Forbidden as refusal:
            return service.pipeline.refused(request, refusal)
        return service.handler(request)

    def body_limit(self, request: Request) -> int:
        return MAX_CONTROL_BYTES if is_control(self.service, request) else self.service.body_limit(request)

    def refused(self, status: int, sentence: str) -> Response:
        return self.service.refused(status, sentence)

    def status(self, load: Callable[[], Load]) -> Handler:
        return self.service.status(load)

    async def start(self) -> None:
        """Starts with the seed's users, and saves this state for resets."""
        memory = _memory()
        _tidy(memory)
        self.place = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=memory))
        self._through = self.layers(self._answer)
        self.clock.changes = self._changes
        self._running = await self._begin(self._new_folder())
        await self._add_users()
        await self.take(INITIAL)

    async def release(self) -> None:
        await self.service.release()

    async def stop(self) -> None:
        if self._running is not None:
            await self._running.service.stop()
        if self.place != Path():
            shutil.rmtree(self.place, ignore_errors=True)

    # Control

    @property
    def service(self) -> Service:
        """The service that answers at the moment."""
        return self._current.service

    @property
    def snapshots(self) -> Sequence[str]:
        """The names of the snapshots."""
        return sorted(set(self._snapshots) - {INITIAL, _IN_TRANSIT})

    async def take(self, name: str) -> None:
        """Keeps the present state under `name`."""
        async with self._changing:
            current = self._current
            await current.service.activity.flush()
            await current.store.settled()
            folder = self._new_folder()
            await asyncio.to_thread(_copy, current.folder, folder)
            old = self._snapshots.pop(name, None)
            self._snapshots[name] = Moment(folder, self.clock.now(), self.clock.chance.drawn)
            if old is not None:
                await asyncio.to_thread(shutil.rmtree, old.folder, ignore_errors=True)

    async def reset(self) -> None:
        """Returns to the state after the start."""
        self.on_reset()
        await self.restore(INITIAL)

    async def restore(self, name: str) -> None:
        """Returns to a snapshot: its users, meetings and everything else, its time of day and its chance.

        Polls end; requests in flight finish. ResourceNotFound: there is no such snapshot.
        """
        async with self._changing:
            moment = self._moment(name)
            folder = self._new_folder()
            await asyncio.to_thread(shutil.copytree, moment.folder, folder)
            old = self._current
            self.clock.turn_back(moment.now)
            self.clock.chance.drawn = moment.drawn
            self._running = await self._begin(folder)
            await old.end()

    async def forget(self, name: str) -> None:
        """Removes a snapshot. ResourceNotFound."""
        async with self._changing:
            moment = self._moment(name)
            del self._snapshots[name]
            await asyncio.to_thread(shutil.rmtree, moment.folder, ignore_errors=True)

    async def export(self) -> tuple[int, Rows]:
        """The present state: the time of day, in ms, and all rows."""
        await self.take(_IN_TRANSIT)
        moment = self._moment(_IN_TRANSIT)
        try:
            return moment.now, await asyncio.to_thread(dump, moment.folder / FILE)
        finally:
            await self.forget(_IN_TRANSIT)

    async def take_over(self, now: int | None, rows: Rows) -> None:
        """Returns to a state that was exported. `now`: its time of day; None: the present one.

        ParameterValidationFailure: it is not one of this version.
        """
        await self.take(_IN_TRANSIT)
        moment = self._moment(_IN_TRANSIT)
        try:
            await asyncio.to_thread(load, moment.folder / FILE, rows)
            if now is not None:
                self._snapshots[_IN_TRANSIT] = replace(moment, now=now)
            await self.restore(_IN_TRANSIT)
        finally:
            await self.forget(_IN_TRANSIT)

    async def empty(self, uri: str) -> None:
        """Removes what a user has: applications, meetings, and the validity of tokens. ResourceNotFound.

        The password is that of the start.
        """
        users = self.service.store.users
        user = await users.get(uri)
        if user is None:
            raise ResourceNotFound("there is no such user")
        await users.remove(uri, self.clock.now())
        seeded = next((each for each in self.seed.users if each.uri.lower() == user.uri), None)
        await (users.add(user) if seeded is None else self._add_user(seeded))

    def _moment(self, name: str) -> Moment:
        try:
            return self._snapshots[name]
        except KeyError:
            raise ResourceNotFound("there is no such snapshot") from None

    @property
    def _current(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the sandbox was not started")
        return self._running

    def _answer(self, request: Request) -> Coroutine[Any, Any, Response]:
        return self._current.answer(request)

    def _new_folder(self) -> Path:
        self._made += 1
        return self.place / str(self._made)

    async def _begin(self, folder: Path) -> _Running:
        config = replace(self.config, data=str(folder))
        changes = Measures()
        store = SqliteStore(folder, config.store_timeout, measures=changes, max_user_bytes=config.max_user_bytes)
        passwords = Passwords(hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        service = Service(
            config, self.clock, store=store, bus=LocalBus(self.clock), passwords=passwords, added=self.routes
        )
        self.prepare(service)
        await service.start()
        return _Running(service, store, changes, folder)

    async def _add_users(self) -> None:
        left = iter(self.seed.users)
        while some := list(islice(left, USERS_AT_A_TIME)):
            await asyncio.gather(*map(self._add_user, some))

    async def _add_user(self, user: SandboxUser) -> None:
        hashed = await self.service.passwords.hash(user.password)
        await self.service.store.users.add(User(user.uri.lower(), user.shown_name, user.email, user.pool, hashed))

    async def _changes(self) -> float:
        """The number of changes made to the store; returns when none waits any more."""
        current = self._current
        await current.store.settled()
        return current.changes.commit_changes.sum


def is_control(service: Service, request: Request) -> bool:
    """Whether a request is for a control resource."""
    return (service.router.find(request.path).template or "").startswith(ROOT)


def _nothing() -> None:
    pass


def _leave(service: Service) -> None:
    pass


def _none(handler: Handler) -> Handler:
    return handler


def _memory() -> Path:
    """A folder in memory, if the machine has one; otherwise one for temporary files."""
    shared = Path("/dev/shm")  # noqa: S108  # mkdtemp makes a folder that is nobody else's
    return shared if shared.is_dir() else Path(tempfile.gettempdir())


def _tidy(memory: Path) -> None:
    """Removes what sandboxes of this user left that were killed."""
    for folder in memory.glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not _lives(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _copy(source: Path, target: Path) -> None:
    """Copies a store that is open."""
    target.mkdir(mode=0o700)
    with (
        closing(sqlite3.connect(source / FILE)) as reader,
        closing(sqlite3.connect(target / FILE)) as writer,
    ):
        reader.backup(writer)

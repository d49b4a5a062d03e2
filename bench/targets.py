"""The servers that do the work: how each is prepared, and where its meetings are.

A target knows the paths, tokens and bodies of one server. What is measured of it is the affair of `http_rows.py`.
"""

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.client import Answer, Connection
from bench.load import Line
from bench.processes import BenchError, Process
from bench.work import CHANGED, NEW, PASS_THROUGH, TEXT, TYPE

PASSWORD = "correct horse battery staple"  # noqa: S105  # of users that live for a minute
#: Meetings that an organizer gets; the server's limit is 1,000.
MEETINGS = 990
#: Seconds in which nothing changes any more once all that was sent is done.
SETTLED = 0.3
FAMILY = "onlineMeetings/myOnlineMeetings"


class Account:
    """A user who signed in and opened an application. `application`: its path. `room`: meetings it may still make."""

    def __init__(self, token: str, application: str, room: int) -> None:
        self.token = token
        self.application = application
        self.room = room


class Target:
    """A server at work. After `prepare`: `read`, the extensions of a meeting, three of them; `one` of those; and
    `answers`, what it said to each kind of request. `spread`: the extensions of many meetings, where that is asked for.
    """

    new = NEW
    changed = CHANGED
    #: Connections that prepare at a time.
    at_a_time = 8
    #: Requests a second that it is at first thought to manage, which decides how many meetings are made for it.
    guess = 25_000

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self.process = process
        self.answers: dict[str, Answer] = {}
        self.spread: list[Line] = []
        self._accounts: list[Account] = []
        self._updates: list[Line] = []

    async def account(self, number: int) -> Account:
        """The `number`th user."""
        raise NotImplementedError

    async def prepare(self) -> None:
        """Makes the meeting that is read, and asks for each kind of thing once."""
        self.read = (await self.meetings(await self.owners(1)))[0]
        auth = {"Authorization": self.read.token, "Accept": "application/json"}
        async with await Connection.open(self.process.port) as connection:
            for _ in range(3):
                answer = await connection.expect(201, "POST", self.read.path, auth, self.new)
            self.answers["c"] = answer
            self.answers["a"] = await connection.expect(200, "GET", self.read.path, auth)
            path = f"{self.read.path}/{self.id_of(answer)}"
            put = await connection.expect(200, "PUT", path, auth | {"If-Match": answer.header("etag")}, self.changed)
            self.answers["d"] = put
            self.one = Line(path, self.read.token, put.header("etag"))
            same = auth | {"If-None-Match": self.one.etag}
            self.answers["b"] = await connection.expect(304, "GET", path, same)
            stale = await connection.request("PUT", path, auth | {"If-Match": answer.header("etag")}, self.changed)
            unknown = await connection.request("GET", self.read.path, auth | {"Authorization": "Bearer x"})
            if (stale.status, unknown.status) != (412, 401):
                raise BenchError(f"{self.name} does not check: it answered {stale.status} and {unknown.status}")

    async def owners(self, count: int) -> list[Account]:
        """Who is to make the next `count` meetings, new users where the others have as many as they may have."""
        owners: list[Account] = []
        while len(owners) < count:
            if not self._accounts or not self._accounts[-1].room:
                self._accounts.append(await self.account(len(self._accounts)))
            take = min(self._accounts[-1].room, count - len(owners))
            self._accounts[-1].room -= take
            owners += [self._accounts[-1]] * take
        return owners

    async def meetings(self, owners: list[Account]) -> list[Line]:
        """The extensions of a new meeting for each owner, none yet in any of them."""
        return await self._each(owners, self.meeting)

    async def filled(self, owners: list[Account]) -> list[Line]:
        """The extensions of a new meeting for each owner, three in each."""

        async def fill(connection: Connection, line: Line) -> Line:
            for _ in range(3):
                await connection.expect(201, "POST", line.path, {"Authorization": line.token}, self.new)
            return line

        return await self._each(await self.meetings(owners), fill)

    async def updates(self, count: int) -> list[Line]:
        """`count` extensions, each in a meeting of its own with three, with the etags that they have now."""

        async def last(connection: Connection, line: Line) -> Line:
            answer = await connection.expect(200, "GET", line.path, {"Authorization": line.token})
            path = f"{line.path}/{self.ids(answer)[-1]}"
            return await look(connection, Line(path, line.token))

        async def look(connection: Connection, line: Line) -> Line:
            answer = await connection.expect(200, "GET", line.path, {"Authorization": line.token})
            return line._replace(etag=answer.header("etag"))

        if not self._updates:
            self._updates = await self._each(await self.filled(await self.owners(count)), last)
        # What the load before sent last may still be under way.
        found, before = await self._each(self._updates, look), None
        while found != before:
            await asyncio.sleep(SETTLED)
            before, found = found, await self._each(self._updates, look)
        return found

    async def _each(self, items: list[Any], work: Callable[[Connection, Any], Any]) -> list[Line]:
        async def share(first: int) -> list[Line]:
            async with await Connection.open(self.process.port) as connection:
                return [await work(connection, item) for item in items[first :: self.at_a_time]]

        shares = await asyncio.gather(*(share(first) for first in range(min(self.at_a_time, len(items)))))
        return list(itertools.chain.from_iterable(shares))

    async def meeting(self, connection: Connection, owner: Account) -> Line:
        """The extensions of a new meeting."""
        path = f"{owner.application}/{FAMILY}"
        answer = await connection.expect(201, "POST", path, {"Authorization": owner.token}, {})
        return Line(f"{answer.json()['_links']['self']['href']}/onlineMeetingExtensions", owner.token)

    def id_of(self, answer: Answer) -> str:
        """The id of the extension that is shown."""
        return str(answer.json()["id"])

    def ids(self, answer: Answer) -> list[str]:
        """The ids of the extensions that are shown."""
        return [each["id"] for each in answer.json()["_embedded"]["onlineMeetingExtension"]]


class Openucwa(Target):
    """This server. `places`: the options by which it and `openucwa user` find the store. `python`: what runs both."""

    def __init__(self, name: str, process: Process, places: list[str], python: str = sys.executable) -> None:
        super().__init__(name, process)
        self._places = places
        self._python = python

    async def account(self, number: int) -> Account:
        uri = f"sip:organizer{number}@contoso.com"
        add_user(uri, self._places, self._python)
        async with await Connection.open(self.process.port) as connection:
            token = await sign_in(connection, {"grant_type": "password", "username": uri, "password": PASSWORD})
            return Account(token, await open_application(connection, token), MEETINGS)

    async def prepare(self) -> None:
        await super().prepare()
        async with await Connection.open(self.process.port) as connection:
            headers = {"Authorization": self.read.token, "Accept": "application/xml"}
            self.answers["e"] = await connection.expect(200, "GET", self.read.path, headers)


class Peer(Target):
    """A peer that has the server's paths and one user, who is told to it when it starts."""

    TOKEN = "Bearer cwt=" + "x" * 180  # as long as the server's
    APPLICATION = "/ucwa/v1/applications/780566068056"

    async def account(self, number: int) -> Account:
        return Account(self.TOKEN, self.APPLICATION, 1_000_000)


class KintoTarget(Target):
    """Kinto: a meeting is a collection, an extension a record."""

    TOKEN = "Basic YmVuY2g6YmVuY2g="  # bench:bench  # noqa: S105
    BUCKET = "/v1/buckets/bench"
    at_a_time = 1  # collections of one bucket that are made at the same moment are a conflict
    guess = 1_000
    new = json.dumps({"data": {"type": TYPE, **TEXT, **PASS_THROUGH}}).encode()
    changed = new

    async def account(self, number: int) -> Account:
        async with await Connection.open(self.process.port) as connection:
            await connection.request("PUT", self.BUCKET, {"Authorization": self.TOKEN}, {})
        self._made = 0
        return Account(self.TOKEN, self.BUCKET, 1_000_000)

    async def meeting(self, connection: Connection, owner: Account) -> Line:
        self._made += 1
        path = f"{self.BUCKET}/collections/meeting{self._made}"
        await connection.expect(201, "PUT", path, {"Authorization": self.TOKEN}, {})
        return Line(f"{path}/records", self.TOKEN)

    def id_of(self, answer: Answer) -> str:
        return str(answer.json()["data"]["id"])

    def ids(self, answer: Answer) -> list[str]:
        return [each["id"] for each in answer.json()["data"]]


def add_user(uri: str, places: list[str], python: str = sys.executable) -> None:
    """`openucwa user add`."""
    command = [python, "-m", "openucwa", "user", "add", uri, "--password-stdin", *places]
    subprocess.run(command, input=PASSWORD.encode(), check=True, stdout=subprocess.DEVNULL)


async def sign_in(connection: Connection, form: dict[str, str]) -> str:
    """The value of Authorization."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await connection.expect(200, "POST", "/WebTicket/oauthtoken", headers, urlencode(form).encode())
    return f"Bearer {answer.json()['access_token']}"


async def open_application(connection: Connection, token: str) -> str:
    """The path of a new application."""
    body = {"culture": "en-us", "endpointId": "bench", "userAgent": "bench"}
    answer = await connection.request("POST", "/ucwa/v1/applications", {"Authorization": token}, body)
    href: str = answer.json()["_links"]["self"]["href"]
    return href.partition("?")[0]


def serve(
    name: str,
    folder: Path,
    cores: frozenset[int],
    port: int,
    *options: str,
    store: str | None = None,
    interpreter: Sequence[str] = (),
    executable: str = sys.executable,
    **settings: str,
) -> Openucwa:
    """The server, started with nothing but defaults: in `folder`, or on `store`; what is set beside, `settings` say.

    `log_level` is `error` where nothing else is said, because the peers have no access log either. `interpreter`:
    options of Python's. `executable`: Python, in the environment of the version that is measured.
    """
    places = ["--data", str(folder / "data"), *(["--store", store] if store else [])]
    python = [executable, *interpreter, "-m", "openucwa"]
    command = [*python, "serve", *places, "--listen", f"http://127.0.0.1:{port}", *options]
    environment = {f"OPENUCWA_{key.upper()}": value for key, value in ({"log_level": "error"} | settings).items()}
    process = Process(name, command, port, folder / "log", cores=cores, environment=environment)
    return Openucwa(name, process, places, executable)

"""Meetings with participants, each with an application and a connection of its own, who wait for events.

What is measured of them is the affair of `event_rows.py`.
"""

import asyncio
import json
import re
from typing import Self

from bench.client import Answer, Connection
from bench.processes import BenchError
from bench.targets import Account, Openucwa, open_application, sign_in
from bench.work import PASS_THROUGH

#: What a poll's answer tells the client to ask next.
_NEXT = re.compile(rb'"(?:next|resume)":{"href":"([^"]+)"')
#: Seconds that polls may wait, so that none comes back while others are still being made.
TIMEOUT = 1_800
#: Seconds that events without urgency wait: the least that the server allows.
HURRY = 5
#: Seconds without an answer to anybody, after which all have heard what there was.
QUIET = HURRY + 2
#: Source addresses are shared by this many connections, because each has only so many ports.
PORTS = 5_000
#: The extension that changes: of a type that participants are told of.
SHARED = {"id": "agenda", "type": "RoamedParticipantData"}


class Meeting:
    """A meeting that everyone may join, with one extension that all of its participants are told of."""

    def __init__(self, uri: str, meeting_id: str, extension: str, etag: str, organizer: dict[str, str]) -> None:
        self.uri = uri
        self.id = meeting_id
        self._extension = extension
        self._etag = etag
        self._organizer = organizer

    @classmethod
    async def make(cls, connection: Connection, token: str, application: str) -> Self:
        """A new one."""
        organizer = {"Authorization": token}
        path = f"{application}/onlineMeetings/myOnlineMeetings"
        meeting = (await connection.expect(201, "POST", path, organizer, {"accessLevel": "Everyone"})).json()
        extensions = f"{meeting['_links']['self']['href']}/onlineMeetingExtensions"
        made = await connection.expect(201, "POST", extensions, organizer, SHARED)
        href = made.json()["_links"]["self"]["href"]
        return cls(meeting["onlineMeetingUri"], meeting["onlineMeetingId"], href, made.header("etag"), organizer)

    async def change(self, connection: Connection, text: str) -> Answer:
        """Puts `text` into the extension."""
        headers = {**self._organizer, "If-Match": self._etag}
        body = {**SHARED, "text": text, **PASS_THROUGH}
        answer = await connection.expect(200, "PUT", self._extension, headers, body)
        self._etag = answer.header("etag")
        return answer


class Person:
    """A participant, and where its channel stands. `heard`: the answers that its polls have had."""

    def __init__(self, token: str, application: str) -> None:
        self._headers = {"Authorization": token}
        self._next = f"{application}/events?ack=1&low={HURRY}&medium={HURRY}&timeout={TIMEOUT}"
        self._told: asyncio.Future[float] | None = None
        self._text = b""
        self.heard = 0

    @classmethod
    async def join(cls, connection: Connection, meeting: Meeting, number: int) -> Self:
        """Joins as an anonymous user."""
        grant = {"grant_type": "urn:microsoft.rtc:anonmeeting", "password": meeting.id}
        token = await sign_in(connection, {**grant, "ms_rtc_conferenceuri": meeting.uri})
        application = await open_application(connection, token)
        body = {"onlineMeetingUri": meeting.uri, "anonymousDisplayName": f"Person {number}"}
        path = f"{application}/communication/joinOnlineMeeting"
        answer = await connection.request("POST", path, {"Authorization": token}, body)
        if answer.status not in {200, 201}:
            raise BenchError(f"joining was answered {answer.status}: {answer.body[:200]!r}")
        return cls(token, application)

    async def connect(self, port: int, number: int) -> None:
        """Polls from now on, by a connection that is the `number`th of all."""
        self._connection = await Connection.open(port, f"127.0.0.{2 + number // PORTS}")
        self._polling = asyncio.ensure_future(self._poll_on())

    def told(self, text: str) -> "asyncio.Future[float]":
        """The time at which an answer tells of `text`. BenchError: polling failed."""
        if self._polling.done():
            self._polling.result()
        self._text = text.encode()
        self._told = asyncio.get_running_loop().create_future()
        return self._told

    @property
    def waits(self) -> bool:
        """Whether its poll is under way."""
        return not self._polling.done()

    async def leave(self) -> None:
        """Hangs up."""
        self._polling.cancel()
        await asyncio.wait({self._polling})
        self._connection.close()

    async def _poll_on(self) -> None:
        try:
            while True:
                answer = await self._hear()
                self.heard += 1
                if self._told is not None and self._text in answer.body:
                    self._told.set_result(answer.at)
                    self._told = None
        except BenchError as error:
            if self._told is not None:
                self._told.set_exception(error)
            raise

    async def _hear(self) -> Answer:
        answer = await self._connection.expect(200, "GET", self._next, self._headers)
        found = _NEXT.search(answer.body)
        if found is None:
            raise BenchError(f"an answer to a poll names no next one: {answer.body[:200]!r}")
        self._next = json.loads(b'"' + found[1] + b'"')
        return answer


async def fill(server: Openucwa, meetings: int, each: int, at_a_time: int = 16) -> tuple[list[Meeting], list[Person]]:
    """New meetings with `each` participants, none of whom polls yet."""
    port = server.process.port
    made: list[Meeting] = []
    people: list[Person] = []

    async def share(owners: list[Account]) -> None:
        async with await Connection.open(port) as connection:
            for owner in owners:
                meeting = await Meeting.make(connection, owner.token, owner.application)
                made.append(meeting)
                for _ in range(each):
                    people.append(await Person.join(connection, meeting, len(people)))

    owners = await server.owners(meetings)
    await asyncio.gather(*(share(owners[first::at_a_time]) for first in range(at_a_time)))
    return made, people


async def wait_all(people: list[Person], port: int) -> None:
    """Lets everybody poll, and hear what there is already: of all who came."""
    for number, person in enumerate(people):
        await person.connect(port, number)
    heard, before = 0, -1
    while heard != before:
        await asyncio.sleep(QUIET)
        heard, before = sum(person.heard for person in people), heard


async def leave_all(people: list[Person]) -> None:
    """Lets everybody hang up."""
    await asyncio.gather(*(person.leave() for person in people))

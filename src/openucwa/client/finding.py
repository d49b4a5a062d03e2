"""Meetings found by what they and their extensions contain (openucwa:meetings, an addition to UCWA)."""

import re
from collections import deque
from dataclasses import dataclass
from typing import Generic
from urllib.parse import quote, urlencode

from openucwa.client.additions import find_addition
from openucwa.client.drivers import AsyncDriver, SyncDriver
from openucwa.client.errors import InvalidAnswer
from openucwa.client.extensions import ExtensionState
from openucwa.client.meetings import Meeting
from openucwa.client.opened import OpenApplication
from openucwa.client.operations import Bound, D_co, operation
from openucwa.client.resources import Resource
from openucwa.client.steps import Steps

_OWN = ("myOnlineMeeting", "myAssignedOnlineMeeting")


def text_literal(text: str) -> str:
    """A text as a literal of a filter: in single quotes."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class FoundMeeting(Generic[D_co]):
    """A meeting that a query found. `resource`: the meeting as the user sees it. `meeting`: None if it is another
    user's. `extensions`: those that the user may see. `matching_extensions`: the ids of those that the filter is about.
    """

    resource: Resource
    meeting: Meeting[D_co] | None
    extensions: tuple[ExtensionState, ...]
    matching_extensions: tuple[str, ...]


class FoundMeetings(Bound[D_co]):
    """The result of a query: `async for found in ...`, or `for found in ...`. Pages are read as they are needed."""

    def __init__(self, application: OpenApplication[D_co], parameters: dict[str, str]) -> None:
        super().__init__(application.session.driver)
        self._application = application
        self._parameters = parameters
        self._found: deque[FoundMeeting[D_co]] = deque()
        self._token: str | None = None
        self._ended = False
        self._href: str | None = None
        self._generation = application.generation

    def __aiter__(self: "FoundMeetings[AsyncDriver]") -> "FoundMeetings[AsyncDriver]":
        return self

    async def __anext__(self: "FoundMeetings[AsyncDriver]") -> FoundMeeting[AsyncDriver]:
        found = await self._driver.run(self._next())
        if found is None:
            raise StopAsyncIteration
        return found

    def __iter__(self: "FoundMeetings[SyncDriver]") -> "FoundMeetings[SyncDriver]":
        return self

    def __next__(self: "FoundMeetings[SyncDriver]") -> FoundMeeting[SyncDriver]:
        found = self._driver.run(self._next())
        if found is None:
            raise StopIteration
        return found

    @operation
    def all(self) -> Steps[list[FoundMeeting[D_co]]]:
        """All that are left."""
        found: list[FoundMeeting[D_co]] = []
        while (each := (yield from self._next())) is not None:
            found.append(each)
        return found

    def _next(self) -> Steps[FoundMeeting[D_co] | None]:
        while not self._found:
            if self._ended:
                return None
            yield from self._read()
        return self._found.popleft()

    def _read(self) -> Steps[None]:
        page = (yield from self._application.send("GET", self._locate)).resource
        following = page.find_link("next")
        self._ended = following is None
        if following is not None:
            # The rest of the link may belong to an application that has ended by the time it is followed.
            token = re.search(r"[?&](?:\$|%24)skiptoken=([^&]*)", following)
            if token is None:
                raise InvalidAnswer("the link to the next meetings has no $skiptoken")
            self._token = token[1]
        for each in page.embedded.get("openucwa:foundMeeting", ()):
            self._found.append(self._meeting(each))

    def _locate(self) -> Steps[str]:
        if self._href is None or self._generation != self._application.generation:
            self._generation = self._application.generation
            self._href = yield from find_addition(self._application, "openucwa:meetings")
        query = urlencode(self._parameters, quote_via=quote, safe="$")
        if self._token is not None:
            query += f"&$skiptoken={self._token}"
        return f"{self._href}?{query}"

    def _meeting(self, found: Resource) -> FoundMeeting[D_co]:
        resource = next((each for resources in found.embedded.values() for each in resources), None)
        if resource is None:
            raise InvalidAnswer("a found meeting contains no meeting")
        extensions = tuple(map(ExtensionState.of, resource.embedded.get("onlineMeetingExtension", ())))
        own = any(found.embedded.get(rel) for rel in _OWN)
        return FoundMeeting(
            resource,
            Meeting(self._application, resource) if own else None,
            extensions,
            tuple(found.texts("matchingExtensions")),
        )

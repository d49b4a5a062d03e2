"""Changes of meetings and extensions that the user may see, as they come (openucwa:changes, an addition to UCWA)."""

from collections import deque
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from openucwa.client.additions import find_addition
from openucwa.client.drivers import AsyncDriver, SyncDriver
from openucwa.client.errors import ApplicationNotFound, InvalidAnswer, UcwaError
from openucwa.client.extensions import ExtensionState
from openucwa.client.opened import OpenApplication
from openucwa.client.operations import Bound, D_co, operation
from openucwa.client.policy import may_help
from openucwa.client.resources import Resource
from openucwa.client.steps import Pause, Steps

#: Seconds that a request waits for a change.
WAIT = 60
#: Seconds that its answer may take in addition.
MARGIN = 15.0


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `kind`: added, replaced, patched, removed or restored. `extension_id`: None if the meeting itself was
    changed. `extension`, `meeting`: as it was afterwards; None after a removal, and where the log has forgotten it.
    `resource`: all that the server says. `cursor`: where `changes(since=...)` continues behind this change.
    """

    kind: str
    organizer: str
    online_meeting_id: str
    extension_id: str | None
    extension: ExtensionState | None
    meeting: Resource | None
    resource: Resource
    cursor: str


class Changes(Bound[D_co]):
    """Changes, one after the other: `async for change in ...`, or `for change in ...`. It never ends by itself.

    `cursor`: where it is; None before the first request. Trouble is bridged as for events, within the client's policy.
    ChangesForgotten: the server has forgotten changes behind the cursor: read the meetings, and begin without one.
    """

    def __init__(self, application: OpenApplication[D_co], since: str | None) -> None:
        super().__init__(application.session.driver)
        self.cursor = since
        self._application = application
        self._found: deque[Change] = deque()
        self._href: str | None = None
        self._generation = application.generation
        self._failures = 0

    def __aiter__(self: "Changes[AsyncDriver]") -> "Changes[AsyncDriver]":
        return self

    async def __anext__(self: "Changes[AsyncDriver]") -> Change:
        return await self._driver.run(self._next())

    def __iter__(self: "Changes[SyncDriver]") -> "Changes[SyncDriver]":
        return self

    def __next__(self: "Changes[SyncDriver]") -> Change:
        return self._driver.run(self._next())

    @operation
    def start(self) -> Steps[str]:
        """The cursor, without waiting for a change: from here on nothing is missed."""
        if self.cursor is None:
            yield from self._read(0)
        return self.cursor or ""

    @operation
    def poll(self, wait: int = 0) -> Steps[list[Change]]:
        """The changes that there are; if there are none, those that come within `wait` seconds."""
        if not self._found:
            yield from self._read(wait)
        found = list(self._found)
        self._found.clear()
        if found:
            self.cursor = found[-1].cursor
        return found

    def _next(self) -> Steps[Change]:
        while not self._found:
            yield from self._read(WAIT)
        change = self._found.popleft()
        self.cursor = change.cursor
        return change

    def _read(self, wait: int) -> Steps[None]:
        session = self._application.session
        try:
            href = yield from self._locate(wait)
            page = (yield from session.send("GET", href, timeout=wait + MARGIN, attempts=1)).resource
        except ApplicationNotFound:
            if not self._application.renews:
                raise
            yield from self._application.renew(self._generation)
            return
        except UcwaError as error:
            self._failures += 1
            wanted = session.policy.pause(error, self._failures, session.chance()) if may_help(error) else None
            if wanted is None:
                raise
            yield Pause(wanted)
            return
        self._failures = 0
        self._found.extend(map(_change, page.embedded.get("openucwa:change", ())))
        if not self._found:
            self.cursor = _cursor(page)

    def _locate(self, wait: int) -> Steps[str]:
        if self._href is None or self._generation != self._application.generation:
            self._generation = self._application.generation
            self._href = yield from find_addition(self._application, "openucwa:changes")
        if self.cursor is None:
            return self._href
        return f"{self._href}?since={quote(self.cursor, safe='')}&wait={wait}"


def _cursor(resource: Resource) -> str:
    found = parse_qs(urlsplit(resource.link("next")).query).get("since")
    if not found:
        raise InvalidAnswer("the link to the next changes has no cursor")
    return found[0]


def _change(resource: Resource) -> Change:
    extension = next(iter(resource.embedded.get("onlineMeetingExtension", ())), None)
    rels = ("myOnlineMeeting", "myAssignedOnlineMeeting", "onlineMeeting")
    meeting = next((each for rel in rels for each in resource.embedded.get(rel, ())), None)
    return Change(
        resource.text("kind"),
        resource.text("organizerUri"),
        resource.text("onlineMeetingId"),
        next(iter(resource.texts("extensionId")), None),
        None if extension is None else ExtensionState.of(extension),
        meeting,
        resource,
        _cursor(resource),
    )

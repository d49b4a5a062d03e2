"""openucwa:changes: all changes of meetings and extensions that the caller may see, in order. An addition to UCWA."""

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import partial

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.errors import wire_error
from openucwa.api.rendering import reason
from openucwa.api.resource import Operation
from openucwa.api.waiting import while_connected
from openucwa.changes.cursors import Cursors
from openucwa.changes.tail import Tail
from openucwa.config import Config
from openucwa.http import negotiation
from openucwa.http.authorization import bearer_token
from openucwa.http.message import Header
from openucwa.identity.callers import Callers
from openucwa.identity.current_user import current_user
from openucwa.meetings.pools import Pools
from openucwa.model.change import Change, Changes, Position
from openucwa.model.refusals import ChangesForgotten, NotAcceptable, Refusal, TooManyRequests
from openucwa.model.scopes import CONVERSATION_SCOPES
from openucwa.model.world import World
from openucwa.representation import json, xml
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter
from openucwa.resources.additions import index_href
from openucwa.resources.my_online_meetings import MeetingDocuments
from openucwa.resources.online_meetings import READ_REFUSALS, MeetingFamily
from openucwa.resources.rendering.changes import CHANGE_REL, change_document
from openucwa.store import contract

REL = "openucwa:changes"
#: Changes that are read at a time: their contents may be large.
READ_AT_A_TIME = 50
EVENT_STREAM = "text/event-stream"
#: Seconds after which a stream without events shows that it is alive, and a waiting reader's token is checked again.
HEARTBEAT = 15.0

QUERY = (
    Parameter("since", max_length=512, description="A cursor: changes behind it are shown. Default: the end."),
    Parameter("wait", kind="integer", minimum=0, description="Maximum number of seconds to wait for a change."),
)


def changes_href(call: Context, cursor: str = "") -> str:
    """The href of openucwa:changes; with a cursor: of the changes behind it."""
    href = f"{index_href(call)}/changes"
    return f"{href}?since={cursor}" if cursor else href


class ChangeReader:
    """Reads changes for a caller, and waits for them."""

    def __init__(
        self, change_log: contract.ChangeLog, tail: Tail, documents: MeetingDocuments, world: World, config: Config
    ) -> None:
        self._log = change_log
        self._tail = tail
        self._documents = documents
        self._world = world
        self._max_changes = config.max_changes
        self._max_bytes = config.max_event_bytes
        self._max_wait = config.max_changes_wait
        self._max_streams = config.max_change_streams
        self._streams: Counter[str] = Counter()
        self._cursors: Cursors | None = None

    async def cursors(self) -> Cursors:
        """The cursors of the log as it is now."""
        identity = await self._log.identity()
        if self._cursors is None or self._cursors.identity != identity:
            self._cursors = Cursors(identity)
        return self._cursors

    async def position(self, cursor: str | None) -> Position:
        """The position of a cursor; None: the end of the log. ParameterValidationFailure, ChangesForgotten."""
        return await self._log.last() if cursor is None else (await self.cursors()).open(cursor)

    async def next(
        self, reader: str, position: Position, seconds: int, check: Callable[[], Awaitable[object]]
    ) -> Changes:
        """Changes behind `position`; if there are none, the first that come within `seconds`. ChangesForgotten.

        `check`: raises if the token is not valid any more.
        """
        if seconds <= 0:
            return await self._read(reader, position)
        end = self._world.monotonic() + min(seconds, self._max_wait)
        async with self._tail.watch(reader) as wake:
            while True:
                found = await self._read(reader, position)
                position = found.position
                rest = end - self._world.monotonic()
                if found.changes or self._tail.stopped or rest <= 0:
                    return found
                if not await wake.wait(min(rest, HEARTBEAT)):
                    await check()

    async def stream(
        self, call: Call[None], position: Position, check: Callable[[], Awaitable[object]]
    ) -> AsyncGenerator[bytes, None]:
        """Server-Sent Events: each change as it comes; ends with the token, the log or the server.

        `check`: raises if the token is not valid any more.
        """
        reader = call.caller.identity
        self._streams[reader] += 1
        try:
            yield b"retry: 1000\n\n"
            async with self._tail.watch(reader) as wake:
                while not self._tail.stopped:
                    found = await self._read(reader, position)
                    await check()
                    for change, document in zip(found.changes, await self.documents(call, found.changes), strict=True):
                        cursor = (await self.cursors()).seal(change.position)
                        yield b"id: %b\nevent: change\ndata: %b\n\n" % (cursor.encode(), json.write(document))
                    position = found.position
                    if not found.more and not await wake.wait(HEARTBEAT):
                        yield b":\n\n"
        except Refusal:
            # The client connects again with the last id, and gets them then.
            return
        finally:
            self._streams[reader] -= 1
            if not self._streams[reader]:
                del self._streams[reader]

    def check_streams(self, reader: str) -> None:
        """TooManyRequests: the user has the maximum number of streams in this process."""
        if self._streams[reader] >= self._max_streams:
            raise TooManyRequests(f"this user has {self._max_streams} streams of changes, which is the maximum", 60)

    async def documents(self, call: Context, changes: Sequence[Change]) -> list[Document]:
        """Each change as it is shown."""
        cursors = await self.cursors()
        hrefs = [changes_href(call, cursors.seal(each.position)) for each in changes]
        return [change_document(call, each, href, self._documents) for each, href in zip(changes, hrefs, strict=True)]

    async def _read(self, reader: str, position: Position) -> Changes:
        """As many as fit in an answer."""
        found: list[Change] = []
        size = 0
        while True:
            read = await self._log.after(reader, position, min(READ_AT_A_TIME, self._max_changes - len(found)))
            for change in read.changes:
                size += len(change.contents or b"") + 500
                if found and size > self._max_bytes:
                    return Changes(tuple(found), position, True)
                found.append(change)
                position = change.position
            position = read.position
            if not read.more or len(found) >= self._max_changes:
                return Changes(tuple(found), position, read.more)


class ChangesResource(MeetingFamily[None]):
    """openucwa:changes. The changes that the caller may see."""

    rel = REL
    scopes = CONVERSATION_SCOPES
    cached = False
    batchable = False

    def __init__(self, pools: Pools, reader: ChangeReader, callers: Callers, users: contract.Users) -> None:
        super().__init__(pools)
        self._reader = reader
        self._callers = callers
        self._users = users

    @Operation(
        "Changes of meetings and extensions that the user may see, in order; waits for the next one if asked to.",
        query=QUERY,
        produces=(*negotiation.UCWA_TYPES, EVENT_STREAM),
        refuses=(*READ_REFUSALS, ChangesForgotten, TooManyRequests),
    )
    async def get(self, call: Call[None]) -> Answer:
        """openucwa:changes, GET."""
        since = call.values.get("since")
        if call.media_type == EVENT_STREAM:
            return await self._stream(call, call.request.header(b"last-event-id") or since)
        position = await self._reader.position(since)
        seconds = call.values.get("wait", 0)
        following = self._reader.next(call.caller.identity, position, seconds, partial(self._check, call))
        found = await while_connected(call.request.connection, following)
        await self._check(call)
        cursor = (await self._reader.cursors()).seal(found.position)
        return Answer(
            Document(
                rel=self.rel,
                href=changes_href(call, since or ""),
                properties={"more": found.more},
                links={"next": Link(changes_href(call, cursor))},
                embedded={CHANGE_REL: await self._reader.documents(call, found.changes)},
            ),
            cache_control=b"no-store",
        )

    async def _stream(self, call: Call[None], since: str | None) -> Answer:
        self._reader.check_streams(call.caller.identity)
        position = await self._reader.position(since)
        # Refused here rather than in the stream, if it is forgotten.
        check = partial(self._check, call)
        await self._reader.next(call.caller.identity, position, 0, check)
        stream = self._reader.stream(call, position, check)
        return Answer(content_type=EVENT_STREAM, stream=stream, cache_control=b"no-store")

    async def _check(self, call: Call[None]) -> None:
        """Unauthorized: the token has expired in the meantime, or the user's password was changed."""
        await self._callers.check(bearer_token(call.request))
        await current_user(self._users, call.caller)

    def refusal(self, call: Context, refusal: Refusal | None) -> Answer | None:
        """410 has a link to a fresh start."""
        if not isinstance(refusal, ChangesForgotten):
            return None
        try:
            media_type = negotiation.choose(call.request.header(b"accept"), negotiation.UCWA_TYPES)
        except NotAcceptable:
            media_type = negotiation.JSON
        form = xml if negotiation.kind_of(media_type) == "xml" else json
        link: Header = (b"Link", f'<{changes_href(call)}>; rel="{REL}"'.encode())
        return Answer(
            status=wire_error(type(refusal)).status,
            body=form.write_reason(reason(refusal)),
            content_type=negotiation.content_type(media_type),
            headers=(link,),
        )

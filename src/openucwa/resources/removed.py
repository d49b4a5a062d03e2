"""openucwa:removedMeetings and openucwa:removedExtensions: what the organizer can still restore."""

from collections.abc import Mapping
from functools import partial

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation
from openucwa.meetings.pools import Pools
from openucwa.model.change import Change, ChangeKind
from openucwa.model.refusals import (
    AlreadyExists,
    CallbackChannelError,
    EntityTooLarge,
    ResourceNotFound,
    TooManyOnlineMeetings,
)
from openucwa.model.scopes import MEETINGS
from openucwa.model.values import Instant
from openucwa.model.world import World, new_etag
from openucwa.representation.document import Document, Link, Property
from openucwa.resources.additions import index_href
from openucwa.resources.link_headers import meeting_links
from openucwa.resources.my_online_meetings import RELS, MeetingDocuments
from openucwa.resources.online_meeting_extensions import collection_href, extension_document, extension_href
from openucwa.resources.online_meetings import (
    CHANGE_REFUSALS,
    READ_REFUSALS,
    MeetingFamily,
    meeting_href,
    organizer_of,
)
from openucwa.resources.versions import SHOWN, VERSION_REL, Past, PastFamily, number_of, version_document
from openucwa.store import contract


class RemovedExtensions(PastFamily):
    """openucwa:removedExtensions. The last versions of a meeting's removed extensions, newest first."""

    rel = "openucwa:removedExtensions"

    @Operation("The removed extensions that can be restored.", refuses=READ_REFUSALS)
    async def get(self, call: Call[Past]) -> Answer:
        """openucwa:removedExtensions, GET."""
        meeting = call.target.meeting
        href = meeting_href(call, meeting.id)
        collection = collection_href(href)
        found = await self._store.change_log.removed_extensions(meeting.organizer, meeting.id, SHOWN)
        shown = [version_document(extension_href(collection, each.extension_id), each) for each in found]
        return Answer(Document(rel=self.rel, href=f"{href}/removedExtensions", embedded={VERSION_REL: shown}))


class RemovedMeetings(MeetingFamily[None]):
    """openucwa:removedMeetings. The removed and expired meetings that can be restored, newest first."""

    rel = "openucwa:removedMeetings"
    scopes = frozenset({MEETINGS})
    cached = False

    def __init__(self, change_log: contract.ChangeLog, pools: Pools) -> None:
        super().__init__(pools)
        self._change_log = change_log

    @Operation("The removed meetings that can be restored.", refuses=READ_REFUSALS)
    async def get(self, call: Call[None]) -> Answer:
        """openucwa:removedMeetings, GET."""
        href = _removed_href(call)
        found = await self._change_log.removed_meetings(organizer_of(call), SHOWN)
        shown = [_removed_document(href, each) for each in found]
        return Answer(Document(rel=self.rel, href=href, embedded={RemovedMeeting.rel: shown}))


class RemovedMeeting(MeetingFamily[str]):
    """openucwa:removedMeeting. A removed meeting as it was, with its extensions."""

    rel = "openucwa:removedMeeting"
    scopes = frozenset({MEETINGS})
    cached = False

    def __init__(self, change_log: contract.ChangeLog, pools: Pools, documents: MeetingDocuments) -> None:
        super().__init__(pools)
        self._change_log = change_log
        self._documents = documents

    async def locate(self, call: Context, removal: str = "", **_names: str) -> str:
        self.require_pool(call)
        return removal

    @Operation("A removed meeting as it was, with the extensions that went with it.", refuses=READ_REFUSALS)
    async def get(self, call: Call[str]) -> Answer:
        """openucwa:removedMeeting, GET."""
        changes = await self._change_log.change_set(organizer_of(call), number_of(call.target))
        change = next((each for each in changes if each.kind == ChangeKind.REMOVED and each.of_meeting), None)
        meeting = None if change is None else change.meeting
        if change is None or meeting is None:
            raise ResourceNotFound("no such removed meeting, or the change log has forgotten it")
        collection = collection_href(meeting_href(call, meeting.id))
        extensions = [each.extension for each in changes if each.extension is not None]
        shown = self._documents.document(call, meeting, ())
        was = Document(
            rel=shown.rel,
            href=shown.href,
            properties=shown.properties,
            embedded={
                "onlineMeetingExtension": [extension_document(each, collection, writable=False) for each in extensions]
            },
        )
        document = _removed_document(_removed_href(call), change, {RELS[meeting.rel]: was})
        return Answer(document)


class RestoreMeeting(MeetingFamily[str]):
    """openucwa:restore. Adds a removed meeting again, with the extensions that went with it."""

    rel = "openucwa:restore"
    scopes = frozenset({MEETINGS})

    def __init__(
        self, meetings: contract.Meetings, pools: Pools, documents: MeetingDocuments, world: World, max_meetings: int
    ) -> None:
        super().__init__(pools)
        self._meetings = meetings
        self._documents = documents
        self._world = world
        self._max_meetings = max_meetings

    async def locate(self, call: Context, removal: str = "", **_names: str) -> str:
        self.require_pool(call)
        return removal

    @Operation(
        "Adds the meeting again, with the extensions that went with it.",
        answers=(201,),
        refuses=(*CHANGE_REFUSALS, AlreadyExists, TooManyOnlineMeetings, EntityTooLarge, CallbackChannelError),
    )
    async def post(self, call: Call[str]) -> Answer:
        """openucwa:restore, POST."""
        meeting = await self._meetings.restore(
            organizer_of(call),
            number_of(call.target),
            self._max_meetings,
            partial(new_etag, self._world),
            self._world.now(),
            call.author,
        )
        _, extensions = await self._meetings.get_with_extensions(meeting.organizer, meeting.id)
        document = self._documents.document(call, meeting, extensions)
        headers = meeting_links(document.href, history=True)
        return Answer(document, 201, etag=meeting.etag, location=document.href, headers=headers)


def _removed_href(call: Context) -> str:
    return f"{index_href(call)}/removedMeetings"


def _removed_document(removed: str, change: Change, embedded: Mapping[str, Document] | None = None) -> Document:
    """openucwa:removedMeeting. `removed`: the href of removedMeetings. `embedded`: what it was, by rel."""
    properties: dict[str, Property] = {"onlineMeetingId": change.meeting_id}
    if change.meeting is not None:
        properties["subject"] = change.meeting.settings.subject
    properties["removed"] = Instant(change.at)
    if change.actor:
        properties |= {"removedBy": change.actor, "userAgent": change.user_agent}
    href = f"{removed}/{change.number}"
    return Document(
        rel=RemovedMeeting.rel,
        href=href,
        properties=properties,
        links={"openucwa:restore": Link(f"{href}/restore")},
        embedded=embedded or {},
    )

"""myOnlineMeetings, myOnlineMeeting and myAssignedOnlineMeeting: the meetings of one organizer."""

from collections.abc import Sequence
from dataclasses import replace

from msgspec.structs import replace as replace_document

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.pass_through import PASS_THROUGH_VALUE, pass_through_name
from openucwa.api.resource import Operation, Precondition
from openucwa.config import Config
from openucwa.http import conditions
from openucwa.meetings.assigned import AssignedMeetings
from openucwa.meetings.meeting import PARAMETERS, MeetingRules
from openucwa.meetings.pools import Pools
from openucwa.meetings.properties import join_url, meeting_properties
from openucwa.model.change import ChangeKind
from openucwa.model.meeting import Extension, Meeting, MeetingRel
from openucwa.model.refusals import (
    AlreadyExists,
    CallbackChannelError,
    Conflict,
    InvalidExchangeServerVersion,
    PreconditionFailed,
    ResourceNotFound,
    TooManyGroups,
    TooManyOnlineMeetings,
)
from openucwa.model.scopes import CONVERSATION_SCOPES, MEETINGS
from openucwa.model.world import World, new_etag
from openucwa.representation.document import Document, Link, Property
from openucwa.representation.parameters import read
from openucwa.representation.patches import PATCH_TYPES, Patch
from openucwa.resources.link_headers import meeting_links
from openucwa.resources.online_meeting_extensions import EXTENSION_REL, collection_href, extension_document
from openucwa.resources.online_meetings import (
    CHANGE_REFUSALS,
    READ_REFUSALS,
    MeetingFamily,
    OneMeeting,
    meeting_href,
    meetings_href,
    organizer_of,
)
from openucwa.resources.patching import patch_of, patched
from openucwa.store import contract

RELS = {
    MeetingRel.MY_ONLINE_MEETINGS: "myOnlineMeeting",
    MeetingRel.MY_ASSIGNED_ONLINE_MEETING: "myAssignedOnlineMeeting",
}
#: One name for both kinds: before reading, a client may not know which of them an href leads to.
PASS_THROUGH = pass_through_name("myOnlineMeeting")

#: Members of a meeting's JSON that a patch may change.
_CHANGEABLE = frozenset(parameter.name for parameter in PARAMETERS)

#: Attempts at a free id or conference id. A single collision is next to impossible; this many are a bug.
DRAWS = 5


def is_setting(name: str) -> bool:
    """Whether a patch may change the member of this name of a meeting's JSON."""
    return name in _CHANGEABLE


class MeetingDocuments:
    """Builds documents of meetings. `join_url`: the setting's template; None: the server's own join page."""

    def __init__(self, join_url: str | None) -> None:
        self._join_url = join_url

    def document(self, call: Context, meeting: Meeting, extensions: Sequence[Extension]) -> Document:
        """UCWA: myOnlineMeeting, or myAssignedOnlineMeeting."""
        href = meeting_href(call, meeting.id)
        collection = collection_href(href)
        return Document(
            rel=RELS[meeting.rel],
            href=href,
            properties=self._properties(call, meeting),
            links={"onlineMeetingExtensions": Link(collection)},
            embedded={EXTENSION_REL: [extension_document(each, collection) for each in extensions]},
            tail={PASS_THROUGH: PASS_THROUGH_VALUE, "etag": meeting.etag},
        )

    def join_url(self, call: Context, meeting: Meeting) -> str:
        """The URL of the meeting for people: from the template, or below the server's own address."""
        return join_url(meeting, self._join_url, call.base)

    def _properties(self, call: Context, meeting: Meeting) -> dict[str, Property]:
        return meeting_properties(meeting, self.join_url(call, meeting))


class MyOnlineMeetings(MeetingFamily[None]):
    """UCWA: myOnlineMeetings. The caller's meetings, including the assigned one."""

    rel = "myOnlineMeetings"
    scopes = frozenset({MEETINGS})

    def __init__(
        self,
        meetings: contract.Meetings,
        assigned: AssignedMeetings,
        pools: Pools,
        rules: MeetingRules,
        documents: MeetingDocuments,
        config: Config,
    ) -> None:
        super().__init__(pools)
        self._meetings = meetings
        self._assigned = assigned
        self._rules = rules
        self._documents = documents
        self._config = config

    @Operation("All meetings of the user, each with its extensions.", refuses=READ_REFUSALS)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: myOnlineMeetings, GET."""
        organizer = organizer_of(call)
        embedded: dict[str, list[Document]] = {}
        if await self._assigned.of(organizer) is not None:
            embedded["myAssignedOnlineMeeting"] = []
        embedded["myOnlineMeeting"] = []
        for meeting, extensions in await self._meetings.all(organizer):
            if RELS[meeting.rel] in embedded:
                embedded[RELS[meeting.rel]].append(self._documents.document(call, meeting, extensions))
        return Answer(Document(rel=self.rel, href=f"{meetings_href(call)}/{self.rel}", embedded=dict(embedded)))

    @Operation(
        "Schedules a meeting. Every property is optional.",
        answers=(201, 200),
        takes=PARAMETERS,
        refuses=(
            *CHANGE_REFUSALS,
            TooManyOnlineMeetings,
            AlreadyExists,
            TooManyGroups,
            Conflict,
            CallbackChannelError,
        ),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: myOnlineMeetings, POST."""
        settings = self._rules.settings(call.values, organizer_of(call))
        for _ in range(DRAWS):
            meeting = self._rules.schedule(organizer_of(call), settings)
            try:
                await self._meetings.add(meeting, self._config.max_meetings, call.author)
            except AlreadyExists:
                continue
            break
        else:
            raise RuntimeError("every generated identifier for a meeting is taken")
        document = self._documents.document(call, meeting, ())
        return Answer(
            document,
            self._config.create_status,
            etag=meeting.etag,
            location=document.href,
            headers=meeting_links(document.href, history=self._config.change_log),
        )


class MyOnlineMeeting(OneMeeting):
    """UCWA: myOnlineMeeting and myAssignedOnlineMeeting. They share the path; the meeting decides which it is."""

    rel = "myOnlineMeeting"
    scopes = CONVERSATION_SCOPES
    conditional = True

    def __init__(
        self,
        meetings: contract.Meetings,
        pools: Pools,
        rules: MeetingRules,
        documents: MeetingDocuments,
        world: World,
        *,
        history: bool,
    ) -> None:
        """`history`: whether changes are logged."""
        super().__init__(pools, meetings)
        self._rules = rules
        self._documents = documents
        self._world = world
        self._history = history

    def etag(self, call: Context, target: Meeting) -> str:
        return target.etag

    @Operation("One meeting, with its extensions.", refuses=READ_REFUSALS)
    async def get(self, call: Call[Meeting]) -> Answer:
        """UCWA: myOnlineMeeting, GET."""
        meeting, extensions = await self._meetings.get_with_extensions(call.target.organizer, call.target.id)
        return self._answer(call, meeting, extensions)

    @Operation(
        "Replaces the settings of the meeting.",
        takes=PARAMETERS,
        precondition=Precondition.REQUIRED,
        pass_through=True,
        refuses=(*CHANGE_REFUSALS, InvalidExchangeServerVersion, CallbackChannelError),
    )
    async def put(self, call: Call[Meeting]) -> Answer:
        """UCWA: myOnlineMeeting, PUT.

        The properties of an assigned meeting are the admin's: they are read-only here, so what the client sends has no
        effect.
        """
        meeting = call.target
        settings = self._rules.settings(call.values, meeting.organizer)
        if meeting.rel == MeetingRel.MY_ONLINE_MEETINGS:
            etag = new_etag(self._world)
            await self._meetings.replace(
                meeting.organizer, meeting.id, call.if_match, settings, etag, self._world.now(), call.author
            )
            # The result of this change, whatever other changes followed.
            meeting = replace(meeting, settings=settings, etag=etag)
        return self._answer(call, meeting, await self._extensions(meeting))

    @Operation(
        "Changes settings of the meeting by a patch; everything else stays as it is.",
        consumes=PATCH_TYPES,
        refuses=(*CHANGE_REFUSALS, Conflict, InvalidExchangeServerVersion, CallbackChannelError),
    )
    async def patch(self, call: Call[Meeting]) -> Answer:
        """An addition to UCWA: JSON Merge Patch (RFC 7396) or JSON Patch (RFC 6902). If-Match is optional; without it
        the patch is applied to the current version. Nothing is written if it changes nothing. An assigned meeting
        cannot be changed: 409.
        """
        patch = patch_of(call)
        meeting = call.target
        if meeting.rel == MeetingRel.MY_ASSIGNED_ONLINE_MEETING:
            raise Conflict("an assigned meeting cannot be changed")
        while True:
            changed = self._patched(call, patch, meeting)
            if changed == meeting:
                break
            try:
                await self._meetings.replace(
                    meeting.organizer,
                    meeting.id,
                    frozenset({meeting.etag}),
                    changed.settings,
                    changed.etag,
                    self._world.now(),
                    call.author,
                    ChangeKind.PATCHED,
                )
            except PreconditionFailed:
                meeting = await self._meetings.get(meeting.organizer, meeting.id)
                if not conditions.matches(call.if_match, meeting.etag):
                    raise
            else:
                break
        return self._answer(call, changed, await self._extensions(changed))

    def _patched(self, call: Context, patch: Patch, meeting: Meeting) -> Meeting:
        """`meeting` after the patch, with a new etag if it is different."""
        shown = replace_document(self._documents.document(call, meeting, ()), embedded={})
        values = read(PARAMETERS, patched(shown, patch, is_setting))
        settings = self._rules.settings(values, meeting.organizer)
        return (
            meeting if settings == meeting.settings else replace(meeting, settings=settings, etag=new_etag(self._world))
        )

    @Operation(
        "Removes the meeting and its extensions.", answers=(204,), produces=(), refuses=(*CHANGE_REFUSALS, Conflict)
    )
    async def delete(self, call: Call[Meeting]) -> Answer:
        """UCWA: myOnlineMeeting, DELETE. An assigned meeting cannot be removed: 409."""
        if call.target.rel == MeetingRel.MY_ASSIGNED_ONLINE_MEETING:
            raise Conflict("an assigned meeting cannot be removed")
        meeting = call.target
        await self._meetings.remove(meeting.organizer, meeting.id, call.if_match, self._world.now(), call.author)
        return NO_CONTENT

    async def _extensions(self, meeting: Meeting) -> Sequence[Extension]:
        """None if the meeting has just been removed."""
        try:
            return (await self._meetings.get_with_extensions(meeting.organizer, meeting.id))[1]
        except ResourceNotFound:
            return ()

    def _answer(self, call: Call[Meeting], meeting: Meeting, extensions: Sequence[Extension]) -> Answer:
        document = self._documents.document(call, meeting, extensions)
        return Answer(document, etag=meeting.etag, headers=meeting_links(document.href, history=self._history))

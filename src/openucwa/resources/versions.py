"""openucwa:versions and openucwa:version: the versions of a meeting or an extension, and how one is restored.

They are additions to UCWA, below the meeting and the extension, which lead to them by `Link` headers. The change log
(`store.change_log`) is where they come from.
"""

import json as standard_json
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation
from openucwa.config import Config
from openucwa.http.negotiation import UCWA_TYPES
from openucwa.meetings.pools import Pools
from openucwa.meetings.schemas import ExtensionSchemas
from openucwa.model.change import Change, ChangeKind
from openucwa.model.meeting import Extension, Meeting, MeetingRel
from openucwa.model.refusals import (
    AlreadyExists,
    CallbackChannelError,
    Conflict,
    EntityTooLarge,
    ParameterValidationFailure,
    PreconditionFailed,
    ResourceNotFound,
    TooManyGroups,
)
from openucwa.model.scopes import CONVERSATION_SCOPES
from openucwa.model.values import Instant
from openucwa.model.world import World, new_etag
from openucwa.representation import json
from openucwa.representation.document import Document, Link, Property
from openucwa.representation.parameters import Parameter
from openucwa.representation.patches import MERGE_PATCH, equal
from openucwa.resources.link_headers import extension_links, meeting_links
from openucwa.resources.my_online_meetings import RELS, MeetingDocuments
from openucwa.resources.online_meeting_extensions import (
    EXTENSION_REL,
    collection_href,
    extension_document,
    extension_href,
)
from openucwa.resources.online_meetings import CHANGE_REFUSALS, READ_REFUSALS, MeetingFamily, meeting_href
from openucwa.store.contract import Store

VERSION_REL = "openucwa:version"

#: Versions on a page, and removed meetings and extensions that are shown.
SHOWN = 100
#: More digits than a number of the change log has.
_MAX_DIGITS = 18

CURSOR = Parameter("cursor", max_length=_MAX_DIGITS, description="Where the page begins, from a link to it.")
TO = Parameter("to", max_length=_MAX_DIGITS, description="The other version's number; default: the newest version.")


class Past(NamedTuple):
    """The target of the path: a meeting, or an extension of it (`extension_id`, else empty) that may be gone; and the
    number of a version as it is written in the path.
    """

    meeting: Meeting
    extension_id: str
    version: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Organizer, meeting and extension, as the change log names them."""
        return self.meeting.organizer, self.meeting.id, self.extension_id


def number_of(text: str) -> int:
    """The number of a change. ResourceNotFound: it is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise ResourceNotFound("no such version, or the change log has forgotten it")
    return int(text)


def past_href(call: Context, past: Past) -> str:
    """The href of the meeting or the extension."""
    href = meeting_href(call, past.meeting.id)
    return extension_href(collection_href(href), past.extension_id) if past.extension_id else href


def version_document(href: str, change: Change, embedded: Mapping[str, Document] | None = None) -> Document:
    """openucwa:version. `href`: of the meeting or the extension. `embedded`: what it was, by rel."""
    properties: dict[str, Property] = {
        "number": change.number,
        "kind": str(change.kind),
        "changed": Instant(change.at),
        "changedBy": change.actor,
        "userAgent": change.user_agent,
        "changeSet": change.change_set,
        "etagBefore": change.etag_before,
        "etagAfter": change.etag,
        "extensionId": change.extension_id,
    }
    own = f"{href}/versions/{change.number}"
    return Document(
        rel=VERSION_REL,
        href=own,
        properties={name: value for name, value in properties.items() if value != ""},
        links={"openucwa:difference": Link(f"{own}/difference"), "openucwa:restore": Link(f"{own}/restore")},
        embedded=embedded or {},
    )


class PastFamily(MeetingFamily[Past]):
    """A resource below a meeting's or an extension's versions."""

    scopes = CONVERSATION_SCOPES
    cached = False

    def __init__(self, store: Store, pools: Pools, documents: MeetingDocuments) -> None:
        super().__init__(pools)
        self._store = store
        self._documents = documents

    async def locate(
        self, call: Context, meeting_id: str = "", extension_id: str = "", version: str = "", **_names: str
    ) -> Past:
        self.require_pool(call)
        meeting = await self._store.meetings.get(call.caller.identity, meeting_id)
        return Past(meeting, extension_id, version)

    async def _version(self, past: Past, text: str) -> Change:
        return await self._store.change_log.version(*past.key, number_of(text))

    def _shown(self, call: Context, change: Change) -> tuple[str, Document]:
        """What was changed, as it was shown afterwards or before its removal, by rel."""
        if change.meeting is not None:
            shown = self._documents.document(call, change.meeting, ())
            return RELS[change.meeting.rel], msgspec.structs.replace(shown, embedded={}, tail={})
        if change.extension is None:
            raise RuntimeError("a version has contents")
        collection = collection_href(meeting_href(call, change.meeting_id))
        return EXTENSION_REL, extension_document(change.extension, collection, writable=False)


class Versions(PastFamily):
    """openucwa:versions. The versions of a meeting or an extension, newest first."""

    rel = "openucwa:versions"

    @Operation("The versions, newest first, without contents.", query=(CURSOR,), refuses=READ_REFUSALS)
    async def get(self, call: Call[Past]) -> Answer:
        """openucwa:versions, GET."""
        past = call.target
        href = past_href(call, past)
        cursor = call.values.get("cursor")
        before = None if cursor is None else number_of(cursor)
        found = await self._store.change_log.versions(*past.key, before, SHOWN + 1)
        if not found and past.extension_id and before is None:
            # Without versions it is there if the log was begun, or forgot them, after its last change.
            await self._store.extensions.get(*past.key)
        more = len(found) > SHOWN
        shown = found[:SHOWN]
        document = Document(
            rel=self.rel,
            href=f"{href}/versions" + ("" if cursor is None else f"?cursor={cursor}"),
            links={"next": Link(f"{href}/versions?cursor={shown[-1].number}")} if more else {},
            embedded={VERSION_REL: [version_document(href, change) for change in shown]},
        )
        return Answer(document)


class Version(PastFamily):
    """openucwa:version. A meeting or an extension as it was after one change."""

    rel = VERSION_REL

    @Operation(
        "One version with its contents: as it was after the change, or before its removal.", refuses=READ_REFUSALS
    )
    async def get(self, call: Call[Past]) -> Answer:
        """openucwa:version, GET."""
        change = await self._version(call.target, call.target.version)
        return Answer(version_document(past_href(call, call.target), change, dict([self._shown(call, change)])))


class Difference(PastFamily):
    """openucwa:difference. What changed from one version to another."""

    rel = "openucwa:difference"

    @Operation(
        "The difference to another version: the names, or as application/merge-patch+json the patch.",
        query=(TO,),
        produces=(*UCWA_TYPES, MERGE_PATCH),
        refuses=READ_REFUSALS,
    )
    async def get(self, call: Call[Past]) -> Answer:
        """openucwa:difference, GET."""
        past = call.target
        before = await self._version(past, past.version)
        if "to" in call.values:
            after = await self._version(past, call.values["to"])
        else:
            (newest,) = await self._store.change_log.versions(*past.key, None, 1)
            after = await self._store.change_log.version(*past.key, newest.number)
        old, new = (_values(self._shown(call, each)[1]) for each in (before, after))
        patch = {name: new.get(name) for name in (*old, *new) if name not in old or not equal(old[name], new.get(name))}
        if call.media_type == MERGE_PATCH:
            return Answer(body=standard_json.dumps(patch, separators=(",", ":")).encode(), content_type=MERGE_PATCH)
        document = Document(
            rel=self.rel,
            href=f"{past_href(call, past)}/versions/{before.number}/difference?to={after.number}",
            properties={
                "from": before.number,
                "to": after.number,
                "added": [name for name in patch if name not in old],
                "changed": [name for name in patch if name in old and name in new],
                "removed": [name for name in patch if name not in new],
            },
        )
        return Answer(document)


class Restore(PastFamily):
    """openucwa:restore. Makes a version the current one again, as a new version."""

    rel = "openucwa:restore"
    conditional = True

    def __init__(
        self,
        store: Store,
        pools: Pools,
        documents: MeetingDocuments,
        schemas: ExtensionSchemas,
        world: World,
        config: Config,
    ) -> None:
        super().__init__(store, pools, documents)
        self._schemas = schemas
        self._world = world
        self._config = config

    @Operation(
        "Restores the version as a new one; adds an extension again that was removed.",
        answers=(200, 201),
        refuses=(
            *CHANGE_REFUSALS,
            PreconditionFailed,
            Conflict,
            AlreadyExists,
            TooManyGroups,
            EntityTooLarge,
            ParameterValidationFailure,
            CallbackChannelError,
        ),
    )
    async def post(self, call: Call[Past]) -> Answer:
        """openucwa:restore, POST. If-Match is compared with the current etag."""
        change = await self._version(call.target, call.target.version)
        if change.extension is not None:
            return await self._restore_extension(call, change.extension)
        if change.meeting is None:
            raise RuntimeError("a version has contents")
        return await self._restore_meeting(call, change.meeting)

    async def _restore_meeting(self, call: Call[Past], version: Meeting) -> Answer:
        meeting = call.target.meeting
        if meeting.rel == MeetingRel.MY_ASSIGNED_ONLINE_MEETING:
            raise Conflict("an assigned meeting cannot be changed")
        etag, now = new_etag(self._world), self._world.now()
        meeting = await self._store.meetings.replace(
            meeting.organizer,
            meeting.id,
            call.if_match,
            version.settings,
            etag,
            now,
            call.author,
            ChangeKind.RESTORED,
        )
        _, extensions = await self._store.meetings.get_with_extensions(meeting.organizer, meeting.id)
        document = self._documents.document(call, meeting, extensions)
        return Answer(document, etag=etag, headers=meeting_links(document.href, history=True))

    async def _restore_extension(self, call: Call[Past], version: Extension) -> Answer:
        meeting = call.target.meeting
        if len(version.properties) > self._config.max_extension_bytes:
            raise EntityTooLarge("the version is larger than an extension may be")
        if meeting.rel == MeetingRel.MY_ASSIGNED_ONLINE_MEETING and not self._config.assigned_meeting_extensions:
            raise Conflict("the assigned meeting accepts no extensions on this server")
        schema = await self._schemas.check(meeting.organizer, version.id, version.properties)
        restored = Extension(version.id, version.type, new_etag(self._world), version.properties)
        key, now, by = (meeting.organizer, meeting.id), self._world.now(), call.author
        status = 200
        try:
            await self._store.extensions.replace(*key, call.if_match, restored, now, by, ChangeKind.RESTORED)
        except ResourceNotFound:
            if call.if_match is not None:
                raise PreconditionFailed("the extension was removed: it has no etag") from None
            limit = self._config.max_extensions
            await self._store.extensions.add(*key, restored, limit, now, by, ChangeKind.RESTORED)
            status = 201
        document = extension_document(restored, collection_href(meeting_href(call, meeting.id)))
        headers = extension_links(document.href, history=True, schema=self._schemas.link(call.application, schema))
        location = document.href if status == 201 else None
        return Answer(document, status, etag=restored.etag, location=location, headers=headers)


def _values(document: Document) -> dict[str, object]:
    """The properties as JSON shows them."""
    shown: dict[str, object] = standard_json.loads(json.write(document))
    return {name: value for name, value in shown.items() if name not in {"rel", "_links", "_embedded"}}

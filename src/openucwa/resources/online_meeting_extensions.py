"""onlineMeetingExtensions and onlineMeetingExtension: an application's own data on a meeting.

These are the organizer's resources, below myOnlineMeetings; no one else has access.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.pass_through import PASS_THROUGH_VALUE, pass_through_name
from openucwa.api.resource import Operation, Precondition
from openucwa.config import Config
from openucwa.http import conditions
from openucwa.http.query import Query
from openucwa.meetings.extension import ExtensionLimits, read_extension
from openucwa.meetings.pools import Pools
from openucwa.meetings.schemas import ExtensionSchemas
from openucwa.model.change import ChangeKind
from openucwa.model.meeting import Extension, ExtensionType, Meeting, MeetingRel
from openucwa.model.refusals import (
    AlreadyExists,
    CallbackChannelError,
    Conflict,
    InvalidExchangeServerVersion,
    ParameterValidationFailure,
    PreconditionFailed,
    TooManyGroups,
)
from openucwa.model.schema import SchemaVersion
from openucwa.model.scopes import CONVERSATION_SCOPES
from openucwa.model.world import World, new_etag, new_uuid
from openucwa.representation.document import Document
from openucwa.representation.parameters import Parameter
from openucwa.representation.patches import PATCH_TYPES, Patch
from openucwa.resources.link_headers import extension_links
from openucwa.resources.online_meetings import (
    CHANGE_REFUSALS,
    READ_REFUSALS,
    MeetingFamily,
    meeting_href,
    organizer_of,
)
from openucwa.resources.patching import patch_of, patched
from openucwa.store import contract
from openucwa.store.contract import Store

EXTENSION_REL = "onlineMeetingExtension"
PASS_THROUGH = pass_through_name(EXTENSION_REL)
#: Members of an extension's JSON that the server decides.
_FIXED = frozenset({"rel", "href", "id", "etag", "_links", "_embedded", PASS_THROUGH})

#: UCWA: onlineMeetingExtensions, POST, Request body. All other names are the application's own properties.
PARAMETERS = (
    Parameter("id", max_length=256),
    Parameter("type", choices=tuple(ExtensionType)),
)


def collection_href(meeting_href: str) -> str:
    """The href of a meeting's onlineMeetingExtensions."""
    return f"{meeting_href}/onlineMeetingExtensions"


def extension_href(collection: str, extension_id: str) -> str:
    """The href of an extension. `collection`: that of its collection."""
    # The ids that the server makes need no escapes, which is known in a fifth of the time that quote() takes.
    plain = extension_id.isascii() and extension_id.replace("-", "").isalnum()
    return f"{collection}/{extension_id if plain else quote(extension_id, safe='')}"


def extension_document(extension: Extension, collection: str, *, writable: bool = True) -> Document:
    """UCWA: onlineMeetingExtension. `collection`: the href of its collection. `writable`: whether it can be PUT there,
    which requires the pass-through property and the etag.
    """
    return Document(
        rel=EXTENSION_REL,
        href=extension_href(collection, extension.id),
        properties={"id": extension.id, "type": str(extension.type)},
        custom=extension.properties,
        tail={PASS_THROUGH: PASS_THROUGH_VALUE, "etag": extension.etag} if writable else {},
    )


class OnlineMeetingExtensions(MeetingFamily[tuple[Meeting, Sequence[Extension]]]):
    """UCWA: onlineMeetingExtensions. The set of extensions of a meeting."""

    rel = "onlineMeetingExtensions"
    scopes = CONVERSATION_SCOPES

    def __init__(self, store: Store, pools: Pools, schemas: ExtensionSchemas, world: World, config: Config) -> None:
        super().__init__(pools)
        self._store = store
        self._schemas = schemas
        self._world = world
        self._config = config
        self._limits = ExtensionLimits(properties=config.max_extension_properties, bytes=config.max_extension_bytes)

    async def locate(self, call: Context, meeting_id: str = "", **_names: str) -> tuple[Meeting, Sequence[Extension]]:
        """The meeting, with its extensions if they are requested."""
        self.require_pool(call)
        if call.method == "GET":
            return await self._store.meetings.get_with_extensions(organizer_of(call), meeting_id)
        return await self._store.meetings.get(organizer_of(call), meeting_id), ()

    @Operation("The extensions of the meeting.", refuses=READ_REFUSALS)
    async def get(self, call: Call[tuple[Meeting, Sequence[Extension]]]) -> Answer:
        """UCWA: onlineMeetingExtensions, GET."""
        meeting, extensions = call.target
        href = collection_href(meeting_href(call, meeting.id))
        return Answer(
            Document(
                rel=self.rel,
                href=href,
                embedded={EXTENSION_REL: [extension_document(each, href) for each in extensions]},
            )
        )

    @Operation(
        "Adds an extension to the meeting.",
        answers=(201,),
        takes=PARAMETERS,
        additional_properties=True,
        refuses=(*CHANGE_REFUSALS, AlreadyExists, TooManyGroups, Conflict, CallbackChannelError),
    )
    async def post(self, call: Call[tuple[Meeting, Sequence[Extension]]]) -> Answer:
        """UCWA: onlineMeetingExtensions, POST."""
        meeting, _ = call.target
        given = _with_query(call.given, call.query)
        draft = read_extension(given, href=None, pass_through=PASS_THROUGH, stored=None, limits=self._limits)
        if meeting.rel == MeetingRel.MY_ASSIGNED_ONLINE_MEETING and not self._config.assigned_meeting_extensions:
            raise Conflict("the assigned meeting accepts no extensions on this server")
        extension = Extension(
            id=draft.id if draft.id is not None else new_uuid(self._world),
            type=draft.type,
            etag=new_etag(self._world),
            properties=draft.properties,
        )
        schema = await self._schemas.check(meeting.organizer, extension.id, extension.properties)
        await self._store.extensions.add(
            meeting.organizer,
            meeting.id,
            extension,
            self._config.max_extensions,
            self._world.now(),
            call.author,
        )
        document = extension_document(extension, collection_href(meeting_href(call, meeting.id)))
        href = self._schemas.link(call.application, schema)
        headers = extension_links(document.href, history=self._config.change_log, schema=href)
        return Answer(document, 201, etag=extension.etag, location=document.href, headers=headers)


class OnlineMeetingExtension(MeetingFamily[tuple[str, Extension]]):
    """UCWA: onlineMeetingExtension. Custom data for the meeting that an application can use."""

    rel = EXTENSION_REL
    scopes = CONVERSATION_SCOPES
    conditional = True

    def __init__(
        self, extensions: contract.Extensions, pools: Pools, schemas: ExtensionSchemas, world: World, config: Config
    ) -> None:
        super().__init__(pools)
        self._extensions = extensions
        self._schemas = schemas
        self._world = world
        self._history = config.change_log
        self._limits = ExtensionLimits(properties=config.max_extension_properties, bytes=config.max_extension_bytes)

    async def locate(
        self, call: Context, meeting_id: str = "", extension_id: str = "", **_names: str
    ) -> tuple[str, Extension]:
        self.require_pool(call)
        extension = await self._extensions.get(organizer_of(call), meeting_id, extension_id)
        return meeting_id, extension

    def etag(self, call: Context, target: tuple[str, Extension]) -> str:
        return target[1].etag

    @Operation("One extension.", refuses=READ_REFUSALS)
    async def get(self, call: Call[tuple[str, Extension]]) -> Answer:
        """UCWA: onlineMeetingExtension, GET."""
        meeting_id, extension = call.target
        schema = await self._schemas.current(organizer_of(call), extension.id)
        return self._answer(call, extension, schema, collection_href(meeting_href(call, meeting_id)))

    @Operation(
        "Replaces the extension; omitted properties are removed.",
        takes=PARAMETERS,
        precondition=Precondition.REQUIRED,
        pass_through=True,
        additional_properties=True,
        refuses=(*CHANGE_REFUSALS, InvalidExchangeServerVersion, CallbackChannelError),
    )
    async def put(self, call: Call[tuple[str, Extension]]) -> Answer:
        """UCWA: onlineMeetingExtension, PUT."""
        meeting_id, stored = call.target
        collection = collection_href(meeting_href(call, meeting_id))
        href = extension_href(collection, stored.id)
        while True:
            try:
                extension, schema = await self._replace(call, href, meeting_id, stored)
            except PreconditionFailed:
                # A concurrent change came first. If-Match may match its result as well.
                stored = await self._extensions.get(organizer_of(call), meeting_id, stored.id)
                if not conditions.matches(call.if_match, stored.etag):
                    raise
            else:
                return self._answer(call, extension, schema, collection)

    async def _replace(
        self, call: Call[tuple[str, Extension]], href: str, meeting_id: str, stored: Extension
    ) -> tuple[Extension, SchemaVersion | None]:
        """The extension that replaces `stored`, with the schema shown for it. PreconditionFailed: `stored` has been
        replaced in the meantime.

        If the draft's untyped texts were compared with the stored values, that version is replaced, not any that
        If-Match names.
        """
        draft = read_extension(
            call.given,
            href=href,
            pass_through=PASS_THROUGH,
            stored=stored,
            limits=self._limits,
        )
        extension = Extension(id=stored.id, type=draft.type, etag=new_etag(self._world), properties=draft.properties)
        schema = await self._schemas.check(organizer_of(call), stored.id, extension.properties)
        await self._extensions.replace(
            organizer_of(call),
            meeting_id,
            frozenset({stored.etag}) if draft.compared else call.if_match,
            extension,
            self._world.now(),
            call.author,
        )
        return extension, schema

    @Operation(
        "Changes the extension by a patch; everything else stays as it is.",
        consumes=PATCH_TYPES,
        refuses=(*CHANGE_REFUSALS, Conflict, InvalidExchangeServerVersion, CallbackChannelError),
    )
    async def patch(self, call: Call[tuple[str, Extension]]) -> Answer:
        """An addition to UCWA: JSON Merge Patch (RFC 7396) or JSON Patch (RFC 6902). If-Match is optional; without it
        the patch is applied to the current version. Nothing is written if it changes nothing.
        """
        patch = patch_of(call)
        meeting_id, stored = call.target
        collection = collection_href(meeting_href(call, meeting_id))
        while True:
            extension = self._patched(patch, collection, stored)
            if extension == stored:
                schema = await self._schemas.current(organizer_of(call), extension.id)
                break
            schema = await self._schemas.check(organizer_of(call), extension.id, extension.properties)
            try:
                await self._extensions.replace(
                    organizer_of(call),
                    meeting_id,
                    frozenset({stored.etag}),
                    extension,
                    self._world.now(),
                    call.author,
                    ChangeKind.PATCHED,
                )
            except PreconditionFailed:
                stored = await self._extensions.get(organizer_of(call), meeting_id, stored.id)
                if not conditions.matches(call.if_match, stored.etag):
                    raise
            else:
                break
        return self._answer(call, extension, schema, collection)

    def _answer(self, call: Context, extension: Extension, schema: SchemaVersion | None, collection: str) -> Answer:
        document = extension_document(extension, collection)
        href = self._schemas.link(call.application, schema)
        headers = extension_links(document.href, history=self._history, schema=href)
        return Answer(document, etag=extension.etag, headers=headers)

    def _patched(self, patch: Patch, collection: str, stored: Extension) -> Extension:
        """`stored` after the patch, with a new etag if it is different."""
        given = patched(extension_document(stored, collection), patch, is_changeable)
        href = extension_href(collection, stored.id)
        draft = read_extension(given, href=href, pass_through=PASS_THROUGH, stored=stored, limits=self._limits)
        if (draft.type, draft.properties) == (stored.type, stored.properties):
            return stored
        return Extension(id=stored.id, type=draft.type, etag=new_etag(self._world), properties=draft.properties)

    @Operation("Removes the extension.", answers=(204,), produces=(), refuses=CHANGE_REFUSALS)
    async def delete(self, call: Call[tuple[str, Extension]]) -> Answer:
        """UCWA: onlineMeetingExtension, DELETE."""
        meeting_id, extension = call.target
        await self._extensions.remove(
            organizer_of(call),
            meeting_id,
            extension.id,
            call.if_match,
            self._world.now(),
            call.author,
        )
        return NO_CONTENT


def is_changeable(name: str) -> bool:
    """Whether a patch may change the member of this name of an extension's JSON."""
    return name not in _FIXED


def _with_query(given: Mapping[str, object], query: Query) -> dict[str, object]:
    """The body and, for what it lacks, `id` and `type` of the query string.

    ParameterValidationFailure: the query has other names. They would be programmer-defined properties, whose type a
    query cannot express; ignoring them would lose data.
    """
    if others := [name for name in query if name.lower() not in {"id", "type"}]:
        raise ParameterValidationFailure(dict.fromkeys(others, "must be in the body"))
    named = {name.lower() for name, value in given.items() if value is not None}
    asked = {name.lower(): texts[-1] for name, texts in query.items()}
    return {**given, **{name: asked[name] for name in ("id", "type") if name in asked and name not in named}}

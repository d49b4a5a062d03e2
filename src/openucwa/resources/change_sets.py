"""openucwa:changeSet: several changes of one meeting and its extensions, made together or not at all.

It is an addition to UCWA; the `Link` header of a meeting leads to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec.structs import replace as replace_document

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation
from openucwa.config import Config
from openucwa.http import conditions
from openucwa.meetings.extension import ExtensionDraft, ExtensionLimits, read_extension
from openucwa.meetings.meeting import PARAMETERS, MeetingRules
from openucwa.meetings.pools import Pools
from openucwa.meetings.schemas import ExtensionSchemas
from openucwa.model.change import ChangeKind
from openucwa.model.change_set import (
    ChangeSet,
    ExtensionAdded,
    ExtensionChange,
    ExtensionExpected,
    ExtensionRemoved,
    ExtensionReplaced,
    SettingsReplaced,
)
from openucwa.model.meeting import Extension, Meeting, MeetingRel
from openucwa.model.refusals import (
    EXTENSION_CHANGED,
    NO_SUCH_EXTENSION,
    AlreadyExists,
    CallbackChannelError,
    Conflict,
    InvalidExchangeServerVersion,
    ParameterValidationFailure,
    PreconditionFailed,
    Refusal,
    ResourceNotFound,
    TooManyGroups,
    of_part,
)
from openucwa.model.scopes import CONVERSATION_SCOPES
from openucwa.model.world import World, new_etag, new_uuid
from openucwa.representation.document import Document
from openucwa.representation.parameters import read
from openucwa.representation.patches import PatchLimits
from openucwa.resources.change_set_input import SCHEMA, TYPES, Input, Item, escaped, read_input
from openucwa.resources.my_online_meetings import RELS, MeetingDocuments, is_setting
from openucwa.resources.online_meeting_extensions import (
    EXTENSION_REL,
    PASS_THROUGH,
    collection_href,
    extension_document,
    extension_href,
    is_changeable,
)
from openucwa.resources.online_meetings import CHANGE_REFUSALS, OneMeeting, meeting_href, organizer_of
from openucwa.resources.patching import patched
from openucwa.store import contract


@dataclass(frozen=True, slots=True)
class _Built:
    """The result of a change set. `meeting`: afterwards; `shown`: the extensions that it added or changed, or
    would have changed if they were not so already.
    """

    change_set: ChangeSet
    meeting: Meeting
    shown: Sequence[Extension]


class ChangeSets(OneMeeting):
    """openucwa:changeSet. Several changes of a meeting and its extensions, made together or not at all."""

    rel = "openucwa:changeSet"
    scopes = CONVERSATION_SCOPES
    cached = False

    def __init__(
        self,
        meetings: contract.Meetings,
        change_sets: contract.ChangeSets,
        pools: Pools,
        rules: MeetingRules,
        documents: MeetingDocuments,
        schemas: ExtensionSchemas,
        world: World,
        config: Config,
    ) -> None:
        super().__init__(pools, meetings)
        self._change_sets = change_sets
        self._schemas = schemas
        self._rules = rules
        self._documents = documents
        self._world = world
        self._config = config
        self._limits = ExtensionLimits(properties=config.max_extension_properties, bytes=config.max_extension_bytes)
        self._patch_limits = PatchLimits(config.max_patch_operations, config.max_extension_bytes)

    @Operation(
        "Changes several extensions of the meeting, and the meeting, together or not at all.",
        consumes=TYPES,
        additional_properties=True,
        schema=SCHEMA,
        refuses=(
            *CHANGE_REFUSALS,
            AlreadyExists,
            TooManyGroups,
            Conflict,
            PreconditionFailed,
            InvalidExchangeServerVersion,
            CallbackChannelError,
        ),
    )
    async def post(self, call: Call[Meeting]) -> Answer:
        """openucwa:changeSet, POST. Each change may have a condition of its own, `ifMatch`. If one of them cannot be
        made, the refusal names it, and nothing has changed.
        """
        given = read_input(call.given, self._patch_limits, self._config.max_change_set)
        key = (organizer_of(call), call.target.id)
        meeting, extensions = await self._meetings.get_with_extensions(*key)
        while True:
            built = await self._build(call, given, meeting, extensions)
            try:
                await self._change_sets.apply(
                    *key, built.change_set, self._config.max_extensions, self._world.now(), call.author
                )
            except (PreconditionFailed, ResourceNotFound):
                # A patch is applied to the current version, if its own condition allows that.
                before = _patched_versions(given, meeting, extensions)
                meeting, extensions = await self._meetings.get_with_extensions(*key)
                if _patched_versions(given, meeting, extensions) == before:
                    raise
            else:
                return self._answer(call, given, built)

    async def _build(self, call: Context, given: Input, meeting: Meeting, extensions: Sequence[Extension]) -> _Built:
        """The changes that the request makes of this meeting. A refusal names the part that it is about."""
        changed = self._settings(call, given, meeting)
        settings = None
        if changed is not meeting:
            settings = SettingsReplaced(changed.settings, changed.etag, ChangeKind.PATCHED)
        match = given.match if given.patch is None else frozenset({meeting.etag})
        of_id = {each.id: each for each in extensions}
        collection = collection_href(meeting_href(call, meeting.id))
        changes: list[ExtensionChange] = []
        shown: list[Extension] = []
        faults: dict[str, str] = {}
        for number, item in enumerate(given.items):
            stored = None if item.id is None else of_id.get(item.id)
            try:
                change = self._change(item, meeting, collection, stored)
                await self._check(item, meeting, change)
            except ParameterValidationFailure as invalid:
                faults |= of_part(invalid, f"/changes/{number}", "").parameters
                continue
            except Refusal as refusal:
                raise of_part(refusal, f"/changes/{number}", f"change {number} ({item.id or item.operation})") from None
            changes.append(change)
            if isinstance(change, ExtensionAdded | ExtensionReplaced):
                shown.append(change.extension)
            elif isinstance(change, ExtensionExpected) and stored is not None:
                shown.append(stored)
        if faults:
            raise ParameterValidationFailure(faults)
        return _Built(ChangeSet(changes, settings, match), changed, shown)

    async def _check(self, item: Item, meeting: Meeting, change: ExtensionChange) -> None:
        """Checks the new version of an extension against its schemas; refuses as `_change` does."""
        if not isinstance(change, ExtensionAdded | ExtensionReplaced):
            return
        try:
            await self._schemas.check(meeting.organizer, change.id, change.extension.properties)
        except ParameterValidationFailure as invalid:
            if item.patch is not None:
                raise ParameterValidationFailure({"/patch": str(invalid)}) from None
            faults = {f"/properties/{escaped(name)}": why for name, why in invalid.parameters.items()}
            raise ParameterValidationFailure(faults) from None

    def _settings(self, call: Context, given: Input, meeting: Meeting) -> Meeting:
        """The meeting with its new settings and etag, or as it is."""
        try:
            if not conditions.matches(given.match, meeting.etag):
                raise PreconditionFailed("the online meeting has changed: its etag does not match ifMatch")
            if given.patch is None:
                return meeting
            if meeting.rel == MeetingRel.MY_ASSIGNED_ONLINE_MEETING:
                raise Conflict("an assigned meeting cannot be changed")
            shown = replace_document(self._documents.document(call, meeting, ()), embedded={})
            settings = self._rules.settings(
                read(PARAMETERS, patched(shown, given.patch, is_setting)), meeting.organizer
            )
        except ParameterValidationFailure as invalid:
            raise ParameterValidationFailure({"/meeting/patch": str(invalid)}) from None
        except Refusal as refusal:
            raise of_part(refusal, "/meeting", "meeting") from None
        if settings == meeting.settings:
            return meeting
        return replace(meeting, settings=settings, etag=new_etag(self._world))

    def _change(self, item: Item, meeting: Meeting, collection: str, stored: Extension | None) -> ExtensionChange:
        """`stored`: the extension with that id. ParameterValidationFailure: its names are pointers into the item."""
        if item.operation == "remove":
            return ExtensionRemoved(item.id or "", item.match)
        if item.patch is not None:
            return self._patched(item, collection, stored)
        draft = self._draft(item)
        extension_id = draft.id if draft.id is not None else new_uuid(self._world)
        extension = Extension(extension_id, draft.type, new_etag(self._world), draft.properties)
        if item.operation == "replace":
            return ExtensionReplaced(extension, item.match)
        if meeting.rel == MeetingRel.MY_ASSIGNED_ONLINE_MEETING and not self._config.assigned_meeting_extensions:
            raise Conflict("the assigned meeting accepts no extensions on this server")
        return ExtensionAdded(extension)

    def _draft(self, item: Item) -> ExtensionDraft:
        try:
            return read_extension(
                item.properties, href=None, pass_through=PASS_THROUGH, stored=None, limits=self._limits
            )
        except ParameterValidationFailure as invalid:
            raise ParameterValidationFailure(
                {
                    f"/{name}" if name in {"id", "type"} else f"/properties/{escaped(name)}": why
                    for name, why in invalid.parameters.items()
                }
            ) from None

    def _patched(self, item: Item, collection: str, stored: Extension | None) -> ExtensionChange:
        if stored is None:
            raise ResourceNotFound(NO_SUCH_EXTENSION)
        if not conditions.matches(item.match, stored.etag):
            raise PreconditionFailed(EXTENSION_CHANGED)
        if item.patch is None:
            raise ValueError("the change is no patch")
        match = frozenset({stored.etag})
        try:
            given = patched(extension_document(stored, collection), item.patch, is_changeable)
            href = extension_href(collection, stored.id)
            draft = read_extension(given, href=href, pass_through=PASS_THROUGH, stored=stored, limits=self._limits)
        except ParameterValidationFailure as invalid:
            raise ParameterValidationFailure({"/patch": str(invalid)}) from None
        if (draft.type, draft.properties) == (stored.type, stored.properties):
            return ExtensionExpected(stored.id, match)
        extension = Extension(stored.id, draft.type, new_etag(self._world), draft.properties)
        return ExtensionReplaced(extension, match, ChangeKind.PATCHED)

    def _answer(self, call: Call[Meeting], given: Input, built: _Built) -> Answer:
        """The changed extensions in the order of the request, and the meeting if the request patched it."""
        href = meeting_href(call, built.meeting.id)
        collection = collection_href(href)
        embedded: dict[str, Document | list[Document]] = {}
        if given.patch is not None:
            shown = self._documents.document(call, built.meeting, ())
            embedded[RELS[built.meeting.rel]] = replace_document(shown, embedded={})
        embedded[EXTENSION_REL] = [extension_document(each, collection) for each in built.shown]
        return Answer(Document(rel=self.rel, href=f"{href}/changeSet", embedded=dict(embedded)))


def _patched_versions(given: Input, meeting: Meeting, extensions: Sequence[Extension]) -> dict[str | None, str]:
    """The etags of what the request patches, by the extension's id; None: the meeting's."""
    names = {item.id for item in given.items if item.patch is not None}
    versions: dict[str | None, str] = {each.id: each.etag for each in extensions if each.id in names}
    return versions if given.patch is None else {**versions, None: meeting.etag}

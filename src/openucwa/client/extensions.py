"""Extensions of a meeting: data that its organizer attaches (UCWA: onlineMeetingExtension)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, TypeAlias

from openucwa.client.additions import header_link
from openucwa.client.drivers import AsyncDriver, SyncDriver
from openucwa.client.errors import AlreadyExists, EditConflict, PreconditionFailed, Reason, ResourceNotFound
from openucwa.client.formats import json_text
from openucwa.client.located import Located, shows
from openucwa.client.opened import Locate, OpenApplication
from openucwa.client.operations import Bound, D_co, operation
from openucwa.client.resources import Resource, Value, own_properties, sent_back
from openucwa.client.session import Body
from openucwa.client.steps import Steps
from openucwa.client.versions import Version, all_versions

#: Who sees an extension: RoamedParticipantData everybody in the meeting, the others its organizer alone.
ExtensionType: TypeAlias = Literal["RoamedParticipantData", "RoamedOrganizerData", "Undefined"]
Properties: TypeAlias = Mapping[str, Value]
#: The properties that a patch changes; None removes one.
Changes: TypeAlias = Mapping[str, Value | None]
#: The operations of a JSON Patch (RFC 6902).
JsonPatch: TypeAlias = Sequence[Mapping[str, object]]
#: Makes one out of two changes: (as it was read, with one's own changes, as it is now) -> what to store.
Merge: TypeAlias = Callable[[Properties, Properties, Properties], Properties]

#: How often an edit is merged before it is given up.
MAX_MERGES = 10


@dataclass(frozen=True, slots=True)
class ExtensionState:
    """An extension as it was answered. `data`: the programmer-defined properties. `etag`: of this state; empty: as seen
    by a participant, who cannot change it.
    """

    id: str
    type: str
    data: dict[str, Value]
    etag: str
    resource: Resource = field(repr=False, compare=False)

    @staticmethod
    def of(resource: Resource) -> "ExtensionState":
        """The extension that a resource is."""
        etag = resource.properties.get("etag", "")
        return ExtensionState(resource.text("id"), resource.text("type"), own_properties(resource), str(etag), resource)


class Extension(Located[D_co]):
    """The extension of a meeting with a certain id, whether or not it exists. `collection`: where the extensions
    are.
    """

    def __init__(self, application: OpenApplication[D_co], collection: Locate, id: str) -> None:  # noqa: A002
        super().__init__(application, None)
        self.id = id
        self._collection = collection

    def _find(self) -> Steps[str]:
        answer = yield from self.application.send("GET", self._collection)
        for each in answer.resource.embedded.get("onlineMeetingExtension", ()):
            if each.text("id") == self.id:
                return each.href
        raise ResourceNotFound(Reason("NotFound", "ResourceNotFound", "there is no such extension"), status=404)

    @operation
    def add(self, data: Properties, type: ExtensionType = "Undefined") -> Steps[ExtensionState]:  # noqa: A002
        """Makes it (UCWA: onlineMeetingExtensions, POST). AlreadyExists: the id is taken. TooManyGroups."""
        # With an id of its own the request can be sent again: a second one finds what the first has made.
        properties = _written(data, self.id, type)
        try:
            answer = yield from self.application.send("POST", self._collection, Body(properties), repeatable=True)
        except AlreadyExists as error:
            if error.attempts == 1:
                raise
            made = yield from Extension.read.steps(self)
            if not shows(made.resource, properties):
                raise
            return made
        made = ExtensionState.of(answer.resource)
        self._moved(made.resource.href)
        return made

    @operation
    def read(self) -> Steps[ExtensionState]:
        """Reads it (UCWA: onlineMeetingExtension, GET). ResourceNotFound: it does not exist."""
        return ExtensionState.of((yield from self._send("GET")).resource)

    @operation
    def replace(
        self,
        read: ExtensionState,
        data: Properties,
        *,
        type: ExtensionType | None = None,  # noqa: A002
    ) -> Steps[ExtensionState]:
        """Replaces all data (UCWA: onlineMeetingExtension, PUT). `read`: the state that the data was made from.

        `type`: None: as it was. PreconditionFailed: the extension has changed since it was read.
        """
        properties = {**_written(data, self.id, type or read.type), **sent_back(read.resource)}
        return ExtensionState.of((yield from self._put(read.resource, properties)))

    @operation
    def patch(
        self,
        changes: Changes | JsonPatch,
        *,
        read: ExtensionState | None = None,
        type: ExtensionType | None = None,  # noqa: A002
    ) -> Steps[ExtensionState]:
        """Changes some properties and keeps the others (openucwa: onlineMeetingExtension, PATCH).

        `changes`: properties, None to remove one (RFC 7396); or the operations of a JSON Patch (RFC 6902), which is not
        sent again if its answer is lost. `read`: only if this is still its state; None: whatever its state is.
        `type`: the new type; not with a JSON Patch. PreconditionFailed: it has changed since it was read. Conflict: an
        operation does not fit.
        """
        headers = {} if read is None else {"If-Match": f'"{read.etag}"'}
        merge = isinstance(changes, Mapping)
        content_type = "application/merge-patch+json" if merge else "application/json-patch+json"
        body = Body(content=json_text(patched(changes, type)), content_type=content_type)
        repeatable = read is None and merge
        return ExtensionState.of(
            (yield from self._send("PATCH", body, headers=headers, repeatable=repeatable)).resource
        )

    @operation
    def versions(self) -> Steps[list["ExtensionVersion[D_co]"]]:
        """Its versions, newest first (openucwa:versions). ResourceNotFound: it does not exist; what was removed is in
        `Meeting.removed_extensions`. InvalidAnswer: the server keeps no history.
        """

        def make(resource: Resource, find: Locate) -> "ExtensionVersion[D_co]":
            return ExtensionVersion(self.application, resource, find)

        return (yield from all_versions(self.application, self._locate_versions, make))

    def _locate_versions(self) -> Steps[str]:
        return header_link((yield from self._send("GET")), "openucwa:versions")

    @operation
    def delete(self, read: ExtensionState | None = None) -> Steps[None]:
        """Deletes it (UCWA: onlineMeetingExtension, DELETE). `read`: only if this is still its state."""
        yield from self._delete(None if read is None else {"If-Match": f'"{read.etag}"'})

    def edit(self, *, merge: Merge | None = None, create: ExtensionType | None = None) -> "Edit[D_co]":
        """A context manager whose value is the data, to be changed in place; what was changed is stored at its end.

            async with meeting.extension("agenda").edit() as data:
                data["seats"] = 14

        Nothing is stored if nothing was changed, or if the block raised. `merge`: called where someone else has changed
        the extension meanwhile, `merge_properties` for example; None: EditConflict is raised. `create`: the type of the
        extension that is made if there is none; None: ResourceNotFound is raised.
        """
        return Edit(self, merge, create)


class ExtensionVersion(Version[D_co]):
    """A version of an extension."""

    @property
    def extension_id(self) -> str:
        """The id of the extension."""
        return self.resource.text("extensionId")

    @operation
    def read(self) -> Steps[ExtensionState]:
        """The extension as it was (openucwa:version, GET). ResourceNotFound: the server has forgotten it."""
        return ExtensionState.of((yield from self._send("GET")).resource.inner("onlineMeetingExtension"))

    @operation
    def restore(self, read: ExtensionState | None = None) -> Steps[ExtensionState]:
        """Makes it the current version, or adds the extension again if it was removed (openucwa:restore, POST).

        `read`: only if this is still its state; None: whatever its state is. PreconditionFailed: it has changed since.
        """
        headers = {} if read is None else {"If-Match": f'"{read.etag}"'}
        answer = yield from self.application.send(
            "POST", self._locate_restore, headers=headers, repeatable=read is None
        )
        return ExtensionState.of(answer.resource)


class Edit(Bound[D_co]):
    """See `Extension.edit`. `stored`: the extension as it was stored; None: not yet, or there was nothing to store."""

    def __init__(self, extension: Extension[D_co], merge: Merge | None, create: ExtensionType | None) -> None:
        super().__init__(extension.application.session.driver)
        self.stored: ExtensionState | None = None
        self._extension = extension
        self._merge = merge
        self._create = create
        self._read: ExtensionState | None = None
        self._base: dict[str, Value] = {}
        self._data: dict[str, Value] = {}

    async def __aenter__(self: "Edit[AsyncDriver]") -> dict[str, Value]:
        return await self._driver.run(self._begin())

    async def __aexit__(
        self: "Edit[AsyncDriver]",
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            await self._driver.run(self._end())

    def __enter__(self: "Edit[SyncDriver]") -> dict[str, Value]:
        return self._driver.run(self._begin())

    def __exit__(
        self: "Edit[SyncDriver]",
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._driver.run(self._end())

    def _begin(self) -> Steps[dict[str, Value]]:
        try:
            self._read = yield from Extension.read.steps(self._extension)
        except ResourceNotFound:
            if self._create is None:
                raise
        self._base = {} if self._read is None else self._read.data
        self._data = _copy(self._base)
        return self._data

    def _end(self) -> Steps[None]:
        if self._read is None:
            self.stored = yield from Extension.add.steps(self._extension, self._data, self._create or "Undefined")
            return
        read, base, data = self._read, self._base, self._data
        for _ in range(MAX_MERGES):
            if data == base:
                return
            try:
                self.stored = yield from Extension.replace.steps(self._extension, read, data)
            except PreconditionFailed as error:
                current = yield from Extension.read.steps(self._extension)
                if self._merge is None:
                    raise EditConflict(error.reason, base=base, mine=data, theirs=current.data) from error
                data = dict(self._merge(base, data, current.data))
                read, base = current, current.data
            else:
                return
        raise EditConflict(
            Reason("PreconditionFailed", None, f"others changed the extension {MAX_MERGES} times during the update"),
            base=base,
            mine=data,
            theirs=read.data,
        )


def merge_properties(base: Properties, mine: Properties, theirs: Properties) -> Properties:
    """Both changes, property by property. EditConflict: both changed the same property, differently."""
    merged = dict(theirs)
    for name in base.keys() | mine.keys():
        if mine.get(name) == base.get(name) or mine.get(name) == theirs.get(name):
            continue
        if theirs.get(name) != base.get(name):
            reason = Reason("PreconditionFailed", None, f"{name} has been changed by someone else")
            raise EditConflict(reason, base=base, mine=mine, theirs=theirs)
        if name in mine:
            merged[name] = mine[name]
        else:
            merged.pop(name, None)
    return merged


def check_names(data: Mapping[str, object]) -> None:
    """ValueError: the data names a property that is not the application's to choose."""
    if taken := {"id", "type", "etag"} & data.keys():
        raise ValueError(f"{min(taken)} is reserved: it cannot be one of the application's own properties")


def patched(changes: Changes | JsonPatch, type: str | None) -> object:  # noqa: A002
    """The content of a patch: an object for a JSON Merge Patch, an array for a JSON Patch. ValueError: it names a
    reserved property, or a JSON Patch has a type of its own.
    """
    if not isinstance(changes, Mapping):
        if type is not None:
            raise ValueError("a JSON Patch changes the type by an operation on /type")
        return list(changes)
    check_names(changes)
    return {**changes, **({} if type is None else {"type": type})}


def _written(data: Properties, id: str, type: str) -> dict[str, Value]:  # noqa: A002
    """The properties of a body. ValueError: the data names one that is not the application's to choose."""
    check_names(data)
    return {"id": id, "type": type, **data}


def _copy(data: Properties) -> dict[str, Value]:
    return {name: [*value] if isinstance(value, list) else value for name, value in data.items()}

"""Several changes of a meeting and its extensions, made together or not at all (openucwa:changeSet)."""

from collections.abc import Callable, Mapping
from typing import Unpack

from openucwa.client.extensions import (
    Changes,
    ExtensionState,
    ExtensionType,
    JsonPatch,
    Properties,
    check_names,
    patched,
)
from openucwa.client.formats import json_text
from openucwa.client.opened import Locate, OpenApplication
from openucwa.client.operations import Bound, D_co, operation
from openucwa.client.resources import Resource
from openucwa.client.session import Body
from openucwa.client.settings import MeetingChanges, wire_properties
from openucwa.client.steps import Steps


class ChangeSet(Bound[D_co]):
    """Changes that `send` makes in one transaction; see `Meeting.change_set`. All other methods add a change, send
    nothing and return the change set. An extension may be in it once.

        meeting.change_set().add("menu", {"soup": True}).patch("agenda", {"seats": 14}).send()

    `locate`: finds openucwa:changeSet. `meeting`: as it was last read. `changed`: is given the changed meeting.
    """

    def __init__(
        self,
        application: OpenApplication[D_co],
        locate: Locate,
        meeting: Resource,
        changed: Callable[[Resource], None],
    ) -> None:
        super().__init__(application.session.driver)
        self._application = application
        self._locate = locate
        self._read = meeting
        self._changed = changed
        self._changes: list[dict[str, object]] = []
        self._meeting: dict[str, object] = {}

    def add(self, id: str, data: Properties, type: ExtensionType = "Undefined") -> "ChangeSet[D_co]":  # noqa: A002
        """Adds an extension. ValueError: the data names a reserved property."""
        check_names(data)
        return self._append({"operation": "add", "id": id, "type": type, "properties": dict(data)})

    def replace(
        self,
        read: ExtensionState,
        data: Properties,
        *,
        type: ExtensionType | None = None,  # noqa: A002
    ) -> "ChangeSet[D_co]":
        """Replaces all data of an extension, if `read` is still its state. `type`: None: as it was."""
        check_names(data)
        change = {"operation": "replace", "id": read.id, "type": type or read.type, "properties": dict(data)}
        return self._append(change, read)

    def patch(
        self,
        id: str,  # noqa: A002
        changes: Changes | JsonPatch,
        *,
        read: ExtensionState | None = None,
        type: ExtensionType | None = None,  # noqa: A002
    ) -> "ChangeSet[D_co]":
        """Changes some properties of an extension and keeps the others, as `Extension.patch`. `read`: only if this is
        still its state; None: whatever its state is.
        """
        return self._append({"operation": "patch", "id": id, "patch": patched(changes, type)}, read)

    def remove(self, id: str, *, read: ExtensionState | None = None) -> "ChangeSet[D_co]":  # noqa: A002
        """Removes an extension. `read`: only if this is still its state; None: whatever its state is."""
        return self._append({"operation": "remove", "id": id}, read)

    def update(self, **changes: Unpack[MeetingChanges]) -> "ChangeSet[D_co]":
        """Changes some properties of the meeting and keeps the others, whatever they are."""
        self._meeting["patch"] = {**self._patch_of_meeting(), **wire_properties(changes)}
        return self

    def only_if_unchanged(self) -> "ChangeSet[D_co]":
        """Makes the whole set depend on the meeting's properties being those that were last read."""
        self._meeting["ifMatch"] = f'"{self._read.etag}"'
        return self

    @operation
    def send(self) -> Steps[list[ExtensionState]]:
        """Makes all changes, or none (openucwa:changeSet, POST); returns the extensions that were added, replaced and
        patched, in the order of the changes. It is not sent again if its answer is lost.

        Errors are those of single requests; their `parameters` name the change, `/changes/0` for the first.
        PreconditionFailed: something has changed since it was read. EntityTooLarge: too many changes. AlreadyExists,
        ResourceNotFound, TooManyGroups. InvalidAnswer: the server has no change sets.
        """
        content: dict[str, object] = {"changes": self._changes}
        if self._meeting:
            content["meeting"] = self._meeting
        body = Body(content=json_text(content), content_type="application/json")
        embedded = (yield from self._application.send("POST", self._locate, body)).resource.embedded
        for rel in ("myOnlineMeeting", "myAssignedOnlineMeeting"):
            for each in embedded.get(rel, ()):
                self._changed(each)
        return [ExtensionState.of(each) for each in embedded.get("onlineMeetingExtension", ())]

    def _append(self, change: Mapping[str, object], read: ExtensionState | None = None) -> "ChangeSet[D_co]":
        self._changes.append({**change, **({} if read is None else {"ifMatch": f'"{read.etag}"'})})
        return self

    def _patch_of_meeting(self) -> Mapping[str, object]:
        found = self._meeting.get("patch")
        return found if isinstance(found, dict) else {}

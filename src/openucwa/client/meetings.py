"""Meetings of the user (UCWA: myOnlineMeetings)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Unpack
from uuid import uuid4

from openucwa.client.additions import find_addition, header_link
from openucwa.client.change_sets import ChangeSet
from openucwa.client.errors import Reason, ResourceNotFound
from openucwa.client.extensions import Extension, ExtensionState, ExtensionType, ExtensionVersion
from openucwa.client.located import Located
from openucwa.client.opened import Locate, OpenApplication
from openucwa.client.operations import D_co, operation
from openucwa.client.resources import Resource, Value
from openucwa.client.schedules import GRACE_PERIOD, SCHEDULE_ID, Schedule
from openucwa.client.settings import MeetingChanges, wire_properties
from openucwa.client.steps import Steps
from openucwa.client.versions import Version, all_versions


class Meeting(Located[D_co]):
    """A meeting of the user. `resource`: as it was last answered; the properties are read from it."""

    def __init__(self, application: OpenApplication[D_co], resource: Resource) -> None:
        super().__init__(application, resource.href)
        self.resource = resource

    @staticmethod
    def found(application: OpenApplication[D_co], online_meeting_id: str) -> Steps[Resource]:
        """The meeting with this id, from the collection of meetings. ResourceNotFound: there is none."""
        answer = yield from application.send("GET", application.link("onlineMeetings", "myOnlineMeetings"))
        for rel in ("myOnlineMeeting", "myAssignedOnlineMeeting"):
            for each in answer.resource.embedded.get(rel, ()):
                if each.text("onlineMeetingId") == online_meeting_id:
                    return each
        raise ResourceNotFound(Reason("NotFound", "ResourceNotFound", "there is no such meeting"), status=404)

    def _find(self) -> Steps[str]:
        self.resource = yield from self.found(self.application, self.online_meeting_id)
        return self.resource.href

    @property
    def online_meeting_id(self) -> str:
        """The id of the meeting, unique for its organizer."""
        return self.resource.text("onlineMeetingId")

    @property
    def online_meeting_uri(self) -> str:
        """The address by which others join."""
        return self.resource.text("onlineMeetingUri")

    @property
    def join_url(self) -> str:
        """The address of a page to join it."""
        return self.resource.text("joinUrl")

    @property
    def conference_id(self) -> str:
        """The number for phones."""
        return self.resource.text("conferenceId")

    @property
    def organizer_uri(self) -> str:
        """The organizer's SIP URI."""
        return self.resource.text("organizerUri")

    @property
    def subject(self) -> str:
        """The subject."""
        return self.resource.text("subject")

    @property
    def description(self) -> str:
        """The description."""
        return self.resource.text("description")

    @property
    def access_level(self) -> str:
        """The access level: who is admitted without waiting in the lobby."""
        return self.resource.text("accessLevel")

    @property
    def attendees(self) -> list[str]:
        """The SIP URIs of those invited."""
        return self.resource.texts("attendees")

    @property
    def leaders(self) -> list[str]:
        """The SIP URIs of the leaders besides the organizer."""
        return self.resource.texts("leaders")

    @property
    def expiration_time(self) -> datetime | None:
        """When the meeting is over; None: never."""
        return self.resource.moment("expirationTime")

    @operation
    def read(self) -> Steps["Meeting[D_co]"]:
        """Reads it again (UCWA: myOnlineMeeting, GET)."""
        self.resource = (yield from self._send("GET")).resource
        return self

    @operation
    def update(self, **changes: Unpack[MeetingChanges]) -> Steps["Meeting[D_co]"]:
        """Changes some properties, and keeps the others as they were last read (UCWA: myOnlineMeeting, PUT).

        PreconditionFailed: it has been changed by someone else since it was read; `read` it and try again.
        """
        properties = {**self.resource.properties, **wire_properties(changes)}
        self.resource = yield from self._put(self.resource, properties)
        return self

    @operation
    def delete(self) -> Steps[None]:
        """Deletes it, with its extensions (UCWA: myOnlineMeeting, DELETE)."""
        yield from self._delete()

    def extension(self, id: str) -> Extension[D_co]:  # noqa: A002  # UCWA's name
        """The extension with this id, whether or not it exists. Nothing is sent."""
        return Extension(self.application, self.locate_extensions, id)

    @operation
    def extensions(self) -> Steps[list[ExtensionState]]:
        """All extensions (UCWA: onlineMeetingExtensions, GET)."""
        answer = yield from self.application.send("GET", self.locate_extensions)
        return [ExtensionState.of(each) for each in answer.resource.embedded.get("onlineMeetingExtension", ())]

    @operation
    def add_extension(
        self,
        data: Mapping[str, Value],
        *,
        id: str | None = None,  # noqa: A002  # UCWA's name
        type: ExtensionType = "Undefined",  # noqa: A002
    ) -> Steps[ExtensionState]:
        """Attaches data (UCWA: onlineMeetingExtensions, POST). `id`: None: a random one.

        AlreadyExists: the id is taken. TooManyGroups: the meeting has the maximum number of extensions.
        """
        return (yield from Extension.add.steps(self.extension(id or str(uuid4())), data, type))

    def change_set(self) -> ChangeSet[D_co]:
        """An empty set of changes of its extensions and of the meeting itself, which `ChangeSet.send` makes together.
        Nothing is sent yet.
        """

        def changed(resource: Resource) -> None:
            self.resource = resource

        return ChangeSet(self.application, self._locate_linked("openucwa:changeSet"), self.resource, changed)

    @operation
    def read_schedule(self) -> Steps[Schedule | None]:
        """Its begin and end (the extension `openucwa.schedule`). None: it has none that are valid."""
        try:
            return Schedule.of((yield from Extension.read.steps(self.extension(SCHEDULE_ID))))
        except ResourceNotFound:
            return None

    @operation
    def set_schedule(
        self, schedule: Schedule, *, grace_period: timedelta | None = GRACE_PERIOD
    ) -> Steps["Meeting[D_co]"]:
        """Sets its begin and end, and its `expiration_time` to the end plus a grace period, in one change set.

        Other properties of the extension stay. `grace_period`: the server's setting `meeting_grace_period` if it is not
        the default of eight hours; None: the expiration time stays. PreconditionFailed or AlreadyExists: someone else
        changed the schedule at the same time. ParameterValidationFailure: the meeting would have expired already.
        """
        changes = self.change_set()
        try:
            read = yield from Extension.read.steps(self.extension(SCHEDULE_ID))
        except ResourceNotFound:
            changes.add(SCHEDULE_ID, schedule.properties(), "RoamedParticipantData")
        else:
            changes.patch(SCHEDULE_ID, schedule.properties(), read=read, type="RoamedParticipantData")
        if grace_period is not None:
            changes.update(expiration_time=schedule.end + grace_period)
        yield from ChangeSet.send.steps(changes)
        return self

    @operation
    def versions(self) -> Steps[list["MeetingVersion[D_co]"]]:
        """Its versions, newest first, without extensions (openucwa:versions). InvalidAnswer: the server keeps no
        history.
        """

        def make(resource: Resource, find: Locate) -> "MeetingVersion[D_co]":
            return MeetingVersion(self.application, resource, find)

        return (yield from all_versions(self.application, self._locate_linked("openucwa:versions"), make))

    @operation
    def removed_extensions(self) -> Steps[list[ExtensionVersion[D_co]]]:
        """The last versions of its removed extensions, which can be restored (openucwa:removedExtensions)."""

        def make(resource: Resource, find: Locate) -> ExtensionVersion[D_co]:
            return ExtensionVersion(self.application, resource, find)

        return (yield from all_versions(self.application, self._locate_linked("openucwa:removedExtensions"), make))

    def _locate_linked(self, rel: str) -> Locate:
        """How to find what a Link header of the meeting leads to."""

        def locate() -> Steps[str]:
            return header_link((yield from self._send("GET")), rel)

        return locate

    def locate_extensions(self) -> Steps[str]:
        """The href of its extensions."""
        yield from self.locate()
        return self.resource.link("onlineMeetingExtensions")


class MeetingVersion(Version[D_co]):
    """A version of a meeting, without its extensions."""

    @operation
    def read(self) -> Steps[Resource]:
        """The meeting as it was (openucwa:version, GET). ResourceNotFound: the server has forgotten it."""
        return (yield from self._send("GET")).resource.inner("myOnlineMeeting")

    @operation
    def restore(self) -> Steps[Meeting[D_co]]:
        """Makes it the current version (openucwa:restore, POST). Conflict: the meeting is an assigned one."""
        answer = yield from self.application.send("POST", self._locate_restore, repeatable=True)
        return Meeting(self.application, answer.resource)


class RemovedMeeting(Located[D_co]):
    """A meeting that was removed, or expired, and can be restored. `resource`: as it was answered."""

    def __init__(self, application: OpenApplication[D_co], resource: Resource) -> None:
        super().__init__(application, resource.href)
        self.resource = resource

    @staticmethod
    def all(application: OpenApplication[D_co]) -> Steps[list[Resource]]:
        """All of them, newest first."""

        answer = yield from application.send("GET", lambda: find_addition(application, "openucwa:removedMeetings"))
        return list(answer.resource.embedded.get("openucwa:removedMeeting", ()))

    def _find(self) -> Steps[str]:
        for each in (yield from self.all(self.application)):
            if each.text("onlineMeetingId") == self.online_meeting_id:
                self.resource = each
                return each.href
        raise ResourceNotFound(Reason("NotFound", "ResourceNotFound", "there is no such removed meeting"), status=404)

    def _locate_restore(self) -> Steps[str]:
        yield from self.locate()
        return self.resource.link("openucwa:restore")

    @property
    def online_meeting_id(self) -> str:
        """The id that the meeting had."""
        return self.resource.text("onlineMeetingId")

    @property
    def subject(self) -> str:
        """The subject that it had."""
        return self.resource.text("subject")

    @property
    def removed(self) -> datetime | None:
        """When it was removed."""
        return self.resource.moment("removed")

    @operation
    def read(self) -> Steps[Resource]:
        """The meeting as it was, with its extensions (openucwa:removedMeeting, GET)."""
        return (yield from self._send("GET")).resource.inner("myOnlineMeeting")

    @operation
    def restore(self) -> Steps[Meeting[D_co]]:
        """Adds it again, with its extensions (openucwa:restore, POST).

        AlreadyExists: there is a meeting with its id or conference id. TooManyOnlineMeetings.
        """
        answer = yield from self.application.send("POST", self._locate_restore)
        return Meeting(self.application, answer.resource)

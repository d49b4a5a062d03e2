"""An application: what one program of one user can reach (UCWA: application)."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Unpack
from urllib.parse import quote_plus

from openucwa.client.batches import MAX_PARTS, Part, read_batch, write_batch
from openucwa.client.changes import Changes
from openucwa.client.channel import Events
from openucwa.client.conversations import Conversation, Invitation
from openucwa.client.errors import AlreadyExists, Refused, TooManyRequests, UcwaError
from openucwa.client.finding import FoundMeetings
from openucwa.client.meetings import Meeting, RemovedMeeting
from openucwa.client.opened import OpenApplication
from openucwa.client.operations import D_co, operation
from openucwa.client.resources import Event, Value
from openucwa.client.session import Answer, Body
from openucwa.client.settings import MeetingChanges, wire_properties
from openucwa.client.steps import Steps


class Application(OpenApplication[D_co]):
    """An open application, and what can be done in it."""

    @operation
    def request(
        self,
        method: str,
        href: str,
        properties: Mapping[str, Value] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Steps[Answer]:
        """Any request of this API. `href`: as it stands in an answer. Raises UcwaError."""
        body = None if properties is None else Body(properties)
        return (yield from self.session.send(method, href, body, headers=headers))

    @operation
    def close(self) -> Steps[None]:
        """Ends the application, and with it its conversations (UCWA: application, DELETE)."""
        self._closed = True
        try:
            yield from self.session.send("DELETE", self.resource.link("self"), repeatable=True)
        except Refused as error:
            if error.status not in {404, 410}:  # it has ended already
                raise

    @operation
    def schedule(self, **properties: Unpack[MeetingChanges]) -> Steps[Meeting[D_co]]:
        """Schedules a meeting; every property is optional (UCWA: myOnlineMeetings, POST).

        TooManyOnlineMeetings, ParameterValidationFailure. ConnectionFailed, ServiceUnavailable: it is unknown whether
        the meeting was made if `may_have_happened`; it is not tried again, so that there are not two.
        """
        locate = self.link("onlineMeetings", "myOnlineMeetings")
        answer = yield from self.send("POST", locate, Body(wire_properties(properties)))
        return Meeting(self, answer.resource)

    @operation
    def meetings(self) -> Steps[list[Meeting[D_co]]]:
        """All meetings of the user (UCWA: myOnlineMeetings, GET)."""
        answer = yield from self.send("GET", self.link("onlineMeetings", "myOnlineMeetings"))
        return [Meeting(self, each) for each in answer.resource.embedded.get("myOnlineMeeting", ())]

    @operation
    def meeting(self, online_meeting_id: str) -> Steps[Meeting[D_co]]:
        """A meeting of the user. ResourceNotFound: there is none."""
        found = yield from Meeting.found(self, online_meeting_id)
        return Meeting(self, found)

    def find_meetings(
        self,
        filter: str | None = None,  # noqa: A002  # OData's name
        *,
        order_by: str | None = None,
        page: int | None = None,
    ) -> FoundMeetings[D_co]:
        """The meetings that the user organizes, is invited to or takes part in, by what they and their extensions
        contain (openucwa:meetings, an addition to UCWA).

        `filter`: in the language of docs/protocol.md, such as `extensions('crm')/caseNumber eq 4711`; `text_literal`
        quotes texts. `order_by`: such as `subject desc`. `page`: how many are read at a time. Use it with `async for`,
        or with `for`. ParameterValidationFailure: the filter or the order is invalid.
        """
        given = {"$filter": filter, "$orderby": order_by, "$top": None if page is None else str(page)}
        return FoundMeetings(self, {name: value for name, value in given.items() if value is not None})

    def changes(self, since: str | None = None) -> Changes[D_co]:
        """The changes of meetings and extensions that the user may see, in order and with their data, as they come
        (openucwa:changes, an addition to UCWA).

        `since`: a cursor (`Change.cursor`); None: from the first request on. Use it with `async for`, or with `for`; it
        waits for further changes. ChangesForgotten: see `Changes`.
        """
        return Changes(self, since)

    @operation
    def removed_meetings(self) -> Steps[list[RemovedMeeting[D_co]]]:
        """The user's removed and expired meetings that can be restored, newest first (openucwa:removedMeetings)."""
        found = yield from RemovedMeeting.all(self)
        return [RemovedMeeting(self, each) for each in found]

    @operation
    def make_available(self, modalities: Sequence[str] = ("Messaging",)) -> Steps[None]:
        """Shows the user as available, and for which modalities (UCWA: makeMeAvailable)."""
        me = self.resource.inner("me")
        if me.find_link("makeMeAvailable") is not None:
            body = Body({"supportedModalities": list(modalities)})
            yield from self.send("POST", self.link("me", "makeMeAvailable"), body, repeatable=True)

    @operation
    def join(self, online_meeting_uri: str | None = None, display_name: str | None = None) -> Steps[Invitation[D_co]]:
        """Asks to join a meeting; None: a new one of the caller's (UCWA: joinOnlineMeeting).

        `display_name`: what an anonymous participant is called. DestinationNotFound: there is no such meeting. If the
        application takes part in it already, the invitation is that of the conversation that it has.
        """
        properties: dict[str, Value] = {"operationId": uuid.uuid4().hex}
        if online_meeting_uri is not None:
            properties["onlineMeetingUri"] = online_meeting_uri
        if display_name is not None:
            properties["anonymousDisplayName"] = display_name
        locate = self.link("communication", "joinOnlineMeeting")
        try:
            repeatable = online_meeting_uri is not None
            answer = yield from self.send("POST", locate, Body(properties), repeatable=repeatable)
        except AlreadyExists as error:
            if error.location is None:
                raise
            return Invitation(self, None, error.location)
        return Invitation(self, answer.location, None)

    @operation
    def start_messaging(self, to: str, text: str | None = None, *, subject: str = "") -> Steps[Invitation[D_co]]:
        """Invites a user to a conversation of two (UCWA: startMessaging). `to`: a SIP URI; `text`: a first message.

        Wait for the answer by `concluded`. If the answer to the request is lost, it is not sent again.
        """
        properties: dict[str, Value] = {"to": to, "operationId": uuid.uuid4().hex, "subject": subject}
        links = None if text is None else {"message": f"data:text/plain;charset=utf-8,{quote_plus(text)}"}
        locate = self.link("communication", "startMessaging")
        return Invitation(self, (yield from self.send("POST", locate, Body(properties, links))).location, None)

    def invitation(self, event: Event) -> Invitation[D_co]:
        """The invitation that an event is about: one that came in can be accepted or declined."""
        return Invitation(self, event.href, None)

    @operation
    def conversations(self) -> Steps[list[Conversation[D_co]]]:
        """The conversations that the application takes part in (UCWA: conversations)."""
        answer = yield from self.send("GET", self.link("communication", "conversations"))
        return [Conversation(self, each.href) for each in answer.resource.links.get("conversation", ())]

    @operation
    def batch(self, parts: Sequence[Part]) -> Steps[list[Answer | UcwaError]]:
        """The answers to several requests, in their order; an error where one was refused (UCWA: batch).

        Batches of more than 100 are split, and so are those that are refused because they are too large.
        """
        answers: list[Answer | UcwaError] = []
        for begin in range(0, len(parts), MAX_PARTS):
            answers += yield from self._batch(parts[begin : begin + MAX_PARTS])
        return answers

    def _batch(self, parts: Sequence[Part]) -> Steps[list[Answer | UcwaError]]:
        content, content_type = write_batch(parts, self.session.form)
        repeatable = all(part.method == "GET" for part in parts)
        try:
            answer = yield from self.session.send(
                "POST",
                self.resource.link("batch"),
                Body(content=content, content_type=content_type),
                repeatable=repeatable,
            )
        except TooManyRequests:
            if len(parts) < 2:
                raise
            middle = len(parts) // 2
            return [*(yield from self._batch(parts[:middle])), *(yield from self._batch(parts[middle:]))]
        return read_batch(answer.response)

    def events(
        self,
        *,
        low: int | None = None,
        medium: int | None = None,
        timeout: int | None = None,
        trouble: Callable[[UcwaError], object] | None = None,
    ) -> Events[D_co]:
        """The application's events, in order, each once (UCWA: events).

        `low`, `medium`: seconds that events of low and medium priority are collected for; `timeout`: seconds after
        which an empty answer comes. `trouble`: called with each error that a poll is repeated after. Use it with
        `async for`, or with `for`. Only one at a time: a second one replaces the first.
        """
        return Events(self, {"low": low, "medium": medium, "timeout": timeout}, trouble)

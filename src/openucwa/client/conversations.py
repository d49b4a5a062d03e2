"""Taking part in meetings: invitations, conversations, participants and messages (UCWA: conversation)."""

import uuid

from openucwa.client.channel import Events
from openucwa.client.errors import InvalidAnswer, JoinFailed, NotFound
from openucwa.client.extensions import ExtensionState
from openucwa.client.opened import OpenApplication
from openucwa.client.operations import Bound, D_co, operation
from openucwa.client.resources import APPLICATION_RENEWED, Event, Resource
from openucwa.client.session import Answer, Body
from openucwa.client.steps import Steps


class Invitation(Bound[D_co]):
    """An invitation (UCWA: onlineMeetingInvitation, messagingInvitation, participantInvitation): a request to join a
    meeting, or to talk, of one's own or of someone else. `href`: None: the application is in the meeting already.

    `state`: Connecting (which includes waiting in the lobby), Connected, or how it failed.
    """

    def __init__(self, application: OpenApplication[D_co], href: str | None, conversation: str | None) -> None:
        super().__init__(application.session.driver)
        self.href = href
        self.state = "Connecting" if conversation is None else "Connected"
        self._application = application
        self._conversation = conversation

    @operation
    def read(self) -> Steps["Invitation[D_co]"]:
        """Reads the state again (UCWA: onlineMeetingInvitation, GET)."""
        if self.href is not None:
            resource = (yield from self._application.session.send("GET", self.href)).resource
            self._take(resource)
        return self

    def _take(self, resource: Resource) -> None:
        self.state = resource.text("state")
        self._conversation = resource.find_link("conversation") or self._conversation

    @property
    def conversation(self) -> "Conversation[D_co]":
        """The conversation. InvalidAnswer: it is not known yet; `read` the invitation, or wait until it is
        `concluded`.
        """
        if self._conversation is None:
            raise InvalidAnswer("the conversation is not known yet")
        return Conversation(self._application, self._conversation)

    @operation
    def concluded(self, events: Events[D_co]) -> Steps["Conversation[D_co]"]:
        """Waits until the participant is in the meeting; in the lobby that takes until a leader decides.

        `events`: the application's; what has been taken from it before is not seen, and all events stay in it.
        JoinFailed: not admitted.
        """
        yield from Invitation.read.steps(self)
        seen: list[Event] = []
        try:
            while self.state != "Connected":
                event = yield from events.next_event()
                seen.append(event)
                if event.type == APPLICATION_RENEWED:
                    raise JoinFailed(None)
                if event.href == self.href:
                    if event.resource is not None:
                        self._take(event.resource)
                    if event.type == "completed" and event.status != "Success":
                        raise JoinFailed(event.reason)
        finally:
            events.put_back(seen)
        return self.conversation

    @operation
    def accept(self) -> Steps[None]:
        """Accepts an invitation that came in; then it is `concluded` (UCWA: accept)."""
        yield from self._answer("accept")

    @operation
    def decline(self) -> Steps[None]:
        """Declines an invitation that came in (UCWA: decline)."""
        yield from self._answer("decline")

    @operation
    def cancel(self) -> Steps[None]:
        """Takes back an invitation of one's own (UCWA: cancel)."""
        yield from self._answer("cancel")

    def _answer(self, rel: str) -> Steps[None]:
        if self.href is None:
            raise InvalidAnswer(f"the invitation has no link {rel}")
        resource = (yield from self._application.session.send("GET", self.href)).resource
        yield from self._application.session.send("POST", resource.link(rel))


class Conversation(Bound[D_co]):
    """The application's participation in a meeting. `href`: of the resource `conversation`."""

    def __init__(self, application: OpenApplication[D_co], href: str) -> None:
        super().__init__(application.session.driver)
        self.href = href
        self._application = application

    def _send(
        self, method: str, href: str, body: Body | None = None, *, repeatable: bool | None = None
    ) -> Steps[Answer]:
        return (yield from self._application.session.send(method, href, body, repeatable=repeatable))

    @operation
    def read(self) -> Steps[Resource]:
        """The resource (UCWA: conversation, GET); `state` is Conferenced, or InLobby. ConversationNotFound: it is
        over.
        """
        return (yield from self._send("GET", self.href)).resource

    def _follow(self, rel: str) -> Steps[Resource]:
        conversation = yield from Conversation.read.steps(self)
        return (yield from self._send("GET", conversation.link(rel))).resource

    @operation
    def meeting(self) -> Steps[Resource]:
        """The meeting as participants see it (UCWA: onlineMeeting)."""
        return (yield from self._follow("onlineMeeting"))

    @operation
    def extensions(self) -> Steps[list[ExtensionState]]:
        """The meeting's extensions that the participant may see; they cannot be changed from here."""
        meeting = yield from self._follow("onlineMeeting")
        return [ExtensionState.of(each) for each in meeting.embedded.get("onlineMeetingExtension", ())]

    @operation
    def participants(self) -> Steps[list["Participant[D_co]"]]:
        """The participants in the meeting, without those in the lobby (UCWA: participants)."""
        found = yield from self._follow("participants")
        return [
            Participant(self._application, each.href, each.title or "") for each in found.links.get("participant", ())
        ]

    @operation
    def lobby(self) -> Steps[list["Participant[D_co]"]]:
        """The participants waiting in the lobby; for leaders (UCWA: lobby)."""
        found = yield from self._follow("lobby")
        return [
            Participant(self._application, each.href, str(each.properties.get("name", "")))
            for each in found.embedded.get("participant", ())
        ]

    @operation
    def connect_messaging(self) -> Steps[Resource]:
        """Connects messaging, so that messages come as events (UCWA: addMessaging). Returns the resource
        `messaging`.
        """
        messaging = yield from self._follow("messaging")
        if (href := messaging.find_link("addMessaging")) is None:
            return messaging
        yield from self._send("POST", href, Body({"operationId": uuid.uuid4().hex}))
        return (yield from self._send("GET", messaging.href)).resource

    @operation
    def say(self, text: str, content_type: str = "text/plain") -> Steps[str]:
        """Sends a message to everybody whose messaging is connected, having connected one's own (UCWA: sendMessage).

        `content_type`: text/plain or text/html. Returns the message's href. If the answer is lost, it is not sent
        again.
        """
        messaging = yield from Conversation.connect_messaging.steps(self)
        body = Body(content=text.encode(), content_type=f"{content_type}; charset=utf-8")
        return (yield from self._send("POST", messaging.link("sendMessage"), body)).location

    @operation
    def invite(self, to: str) -> Steps[Invitation[D_co]]:
        """Invites a user (UCWA: addParticipant), which makes a meeting of a conversation of two. `to`: a SIP URI.

        Wait for the answer by `concluded`. If the answer to the request is lost, it is not sent again.
        """
        conversation = yield from Conversation.read.steps(self)
        body = Body({"to": to, "operationId": uuid.uuid4().hex})
        answer = yield from self._send("POST", conversation.link("addParticipant"), body)
        return Invitation(self._application, answer.location, None)

    @operation
    def leave(self) -> Steps[None]:
        """Leaves the meeting (UCWA: conversation, DELETE)."""
        try:
            yield from self._send("DELETE", self.href, repeatable=True)
        except NotFound as error:  # after an answer that was lost
            if error.attempts == 1:
                raise


class Participant(Bound[D_co]):
    """Somebody in a meeting or its lobby. `href`: of the resource `participant`; `name`: as displayed."""

    def __init__(self, application: OpenApplication[D_co], href: str, name: str) -> None:
        super().__init__(application.session.driver)
        self.href = href
        self.name = name
        self._application = application

    @operation
    def read(self) -> Steps[Resource]:
        """The resource (UCWA: participant, GET)."""
        return (yield from self._application.session.send("GET", self.href)).resource

    def _act(self, rel: str) -> Steps[None]:
        resource = yield from Participant.read.steps(self)
        yield from self._application.session.send("POST", resource.link(rel))

    @operation
    def admit(self) -> Steps[None]:
        """Lets them in from the lobby; for leaders."""
        yield from self._act("admit")

    @operation
    def reject(self) -> Steps[None]:
        """Does not let them in from the lobby; for leaders."""
        yield from self._act("reject")

    @operation
    def promote(self) -> Steps[None]:
        """Makes them a leader; for leaders."""
        yield from self._act("promote")

    @operation
    def demote(self) -> Steps[None]:
        """Makes them an attendee; for leaders."""
        yield from self._act("demote")

    @operation
    def eject(self) -> Steps[None]:
        """Removes them from the meeting; for leaders."""
        yield from self._act("eject")

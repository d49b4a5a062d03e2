"""Single notifications, with documents as one application sees them. Which of them an event results in is decided in
`events.py` and `two_party.py`.
"""

from collections.abc import Sequence

from openucwa.api.call import Context
from openucwa.channel.notification import Notification, Priority
from openucwa.model.conversation import Form, Invitation, InvitationState, Participant, Participation
from openucwa.model.event import Event
from openucwa.model.meeting import Meeting, meeting_uri
from openucwa.representation.document import Document, EventEntry, Link, Reason
from openucwa.resources.rendering.conversations import (
    ConversationRenderer,
    conversation_href,
    is_own,
    messaging_href,
    participant_href,
)
from openucwa.resources.rendering.invitations import invitation_document

#: Sentences for subcodes (UCWA: ErrorSubcode).
REASONS = {
    "Busy": "the user has too many conversations",
    "ConnectedElsewhere": "another application of the user accepted the invitation",
    "DestinationNotFound": "no such user",
    "DoNotDisturb": "the user does not want to be disturbed",
    "Ended": "the conversation has ended",
    "Ejected": "a leader removed the participant from the meeting",
    "Denied": "a leader did not admit the participant",
    "Declined": "the invitation was declined",
    "Canceled": "the invitation was cancelled",
    "Timeout": "the invitation was not answered in time",
    "TooManyParticipants": "the meeting is full",
    "Unreachable": "the user has no application that takes messages",
}


class Entries:
    """The notifications of one application, during one poll."""

    def __init__(self, call: Context, documents: ConversationRenderer) -> None:
        self._call = call
        self._documents = documents
        self._communication = f"{call.application}/communication"

    def of_communication(
        self,
        relation: str,
        rel: str,
        link: Link,
        embedded: Document | None = None,
        *,
        status: str | None = None,
        reason: Reason | None = None,
    ) -> Notification:
        """An event of communication."""
        entry = EventEntry(relation, rel, link, embedded=embedded, status=status, reason=reason)
        resource = link.href if relation not in {"started", "completed"} else None
        return Notification("communication", self._communication, entry, Priority.HIGH, resource=resource)

    def of_conversation(
        self,
        own: Participation,
        relation: str,
        rel: str,
        link: Link,
        embedded: Document | None = None,
        *,
        within: tuple[str, str] | None = None,
        status: str | None = None,
    ) -> Notification:
        """An event of one conversation."""
        entry = EventEntry(relation, rel, link, embedded=embedded, within=within, status=status)
        resource = f"{within[1] if within else ''} {link.href}"
        href = conversation_href(self._call, own.id)
        return Notification("conversation", href, entry, Priority.HIGH, resource=resource)

    def invited(self, invitation: Invitation, relation: str) -> Notification:
        """An invitation started or completed."""
        uri = meeting_uri(invitation.organizer, invitation.meeting_id)
        document = invitation_document(self._call, invitation, uri)
        status, reason = None, None
        if relation == "completed":
            status = "Success" if invitation.state == InvitationState.CONNECTED else "Failure"
            reason = shown(invitation.reason)
        link = Link(document.href)
        return self.of_communication(relation, invitation.kind, link, document, status=status, reason=reason)

    def participant(
        self, own: Participation, who: Participant, relation: str, within: str | None = None
    ) -> Notification:
        """`within`: the collection of the event; None: the participant itself, whose event has no `in`."""
        document = self._documents.participant(self._call, own, who)
        inside = None if within is None else (within, f"{conversation_href(self._call, own.id)}/{within}")
        embedded = document if relation != "deleted" and within in {None, "lobby"} else None
        rel = "participant" if within is not None else document.rel
        link = Link(document.href, title=who.name)
        return self.of_conversation(own, relation, rel, link, embedded, within=inside)

    def participant_messaging(self, own: Participation, who: Participant, relation: str) -> Notification:
        """Messaging of a participant was connected or disconnected."""
        document = self._documents.participant_messaging(self._call, own, who.uri, who.name)
        rel = "localParticipant" if own.form != Form.MEETING and who.uri == own.uri else "participant"
        within = (rel, participant_href(self._call, own.id, who.uri))
        embedded = document if relation == "added" else None
        return self.of_conversation(own, relation, "participantMessaging", Link(document.href), embedded, within=within)

    def messaging(self, own: Participation, meeting: Meeting | None = None) -> Notification:
        """The state of messaging. `meeting`: None, if it is a conversation of two users."""
        formats = self._call.session.application.communication.supported_message_formats
        document = self._documents.messaging(self._call, own, meeting, formats)
        return self.of_conversation(own, "updated", "messaging", Link(document.href), document)

    def typing(self, own: Participation, event: Event) -> Notification:
        """A participant started or stopped typing."""
        link = Link(participant_href(self._call, own.id, str(event.facts["uri"])), title=str(event.facts["name"]))
        within = ("typingParticipants", f"{messaging_href(self._call, own.id)}/typingParticipants")
        relation = "added" if event.facts["typing"] else "deleted"
        return self.of_conversation(own, relation, "participant", link, within=within)

    def message(self, own: Participation, event: Event) -> Notification:
        """A message; one's own without its text."""
        render = self._documents.sent_message if is_own(event, own) else self._documents.message
        document = render(self._call, own, event)
        return self.of_conversation(own, "completed", "message", Link(document.href), document, status="Success")

    def conversation(
        self, own: Participation, present: Sequence[Participant], relation: str, meeting: Meeting | None = None
    ) -> Notification:
        """A conversation, with the participants that it counts. `meeting`: as for `messaging`."""
        document = self._documents.conversation(self._call, own, present, meeting)
        return self.of_communication(relation, "conversation", Link(document.href), document)

    def deleted(self, conversation: str, reason: str | None) -> Notification:
        """The end of a conversation, given by its id."""
        link = Link(conversation_href(self._call, conversation))
        return self.of_communication("deleted", "conversation", link, reason=shown(reason))


def shown(reason: str | None) -> Reason | None:
    """The reason of an event; None: it needs none."""
    if reason is None:
        return None
    code = "RemoteFailure"
    if reason in {"Ended", "Ejected", "ConnectedElsewhere"}:
        code = "Informational"
    elif reason == "DestinationNotFound":
        code = "NotFound"
    return Reason(code=code, subcode=reason, message=REASONS[reason])

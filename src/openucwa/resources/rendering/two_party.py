"""The notifications of a conversation of two: what differs from a meeting, in the documented order (UCWA: Send an IM,
Receive an IM).
"""

from collections.abc import Iterator, Sequence

from openucwa.api.call import Context
from openucwa.channel.notification import Notification, Priority
from openucwa.model.conversation import Invitation, InvitationState, Participant, Participation
from openucwa.representation.document import Document, EventEntry, Link
from openucwa.resources.rendering.conversations import ConversationRenderer, conversation_href, unjoined_messaging
from openucwa.resources.rendering.entries import Entries
from openucwa.resources.rendering.invitations import invited_document, inviter_document, unjoined_conversation


class TwoPartyEvents:
    """The notifications of one application, during one poll."""

    def __init__(self, call: Context, documents: ConversationRenderer, entries: Entries) -> None:
        self._call = call
        self._documents = documents
        self._entries = entries

    def offered(
        self, invitation: Invitation, own: Participation | None, present: Sequence[Participant]
    ) -> Iterator[Notification]:
        """The application's user is invited. `own`: the conversation, if the application has accepted by now."""
        conversation = invitation.conversation or ""
        if own is not None:
            yield self._entries.conversation(own, present, "added")
        else:
            document = unjoined_conversation(self._call, conversation, invitation)
            yield self._entries.of_communication("added", "conversation", Link(document.href), document)
        yield self._person(conversation, invited_document(self._call, conversation, invitation), "added")
        yield self._person(conversation, inviter_document(self._call, conversation, invitation), "added")

    def connected(
        self, own: Participation, present: Sequence[Participant], invitation: Invitation
    ) -> Iterator[Notification]:
        """The invited user has accepted."""
        yield self._entries.conversation(own, present, "updated")
        others = [each for each in present if each.uri != own.uri]
        for each in others:
            # The invited user saw the inviter when the invitation came.
            yield self._entries.participant(own, each, "added" if invitation.outgoing else "updated")
        for each in (*others, *(each for each in present if each.uri == own.uri)):
            yield self._entries.participant_messaging(own, each, "added")
        yield self._entries.messaging(own)
        yield self._entries.invited(invitation, "completed")

    def left(self, own: Participation, who: Participant) -> Iterator[Notification]:
        """The other one has left, which ends the conversation."""
        yield self._entries.participant(own, who, "deleted")
        yield self.disconnected(own.id)
        yield self._entries.deleted(own.id, "Ended")

    def disconnected(self, conversation: str) -> Notification:
        """Messaging of a conversation that has ended."""
        document = unjoined_messaging(self._call, conversation, InvitationState.CANCELLED)
        return self._of_conversation(conversation, EventEntry("updated", "messaging", Link(document.href), document))

    def _person(self, conversation: str, document: Document, relation: str) -> Notification:
        link = Link(document.href, title=str(document.properties["name"]))
        return self._of_conversation(conversation, EventEntry(relation, document.rel, link, document))

    def _of_conversation(self, conversation: str, entry: EventEntry) -> Notification:
        href = conversation_href(self._call, conversation)
        return Notification("conversation", href, entry, Priority.HIGH, resource=f" {entry.link.href}")

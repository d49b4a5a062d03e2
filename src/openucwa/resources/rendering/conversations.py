"""Documents of a live meeting as one of its participants sees them; for resources and events."""

from collections.abc import Sequence
from urllib.parse import quote, quote_plus

import msgspec

from openucwa.api.call import Context
from openucwa.meetings.admission import leads, sees_organizer_data
from openucwa.model.conversation import (
    Invitation,
    InvitationKind,
    InvitationState,
    MessagingState,
    Participant,
    Participation,
    Role,
)
from openucwa.model.event import Event
from openucwa.model.meeting import Extension, ExtensionType, Meeting
from openucwa.model.names import is_anonymous_address
from openucwa.model.user import User
from openucwa.model.values import Instant
from openucwa.representation.document import Document, Link, Property, SharedProperties
from openucwa.resources.my_online_meetings import MeetingDocuments
from openucwa.resources.online_meeting_extensions import EXTENSION_REL, collection_href, extension_document
from openucwa.resources.people import contact_href


def conversation_href(call: Context, conversation: str) -> str:
    """The href of one of the application's conversations."""
    return f"{call.application}/communication/conversations/{conversation}"


def invitation_href(call: Context, invitation: str) -> str:
    """The href of one of the application's invitations."""
    return f"{call.application}/communication/invitations/{invitation}"


def participant_href(call: Context, conversation: str, uri: str) -> str:
    """The href of a participant; it ends in the SIP address."""
    return f"{conversation_href(call, conversation)}/participants/{quote(uri.removeprefix('sip:'), safe='@')}"


def messaging_href(call: Context, conversation: str) -> str:
    """The href of a conversation's messaging."""
    return f"{conversation_href(call, conversation)}/messaging"


def is_own(message: Event, own: Participation) -> bool:
    """Whether the message was sent from this conversation."""
    return message.facts["conversation"] == own.id


def may_see(participation: Participation, extension: Extension) -> bool:
    """Whether this participant may see the extension: participant data yes, all else only as the organizer."""
    return extension.type == ExtensionType.ROAMED_PARTICIPANT_DATA or sees_organizer_data(participation)


class ConversationRenderer:
    """Renders conversations and their resources for the application that has the conversation."""

    def __init__(self, meetings: MeetingDocuments) -> None:
        self._meetings = meetings
        self._last: tuple[Meeting, User | None, str, SharedProperties] | None = None

    def conversation(self, call: Context, own: Participation, present: Sequence[Participant]) -> Document:
        """UCWA: conversation. In the lobby it has hardly any content, and nothing of the meeting."""
        href = conversation_href(call, own.id)
        connected = own.messaging == MessagingState.CONNECTED
        offered = ["localParticipant"]
        if not own.in_lobby:
            offered += ["attendees", "leaders", "messaging", "onlineMeeting", "participants"]
            offered += [] if own.anonymous else ["addParticipant"]
        if leads(own):
            offered.append("lobby")
        links = {name: Link(f"{href}/{name}") for name in sorted(offered)}
        links["localParticipant"] = Link(participant_href(call, own.id, own.uri), title=own.name)
        return Document(
            rel="conversation",
            href=href,
            properties={
                "activeModalities": ["Messaging"] if connected else [],
                "audienceMessaging": "Enabled",
                "created": Instant(own.joined),
                "importance": own.importance,
                "participantCount": sum(not each.in_lobby for each in present) if not own.in_lobby else 0,
                "readLocally": True,
                "recording": False,
                "state": "InLobby" if own.in_lobby else "Conferenced",
                "subject": own.subject,
                "threadId": own.thread_id,
            },
            links=links,
        )

    def unjoined_conversation(self, call: Context, conversation: str, invitation: Invitation) -> Document:
        """UCWA: conversation that has not begun or is over: offered by an invitation, or ended."""
        offered = not invitation.outgoing and invitation.state == InvitationState.CONNECTING
        return Document(
            rel="conversation",
            href=conversation_href(call, conversation),
            properties={
                "activeModalities": [],
                "importance": invitation.importance,
                "participantCount": 0,
                "state": "Incoming" if offered else "Disconnected",
                "subject": invitation.subject,
                "threadId": invitation.thread_id,
            },
        )

    def online_meeting(
        self,
        call: Context,
        own: Participation,
        meeting: Meeting,
        extensions: Sequence[Extension],
        organizer: User | None,
    ) -> Document:
        """UCWA: onlineMeeting, with the extensions that this participant may see."""
        conversation = conversation_href(call, own.id)
        href = f"{conversation}/onlineMeeting"
        collection = collection_href(href)
        visible = [each for each in extensions if may_see(own, each)]
        return Document(
            rel="onlineMeeting",
            href=href,
            properties=self._online_meeting_properties(call, meeting, organizer),
            links={
                "conversation": Link(conversation),
                "organizer": Link(f"{href}/organizer"),
                "onlineMeetingExtensions": Link(collection),
            },
            embedded={EXTENSION_REL: [extension_document(each, collection, writable=False) for each in visible]},
        )

    def _online_meeting_properties(self, call: Context, meeting: Meeting, organizer: User | None) -> SharedProperties:
        """The same object for all who are told of one change: caches give them the same meeting and organizer."""
        last = self._last
        if last is not None and last[0] is meeting and last[1] is organizer and last[2] == call.base:
            return last[3]
        shown = dict(self._meetings.document(call, meeting, ()).properties)
        del shown["legacyOnlineMeetingUri"]
        shown["largeMeeting"] = "Disabled"
        if organizer is not None:
            shown["organizerName"] = organizer.name
        shared = SharedProperties(dict(sorted(shown.items())))
        self._last = (meeting, organizer, call.base, shared)
        return shared

    def extensions(self, call: Context, own: Participation, extensions: Sequence[Extension]) -> Document:
        """UCWA: onlineMeetingExtensions, as a participant sees it: participant data only; read-only."""
        collection = collection_href(f"{conversation_href(call, own.id)}/onlineMeeting")
        visible = [each for each in extensions if may_see(own, each)]
        return Document(
            rel="onlineMeetingExtensions",
            href=collection,
            embedded={EXTENSION_REL: [extension_document(each, collection, writable=False) for each in visible]},
        )

    def extension(self, call: Context, own: Participation, extension: Extension) -> Document:
        """UCWA: onlineMeetingExtension, below the participant's onlineMeeting."""
        collection = collection_href(f"{conversation_href(call, own.id)}/onlineMeeting")
        return extension_document(extension, collection, writable=False)

    def participant(self, call: Context, own: Participation, who: Participant) -> Document:
        """UCWA: participant; localParticipant where it is the caller."""
        local = who.uri == own.uri
        href = participant_href(call, own.id, who.uri)
        links: dict[str, Link] = {}
        if leads(own) and who.in_lobby:
            links["admit"] = Link(f"{href}/admit")
        if not who.anonymous:
            links["contact"] = Link(contact_href(call, who.uri), title=who.name)
        links["conversation"] = Link(conversation_href(call, own.id))
        if leads(own) and not who.in_lobby and not who.organizer and not local:
            if who.role == Role.LEADER:
                links["demote"] = Link(f"{href}/demote")
            links["eject"] = Link(f"{href}/eject")
        if local:
            links["me"] = Link(f"{call.application}/me")
        if who.messaging == MessagingState.CONNECTED:
            links["participantMessaging"] = Link(f"{href}/participantMessaging")
        if leads(own) and not who.in_lobby and who.role == Role.ATTENDEE:
            links["promote"] = Link(f"{href}/promote")
        if leads(own) and who.in_lobby:
            links["reject"] = Link(f"{href}/reject")
        return Document(
            rel="localParticipant" if local else "participant",
            href=href,
            properties={
                "anonymous": who.anonymous,
                "inLobby": who.in_lobby,
                "local": local,
                "name": who.name,
                "organizer": who.organizer,
                "role": who.role,
                "sourceNetwork": "Everyone" if who.anonymous else "SameEnterprise",
                "uri": who.uri,
            },
            links=links,
        )

    def participant_messaging(self, call: Context, own: Participation, uri: str, name: str) -> Document:
        """UCWA: participantMessaging."""
        participant = participant_href(call, own.id, uri)
        return Document(
            rel="participantMessaging",
            href=f"{participant}/participantMessaging",
            links={"participant": Link(participant, title=name)},
        )

    def messaging(self, call: Context, own: Participation, formats: Sequence[str]) -> Document:
        """UCWA: messaging. Until addMessaging that is all it links to."""
        href = messaging_href(call, own.id)
        conversation = Link(conversation_href(call, own.id))
        if own.messaging == MessagingState.DISCONNECTED:
            properties: dict[str, Property] = {"state": own.messaging}
            links = {"addMessaging": Link(f"{href}/addMessaging"), "conversation": conversation}
        else:
            properties = {"negotiatedMessageFormats": list(formats), "state": own.messaging}
            links = {
                "conversation": conversation,
                "sendMessage": Link(f"{href}/messages"),
                "setIsTyping": Link(f"{href}/typing"),
                "stopMessaging": Link(f"{href}/terminate"),
                "typingParticipants": Link(f"{href}/typingParticipants"),
            }
        return Document(rel="messaging", href=href, properties=properties, links=links)

    def sent_message(self, call: Context, own: Participation, event: Event) -> Document:
        """UCWA: message, in the sender's own event: without its text, because clients that reply to every text would
        reply to themselves.
        """
        whole = self.message(call, own, event)
        return msgspec.structs.replace(whole, links={"messaging": whole.links["messaging"]})

    def message(self, call: Context, own: Participation, event: Event) -> Document:
        """UCWA: message. `event`: its row in the log, whose number is its id."""
        facts = event.facts
        outgoing = is_own(event, own)
        messaging = messaging_href(call, own.id)
        properties: dict[str, Property] = {"direction": "Outgoing" if outgoing else "Incoming"}
        if outgoing and facts["operationId"] is not None:
            properties["operationId"] = str(facts["operationId"])
        properties |= {"status": "Succeeded", "timeStamp": Instant(event.at)}
        content = {
            "htmlMessage" if facts["contentType"] == "text/html" else "plainMessage": Link(
                f"data:{facts['contentType']};charset=utf-8,{quote_plus(str(facts['text']))}"
            )
        }
        links: dict[str, Link] = dict(content)
        uri = str(facts["uri"])
        if not outgoing and not facts["anonymous"]:
            links["contact"] = Link(contact_href(call, uri))
        links["messaging"] = Link(messaging)
        links["participant"] = Link(participant_href(call, own.id, uri), title=str(facts["name"]))
        return Document(rel="message", href=f"{messaging}/messages/{event.number}", properties=properties, links=links)

    def invitation(self, call: Context, invitation: Invitation, uri: str) -> Document:
        """UCWA: onlineMeetingInvitation, messagingInvitation, participantInvitation. `uri`: the onlineMeetingUri."""
        href = invitation_href(call, invitation.id)
        properties: dict[str, Property] = {}
        links: dict[str, Link] = {}
        if invitation.kind == InvitationKind.ONLINE_MEETING:
            if invitation.anonymous_display_name is not None:
                properties["anonymousDisplayName"] = invitation.anonymous_display_name
            properties["availableModalities"] = ["Messaging"]
        properties["direction"] = "Outgoing" if invitation.outgoing else "Incoming"
        properties["importance"] = invitation.importance
        if invitation.kind == InvitationKind.ONLINE_MEETING:
            properties["onlineMeetingUri"] = uri
        if invitation.operation_id is not None:
            properties["operationId"] = invitation.operation_id
        properties |= {
            "state": invitation.state,
            "subject": invitation.subject,
            "threadId": invitation.thread_id,
            "to": invitation.to_uri,
        }
        pending = invitation.state == InvitationState.CONNECTING
        conversation = invitation.conversation
        if not invitation.outgoing and not pending and invitation.state != InvitationState.CONNECTED:
            conversation = None  # it was offered, and no longer is
        if conversation is not None:
            links["from"] = Link(participant_href(call, conversation, invitation.from_uri), title=invitation.from_name)
        elif not is_anonymous_address(invitation.from_uri):
            links["from"] = Link(contact_href(call, invitation.from_uri), title=invitation.from_name)
        if pending and not invitation.outgoing:
            links["accept"] = Link(f"{href}/accept")
        if pending and invitation.outgoing and invitation.kind == InvitationKind.PARTICIPANT:
            links["cancel"] = Link(f"{href}/cancel")
        if conversation is not None:
            links["conversation"] = Link(conversation_href(call, conversation))
        if pending and not invitation.outgoing:
            links["decline"] = Link(f"{href}/decline")
        if conversation is not None and invitation.kind == InvitationKind.MESSAGING:
            links["messaging"] = Link(messaging_href(call, conversation))
        embedded = {}
        if conversation is not None and not invitation.outgoing:
            embedded["from"] = self.inviter(call, conversation, invitation)
        return Document(rel=invitation.kind, href=href, properties=properties, links=links, embedded=embedded)

    def inviter(self, call: Context, conversation: str, invitation: Invitation) -> Document:
        """UCWA: participant, as the recipient of an invitation sees its sender. `conversation`: its id here."""
        anonymous = is_anonymous_address(invitation.from_uri)
        links = {} if anonymous else {"contact": Link(contact_href(call, invitation.from_uri))}
        return Document(
            rel="participant",
            href=participant_href(call, conversation, invitation.from_uri),
            properties={
                "anonymous": anonymous,
                "inLobby": False,
                "local": False,
                "name": invitation.from_name,
                "organizer": invitation.from_uri == invitation.organizer,
                "role": Role.LEADER if invitation.by_leader else Role.ATTENDEE,
                "sourceNetwork": "Everyone" if anonymous else "SameEnterprise",
                "uri": invitation.from_uri,
            },
            links={**links, "conversation": Link(conversation_href(call, conversation))},
        )

"""Documents of conversations as one of their participants sees them; for resources and events."""

from collections.abc import Sequence
from urllib.parse import quote, quote_plus

import msgspec

from openucwa.api.call import Context
from openucwa.config import Config
from openucwa.meetings.admission import leads, may_send, sees_organizer_data
from openucwa.model.conversation import (
    FirstMessage,
    Form,
    InvitationKind,
    InvitationState,
    MessagingState,
    Participant,
    Participation,
    Role,
)
from openucwa.model.event import Event
from openucwa.model.meeting import Extension, ExtensionType, Meeting
from openucwa.model.user import User
from openucwa.model.values import Instant
from openucwa.representation.document import Document, Link, Property, SharedProperties
from openucwa.resources.my_online_meetings import MeetingDocuments
from openucwa.resources.online_meeting_extensions import EXTENSION_REL, collection_href, extension_document
from openucwa.resources.online_meetings import meetings_href
from openucwa.resources.people import contact_href
from openucwa.resources.rendering.photos import photo_href


def conversation_href(call: Context, conversation: str) -> str:
    """The href of one of the application's conversations."""
    return f"{call.application}/communication/conversations/{conversation}"


#: Where the invitations of each kind are, as captured.
_INVITATIONS = {
    InvitationKind.MESSAGING: "messagingInvitations",
    InvitationKind.ONLINE_MEETING: "onlineMeetingInvitations",
    InvitationKind.PARTICIPANT: "invitations",
}


def invitation_href(call: Context, invitation: str, kind: InvitationKind) -> str:
    """The href of one of the application's invitations."""
    return f"{call.application}/communication/{_INVITATIONS[kind]}/{invitation}"


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


def unjoined_messaging(call: Context, conversation: str, state: InvitationState) -> Document:
    """UCWA: messaging of a conversation that has not begun or is over. `state`: that of its invitation."""
    return Document(
        rel="messaging",
        href=messaging_href(call, conversation),
        properties={"state": "Connecting" if state == InvitationState.CONNECTING else "Disconnected"},
        links={"conversation": Link(conversation_href(call, conversation))},
    )


class ConversationRenderer:
    """Renders conversations and their resources for the application that has the conversation."""

    def __init__(self, meetings: MeetingDocuments, config: Config) -> None:
        self._meetings = meetings
        disclaimer = {"disclaimerBody": config.disclaimer_body, "disclaimerTitle": config.disclaimer_title}
        self._disclaimer: dict[str, Property] = {name: text for name, text in disclaimer.items() if text}
        self._dial_in = bool(config.dial_in_regions or config.dial_in_toll_number or config.dial_in_toll_free_numbers)
        self._last: tuple[Meeting, User | None, str, SharedProperties] | None = None

    def conversation(
        self, call: Context, own: Participation, present: Sequence[Participant], meeting: Meeting | None
    ) -> Document:
        """UCWA: conversation. In the lobby it has hardly any content, and nothing of the meeting.

        `meeting`: None, if it is one of two users.
        """
        href = conversation_href(call, own.id)
        connected = own.messaging == MessagingState.CONNECTED
        offered = ["localParticipant"]
        if not own.in_lobby:
            offered += ["messaging", "participants"]
        if own.form == Form.MEETING and not own.in_lobby:
            offered += ["attendees", "leaders", "onlineMeeting"]
        if own.admitted and not own.anonymous and own.ended is None:
            offered.append("addParticipant")
        if leads(own):
            offered.append("lobby")
        links = {name: Link(f"{href}/{name}") for name in offered}
        if leads(own) and meeting is not None:
            name = "disableAudienceMessaging" if meeting.audience_messaging else "enableAudienceMessaging"
            links[name] = Link(f"{messaging_href(call, own.id)}/{name}")
        links["localParticipant"] = Link(participant_href(call, own.id, own.uri), title=own.name)
        return Document(
            rel="conversation",
            href=href,
            properties={
                "activeModalities": ["Messaging"] if connected else [],
                "audienceMessaging": _audience_messaging(own, meeting),
                "created": Instant(own.joined),
                "importance": own.importance,
                "participantCount": sum(not each.in_lobby for each in present) if not own.in_lobby else 0,
                "readLocally": True,
                "recording": False,
                "state": _state(own),
                "subject": own.subject,
                "threadId": own.thread_id,
            },
            links=dict(sorted(links.items())),
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
        links = {"conversation": Link(conversation), "organizer": Link(f"{href}/organizer")}
        if self._dial_in and not own.anonymous:
            links["phoneDialInInformation"] = Link(f"{meetings_href(call)}/phoneDialInInformation")
        links["onlineMeetingExtensions"] = Link(collection)
        return Document(
            rel="onlineMeeting",
            href=href,
            properties=self._online_meeting_properties(call, meeting, organizer),
            links=links,
            embedded={EXTENSION_REL: [extension_document(each, collection, writable=False) for each in visible]},
        )

    def _online_meeting_properties(self, call: Context, meeting: Meeting, organizer: User | None) -> SharedProperties:
        """The same object for all who are notified of one change: caches give them the same meeting and organizer."""
        last = self._last
        if last is not None and last[0] is meeting and last[1] is organizer and last[2] == call.base:
            return last[3]
        shown = dict(self._meetings.document(call, meeting, ()).properties)
        del shown["legacyOnlineMeetingUri"]
        shown |= self._disclaimer
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
            links["contactPhoto"] = Link(photo_href(call, who.uri))
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
                "organizer": who.organizer and own.form == Form.MEETING,
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

    def messaging(self, call: Context, own: Participation, meeting: Meeting | None, formats: Sequence[str]) -> Document:
        """UCWA: messaging. Until addMessaging that is all it links to. `meeting`: as for `conversation`."""
        href = messaging_href(call, own.id)
        conversation = Link(conversation_href(call, own.id))
        if own.ended is not None:
            return unjoined_messaging(call, own.id, InvitationState.CANCELLED)
        if own.form == Form.CONNECTING:
            links = {"conversation": conversation, "stopMessaging": Link(f"{href}/terminate")}
            return Document(rel="messaging", href=href, properties={"state": "Connecting"}, links=links)
        if own.messaging == MessagingState.DISCONNECTED:
            properties: dict[str, Property] = {"state": own.messaging}
            links = {"addMessaging": Link(f"{href}/addMessaging"), "conversation": conversation}
        else:
            properties = {"negotiatedMessageFormats": list(formats), "state": own.messaging}
            links = {"conversation": conversation}
            if meeting is None or may_send(own, meeting):
                links |= {"sendMessage": Link(f"{href}/messages"), "setIsTyping": Link(f"{href}/typing")}
            links |= {
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
        links = message_content(FirstMessage(str(facts["contentType"]), str(facts["text"])))
        uri = str(facts["uri"])
        if not outgoing and not facts["anonymous"]:
            links["contact"] = Link(contact_href(call, uri))
        links["messaging"] = Link(messaging)
        links["participant"] = Link(participant_href(call, own.id, uri), title=str(facts["name"]))
        return Document(rel="message", href=f"{messaging}/messages/{event.number}", properties=properties, links=links)


def _audience_messaging(own: Participation, meeting: Meeting | None) -> str:
    """UCWA: AudienceMessaging. The lobby does not show it."""
    if own.in_lobby:
        return "Unknown"
    return "Enabled" if meeting is None or meeting.audience_messaging else "Disabled"


def _state(own: Participation) -> str:
    """UCWA: ConversationState."""
    if own.ended is not None:
        return "Disconnected"
    if own.in_lobby:
        return "InLobby"
    return {Form.MEETING: "Conferenced", Form.TWO_PARTY: "Connected", Form.CONNECTING: "Connecting"}[own.form]


def message_data(message: FirstMessage) -> Link:
    """The text of a message, as a data URI."""
    return Link(f"data:{message.content_type};charset=utf-8,{quote_plus(message.text)}")


def message_content(message: FirstMessage) -> dict[str, Link]:
    """The link of a message to its text."""
    return {"htmlMessage" if message.content_type == "text/html" else "plainMessage": message_data(message)}

"""The kinds of event of a live meeting or a conversation of two, and their facts.

The one place for writers (the stores) and readers (the resource `events`). Facts are the same for every reader; what a
reader may see of them is decided when they are read.
"""

from collections.abc import Sequence
from dataclasses import replace

from openucwa.model.conversation import (
    Invitation,
    MessagingState,
    Participant,
    Participation,
    Role,
    conversation_topic,
)
from openucwa.model.event import Event, NewEvent, application_topic

# To the meeting's topic
PARTICIPANT_JOINED = "participant joined"
PARTICIPANT_LEFT = "participant left"
LOBBY_JOINED = "lobby joined"
LOBBY_LEFT = "lobby left"
ROLE_CHANGED = "role changed"
MESSAGING_CHANGED = "messaging changed"
TYPING_CHANGED = "typing changed"
MESSAGE = "message"
EXTENSION_CHANGED = "extension changed"
MEETING_CHANGED = "meeting changed"
AUDIENCE_MESSAGING_CHANGED = "audience messaging changed"
CONVERSATION_ESCALATED = "conversation escalated"

# To an application's own topic
CONVERSATION_BEGUN = "conversation begun"
CONVERSATION_ADMITTED = "conversation admitted"
CONVERSATION_WAITING = "conversation waiting"
CONVERSATION_ENDED = "conversation ended"
MESSAGING_CONNECTED = "messaging connected"
MESSAGING_DISCONNECTED = "messaging disconnected"
ORGANIZER_DATA_CHANGED = "organizer data changed"
INVITATION_STARTED = "invitation started"
INVITATION_ENDED = "invitation ended"
INVITATION_REPLAYED = "invitation replayed"
ABOUT_INVITATIONS = frozenset({INVITATION_STARTED, INVITATION_ENDED, INVITATION_REPLAYED})


def participant(event: Event, *, in_lobby: bool) -> Participant:
    """The participant that an event of `about_participant` is about."""
    facts = event.facts
    return Participant(
        uri=str(facts["uri"]),
        name=str(facts["name"]),
        anonymous=bool(facts["anonymous"]),
        role=Role(str(facts["role"])),
        in_lobby=in_lobby,
        messaging=MessagingState(str(facts["messaging"])),
        organizer=bool(facts["organizer"]),
    )


def about_participant(organizer: str, meeting_id: str, kind: str, who: Participant) -> NewEvent:
    """PARTICIPANT_JOINED, PARTICIPANT_LEFT, LOBBY_JOINED, LOBBY_LEFT or MESSAGING_CHANGED: the participant after the
    change, or before it left.
    """
    facts = {
        "uri": who.uri,
        "name": who.name,
        "anonymous": who.anonymous,
        "role": who.role,
        "organizer": who.organizer,
        "messaging": who.messaging,
    }
    return NewEvent(conversation_topic(organizer, meeting_id), kind, facts)


def role_changed(organizer: str, meeting_id: str, who: Participant, was: Role) -> NewEvent:
    """A participant was promoted or demoted; `who` has the new role."""
    event = about_participant(organizer, meeting_id, ROLE_CHANGED, who)
    return NewEvent(event.topic, event.kind, {**event.facts, "was": was})


def typing_changed(participation: Participation, *, typing: bool) -> NewEvent:
    """A participant started or stopped typing."""
    facts = {"uri": participation.uri, "name": participation.name, "typing": typing}
    return NewEvent(participation.topic, TYPING_CHANGED, facts)


def message(participation: Participation, content_type: str, text: str, operation_id: str | None) -> NewEvent:
    """A participant sent a message. The event's number is the message's id."""
    facts = {
        "uri": participation.uri,
        "name": participation.name,
        "anonymous": participation.anonymous,
        "conversation": participation.id,
        "application": participation.application_id,
        "contentType": content_type,
        "text": text,
        "operationId": operation_id,
    }
    return NewEvent(participation.topic, MESSAGE, facts)


def extension_changed(organizer: str, meeting_id: str) -> NewEvent:
    """An extension that participants can see, before or after the change, was added, replaced or removed."""
    return NewEvent(conversation_topic(organizer, meeting_id), EXTENSION_CHANGED)


def meeting_changed(organizer: str, meeting_id: str) -> NewEvent:
    """The organizer's settings of the meeting were replaced."""
    return NewEvent(conversation_topic(organizer, meeting_id), MEETING_CHANGED)


def audience_messaging_changed(organizer: str, meeting_id: str) -> NewEvent:
    """A leader allowed attendees to send messages, or no longer does."""
    return NewEvent(conversation_topic(organizer, meeting_id), AUDIENCE_MESSAGING_CHANGED)


def conversation_escalated(participation: Participation) -> NewEvent:
    """A conversation of two has become a meeting; `participation` is that of the user who did it."""
    return NewEvent(participation.topic, CONVERSATION_ESCALATED, {"uri": participation.uri})


def about_conversation(participation: Participation, kind: str, reason: str | None = None) -> NewEvent:
    """CONVERSATION_BEGUN, CONVERSATION_WAITING, CONVERSATION_ADMITTED, CONVERSATION_ENDED, MESSAGING_CONNECTED,
    MESSAGING_DISCONNECTED, ORGANIZER_DATA_CHANGED.

    A conversation of two waits for the invited user, and is admitted on both sides when that one accepts.
    `reason`: why it ended, unless the application itself ended it. For CONVERSATION_BEGUN `participation.since` decides
    which participants are shown to the candidate.
    """
    facts = {
        "conversation": participation.id,
        "organizer": participation.organizer,
        "meeting": participation.meeting_id,
        "since": participation.since,
        "invitation": participation.invitation,
        "reason": reason,
        "form": participation.form,
    }
    return NewEvent(application_topic(participation.owner, participation.application_id), kind, facts)


def about_invitation(invitation: Invitation, kind: str) -> NewEvent:
    """INVITATION_STARTED, INVITATION_ENDED or INVITATION_REPLAYED."""
    facts = {
        "invitation": invitation.id,
        "kind": invitation.kind,
        "state": invitation.state,
        "reason": invitation.reason,
        "conversation": invitation.conversation,
    }
    return NewEvent(application_topic(invitation.owner, invitation.application_id), kind, facts)


def undone(present: Sequence[Participant], events: Sequence[Event]) -> list[Participant]:
    """The participants before `events` of the meeting's topic, given those after them."""
    there = {each.uri: each for each in present}
    for event in reversed(events):
        uri = str(event.facts.get("uri"))
        match event.kind:
            case "participant joined" | "lobby joined":
                there.pop(uri, None)
            case "participant left":
                there[uri] = participant(event, in_lobby=False)
            case "lobby left":
                there[uri] = participant(event, in_lobby=True)
            case "role changed" if uri in there:
                there[uri] = replace(there[uri], role=Role(str(event.facts["was"])))
            case "messaging changed" if uri in there:
                was = MessagingState.DISCONNECTED
                if event.facts["messaging"] == MessagingState.DISCONNECTED:
                    was = MessagingState.CONNECTED
                there[uri] = replace(there[uri], messaging=was)
    return list(there.values())

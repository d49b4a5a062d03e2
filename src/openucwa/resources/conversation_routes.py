"""The routes of a conversation: its meeting, participants and lobby. All others are in `app.py`."""

from collections.abc import Sequence
from typing import Any

from openucwa.api.resource import Resource
from openucwa.identity.rate import Rate
from openucwa.model.world import World
from openucwa.resources import conversations, participants
from openucwa.resources.rendering.contacts import ContactRenderer
from openucwa.resources.rendering.conversations import ConversationRenderer
from openucwa.store.contract import Store


def conversation_routes(
    conversation: str, inside: tuple[Store, ConversationRenderer, World, Rate], persons: ContactRenderer
) -> Sequence[tuple[str, Resource[Any]]]:
    """The resources of a conversation, apart from messaging.

    `conversation`: the template of a conversation. `inside`: the arguments that all of them take.
    """
    participant = f"{conversation}/participants/{{address}}"
    return (
        (conversation, conversations.Conversation(*inside)),
        (f"{conversation}/onlineMeeting", conversations.OnlineMeeting(*inside)),
        (f"{conversation}/onlineMeeting/organizer", conversations.Organizer(*inside, persons)),
        (f"{conversation}/onlineMeeting/onlineMeetingExtensions", conversations.ParticipantExtensions(*inside)),
        (
            f"{conversation}/onlineMeeting/onlineMeetingExtensions/{{extension_id}}",
            conversations.ParticipantExtension(*inside),
        ),
        (f"{conversation}/participants", participants.Participants(*inside)),
        (f"{conversation}/leaders", participants.Leaders(*inside)),
        (f"{conversation}/attendees", participants.Attendees(*inside)),
        (f"{conversation}/lobby", participants.Lobby(*inside)),
        (participant, participants.ParticipantResource(*inside)),
        (f"{participant}/participantMessaging", participants.ParticipantMessaging(*inside)),
        (f"{participant}/admit", participants.Admit(*inside)),
        (f"{participant}/reject", participants.Reject(*inside)),
        (f"{participant}/promote", participants.Promote(*inside)),
        (f"{participant}/demote", participants.Demote(*inside)),
        (f"{participant}/eject", participants.Eject(*inside)),
    )

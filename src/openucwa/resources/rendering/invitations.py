"""Documents of invitations, and of conversations that an application has not come into; for resources and events."""

from collections.abc import Sequence

from openucwa.api.call import Context
from openucwa.model.conversation import Invitation, InvitationKind, InvitationState, Role
from openucwa.model.names import is_anonymous_address
from openucwa.model.values import Instant
from openucwa.representation.document import Document, Link, Property
from openucwa.resources.people import contact_href
from openucwa.resources.rendering.conversations import (
    conversation_href,
    invitation_href,
    message_content,
    message_data,
    messaging_href,
    participant_href,
)

#: In a conversation of two the message that came with the invitation follows the event that the invited user joined.
FIRST_MESSAGE = 2


def invitation_document(call: Context, invitation: Invitation, uri: str) -> Document:
    """UCWA: onlineMeetingInvitation, messagingInvitation, participantInvitation. `uri`: the onlineMeetingUri."""
    href = invitation_href(call, invitation.id, invitation.kind)
    properties: dict[str, Property] = {}
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
    conversation = _offered_or_begun(invitation)
    embedded: dict[str, Document | Sequence[Document]] = {}
    connected = invitation.state == InvitationState.CONNECTED
    if connected and invitation.outgoing and invitation.to_user and conversation is not None:
        accepted = _person(call, conversation, invitation.to_uri, invitation.to_name, role=Role.ATTENDEE)
        embedded["acceptedByParticipant"] = [accepted]
    if not invitation.outgoing:
        embedded["from"] = inviter_document(call, conversation, invitation)
    if invitation.first_message is not None and not invitation.outgoing and conversation is not None:
        embedded["message"] = first_message_document(call, invitation)
    return Document(
        rel=invitation.kind,
        href=href,
        properties=properties,
        links=_links(call, invitation, href, conversation),
        embedded=embedded,
    )


def _links(call: Context, invitation: Invitation, href: str, conversation: str | None) -> dict[str, Link]:
    links: dict[str, Link] = {}
    pending = invitation.state == InvitationState.CONNECTING
    first = invitation.first_message
    if invitation.custom_content is not None:
        links["customContent"] = Link(invitation.custom_content)
    if first is not None:
        links["message"] = message_data(first)
    if conversation is not None:
        links["from"] = Link(participant_href(call, conversation, invitation.from_uri), title=invitation.from_name)
    elif not is_anonymous_address(invitation.from_uri):
        links["from"] = Link(contact_href(call, invitation.from_uri), title=invitation.from_name)
    if pending and not invitation.outgoing:
        links["accept"] = Link(f"{href}/accept")
    if invitation.to_user and not invitation.outgoing and _accepted(invitation):
        links["acceptedByContact"] = Link(contact_href(call, invitation.to_uri), title=invitation.to_name or None)
    if pending and invitation.outgoing and invitation.to_user:
        links["cancel"] = Link(f"{href}/cancel")
    if conversation is not None:
        links["conversation"] = Link(conversation_href(call, conversation))
    if pending and not invitation.outgoing:
        links["decline"] = Link(f"{href}/decline")
    if conversation is not None and invitation.kind == InvitationKind.MESSAGING:
        links["messaging"] = Link(messaging_href(call, conversation))
    if invitation.to_user:
        links["to"] = Link(contact_href(call, invitation.to_uri), title=invitation.to_name or None)
    return links


def first_message_document(call: Context, invitation: Invitation) -> Document:
    """UCWA: message, that came with an invitation to a conversation of two, as the invited user sees it."""
    conversation = invitation.conversation or ""
    messaging = messaging_href(call, conversation)
    first = invitation.first_message
    links = {} if first is None else message_content(first)
    links["contact"] = Link(contact_href(call, invitation.from_uri))
    links["messaging"] = Link(messaging)
    links["participant"] = Link(participant_href(call, conversation, invitation.from_uri), title=invitation.from_name)
    return Document(
        rel="message",
        href=f"{messaging}/messages/{FIRST_MESSAGE}",
        properties={"direction": "Incoming", "status": "Succeeded", "timeStamp": Instant(invitation.created)},
        links=links,
    )


def inviter_document(call: Context, conversation: str | None, invitation: Invitation) -> Document:
    """UCWA: participant, as the recipient of an invitation sees its sender. `conversation`: its id here; None:
    there is none any more, and the sender is a contact.
    """
    if conversation is None:
        return Document(
            rel="contact",
            href=contact_href(call, invitation.from_uri),
            properties={
                "name": invitation.from_name,
                "sourceNetwork": "SameEnterprise",
                "type": "User",
                "uri": invitation.from_uri,
            },
        )
    role = Role.LEADER if invitation.by_leader else Role.ATTENDEE
    organizer = invitation.from_uri == invitation.organizer and not invitation.two_party
    return _person(call, conversation, invitation.from_uri, invitation.from_name, role=role, organizer=organizer)


def invited_document(call: Context, conversation: str, invitation: Invitation) -> Document:
    """UCWA: localParticipant, of the recipient of an invitation to a conversation of two."""
    return _person(call, conversation, invitation.to_uri, invitation.to_name, role=Role.ATTENDEE, local=True)


def _person(
    call: Context,
    conversation: str,
    uri: str,
    name: str,
    *,
    role: Role,
    organizer: bool = False,
    local: bool = False,
) -> Document:
    """Somebody named in an invitation."""
    anonymous = is_anonymous_address(uri)
    links = {} if anonymous else {"contact": Link(contact_href(call, uri))}
    links["conversation"] = Link(conversation_href(call, conversation))
    if local:
        links["me"] = Link(f"{call.application}/me")
    return Document(
        rel="localParticipant" if local else "participant",
        href=participant_href(call, conversation, uri),
        properties={
            "anonymous": anonymous,
            "inLobby": False,
            "local": local,
            "name": name,
            "organizer": organizer,
            "role": role,
            "sourceNetwork": "Everyone" if anonymous else "SameEnterprise",
            "uri": uri,
        },
        links=links,
    )


def unjoined_conversation(call: Context, conversation: str, invitation: Invitation) -> Document:
    """UCWA: conversation that has not begun or is over: offered by an invitation, or ended."""
    offered = not invitation.outgoing and invitation.state == InvitationState.CONNECTING
    href = conversation_href(call, conversation)
    properties: dict[str, Property] = {
        "activeModalities": [],
        "importance": invitation.importance,
        "participantCount": 0,
        "state": "Incoming" if offered else "Disconnected",
        "subject": invitation.subject,
        "threadId": invitation.thread_id,
    }
    links: dict[str, Link] = {}
    if invitation.two_party and offered:
        properties |= {
            "activeModalities": ["Messaging"],
            "audienceMessaging": "Enabled",
            "created": Instant(invitation.created),
            "readLocally": False,
            "recording": False,
        }
        invited = participant_href(call, conversation, invitation.to_uri)
        links["localParticipant"] = Link(invited, title=invitation.to_name)
        links["messaging"] = Link(messaging_href(call, conversation))
    return Document(rel="conversation", href=href, properties=dict(sorted(properties.items())), links=links)


def _offered_or_begun(invitation: Invitation) -> str | None:
    """The conversation of an invitation; None: it was offered, and no longer is."""
    over = invitation.state not in {InvitationState.CONNECTING, InvitationState.CONNECTED}
    return None if over and not invitation.outgoing else invitation.conversation


def _accepted(invitation: Invitation) -> bool:
    """Whether the recipient accepted an incoming invitation, here or elsewhere."""
    return invitation.state == InvitationState.CONNECTED or invitation.reason == "ConnectedElsewhere"

"""What the suite stores: records that differ only in what a test says."""

from dataclasses import replace
from typing import Any

from openucwa.model.application import Application, Communication
from openucwa.model.conversation import (
    Form,
    Invitation,
    InvitationKind,
    InvitationState,
    MessagingState,
    Participation,
    Role,
    conversation_topic,
)
from openucwa.model.conversation_events import EXTENSION_CHANGED, MEETING_CHANGED, ORGANIZER_DATA_CHANGED
from openucwa.model.event import NewEvent, application_topic
from openucwa.model.meeting import Extension, ExtensionType, Meeting, MeetingRel, MeetingSettings
from openucwa.model.photo import Picture
from openucwa.model.user import User
from openucwa.model.webhook import Delivery, DeliveryState, Secret, Webhook, WebhookState
from openucwa.store.contract import Store
from tests.users import LENE

DAN = "sip:dan@contoso.com"
MEETING = "ABCD1234"
AT = 1_700_000_000_000
MANY = 1_000

SETTINGS = MeetingSettings(
    access_level="Invited",
    attendees=("sip:a@contoso.com", "sip:b@contoso.com"),
    automatic_leader_assignment="Disabled",
    description="what it is about: ünïcödé, \"quotes\", 'quotes', \\, \n, \U0001f600",
    entry_exit_announcement="Enabled",
    expiration_time=AT + 1,
    leaders=("sip:c@contoso.com",),
    lobby_bypass_for_phone_users="Disabled",
    phone_user_admission="Enabled",
    subject="a subject",
)
OTHER_SETTINGS = MeetingSettings("Everyone", (), "Everyone", "", "Disabled", None, (), "Enabled", "Disabled", "another")

COMMUNICATION = Communication(
    etag="1",
    supported_modalities=("Messaging",),
    supported_message_formats=("Plain", "Html"),
    audio_preference="PhoneAudio",
    conversation_history="Enabled",
    lis_location="here",
    lis_query_result="Succeeded",
    phone_number="tel:+1",
    publish_endpoint_location=True,
    simultaneous_ring_number_match="Enabled",
    video_based_screen_sharing="Enabled",
)

EVENT = NewEvent("conversation/1", "updated", {"what": "onlineMeeting", "numbers": [1, 2.5, None, True]})


#: Of no password that is known.
HASH = "$argon2id$v=19$m=65536,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"


def user(uri: str = LENE, **changes: Any) -> User:
    return replace(User(uri, "Lene Aaling", "lenea@mail.contoso.com", "east", HASH), **changes)


def application(application_id: str = "101", endpoint: str = "endpoint", **changes: Any) -> Application:
    draft = Application(LENE, application_id, endpoint, "en-US", "agent", "Browser", AT, Communication("1"), etag="7")
    return replace(draft, **changes)


def meeting(meeting_id: str = MEETING, **changes: Any) -> Meeting:
    rel = MeetingRel.MY_ONLINE_MEETINGS
    made = Meeting(LENE, meeting_id, rel, "1", f"conference {meeting_id}", "a uuid", AT, SETTINGS)
    return replace(made, **changes)


def assigned(**changes: Any) -> Meeting:
    return replace(meeting("ASSIGNED"), rel=MeetingRel.MY_ASSIGNED_ONLINE_MEETING, **changes)


def extension(extension_id: str = "slides", **changes: Any) -> Extension:
    made = Extension(extension_id, ExtensionType.ROAMED_PARTICIPANT_DATA, "1", '{"page":1,"ü":"\U0001f600"}'.encode())
    return replace(made, **changes)


async def with_meeting(store: Store, *extension_ids: str, meeting_id: str = MEETING, organizer: str = LENE) -> None:
    """Stores a meeting with these extensions."""
    conference_id = f"conference {organizer} {meeting_id}"
    await store.meetings.add(meeting(meeting_id, organizer=organizer, conference_id=conference_id), MANY)
    for extension_id in extension_ids:
        await store.extensions.add(organizer, meeting_id, extension(extension_id), MANY, AT)


def participation(owner: str = LENE) -> Participation:
    """The part that application 101 of `owner` takes in Lene's meeting."""
    return Participation(
        organizer=LENE,
        meeting_id=MEETING,
        id=f"conversation of {owner}",
        owner=owner,
        application_id="101",
        uri=owner,
        name="Somebody",
        anonymous=False,
        role=Role.LEADER,
        in_lobby=False,
        messaging=MessagingState.DISCONNECTED,
        joined=AT,
        since=0,
        invitation="1",
        thread_id=f"thread of {owner}",
        subject="a subject",
        importance="Normal",
    )


def invitation(owner: str = LENE) -> Invitation:
    """What `participation` begins with."""
    part = participation(owner)
    return Invitation(
        owner=owner,
        application_id="101",
        id=part.invitation,
        kind=InvitationKind.ONLINE_MEETING,
        outgoing=True,
        state=InvitationState.CONNECTING,
        organizer=LENE,
        meeting_id=MEETING,
        conversation=part.id,
        operation_id="1",
        thread_id=part.thread_id,
        subject=part.subject,
        importance=part.importance,
        from_uri=owner,
        from_name=part.name,
        to_uri=LENE,
    )


def calling(owner: str, number: str, application: str = "101") -> tuple[Participation, Invitation]:
    """What Lene, who invites, or somebody asked has of a conversation of two."""
    draft = replace(
        participation(owner),
        meeting_id=f"two {number}",
        id=f"{owner} {application} {number}",
        application_id=application,
        form=Form.CONNECTING if owner == LENE else Form.TWO_PARTY,
    )
    message = {"message_type": "text/plain", "message_text": "hello"}
    asked = replace(
        invitation(owner),
        id=draft.id,
        kind=InvitationKind.MESSAGING,
        application_id=application,
        meeting_id=draft.meeting_id,
        conversation=draft.id,
        outgoing=owner == LENE,
        operation_id=number if owner == LENE else None,
        to_uri=DAN,
        expires=AT,
        **message,
    )
    return replace(draft, invitation=asked.id), asked


async def with_participants(store: Store, *extension_ids: str) -> None:
    """Stores a meeting with these extensions, in which its organizer and another user take part."""
    await with_meeting(store, *extension_ids)
    for owner in (LENE, DAN):
        await store.applications.open(application(owner=owner), None, AT, MANY)
        await store.conversations.join(participation(owner), invitation(owner), "1", MANY, AT)


async def event_kinds(store: Store) -> list[str]:
    """The kinds of event by which those who take part in the meeting were told of changes of it and its extensions:
    first all of them, then the organizer alone."""
    topics = (conversation_topic(LENE, MEETING), application_topic(LENE, "101"))
    changes = {EXTENSION_CHANGED, MEETING_CHANGED, ORGANIZER_DATA_CHANGED}
    return [
        event.kind for topic in topics for event in await store.events.after({topic: 0}, MANY) if event.kind in changes
    ]


async def logged(store: Store, topic: str = EVENT.topic) -> list[int]:
    """The numbers of the events of `topic`."""
    return [event.number for event in await store.events.after({topic: 0}, MANY)]


def picture(size: int = 48, data: bytes = b"\xff\xd8 a picture") -> Picture:
    return Picture(size=size, media_type="image/jpeg", etag=f"{size}", data=data)


def webhook(webhook_id: str = "1", **more: Any) -> Webhook:
    sample = Webhook(
        owner=LENE,
        id=webhook_id,
        url="https://crm.contoso.com/hook",
        description="CRM",
        kinds=("meeting.added",),
        filter="",
        secrets=(Secret("whsec_1"), Secret("whsec_0", AT)),
        state=WebhookState.ACTIVE,
        reason="",
        etag="1",
        created=AT,
        changed=AT,
    )
    return replace(sample, **more)


def delivery(message: str, meeting_id: str = "A", **more: Any) -> Delivery:
    sample = Delivery(
        webhook="1",
        number=0,
        id=message,
        type="meeting.added",
        organizer=LENE,
        meeting_id=meeting_id,
        at=AT,
        state=DeliveryState.PENDING,
        next_at=AT,
        first_at=0,
        tried=0,
        attempts=(),
        body=b'{"n":1}',
    )
    return replace(sample, **more)

"""What the suite stores: records that differ only in what a test says."""

from dataclasses import replace

from openucwa.model.application import Application, Communication
from openucwa.model.event import NewEvent
from openucwa.model.meeting import Extension, ExtensionType, Meeting, MeetingRel, MeetingSettings
from openucwa.model.user import User
from openucwa.store.contract import Store

LENE = "sip:lenea@contoso.com"
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


def user(uri: str = LENE, **changes: object) -> User:
    return replace(User(uri, "Lene Aaling", "lenea@mail.contoso.com", "east", "$argon2id$hash"), **changes)


def application(application_id: str = "101", endpoint: str = "endpoint", **changes: object) -> Application:
    draft = Application(LENE, application_id, endpoint, "en-US", "agent", "Browser", AT, Communication("1"), etag="7")
    return replace(draft, **changes)


def meeting(meeting_id: str = MEETING, **changes: object) -> Meeting:
    rel = MeetingRel.MY_ONLINE_MEETINGS
    made = Meeting(LENE, meeting_id, rel, "1", f"conference {meeting_id}", "a uuid", AT, SETTINGS)
    return replace(made, **changes)


def assigned(**changes: object) -> Meeting:
    return replace(meeting("ASSIGNED"), rel=MeetingRel.MY_ASSIGNED_ONLINE_MEETING, **changes)


def extension(extension_id: str = "slides", **changes: object) -> Extension:
    made = Extension(extension_id, ExtensionType.ROAMED_PARTICIPANT_DATA, "1", '{"page":1,"ü":"\U0001f600"}'.encode())
    return replace(made, **changes)


async def with_meeting(store: Store, *extension_ids: str, meeting_id: str = MEETING, organizer: str = LENE) -> None:
    """Stores a meeting with these extensions."""
    conference_id = f"conference {organizer} {meeting_id}"
    await store.add_meeting(meeting(meeting_id, organizer=organizer, conference_id=conference_id), MANY)
    for extension_id in extension_ids:
        await store.add_extension(organizer, meeting_id, extension(extension_id), MANY, AT)


async def logged(store: Store, topic: str = EVENT.topic) -> list[int]:
    """The numbers of the events of `topic`."""
    return [event.number for event in await store.events_after({topic: 0}, MANY)]

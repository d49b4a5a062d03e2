"""The properties of a meeting as UCWA names them."""

from urllib.parse import quote

from openucwa.model.meeting import Meeting
from openucwa.model.values import Instant
from openucwa.representation.document import Property

#: The template of the server's own join page. It has the whole address, from which the page knows which meeting it is
#: for.
JOIN_PATH = "/meet/{user}@{domain}/{id}"


def join_url(meeting: Meeting, template: str | None, base: str) -> str:
    """The URL of the meeting for people. `template`: the setting `join_url`; None: below `base`."""
    user, _, domain = meeting.organizer.removeprefix("sip:").partition("@")
    names = {"domain": domain, "user": quote(user, safe=""), "id": meeting.id}
    return base + JOIN_PATH.format(**names) if template is None else template.format(**names)


def meeting_properties(meeting: Meeting, join: str) -> dict[str, Property]:
    """UCWA: myOnlineMeeting, Properties. `join`: its joinUrl."""
    settings = meeting.settings
    properties: dict[str, Property] = {
        "accessLevel": settings.access_level,
        "attendees": settings.attendees,
        "automaticLeaderAssignment": settings.automatic_leader_assignment,
        "conferenceId": meeting.conference_id,
        "description": settings.description,
        "entryExitAnnouncement": settings.entry_exit_announcement,
    }
    if settings.expiration_time is not None:
        properties["expirationTime"] = Instant(settings.expiration_time)
    return properties | {
        "joinUrl": join,
        "leaders": settings.leaders,
        "legacyOnlineMeetingUri": f"conf:{meeting.uri}?conversation-id={meeting.conversation_id}",
        "lobbyBypassForPhoneUsers": settings.lobby_bypass_for_phone_users,
        "onlineMeetingId": meeting.id,
        "onlineMeetingRel": meeting.rel,
        "onlineMeetingUri": meeting.uri,
        "organizerUri": meeting.organizer,
        "phoneUserAdmission": settings.phone_user_admission,
        "subject": settings.subject,
    }

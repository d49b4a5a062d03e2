"""What a meeting is: its documented input, its defaults, what is eligible, and its identifiers."""

from collections.abc import Mapping, Sequence
from typing import Any

from openucwa.config import Config
from openucwa.meetings.enterprise import Enterprise
from openucwa.model.meeting import Meeting, MeetingRel, MeetingSettings
from openucwa.model.refusals import ParameterValidationFailure
from openucwa.model.values import Instant
from openucwa.model.world import World, new_digits, new_etag, new_meeting_id, new_uuid
from openucwa.representation.parameters import Parameter

#: UCWA: myOnlineMeeting, subject.
MAX_SUBJECT = 250
CONFERENCE_ID_DIGITS = 10

_YEAR = 365 * 86_400_000
#: How far expirationTime may lie behind and ahead, in ms; leap days are given to the client.
_PAST = _YEAR + 86_400_000
_FUTURE = 10 * _YEAR + 3 * 86_400_000


#: UCWA: myOnlineMeetings, POST, Request body; the same for a PUT of myOnlineMeeting.
PARAMETERS: Sequence[Parameter] = (
    Parameter("accessLevel", choices=("Everyone", "Invited", "Locked", "None", "SameEnterprise")),
    Parameter("attendees", kind="sip", many=True),
    Parameter("automaticLeaderAssignment", choices=("Disabled", "Everyone", "SameEnterprise")),
    Parameter("description"),
    Parameter("entryExitAnnouncement", choices=("Disabled", "Enabled", "Unsupported")),
    Parameter("expirationTime", kind="datetime"),
    Parameter("leaders", kind="sip", many=True),
    Parameter("lobbyBypassForPhoneUsers", choices=("Disabled", "Enabled")),
    Parameter("phoneUserAdmission", choices=("Disabled", "Enabled")),
    Parameter("subject", max_length=MAX_SUBJECT),
)


class MeetingRules:
    """The rules of one server: its settings say what is eligible and what is the default."""

    def __init__(self, config: Config, world: World) -> None:
        self._config = config
        self._world = world
        self._enterprise = Enterprise(config.enterprise_domains)
        self._eligible = {
            "accessLevel": config.access_levels,
            "automaticLeaderAssignment": config.automatic_leader_assignments,
            "entryExitAnnouncement": config.entry_exit_announcements,
            "lobbyBypassForPhoneUsers": config.lobby_bypass_for_phone_users,
        }

    def settings(self, values: Mapping[str, Any], organizer: str) -> MeetingSettings:
        """The settings that a POST or PUT of `organizer` with these values makes: what is left out takes the default.

        ParameterValidationFailure: a value is not eligible on this server, or over a limit of its settings, or a leader
        is of another enterprise.
        """
        config = self._config
        now = self._world.now()
        expiration: Instant = values.get("expirationTime") or Instant(now + config.meeting_lifetime * 1000)
        self._check(values, organizer, expiration, now)
        return MeetingSettings(
            access_level=values.get("accessLevel", config.default_access_level),
            attendees=tuple(values.get("attendees", ())),
            automatic_leader_assignment=values.get(
                "automaticLeaderAssignment", config.default_automatic_leader_assignment
            ),
            description=values.get("description", ""),
            entry_exit_announcement=values.get("entryExitAnnouncement", config.default_entry_exit_announcement),
            expiration_time=expiration.ms,
            leaders=tuple(values.get("leaders", ())),
            lobby_bypass_for_phone_users=values.get(
                "lobbyBypassForPhoneUsers", config.default_lobby_bypass_for_phone_users
            ),
            phone_user_admission=values.get("phoneUserAdmission", config.default_phone_user_admission),
            subject=values.get("subject", ""),
        )

    def _check(self, values: Mapping[str, Any], organizer: str, expiration: Instant, now: int) -> None:
        wrong = {
            name: f"is not allowed on this server; allowed: {', '.join(eligible)}"
            for name, eligible in self._eligible.items()
            if name in values and values[name] not in eligible
        }
        if not now - _PAST <= expiration.ms <= now + _FUTURE:
            wrong["expirationTime"] = "must be at most one year in the past and ten years in the future"
        if len(values.get("description", "")) > self._config.max_description:
            wrong["description"] = f"has more than {self._config.max_description} characters"
        for name in ("attendees", "leaders"):
            if len(values.get(name, ())) > self._config.max_attendees:
                wrong[name] = f"has more than {self._config.max_attendees} entries"
        foreign = [uri for uri in values.get("leaders", ()) if not self._enterprise.is_shared(uri, organizer)]
        if foreign:
            wrong.setdefault("leaders", f"{foreign[0]} does not belong to the organizer's enterprise")
        if wrong:
            raise ParameterValidationFailure(wrong)

    def schedule(self, organizer: str, settings: MeetingSettings) -> Meeting:
        """A new meeting of `organizer`, with identifiers that nobody can guess."""
        return self._draw(organizer, MeetingRel.MY_ONLINE_MEETINGS, settings)

    def assign(self, organizer: str) -> Meeting:
        """The meeting that every user has: the admin's defaults, and it never expires."""
        config = self._config
        settings = MeetingSettings(
            access_level=config.default_access_level,
            attendees=(),
            automatic_leader_assignment=config.default_automatic_leader_assignment,
            description="",
            entry_exit_announcement=config.default_entry_exit_announcement,
            expiration_time=None,
            leaders=(),
            lobby_bypass_for_phone_users=config.default_lobby_bypass_for_phone_users,
            phone_user_admission=config.default_phone_user_admission,
            subject="",
        )
        return self._draw(organizer, MeetingRel.MY_ASSIGNED_ONLINE_MEETING, settings)

    def _draw(self, organizer: str, rel: MeetingRel, settings: MeetingSettings) -> Meeting:
        world = self._world
        return Meeting(
            organizer=organizer,
            id=new_meeting_id(world),
            rel=rel,
            etag=new_etag(world),
            conference_id=new_digits(world, CONFERENCE_ID_DIGITS),
            conversation_id=new_uuid(world),
            created=world.now(),
            settings=settings,
        )

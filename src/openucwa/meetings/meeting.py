"""The rules of a meeting: its documented input, defaults, eligible values and identifiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
#: The allowed distance of expirationTime from now, in ms; leap days are in the client's favour.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingDefaults:
    """Values for whatever a meeting's input leaves out. `lifetime`: seconds until it expires."""

    access_level: str
    automatic_leader_assignment: str
    entry_exit_announcement: str
    lobby_bypass_for_phone_users: str
    phone_user_admission: str
    lifetime: int


class MeetingRules:
    """The rules of one server. `eligible`: the allowed values of a property, by its documented name. `max_description`:
    in characters. `max_attendees`: entries of attendees, and of leaders.
    """

    def __init__(
        self,
        defaults: MeetingDefaults,
        eligible: Mapping[str, Sequence[str]],
        enterprise: Enterprise,
        world: World,
        *,
        max_description: int,
        max_attendees: int,
    ) -> None:
        self._defaults = defaults
        self._eligible = eligible
        self._enterprise = enterprise
        self._world = world
        self._max_description = max_description
        self._max_attendees = max_attendees

    def settings(self, values: Mapping[str, Any], organizer: str) -> MeetingSettings:
        """The settings that a POST or PUT of `organizer` with these values results in; missing ones take the default.

        ParameterValidationFailure: a value is not eligible on this server or over a limit, or a leader is of another
        enterprise.
        """
        defaults = self._defaults
        now = self._world.now()
        expiration: Instant = values.get("expirationTime") or Instant(now + defaults.lifetime * 1000)
        self._check(values, organizer, expiration, now)
        return MeetingSettings(
            access_level=values.get("accessLevel", defaults.access_level),
            attendees=tuple(values.get("attendees", ())),
            automatic_leader_assignment=values.get("automaticLeaderAssignment", defaults.automatic_leader_assignment),
            description=values.get("description", ""),
            entry_exit_announcement=values.get("entryExitAnnouncement", defaults.entry_exit_announcement),
            expiration_time=expiration.ms,
            leaders=tuple(values.get("leaders", ())),
            lobby_bypass_for_phone_users=values.get("lobbyBypassForPhoneUsers", defaults.lobby_bypass_for_phone_users),
            phone_user_admission=values.get("phoneUserAdmission", defaults.phone_user_admission),
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
        if len(values.get("description", "")) > self._max_description:
            wrong["description"] = f"has more than {self._max_description} characters"
        for name in ("attendees", "leaders"):
            if len(values.get(name, ())) > self._max_attendees:
                wrong[name] = f"has more than {self._max_attendees} entries"
        foreign = [uri for uri in values.get("leaders", ()) if not self._enterprise.is_shared(uri, organizer)]
        if foreign:
            wrong.setdefault("leaders", f"{foreign[0]} does not belong to the organizer's enterprise")
        if wrong:
            raise ParameterValidationFailure(wrong)

    def schedule(self, organizer: str, settings: MeetingSettings) -> Meeting:
        """A new meeting of `organizer`, with unguessable identifiers."""
        return self._draw(organizer, MeetingRel.MY_ONLINE_MEETINGS, settings)

    def assign(self, organizer: str) -> Meeting:
        """The assigned meeting of a user: with the admin's defaults; it never expires."""
        defaults = self._defaults
        settings = MeetingSettings(
            access_level=defaults.access_level,
            attendees=(),
            automatic_leader_assignment=defaults.automatic_leader_assignment,
            description="",
            entry_exit_announcement=defaults.entry_exit_announcement,
            expiration_time=None,
            leaders=(),
            lobby_bypass_for_phone_users=defaults.lobby_bypass_for_phone_users,
            phone_user_admission=defaults.phone_user_admission,
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

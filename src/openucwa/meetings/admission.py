"""Admission to a meeting, and roles in it: decided from the meeting and the candidate alone."""

from dataclasses import dataclass

from openucwa.meetings.enterprise import Enterprise
from openucwa.model.conversation import Participant, Participation, Role
from openucwa.model.meeting import Meeting


@dataclass(frozen=True, slots=True)
class Candidate:
    """A user who asks to join. `identity`: the SIP URI; None for an anonymous one. `enterprise`: decides who belongs to
    one. `invited_by_leader`: whether a leader invited the candidate during the meeting.
    """

    identity: str | None
    enterprise: Enterprise
    invited_by_leader: bool = False

    def is_organizer(self, meeting: Meeting) -> bool:
        return self.identity == meeting.organizer

    def is_leader(self, meeting: Meeting) -> bool:
        """Whether the candidate is the organizer or was made a leader by the organizer."""
        return self.is_organizer(meeting) or (
            self.is_of_enterprise(meeting) and self._is_listed(meeting.settings.leaders)
        )

    def is_invited(self, meeting: Meeting) -> bool:
        return self.invited_by_leader or self.is_leader(meeting) or self._is_listed(meeting.settings.attendees)

    def is_of_enterprise(self, meeting: Meeting) -> bool:
        """Whether the candidate is a user of the organizer's enterprise."""
        return self.identity is not None and self.enterprise.is_shared(self.identity, meeting.organizer)

    def _is_listed(self, uris: tuple[str, ...]) -> bool:
        return self.identity is not None and self.identity in {uri.lower() for uri in uris}


def waits_in_lobby(meeting: Meeting, candidate: Candidate) -> bool:
    """Whether a leader must admit the candidate (UCWA: accessLevel; onlineMeetingEligibleValues).

    The organizer and the leaders are always admitted. Everyone: so is everyone else. SameEnterprise: users of the
    organizer's enterprise. Invited: those of them who are listed, or whom a leader invited. Locked, and None, which
    decides nothing: no one else.
    """
    if candidate.is_leader(meeting):
        return False
    match meeting.settings.access_level:
        case "Everyone":
            return False
        case "SameEnterprise":
            return not candidate.is_of_enterprise(meeting)
        case "Invited":
            return not (candidate.is_of_enterprise(meeting) and candidate.is_invited(meeting))
    return True


def role_at_joining(meeting: Meeting, candidate: Candidate) -> Role:
    """The candidate's initial role (UCWA: automaticLeaderAssignment)."""
    if candidate.is_leader(meeting):
        return Role.LEADER
    match meeting.settings.automatic_leader_assignment:
        case "Everyone":
            return Role.LEADER
        case "SameEnterprise" if candidate.is_of_enterprise(meeting):
            return Role.LEADER
    return Role.ATTENDEE


def sees_organizer_data(participation: Participation) -> bool:
    """Whether the conversation is the organizer's own. No role gives anyone else access to organizer data."""
    return participation.owner == participation.organizer


def sees(participation: Participation, other: Participant) -> bool:
    """Whether this participant can see the other: in the lobby only itself, and only leaders can see the lobby."""
    if other.uri == participation.uri:
        return True
    return not participation.in_lobby and (not other.in_lobby or leads(participation))


def may_send(participation: Participation, meeting: Meeting) -> bool:
    """Whether the participant may send messages to the meeting: attendees only while no leader has disabled it."""
    return meeting.audience_messaging or participation.role == Role.LEADER


def leads(participation: Participation) -> bool:
    """Whether the participant may admit, reject, promote, demote and eject."""
    return participation.role == Role.LEADER and not participation.in_lobby

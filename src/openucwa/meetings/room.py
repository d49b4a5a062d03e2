"""Who comes into a meeting and what they may do there: the rules, decided from the meeting and the candidate alone."""

from dataclasses import dataclass

from openucwa.meetings.enterprise import Enterprise
from openucwa.model.meeting import Meeting
from openucwa.model.room import Participant, Participation, Role


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who asks to come in.

    `identity`: a user's SIP URI; None for an anonymous one. `enterprise`: who belongs to one.
    `asked_in`: whether a leader invited the candidate during the meeting.
    """

    identity: str | None
    enterprise: Enterprise
    asked_in: bool = False

    def is_organizer(self, meeting: Meeting) -> bool:
        return self.identity == meeting.organizer

    def is_leader(self, meeting: Meeting) -> bool:
        """Whether the organizer made the candidate a leader, or is the candidate."""
        return self.is_organizer(meeting) or (
            self.is_of_enterprise(meeting) and self._is_listed(meeting.settings.leaders)
        )

    def is_invited(self, meeting: Meeting) -> bool:
        return self.asked_in or self.is_leader(meeting) or self._is_listed(meeting.settings.attendees)

    def is_of_enterprise(self, meeting: Meeting) -> bool:
        """Whether the candidate is a user of the organizer's enterprise."""
        return self.identity is not None and self.enterprise.is_shared(self.identity, meeting.organizer)

    def _is_listed(self, uris: tuple[str, ...]) -> bool:
        return self.identity is not None and self.identity in {uri.lower() for uri in uris}


def waits_in_lobby(meeting: Meeting, candidate: Candidate) -> bool:
    """Whether the candidate has to be admitted by a leader (UCWA: accessLevel; onlineMeetingEligibleValues).

    The organizer and the leaders always come in. Everyone: so does everybody. SameEnterprise: users of the
    organizer's enterprise. Invited: those of them who are listed, or whom a leader asked in. Locked, and None, which
    decides nothing: nobody else.
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
    """The role that the candidate has from the start (UCWA: automaticLeaderAssignment)."""
    if candidate.is_leader(meeting):
        return Role.LEADER
    match meeting.settings.automatic_leader_assignment:
        case "Everyone":
            return Role.LEADER
        case "SameEnterprise" if candidate.is_of_enterprise(meeting):
            return Role.LEADER
    return Role.ATTENDEE


def sees_organizer_data(participation: Participation) -> bool:
    """Whether the conversation is the organizer's own. No role makes anybody else see organizer data."""
    return participation.owner == participation.organizer


def sees(participation: Participation, other: Participant) -> bool:
    """Whether this participant is shown the other: from the lobby nobody but itself, and leaders alone see who waits
    there."""
    if other.uri == participation.uri:
        return True
    return not participation.in_lobby and (not other.in_lobby or leads(participation))


def leads(participation: Participation) -> bool:
    """Whether the participant may admit, reject, promote, demote and eject."""
    return participation.role == Role.LEADER and not participation.in_lobby

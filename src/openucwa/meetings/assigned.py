"""The meetings that the server assigns to its users, one each (UCWA: myAssignedOnlineMeeting)."""

from openucwa.meetings.meeting import MeetingRules
from openucwa.model.meeting import Meeting
from openucwa.store import contract


class AssignedMeetings:
    """Users' assigned meetings. `enabled`: whether users have one."""

    def __init__(self, meetings: contract.Meetings, rules: MeetingRules, *, enabled: bool) -> None:
        self._meetings = meetings
        self._rules = rules
        self._enabled = enabled

    async def of(self, organizer: str) -> Meeting | None:
        """A user's assigned meeting, which is created when it is first asked for. None: users have none."""
        return await self._meetings.assigned(self._rules.assign(organizer)) if self._enabled else None

"""The properties of a meeting that its organizer sets (UCWA: myOnlineMeeting)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypedDict

from openucwa.client.resources import Value

AccessLevel: TypeAlias = Literal["Everyone", "Invited", "Locked", "SameEnterprise", "None"]
AutomaticLeaderAssignment: TypeAlias = Literal["Disabled", "Everyone", "SameEnterprise"]
EntryExitAnnouncement: TypeAlias = Literal["Disabled", "Enabled", "Unsupported"]
Switch: TypeAlias = Literal["Disabled", "Enabled"]


class MeetingChanges(TypedDict, total=False):
    """The properties of a meeting that its organizer may set (UCWA: myOnlineMeeting)."""

    access_level: AccessLevel
    attendees: Sequence[str]
    automatic_leader_assignment: AutomaticLeaderAssignment
    description: str
    entry_exit_announcement: EntryExitAnnouncement
    expiration_time: datetime
    leaders: Sequence[str]
    lobby_bypass_for_phone_users: Switch
    phone_user_admission: Switch
    subject: str


def wire_properties(changes: Mapping[str, Any]) -> dict[str, Value]:
    """Properties by UCWA's names: `access_level` is `accessLevel`."""
    return {_wire_name(name): list(value) if isinstance(value, tuple) else value for name, value in changes.items()}


def _wire_name(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)

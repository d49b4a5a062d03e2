"""What handing a meeting over to another organizer needs besides its removal and its addition."""

from dataclasses import replace

from openucwa.model.meeting import Meeting, MeetingRel, MeetingSettings
from openucwa.model.refusals import Conflict, ResourceNotFound
from openucwa.store.engine import Transaction
from openucwa.store.sql.table import insert
from openucwa.store.sql.tables import HANDED_OVER

SUCCESSOR = "select successor from handed_over where organizer = ? and meeting_id = ?"
_REDIRECT = "update handed_over set successor = ? where successor = ? and meeting_id = ?"
_HAND_OVER = (
    insert("handed_over", HANDED_OVER)
    + " on conflict (organizer, meeting_id) do update set successor = excluded.successor"
)


async def check(transaction: Transaction, meeting: Meeting, successor: str) -> None:
    """ResourceNotFound, Conflict."""
    if meeting.rel is MeetingRel.MY_ASSIGNED_ONLINE_MEETING:
        raise Conflict("a user's assigned online meeting cannot be handed over")
    if meeting.organizer == successor:
        raise Conflict("the successor is the organizer")
    row = await transaction.row("select disabled from users where uri = ?", successor)
    if row is None:
        raise ResourceNotFound(f"no such user: {successor}")
    if row[0]:
        raise Conflict(f"{successor} is disabled")


async def remember(transaction: Transaction, organizer: str, meeting_id: str, successor: str) -> None:
    """Leads links that name a former organizer to the present one."""
    await transaction.run(_REDIRECT, successor, organizer, meeting_id)
    await transaction.run(_HAND_OVER, organizer, meeting_id, successor)
    await transaction.run("delete from handed_over where organizer = ? and meeting_id = ?", successor, meeting_id)


def without(settings: MeetingSettings, organizer: str) -> MeetingSettings:
    """The settings of a meeting whose organizer is no longer one of the attendees or leaders."""
    attendees, leaders = (
        tuple(uri for uri in uris if uri.lower() != organizer) for uris in (settings.attendees, settings.leaders)
    )
    return replace(settings, attendees=attendees, leaders=leaders)

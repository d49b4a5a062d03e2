"""What handing a meeting over to another organizer needs besides its removal and its addition."""

from dataclasses import replace

from openucwa.model.meeting import Meeting, MeetingRel, MeetingSettings
from openucwa.model.refusals import Conflict, ResourceNotFound
from openucwa.store.engine import Transaction
from openucwa.store.sql.table import insert
from openucwa.store.sql.tables import HANDED_OVER

SUCCESSOR = "select successor from handed_over where organizer = ? and meeting_id = ?"
_REDIRECT = "update handed_over set successor = ? where successor = ? and meeting_id = ?"
HAND_OVER = (
    insert("handed_over", HANDED_OVER)
    + " on conflict (organizer, meeting_id) do update set successor = excluded.successor"
)
_FORGET = "delete from handed_over where successor = ? and meeting_id = ?"
#: Old links to meetings that are gone and cannot be restored any more.
_FORGET_GONE = """
    delete from handed_over where successor = ?1
        and not exists (select 1 from meetings m where m.organizer = ?1 and m.id = handed_over.meeting_id)
        and not exists (
            select 1 from changes c where c.organizer = ?1 and c.meeting_id = handed_over.meeting_id
                and c.extension_id = '' and c.kind = 'removed' and c.contents is not null
        )
"""


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
    await transaction.run(HAND_OVER, organizer, meeting_id, successor)
    await transaction.run("delete from handed_over where organizer = ? and meeting_id = ?", successor, meeting_id)


async def check_restored(transaction: Transaction, meeting: Meeting) -> None:
    """ResourceNotFound: it was not removed, but handed over."""
    row = await transaction.row(SUCCESSOR, meeting.organizer, meeting.id)
    if row is not None:
        raise ResourceNotFound(f"the online meeting was handed over to {row[0]}")


async def forget(transaction: Transaction, successor: str, meeting_id: str) -> None:
    """Forgets the old links to a meeting that is removed for good."""
    await transaction.run(_FORGET, successor, meeting_id)


async def forget_gone(transaction: Transaction, successor: str) -> None:
    """The same for meetings whose removal the change log has forgotten."""
    await transaction.run(_FORGET_GONE, successor)


def without(settings: MeetingSettings, organizer: str) -> MeetingSettings:
    """The settings of a meeting whose organizer is no longer one of the attendees or leaders."""
    attendees, leaders = (
        tuple(uri for uri in uris if uri.lower() != organizer) for uris in (settings.attendees, settings.leaders)
    )
    return replace(settings, attendees=attendees, leaders=leaders)

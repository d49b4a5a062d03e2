"""Invitations: operations that bring somebody, or a modality, into a conversation."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence
from dataclasses import replace

from openucwa.model import room_events
from openucwa.model.refusals import ApplicationNotFound, Conflict, ConversationNotFound, ResourceNotFound
from openucwa.model.room import Invitation, InvitationKind, InvitationState
from openucwa.store.engine import Row, Transaction
from openucwa.store.sql.events import append
from openucwa.store.sql.part import Part

COLUMNS = """
    owner, application_id, id, kind, outgoing, state, organizer, meeting_id, conversation, operation_id, thread_id,
    subject, importance, from_uri, from_name, to_uri, expires, reason, anonymous_display_name,
    by_leader
"""
_NO_INVITATION = "there is no such invitation"
_NO_APPLICATION = "there is no such application, or it has just ended"
_SELECT = "select" + COLUMNS + "from invitations "
_OTHERS = _SELECT + "where thread_id = ? and state = 'Connecting' and id <> ? order by owner, application_id, id"
_ADD = "insert into invitations (" + COLUMNS + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ASKED_IN = """
    select 1 from invitations where owner = ? and organizer = ? and meeting_id = ?
        and outgoing = 0 and by_leader = 1 and coalesce(reason, '') <> 'Canceled' limit 1
"""
_OFFERED = (
    _SELECT + "where owner = ? and application_id = ? and conversation = ? and outgoing = 0 and state = 'Connecting'"
)
_END = """
    update invitations set state = ?, reason = ?, conversation = coalesce(?, conversation)
    where owner = ? and application_id = ? and id = ? and state = 'Connecting'
"""


def invitation_of(row: Row) -> Invitation:
    """From COLUMNS."""
    return Invitation(
        owner=row[0],
        application_id=row[1],
        id=row[2],
        kind=InvitationKind(row[3]),
        outgoing=bool(row[4]),
        state=InvitationState(row[5]),
        organizer=row[6],
        meeting_id=row[7],
        conversation=row[8],
        operation_id=row[9],
        thread_id=row[10],
        subject=row[11],
        importance=row[12],
        from_uri=row[13],
        from_name=row[14],
        to_uri=row[15],
        expires=row[16],
        reason=row[17],
        anonymous_display_name=row[18],
        by_leader=bool(row[19]),
    )


async def add(transaction: Transaction, invitation: Invitation) -> None:
    """Adds the row."""
    await transaction.run(
        _ADD,
        invitation.owner,
        invitation.application_id,
        invitation.id,
        invitation.kind.value,
        int(invitation.outgoing),
        invitation.state.value,
        invitation.organizer,
        invitation.meeting_id,
        invitation.conversation,
        invitation.operation_id,
        invitation.thread_id,
        invitation.subject,
        invitation.importance,
        invitation.from_uri,
        invitation.from_name,
        invitation.to_uri,
        invitation.expires,
        invitation.reason,
        invitation.anonymous_display_name,
        int(invitation.by_leader),
    )


async def is_open(transaction: Transaction, invitation: Invitation) -> bool:
    """Whether the application whose invitation it is has not ended; the change holds its owner."""
    return bool(
        await transaction.row(
            "select 1 from applications where owner = ? and id = ?", invitation.owner, invitation.application_id
        )
    )


async def require_open(transaction: Transaction, invitation: Invitation) -> None:
    """ApplicationNotFound: the application ended while it was asking."""
    if not await is_open(transaction, invitation):
        raise ApplicationNotFound(_NO_APPLICATION)


async def put(transaction: Transaction, invitation: Invitation, at: int) -> None:
    """Stores the invitation that somebody comes in with. If it is there, it is an incoming one that is accepted."""
    key = (invitation.owner, invitation.application_id, invitation.id)
    if not await transaction.row("select 1 from invitations where owner = ? and application_id = ? and id = ?", *key):
        await add(transaction, invitation)
        return
    accepted = await transaction.run(_END, invitation.state.value, None, invitation.conversation, *key)
    if not accepted:
        raise Conflict("the invitation is not under way any more")
    await _end_others(transaction, replace(invitation, state=InvitationState.CONNECTED), at)


async def end_of_conversation(
    transaction: Transaction,
    owner: str,
    application_id: str,
    conversation: str,
    state: InvitationState,
    reason: str | None,
) -> list[Invitation]:
    """Ends what is under way in a conversation; the invitations as they are then."""
    rows = await transaction.rows(
        "update invitations set state = ?, reason = ? where owner = ? and application_id = ? and conversation = ?"
        " and state = 'Connecting' returning" + COLUMNS,
        state.value,
        reason,
        owner,
        application_id,
        conversation,
    )
    return [invitation_of(row) for row in rows]


async def told(transaction: Transaction, at: int, kind: str, invitation: Invitation) -> None:
    """Appends an event about an invitation to its application's topic."""
    await append(transaction, at, room_events.about_invitation(invitation, kind))


class Invitations(Part):
    """The invitations of `store.rooms.Rooms`, where each method is described."""

    async def invitation(self, owner: str, application_id: str, invitation_id: str) -> Invitation:
        row = await self._reader.row(
            _SELECT + "where owner = ? and application_id = ? and id = ?", owner, application_id, invitation_id
        )
        if row is None:
            raise ResourceNotFound(_NO_INVITATION)
        return invitation_of(row)

    async def invite(self, outgoing: Invitation, incoming: Sequence[Invitation], at: int) -> None:
        owners = sorted({outgoing.owner, *(invitation.owner for invitation in incoming)})

        async def work(transaction: Transaction) -> None:
            await require_open(transaction, outgoing)
            asked = [each for each in incoming if await is_open(transaction, each)]
            for invitation in (outgoing, *asked):
                await add(transaction, invitation)
                await told(transaction, at, room_events.INVITATION_STARTED, invitation)

        await self._writer.change(work, outgoing.organizer, *owners)

    async def refuse_invitation(self, refused: Invitation, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            await require_open(transaction, refused)
            await add(transaction, refused)
            await told(transaction, at, room_events.INVITATION_STARTED, refused)
            await told(transaction, at, room_events.INVITATION_ENDED, refused)

        await self._writer.change(work, refused.organizer, refused.owner)

    async def is_asked_in(self, owner: str, organizer: str, meeting_id: str) -> bool:
        return await self._reader.row(_ASKED_IN, owner, organizer, meeting_id) is not None

    async def offered_conversation(self, owner: str, application_id: str, conversation_id: str) -> Invitation:
        row = await self._reader.row(_OFFERED, owner, application_id, conversation_id)
        if row is None:
            raise ConversationNotFound("the application has no such conversation")
        return invitation_of(row)

    async def available_applications(self, owner: str) -> Sequence[str]:
        rows = await self._reader.rows(
            "select id from applications where owner = ? and available = 1 order by created", owner
        )
        return [application_id for (application_id,) in rows]

    async def end_invitation(self, ended: Invitation, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            if not await _end(transaction, ended, at):
                raise ResourceNotFound("the invitation is not under way any more")
            await _end_others(transaction, ended, at)

        await self._writer.change(work, ended.organizer, ended.owner)

    async def overdue_invitations(self, now: int, most: int) -> Sequence[Invitation]:
        rows = await self._reader.rows(
            _SELECT + "where expires < ? and state = 'Connecting' and outgoing = 1 order by expires limit ?", now, most
        )
        return [invitation_of(row) for row in rows]


async def _end(transaction: Transaction, ended: Invitation, at: int) -> bool:
    """False: it was not under way any more."""
    if not await transaction.run(
        _END, ended.state.value, ended.reason, ended.conversation, ended.owner, ended.application_id, ended.id
    ):
        return False
    await told(transaction, at, room_events.INVITATION_ENDED, ended)
    return True


async def _end_others(transaction: Transaction, ended: Invitation, at: int) -> None:
    """Ends the other sides of an invitation: the outgoing one as `ended` did, further incoming ones as Cancelled."""
    rows = await transaction.rows(_OTHERS, ended.thread_id, ended.id)
    others = [invitation_of(row) for row in rows]
    await transaction.hold(*sorted({other.owner for other in others}))
    for other in others:
        if other.outgoing and other.kind != InvitationKind.PARTICIPANT:
            continue  # somebody's joining of that thread by himself
        state = ended.state if other.outgoing else InvitationState.CANCELLED
        await _end(transaction, replace(other, state=state, reason=ended.reason), at)

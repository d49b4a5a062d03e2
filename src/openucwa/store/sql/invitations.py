"""Invitations: operations that bring a user, or a modality, into a conversation."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence
from dataclasses import replace

from openucwa.model import conversation_events
from openucwa.model.conversation import Invitation, InvitationKind, InvitationState
from openucwa.model.refusals import ApplicationNotFound, Conflict, ConversationNotFound, ResourceNotFound
from openucwa.store.engine import Transaction
from openucwa.store.sql.events import append
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import INVITATIONS

_NO_INVITATION = "no such invitation"
_NO_APPLICATION = "no such application; it may have ended"
_SELECT = f"select {INVITATIONS.columns} from invitations "
_OTHERS = _SELECT + "where thread_id = ? and state = 'Connecting' and id <> ? order by owner, application_id, id"
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


async def add(transaction: Transaction, invitation: Invitation) -> None:
    """Adds the row."""
    await transaction.run(INVITATIONS.insert, *INVITATIONS.values(invitation))


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
        raise Conflict("the invitation is no longer pending")
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
        " and state = 'Connecting' returning " + INVITATIONS.columns,
        state.value,
        reason,
        owner,
        application_id,
        conversation,
    )
    return [INVITATIONS.record(row) for row in rows]


async def notify(transaction: Transaction, at: int, kind: str, invitation: Invitation) -> None:
    """Appends an event about an invitation to its application's topic."""
    await append(transaction, at, conversation_events.about_invitation(invitation, kind))


class Invitations(Part):
    """`store.contract.Invitations`, where each method is described."""

    async def get(self, owner: str, application_id: str, invitation_id: str) -> Invitation:
        row = await self._reader.row(
            _SELECT + "where owner = ? and application_id = ? and id = ?", owner, application_id, invitation_id
        )
        if row is None:
            raise ResourceNotFound(_NO_INVITATION)
        return INVITATIONS.record(row)

    async def add(self, outgoing: Invitation, incoming: Sequence[Invitation], at: int) -> None:
        owners = sorted({outgoing.owner, *(invitation.owner for invitation in incoming)})

        async def work(transaction: Transaction) -> None:
            await require_open(transaction, outgoing)
            asked = [each for each in incoming if await is_open(transaction, each)]
            for invitation in (outgoing, *asked):
                await add(transaction, invitation)
                await notify(transaction, at, conversation_events.INVITATION_STARTED, invitation)

        await self._writer.change(work, outgoing.organizer, *owners)

    async def refuse(self, refused: Invitation, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            await require_open(transaction, refused)
            await add(transaction, refused)
            await notify(transaction, at, conversation_events.INVITATION_STARTED, refused)
            await notify(transaction, at, conversation_events.INVITATION_ENDED, refused)

        await self._writer.change(work, refused.organizer, refused.owner)

    async def was_invited_by_leader(self, owner: str, organizer: str, meeting_id: str) -> bool:
        return await self._reader.row(_ASKED_IN, owner, organizer, meeting_id) is not None

    async def offered(self, owner: str, application_id: str, conversation_id: str) -> Invitation:
        row = await self._reader.row(_OFFERED, owner, application_id, conversation_id)
        if row is None:
            raise ConversationNotFound("the application has no such conversation")
        return INVITATIONS.record(row)

    async def end(self, ended: Invitation, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            if not await _end(transaction, ended, at):
                raise ResourceNotFound("the invitation is no longer pending")
            await _end_others(transaction, ended, at)

        await self._writer.change(work, ended.organizer, ended.owner)

    async def overdue(self, now: int, limit: int) -> Sequence[Invitation]:
        rows = await self._reader.rows(
            _SELECT + "where expires < ? and state = 'Connecting' and outgoing = 1 order by expires limit ?", now, limit
        )
        return [INVITATIONS.record(row) for row in rows]


async def _end(transaction: Transaction, ended: Invitation, at: int) -> bool:
    """False: it was not under way any more."""
    if not await transaction.run(
        _END, ended.state.value, ended.reason, ended.conversation, ended.owner, ended.application_id, ended.id
    ):
        return False
    await notify(transaction, at, conversation_events.INVITATION_ENDED, ended)
    return True


async def _end_others(transaction: Transaction, ended: Invitation, at: int) -> None:
    """Ends the other sides of an invitation: the outgoing one as `ended` did, further incoming ones as Cancelled."""
    rows = await transaction.rows(_OTHERS, ended.thread_id, ended.id)
    others = [INVITATIONS.record(row) for row in rows]
    await transaction.lock(*sorted({other.owner for other in others}))
    for other in others:
        if other.outgoing and other.kind != InvitationKind.PARTICIPANT:
            continue  # somebody's joining of that thread by himself
        state = ended.state if other.outgoing else InvitationState.CANCELLED
        await _end(transaction, replace(other, state=state, reason=ended.reason), at)

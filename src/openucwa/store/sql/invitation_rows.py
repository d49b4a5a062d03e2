"""Rows of invitations, and the events about them, as parts of changes."""
# ruff: noqa: S608 -- statements are put together from constants alone

from dataclasses import replace

from openucwa.model import conversation_events
from openucwa.model.conversation import Invitation, InvitationKind, InvitationState
from openucwa.model.refusals import AlreadyStarted, ApplicationNotFound, Conflict
from openucwa.store.engine import Transaction
from openucwa.store.sql.events import append
from openucwa.store.sql.tables import INVITATIONS

_NO_APPLICATION = "no such application; it may have ended"
SELECT = f"select {INVITATIONS.columns} from invitations "
_OTHERS = (
    SELECT + "where thread_id = ? and state = 'Connecting' and id <> ? and kind <> 'messagingInvitation'"
    " order by owner, application_id, id"
)
_TO_TWO_PARTY = (
    SELECT + "where organizer = ? and meeting_id = ? and state = 'Connecting' and kind = 'messagingInvitation'"
    " order by owner, application_id, id"
)
_END = """
    update invitations set state = ?, reason = ?, conversation = coalesce(?, conversation)
    where owner = ? and application_id = ? and id = ? and state = 'Connecting'
"""

#: What an application has started under an operationId: it is pending, or its conversation goes on.
STARTED = (
    f"select {INVITATIONS.columns_of('i')} from invitations i"
    " where i.owner = ? and i.application_id = ? and i.operation_id = ? and i.kind = ? and i.outgoing = 1"
    " and (i.state = 'Connecting' or i.state = 'Connected' and exists ("
    " select 1 from participations p where p.organizer = i.organizer and p.meeting_id = i.meeting_id"
    " and p.ended is null and (p.uri = i.to_uri or p.id = i.conversation and i.kind = 'onlineMeetingInvitation')))"
    " order by i.id"
)


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


async def require_new(transaction: Transaction, invitation: Invitation) -> None:
    """AlreadyStarted: the application is inviting the user by the same operation, or has, and the user takes part."""
    if invitation.operation_id is None or invitation.kind == InvitationKind.ONLINE_MEETING:
        return
    key = (invitation.owner, invitation.application_id, invitation.operation_id, invitation.kind.value)
    for row in await transaction.rows(STARTED, *key):
        started = INVITATIONS.record(row)
        same = started.two_party or started.meeting_id == invitation.meeting_id
        if same and started.to_uri == invitation.to_uri:
            raise AlreadyStarted(started.id)


async def require_new_meeting(transaction: Transaction, invitation: Invitation, *, once: bool) -> None:
    """AlreadyStarted: the application takes part in another meeting of its owner's that the same operation started.

    `once`: False: that does not matter.
    """
    if not once or invitation.operation_id is None:
        return
    key = (invitation.owner, invitation.application_id, invitation.operation_id, invitation.kind.value)
    for row in await transaction.rows(STARTED, *key):
        started = INVITATIONS.record(row)
        if started.organizer == invitation.owner and started.subject == invitation.subject:
            raise AlreadyStarted(started.id)


async def put(transaction: Transaction, invitation: Invitation, at: int) -> None:
    """Stores the invitation that somebody comes in with. If it is there, it is an incoming one that is accepted."""
    key = (invitation.owner, invitation.application_id, invitation.id)
    if not await transaction.row("select 1 from invitations where owner = ? and application_id = ? and id = ?", *key):
        await add(transaction, invitation)
        return
    accepted = await transaction.run(_END, invitation.state.value, None, invitation.conversation, *key)
    if not accepted:
        raise Conflict("the invitation is no longer pending")
    await end_others(transaction, replace(invitation, state=InvitationState.CONNECTED), at)


async def accept(transaction: Transaction, invitation: Invitation) -> bool:
    """Stores that an invitation is accepted. False: it is no longer pending."""
    key = (invitation.owner, invitation.application_id, invitation.id)
    return bool(await transaction.run(_END, InvitationState.CONNECTED.value, None, invitation.conversation, *key))


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


async def end(transaction: Transaction, ended: Invitation, at: int) -> bool:
    """False: it was not under way any more."""
    if not await transaction.run(
        _END, ended.state.value, ended.reason, ended.conversation, ended.owner, ended.application_id, ended.id
    ):
        return False
    await notify(transaction, at, conversation_events.INVITATION_ENDED, ended)
    return True


async def others_of(transaction: Transaction, invitation: Invitation) -> list[Invitation]:
    """The other sides of an invitation that are pending, with the keys of their owners locked."""
    if invitation.two_party:
        found = await transaction.rows(_TO_TWO_PARTY, invitation.organizer, invitation.meeting_id)
    else:
        found = await transaction.rows(_OTHERS, invitation.thread_id, invitation.id)
    others = [other for other in map(INVITATIONS.record, found) if other.id != invitation.id]
    await transaction.lock(*sorted({other.owner for other in others}))
    # What is outgoing and of another kind is somebody's own joining of that thread.
    return [other for other in others if not other.outgoing or other.kind != InvitationKind.ONLINE_MEETING]


async def end_others(transaction: Transaction, ended: Invitation, at: int) -> None:
    """Ends the other sides of an invitation: the outgoing one as `ended` did, further incoming ones as Cancelled."""
    accepted = ended.state == InvitationState.CONNECTED
    for other in await others_of(transaction, ended):
        if other.outgoing:
            await end(transaction, replace(other, state=ended.state, reason=ended.reason), at)
        else:
            reason = "ConnectedElsewhere" if accepted else ended.reason
            await end(transaction, replace(other, state=InvitationState.CANCELLED, reason=reason), at)


async def withdraw(transaction: Transaction, organizer: str, meeting_id: str, reason: str, at: int) -> None:
    """Ends the pending incoming invitations to a conversation of two."""
    found = [INVITATIONS.record(row) for row in await transaction.rows(_TO_TWO_PARTY, organizer, meeting_id)]
    await transaction.lock(*sorted({each.owner for each in found}))
    for each in found:
        if not each.outgoing:
            await end(transaction, replace(each, state=InvitationState.CANCELLED, reason=reason), at)

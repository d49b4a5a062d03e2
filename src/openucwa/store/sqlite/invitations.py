"""Invitations: operations that bring somebody, or a modality, into a conversation."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence
from dataclasses import replace

from openucwa.model import room_events
from openucwa.model.refusals import Conflict, ResourceNotFound
from openucwa.model.room import Invitation, InvitationKind, InvitationState
from openucwa.store.sqlite.database import Row
from openucwa.store.sqlite.events import append
from openucwa.store.sqlite.reader import Reader
from openucwa.store.sqlite.writer import Transaction, Writer

COLUMNS = """
    owner, application_id, id, kind, outgoing, state, organizer, meeting_id, conversation, operation_id, thread_id,
    subject, importance, from_uri, from_name, to_uri, expires, reason, anonymous_display_name
"""
_NO_INVITATION = "there is no such invitation"
_SELECT = "select" + COLUMNS + "from invitations "
_ADD = "insert into invitations (" + COLUMNS + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
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
    )


def add(transaction: Transaction, invitation: Invitation) -> None:
    """Adds the row."""
    transaction.run(
        _ADD,
        invitation.owner,
        invitation.application_id,
        invitation.id,
        invitation.kind,
        invitation.outgoing,
        invitation.state,
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
    )


def put(transaction: Transaction, invitation: Invitation, at: int) -> None:
    """Stores the invitation that somebody comes in with. If it is there, it is an incoming one that is accepted."""
    key = (invitation.owner, invitation.application_id, invitation.id)
    if not transaction.row("select 1 from invitations where owner = ? and application_id = ? and id = ?", *key):
        add(transaction, invitation)
        return
    accepted = transaction.run(_END, invitation.state, None, invitation.conversation, *key)
    if not accepted:
        raise Conflict("the invitation is not under way any more")
    end_others(transaction, replace(invitation, state=InvitationState.CONNECTED), at)


def end_others(transaction: Transaction, ended: Invitation, at: int) -> None:
    """Ends the other sides of an invitation: the outgoing one as `ended` did, further incoming ones as Cancelled."""
    others = transaction.rows(
        _SELECT + "where thread_id = ? and state = 'Connecting' and id <> ?", ended.thread_id, ended.id
    )
    for other in map(invitation_of, others):
        if other.outgoing and other.kind != InvitationKind.PARTICIPANT:
            continue  # somebody's joining of that thread by himself
        state = ended.state if other.outgoing else InvitationState.CANCELLED
        _end(transaction, replace(other, state=state, reason=ended.reason), at)


def end_of_conversation(
    transaction: Transaction,
    owner: str,
    application_id: str,
    conversation: str,
    state: InvitationState,
    reason: str | None,
) -> list[Invitation]:
    """Ends what is under way in a conversation; the invitations as they are then."""
    rows = transaction.rows(
        "update invitations set state = ?, reason = ? where owner = ? and application_id = ? and conversation = ?"
        " and state = 'Connecting' returning" + COLUMNS,
        state,
        reason,
        owner,
        application_id,
        conversation,
    )
    return [invitation_of(row) for row in rows]


def told(transaction: Transaction, at: int, kind: str, invitation: Invitation) -> None:
    """Appends an event about an invitation to its application's topic."""
    append(transaction, at, (room_events.about_invitation(invitation, kind),))


class Invitations:
    """The invitations of `store.rooms.Rooms`, where each method is described."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    async def invitation(self, owner: str, application_id: str, invitation_id: str) -> Invitation:
        row = self._reader.row(
            _SELECT + "where owner = ? and application_id = ? and id = ?", owner, application_id, invitation_id
        )
        if row is None:
            raise ResourceNotFound(_NO_INVITATION)
        return invitation_of(row)

    async def invite(self, outgoing: Invitation, incoming: Sequence[Invitation], at: int) -> None:
        def work(transaction: Transaction) -> None:
            for invitation in (outgoing, *incoming):
                add(transaction, invitation)
                told(transaction, at, room_events.INVITATION_STARTED, invitation)

        await self._writer.change(work)

    async def refuse_invitation(self, refused: Invitation, at: int) -> None:
        def work(transaction: Transaction) -> None:
            add(transaction, refused)
            told(transaction, at, room_events.INVITATION_STARTED, refused)
            told(transaction, at, room_events.INVITATION_ENDED, refused)

        await self._writer.change(work)

    async def available_applications(self, owner: str) -> Sequence[str]:
        rows = self._reader.rows(
            "select id from applications where owner = ? and available = 1 order by created", owner
        )
        return [application_id for (application_id,) in rows]

    async def end_invitation(self, ended: Invitation, at: int) -> None:
        def work(transaction: Transaction) -> None:
            _end(transaction, ended, at)
            end_others(transaction, ended, at)

        await self._writer.change(work)

    async def overdue_invitations(self, now: int, most: int) -> Sequence[Invitation]:
        rows = self._reader.rows(
            _SELECT + "where expires < ? and state = 'Connecting' and outgoing order by expires limit ?", now, most
        )
        return [invitation_of(row) for row in rows]


def _end(transaction: Transaction, ended: Invitation, at: int) -> None:
    if not transaction.run(
        _END, ended.state, ended.reason, ended.conversation, ended.owner, ended.application_id, ended.id
    ):
        raise ResourceNotFound("the invitation is not under way any more")
    told(transaction, at, room_events.INVITATION_ENDED, ended)

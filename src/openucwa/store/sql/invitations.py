"""Invitations: operations that bring a user, or a modality, into a conversation."""

from collections.abc import Sequence

from openucwa.model import conversation_events
from openucwa.model.conversation import Invitation, InvitationKind
from openucwa.model.history import NO_HISTORY, HistoryLimits
from openucwa.model.refusals import Conflict, ConversationNotFound, ResourceNotFound
from openucwa.store.engine import Transaction
from openucwa.store.sql import history, participations
from openucwa.store.sql import invitation_rows as rows
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import INVITATIONS

_NO_INVITATION = "no such invitation"
_ASKED_IN = """
    select 1 from invitations where owner = ? and organizer = ? and meeting_id = ?
        and outgoing = 0 and by_leader = 1 and coalesce(reason, '') <> 'Canceled' limit 1
"""
_OFFERED = (
    rows.SELECT
    + "where owner = ? and application_id = ? and conversation = ? and outgoing = 0 and state = 'Connecting'"
)
_PENDING = rows.SELECT + "where owner = ? and application_id = ? and state = 'Connecting' order by id"
_OVERDUE = rows.SELECT + "where expires < ? and state = 'Connecting' and outgoing = 1 order by expires limit ?"
_CONNECTING = "organizer = ? and meeting_id = ? and form = 'connecting'"


class Invitations(Part):
    """`store.contract.Invitations`, where each method is described."""

    async def get(self, owner: str, application_id: str, invitation_id: str) -> Invitation:
        row = await self._reader.row(
            rows.SELECT + "where owner = ? and application_id = ? and id = ?", owner, application_id, invitation_id
        )
        if row is None:
            raise ResourceNotFound(_NO_INVITATION)
        return INVITATIONS.record(row)

    async def add(self, outgoing: Invitation, incoming: Sequence[Invitation], at: int) -> None:
        owners = sorted({outgoing.owner, *(invitation.owner for invitation in incoming)})

        async def work(transaction: Transaction) -> None:
            await rows.require_open(transaction, outgoing)
            await rows.require_new(transaction, outgoing)
            asked = [each for each in incoming if await rows.is_open(transaction, each)]
            for invitation in (outgoing, *asked):
                await rows.add(transaction, invitation)
                await rows.notify(transaction, at, conversation_events.INVITATION_STARTED, invitation)

        await self._writer.change(work, outgoing.organizer, *owners)

    async def refuse(self, refused: Invitation, at: int, missed: HistoryLimits = NO_HISTORY) -> None:
        async def work(transaction: Transaction) -> None:
            await rows.require_open(transaction, refused)
            await rows.require_new(transaction, refused)
            await rows.add(transaction, refused)
            await rows.notify(transaction, at, conversation_events.INVITATION_STARTED, refused)
            await rows.notify(transaction, at, conversation_events.INVITATION_ENDED, refused)
            await history.miss(transaction, refused, missed, at)

        await self._writer.change(work, refused.organizer, refused.owner)

    async def pending(self, owner: str, application_id: str) -> Sequence[Invitation]:
        found = await self._reader.rows(_PENDING, owner, application_id)
        return [INVITATIONS.record(row) for row in found]

    async def started(
        self, owner: str, application_id: str, operation_id: str, kind: InvitationKind
    ) -> Sequence[Invitation]:
        found = await self._reader.rows(rows.STARTED, owner, application_id, operation_id, kind.value)
        return [INVITATIONS.record(row) for row in found]

    async def was_invited_by_leader(self, owner: str, organizer: str, meeting_id: str) -> bool:
        return await self._reader.row(_ASKED_IN, owner, organizer, meeting_id) is not None

    async def offered(self, owner: str, application_id: str, conversation_id: str) -> Invitation:
        row = await self._reader.row(_OFFERED, owner, application_id, conversation_id)
        if row is None:
            raise ConversationNotFound("the application has no such conversation")
        return INVITATIONS.record(row)

    async def end(
        self, ended: Invitation, at: int, *, elsewhere_goes_on: bool = False, missed: HistoryLimits = NO_HISTORY
    ) -> None:
        async def work(transaction: Transaction) -> None:
            if not await rows.end(transaction, ended, at):
                raise Conflict("the invitation is no longer pending")
            if elsewhere_goes_on and any(not each.outgoing for each in await rows.others_of(transaction, ended)):
                return
            await rows.end_others(transaction, ended, at)
            if ended.two_party:
                alone = await participations.find(transaction, _CONNECTING, ended.organizer, ended.meeting_id)
                await participations.end(transaction, alone, at, ended.reason)
            await history.miss(transaction, ended, missed, at)

        await self._writer.change(work, ended.organizer, ended.owner)

    async def replay(self, owner: str, application_id: str, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            for row in await transaction.rows(_PENDING, owner, application_id):
                invitation = INVITATIONS.record(row)
                if not invitation.outgoing:
                    await rows.notify(transaction, at, conversation_events.INVITATION_REPLAYED, invitation)

        await self._writer.change(work, owner)

    async def overdue(self, now: int, limit: int) -> Sequence[Invitation]:
        found = await self._reader.rows(_OVERDUE, now, limit)
        return [INVITATIONS.record(row) for row in found]

"""Conversations of two: their beginning, and how one becomes a meeting."""

from collections.abc import Sequence
from dataclasses import replace

from openucwa.model import conversation_events
from openucwa.model.change import SERVER, Author
from openucwa.model.conversation import Form, Invitation, InvitationState, MessagingState, Participation, Role
from openucwa.model.history import NO_HISTORY, ConversationLog, HistoryLimits
from openucwa.model.meeting import Meeting
from openucwa.model.refusals import Conflict, ConversationNotFound, TooManyConversations
from openucwa.store.engine import Transaction
from openucwa.store.sql import columns, meetings, participations
from openucwa.store.sql import history as logs
from openucwa.store.sql import invitation_rows as invitations
from openucwa.store.sql.events import append
from openucwa.store.sql.part import Part

_COUNT = "select count(*) from participations where owner = ? and application_id = ? and ended is null"
_CONNECT = """
    update participations set form = 'two-party', messaging = 'Connected', since = ?, hears = ?
    where organizer = ? and meeting_id = ? and form = 'connecting'
"""
_ESCALATE = """
    update participations set form = 'meeting', role = 'Leader'
    where organizer = ? and meeting_id = ? and form = 'two-party' and ended is null
"""
_ENDED = "select organizer, meeting_id, id from participations where ended < ? order by ended limit ?"
_FORGET = f"delete from participations where (organizer, meeting_id, id) in ({_ENDED})"  # noqa: S608  # constants
_HERE = "organizer = ? and meeting_id = ? and ended is null"


class TwoParty(Part):
    """`store.contract.TwoParty`, where each method is described."""

    async def start(
        self, draft: Participation, outgoing: Invitation, incoming: Sequence[Invitation], limit: int, at: int
    ) -> bool:
        async def work(transaction: Transaction) -> bool:
            await invitations.require_open(transaction, outgoing)
            await invitations.require_new(transaction, outgoing)
            await _check_limit(transaction, draft, limit)
            asked = [each for each in incoming if await invitations.is_open(transaction, each)]
            if not asked:
                return False
            begun = replace(draft, form=Form.CONNECTING, role=Role.ATTENDEE)
            await participations.add(transaction, begun)
            await invitations.add(transaction, outgoing)
            for each in asked:
                await invitations.add(transaction, each)
                await invitations.notify(transaction, at, conversation_events.INVITATION_STARTED, each)
            waiting = conversation_events.CONVERSATION_WAITING
            await append(transaction, at, conversation_events.about_conversation(begun, waiting))
            return True

        return await self._writer.change(work, outgoing.organizer, outgoing.to_uri)

    async def accept(
        self, incoming: Invitation, draft: Participation, limit: int, at: int, history: HistoryLimits = NO_HISTORY
    ) -> Participation:
        key = (incoming.organizer, incoming.meeting_id)

        async def work(transaction: Transaction) -> Participation:
            await invitations.require_open(transaction, incoming)
            await _check_limit(transaction, draft, limit)
            inviters = await participations.find(transaction, _HERE + " and form = 'connecting'", *key)
            if not inviters or not await invitations.accept(transaction, incoming):
                raise Conflict("the invitation is no longer pending")
            joined = replace(draft, form=Form.TWO_PARTY, role=Role.ATTENDEE, messaging=MessagingState.CONNECTED)
            who = participations.as_participant(joined)
            since = await participations.notify(transaction, at, conversation_events.PARTICIPANT_JOINED, who, key)
            joined = replace(joined, since=since, messaging_spans=((since, None),))
            await transaction.run(_CONNECT, since, columns.json(joined.messaging_spans), *key)
            await participations.add(transaction, joined)
            operation = None
            for other in await invitations.others_of(transaction, incoming):
                if other.outgoing:
                    operation = other.operation_id
                    await invitations.accept(transaction, replace(other, state=InvitationState.CONNECTED))
                else:
                    ended = replace(other, state=InvitationState.CANCELLED, reason="ConnectedElsewhere")
                    await invitations.end(transaction, ended, at)
            for each in await participations.find(transaction, _HERE, *key):
                admitted = conversation_events.CONVERSATION_ADMITTED
                await append(transaction, at, conversation_events.about_conversation(each, admitted))
            (inviter,) = inviters
            if history.logs:
                await _begin_logs(transaction, incoming, inviter, joined, history, at)
            first = incoming.first_message
            if first is not None:
                said = conversation_events.message(inviter, first.content_type, first.text, operation)
                await append(transaction, at, said)
                await logs.say(transaction, *key, inviter.uri, first, at)
            return joined

        return await self._writer.change(work, incoming.organizer, incoming.owner)

    async def escalate(self, own: Participation, meeting: Meeting, limit: int, at: int, by: Author = SERVER) -> None:
        key = (own.organizer, own.meeting_id)

        async def work(transaction: Transaction) -> None:
            here = await participations.find(transaction, _HERE, *key)
            if not any(each.id == own.id for each in here):
                raise ConversationNotFound("the application has no such conversation")
            if here[0].form == Form.MEETING:
                return
            if here[0].form == Form.CONNECTING:
                raise Conflict("the invited user has not accepted yet")
            await meetings.add(transaction, self._log, meeting, limit, self._max_user_bytes, by)
            await transaction.lock(*sorted({each.owner for each in here}))
            await transaction.run(_ESCALATE, *key)
            await append(transaction, at, conversation_events.conversation_escalated(own))

        await self._writer.change(work, own.organizer, own.owner)

    async def forget_ended(self, before: int, limit: int) -> int:
        if not await self._reader.rows(_ENDED, before, 1):
            return 0
        return await self._writer.change(lambda transaction: transaction.run(_FORGET, before, limit))


async def _begin_logs(
    transaction: Transaction,
    invitation: Invitation,
    inviter: Participation,
    invited: Participation,
    limits: HistoryLimits,
    at: int,
) -> None:
    for own, other in ((inviter, invited), (invited, inviter)):
        row = await transaction.row(
            "select communication from applications where owner = ? and id = ?", own.owner, own.application_id
        )
        if row is None or columns.communication(row[0]).conversation_history != "Enabled":
            continue
        log = ConversationLog(
            owner=own.owner,
            id=own.id,
            created=at,
            changed=at,
            outgoing=own is inviter,
            missed=False,
            unread=False,
            importance=invitation.importance,
            subject=invitation.subject,
            thread_id=invitation.thread_id,
            other_uri=other.uri,
            other_name=other.name,
            max_messages=limits.messages,
        )
        await logs.begin(transaction, log, limits.logs)


async def _check_limit(transaction: Transaction, draft: Participation, limit: int) -> None:
    ((count,),) = await transaction.rows(_COUNT, draft.owner, draft.application_id)
    if count >= limit:
        raise TooManyConversations(f"the application has {count} conversations, which is the maximum")

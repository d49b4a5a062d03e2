"""Conversation logs. Changes of conversations add to them through `begin` and `say`."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence

from openucwa.model.conversation import FirstMessage, Invitation
from openucwa.model.event import NewEvent, application_topic
from openucwa.model.history import ConversationLog, HistoryLimits, LogMessage, MissedItems, missed_log
from openucwa.model.refusals import ResourceNotFound
from openucwa.store.engine import Transaction
from openucwa.store.sql.events import append
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import CONVERSATION_LOGS, LOG_MESSAGES

#: The event for the applications of a user whose history has changed.
MISSED_ITEMS_UPDATED = "missedItems updated"

#: Characters of a message that a log shows.
_PREVIEW = 100

_NO_LOG = "no such conversation log, or it was removed"
_ONE = "where owner = ? and id = ?"
_SELECT = f"select {CONVERSATION_LOGS.columns} from conversation_logs "
_MESSAGES = f"select {LOG_MESSAGES.columns} from log_messages where owner = ? and log_id = ? "
_COUNTS = """
    select count(*), coalesce(sum(missed), 0), coalesce(sum(missed * unread), 0) from conversation_logs where owner = ?
"""
_SAY = """
    update conversation_logs set messages = messages + 1, changed = ?, preview = ?
    where owner = ? and id = ? and messages < max_messages returning messages
"""
_KEEP_LATEST = """
    delete from conversation_logs where owner = ?1 and id not in
        (select id from conversation_logs where owner = ?1 order by changed desc, id limit ?2)
"""
_OLD = "select owner, id from conversation_logs where changed < ? order by changed limit ?"
_OF_CONVERSATION = """
    select l.owner, l.id from participations p join conversation_logs l on l.owner = p.owner and l.id = p.id
    where p.organizer = ? and p.meeting_id = ? and p.ended is null
"""


async def begin(transaction: Transaction, log: ConversationLog, limit: int) -> None:
    """Adds a log to those of its owner, whose key the change holds."""
    await transaction.run(CONVERSATION_LOGS.insert, *CONVERSATION_LOGS.values(log))
    await transaction.run(_KEEP_LATEST, log.owner, limit)


async def say(
    transaction: Transaction, organizer: str, meeting_id: str, from_uri: str, said: FirstMessage, at: int
) -> None:
    """Adds a message to the logs of a conversation of two that are stored."""
    logs = [tuple(row) for row in await transaction.rows(_OF_CONVERSATION, organizer, meeting_id)]
    await transaction.lock(*sorted({owner for owner, _ in logs}))
    for owner, log_id in logs:
        await _say(transaction, owner, log_id, from_uri, said, at)


async def _say(transaction: Transaction, owner: str, log_id: str, from_uri: str, said: FirstMessage, at: int) -> None:
    for (number,) in await transaction.rows(_SAY, at, said.text[:_PREVIEW], owner, log_id):
        message = LogMessage(owner, log_id, number, at, from_uri, said.content_type, said.text)
        await transaction.run(LOG_MESSAGES.insert, *LOG_MESSAGES.values(message))


async def miss(transaction: Transaction, outgoing: Invitation, limits: HistoryLimits, at: int) -> None:
    """Adds an invitation that was not answered to the logs of the invited user, with the message that came along."""
    if not limits.logs or not outgoing.two_party:
        return
    log = missed_log(outgoing, limits, at)
    await transaction.lock(log.owner)
    if not await transaction.row("select 1 from users where uri = ?", log.owner):
        return
    await begin(transaction, log, limits.logs)
    if outgoing.first_message is not None:
        await _say(transaction, log.owner, log.id, log.other_uri, outgoing.first_message, at)
    await _notify(transaction, log.owner, at)


async def _notify(transaction: Transaction, owner: str, at: int) -> None:
    applications = await transaction.rows("select id from applications where owner = ? order by id", owner)
    events = [NewEvent(application_topic(owner, each), MISSED_ITEMS_UPDATED) for (each,) in applications]
    await append(transaction, at, *events)


class History(Part):
    """`store.contract.History`, where each method is described."""

    async def all(self, owner: str, limit: int) -> Sequence[ConversationLog]:
        rows = await self._reader.rows(_SELECT + "where owner = ? order by changed desc, id limit ?", owner, limit)
        return [CONVERSATION_LOGS.record(row) for row in rows]

    async def get(self, owner: str, log_id: str) -> ConversationLog:
        row = await self._reader.row(_SELECT + _ONE, owner, log_id)
        if row is None:
            raise ResourceNotFound(_NO_LOG)
        return CONVERSATION_LOGS.record(row)

    async def messages(self, owner: str, log_id: str, after: int, limit: int) -> Sequence[LogMessage]:
        sql = _MESSAGES + "and number > ? order by number limit ?"
        return [LOG_MESSAGES.record(row) for row in await self._reader.rows(sql, owner, log_id, after, limit)]

    async def message(self, owner: str, log_id: str, number: int) -> LogMessage:
        row = await self._reader.row(_MESSAGES + "and number = ?", owner, log_id, number)
        if row is None:
            raise ResourceNotFound("no such message in this conversation log")
        return LOG_MESSAGES.record(row)

    async def counts(self, owner: str) -> MissedItems:
        ((logs, missed, unread),) = await self._reader.rows(_COUNTS, owner)
        return MissedItems(logs, missed, unread)

    async def mark_read(self, owner: str, log_id: str, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            if not await transaction.run("update conversation_logs set unread = 0 " + _ONE, owner, log_id):
                raise ResourceNotFound(_NO_LOG)
            await _notify(transaction, owner, at)

        await self._writer.change(work, owner, must_notify=False)

    async def remove(self, owner: str, log_id: str, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            if not await transaction.run("delete from conversation_logs " + _ONE, owner, log_id):
                raise ResourceNotFound(_NO_LOG)
            await _notify(transaction, owner, at)

        await self._writer.change(work, owner, must_notify=False)

    async def forget(self, before: int, limit: int) -> int:
        async def work(transaction: Transaction) -> int:
            old = [tuple(row) for row in await transaction.rows(_OLD, before, limit)]
            await transaction.lock(*sorted({owner for owner, _ in old}))
            for owner, log_id in old:
                await transaction.run("delete from conversation_logs " + _ONE, owner, log_id)
            return len(old)

        if not await self._reader.rows(_OLD, before, 1):
            return 0
        return await self._writer.change(work, must_notify=False)

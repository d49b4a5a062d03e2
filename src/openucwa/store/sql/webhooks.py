"""Webhooks and their deliveries."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence
from dataclasses import replace

from openucwa.model.refusals import LimitExceeded, PreconditionFailed, ResourceNotFound
from openucwa.model.webhook import ALL, Delivery, Webhook, WebhookPosition, WebhookState
from openucwa.store.contract import Match
from openucwa.store.contract.webhooks import Backlog, Leased
from openucwa.store.engine import UNCACHED, Transaction
from openucwa.store.sql.part import Part
from openucwa.store.sql.table import Columns, assignments
from openucwa.store.sql.tables import DELIVERIES, WEBHOOKS
from openucwa.telemetry.audit import Removal

_NO_WEBHOOK = "no such webhook"
_NO_DELIVERY = "no such delivery, or it was removed"
#: The key of changes of the administrator's webhooks.
_ALL_KEY = "webhooks"

_SELECT = f"select {WEBHOOKS.columns} from webhooks "
_DELIVERIES = f"select {DELIVERIES.columns} from deliveries "
_POSITION = "log, log_transaction, log_number"
_REPLACE = f"update webhooks set {assignments(Columns(Webhook))} where owner = ? and id = ?"
_DUE_AT_ONCE = "update deliveries set next_at = 0 where webhook = ? and state = 'Pending'"
#: Those of disabled users rest.
_CLAIMABLE = (
    "state = 'Active' and (holder = ?1 or leased_until <= ?2)"
    " and not exists (select 1 from users u where u.uri = webhooks.owner and u.disabled = 1)"
)
_ANY = f"select 1 from webhooks where {_CLAIMABLE} limit 1"
# The condition is repeated, so that it is checked again if another process had the row.
_CLAIM = (
    f"update webhooks set holder = ?1, leased_until = ?3 where {_CLAIMABLE} and id in"
    f" (select id from webhooks where {_CLAIMABLE} order by holder = ?1 desc, created limit ?4)"
    f" returning {WEBHOOKS.columns}, {_POSITION}"
)
_RELEASE = "update webhooks set holder = '', leased_until = 0 where holder = ?"
_MOVE = """
    update webhooks set log = ?, log_transaction = ?, log_number = ?, last = last + ?
    where id = ? and holder = ? and state = 'Active' and log = ? and log_transaction = ? and log_number = ?
    returning last
"""
_COUNT = "update webhooks set last = last + 1 where id = ? returning last"
_BACKLOG = "select count(*), coalesce(sum(length(body)), 0) from deliveries where webhook = ? and state = 'Pending'"
_DUE = (
    f"select {DELIVERIES.columns_of('d')} from deliveries d"
    " where d.webhook = ? and d.state = 'Pending' and d.next_at <= ? and not exists ("
    " select 1 from deliveries e where e.webhook = d.webhook and e.state = 'Pending'"
    " and e.organizer = d.organizer and e.meeting_id = d.meeting_id and e.number < d.number)"
    " order by d.number limit ?"
)
_NEXT_DUE = """
    select min(d.next_at) from deliveries d
    where d.webhook = ? and d.state = 'Pending' and d.next_at > ? and not exists (
        select 1 from deliveries e where e.webhook = d.webhook and e.state = 'Pending'
        and e.organizer = d.organizer and e.meeting_id = d.meeting_id and e.number < d.number)
"""
_RECORD = """
    update deliveries set state = ?, next_at = ?, first_at = ?, tried = ?, attempts = ?
    where webhook = ? and number = ? and exists (select 1 from webhooks where id = ? and holder = ?)
"""
_SUSPEND = """
    update webhooks set state = ?, reason = ?, etag = ?, changed = ?, holder = '', leased_until = 0
    where id = ? and holder = ? and state = 'Active'
"""
_REDELIVER = """
    update deliveries set state = 'Pending', next_at = ?, first_at = 0, tried = 0 where webhook = ? and id = ?
"""
_SURPLUS = """
    select d.webhook, d.number from deliveries d join webhooks w on w.id = d.webhook
    where d.state <> 'Pending' and (d.at < ? or d.number <= w.last - ?) order by d.at limit ?
"""
_FORGET = f"delete from deliveries where (webhook, number) in ({_SURPLUS})"


class Webhooks(Part):
    """`store.contract.Webhooks`, where each method is described."""

    async def all(self, owner: str) -> Sequence[Webhook]:
        rows = await self._reader.rows(_SELECT + "where owner = ? order by created, id", owner)
        return [WEBHOOKS.record(row) for row in rows]

    async def everybodys(self) -> Sequence[Webhook]:
        return [WEBHOOKS.record(row) for row in await self._reader.rows(_SELECT + "order by owner, created, id")]

    async def get(self, owner: str, webhook: str) -> Webhook:
        row = await self._reader.row(_SELECT + "where owner = ? and id = ?", owner, webhook)
        if row is None:
            raise ResourceNotFound(_NO_WEBHOOK)
        return WEBHOOKS.record(row)

    async def add(self, webhook: Webhook, position: WebhookPosition, limit: int) -> None:
        async def work(transaction: Transaction) -> None:
            owner = webhook.owner
            if owner != ALL and not await transaction.row("select 1 from users where uri = ?", owner):
                raise ResourceNotFound("no such user")
            ((count,),) = await transaction.rows("select count(*) from webhooks where owner = ?", owner)
            if count >= limit:
                raise LimitExceeded(f"there are {count} webhooks, which is the maximum")
            await transaction.run(WEBHOOKS.insert, *WEBHOOKS.values(webhook), *_place(position), 0, "", 0)

        await self._writer.change(work, webhook.owner or _ALL_KEY, scope=UNCACHED)

    async def replace(self, webhook: Webhook, match: Match) -> None:
        async def work(transaction: Transaction) -> None:
            await _check(transaction, webhook.owner, webhook.id, match)
            await transaction.run(_REPLACE, *WEBHOOKS.values(webhook), webhook.owner, webhook.id)
            if webhook.state is WebhookState.ACTIVE:
                await transaction.run(_DUE_AT_ONCE, webhook.id)

        await self._writer.change(work, webhook.owner or _ALL_KEY, scope=UNCACHED)

    async def remove(self, owner: str, webhook: str, match: Match) -> None:
        async def work(transaction: Transaction) -> None:
            await _check(transaction, owner, webhook, match)
            await transaction.run("delete from webhooks where owner = ? and id = ?", owner, webhook)
            transaction.acts.append(Removal("webhook", webhook, owner or "all users", "deleted"))

        await self._writer.change(work, owner or _ALL_KEY, scope=UNCACHED)

    async def claim(self, holder: str, now: int, until: int, limit: int) -> Sequence[Leased]:
        # A read is cheaper, and usually there is nothing.
        if await self._reader.row(_ANY, holder, now) is None:
            return []

        async def work(transaction: Transaction) -> list[Leased]:
            rows = await transaction.rows(_CLAIM, holder, now, until, limit)
            return [Leased(WEBHOOKS.record(row), WebhookPosition(*row[WEBHOOKS.width :])) for row in rows]

        return await self._writer.change(work, owners=())

    async def release(self, holder: str) -> None:
        if await self._reader.row("select 1 from webhooks where holder = ? limit 1", holder) is not None:
            await self._writer.change(lambda transaction: transaction.run(_RELEASE, holder), owners=())

    async def enqueue(
        self,
        holder: str,
        webhook: str,
        expected: WebhookPosition,
        position: WebhookPosition,
        deliveries: Sequence[Delivery],
    ) -> Backlog | None:
        move = (*_place(position), len(deliveries), webhook, holder, *_place(expected))

        async def work(transaction: Transaction) -> Backlog | None:
            row = await transaction.row(_MOVE, *move)
            if row is None:
                return None
            first = row[0] - len(deliveries) + 1
            for number, delivery in enumerate(deliveries, first):
                await transaction.run(DELIVERIES.insert, *DELIVERIES.values(replace(delivery, number=number)))
            return await _backlog(transaction, webhook)

        return await self._writer.change(work, owners=())

    async def append(self, delivery: Delivery, limit: int) -> None:
        async def work(transaction: Transaction) -> None:
            row = await transaction.row(_COUNT, delivery.webhook)
            if row is None:
                raise ResourceNotFound(_NO_WEBHOOK)
            if (await _backlog(transaction, delivery.webhook)).deliveries >= limit:
                raise LimitExceeded(f"{limit} deliveries are pending, which is the maximum")
            await transaction.run(DELIVERIES.insert, *DELIVERIES.values(replace(delivery, number=row[0])))

        await self._writer.change(work, owners=())

    async def due(self, webhook: str, now: int, limit: int) -> Sequence[Delivery]:
        return [DELIVERIES.record(row) for row in await self._reader.rows(_DUE, webhook, now, limit)]

    async def next_due(self, webhook: str, now: int) -> int | None:
        row = await self._reader.row(_NEXT_DUE, webhook, now)
        return None if row is None else row[0]

    async def record(self, holder: str, deliveries: Sequence[Delivery]) -> bool:
        async def work(transaction: Transaction) -> bool:
            written = 0
            for delivery in deliveries:
                values = dict(zip(DELIVERIES.all_columns, DELIVERIES.values(delivery), strict=True))
                how = [values[name] for name in ("state", "next_at", "first_at", "tried", "attempts")]
                written += await transaction.run(
                    _RECORD, *how, delivery.webhook, delivery.number, delivery.webhook, holder
                )
            return written == len(deliveries)

        return await self._writer.change(work, owners=())

    async def suspend(self, holder: str, webhook: str, state: WebhookState, reason: str, etag: str, at: int) -> bool:
        values = (str(state), reason, etag, at, webhook, holder)
        return bool(await self._writer.change(lambda transaction: transaction.run(_SUSPEND, *values), owners=()))

    async def backlog(self, webhook: str) -> Backlog:
        row = await self._reader.row(_BACKLOG, webhook)
        return Backlog(0, 0) if row is None else Backlog(*row)

    async def deliveries(self, webhook: str, before: int | None, limit: int) -> Sequence[Delivery]:
        sql = _DELIVERIES + "where webhook = ? and number < ? order by number desc limit ?"
        last = 2**62 if before is None else before
        return [DELIVERIES.record(row) for row in await self._reader.rows(sql, webhook, last, limit)]

    async def delivery(self, webhook: str, message: str) -> Delivery:
        row = await self._reader.row(_DELIVERIES + "where webhook = ? and id = ?", webhook, message)
        if row is None:
            raise ResourceNotFound(_NO_DELIVERY)
        return DELIVERIES.record(row)

    async def redeliver(self, webhook: str, message: str, at: int) -> None:
        if not await self._writer.change(
            lambda transaction: transaction.run(_REDELIVER, at, webhook, message), owners=()
        ):
            raise ResourceNotFound(_NO_DELIVERY)

    async def forget(self, kept: int, before: int, limit: int) -> int:
        if not await self._reader.rows(_SURPLUS, before, kept, 1):
            return 0
        return await self._writer.change(
            lambda transaction: transaction.run(_FORGET, before, kept, limit), owners=(), must_notify=False
        )


def _place(position: WebhookPosition) -> tuple[str, int, int]:
    return position.log, position.transaction, position.number


async def _check(transaction: Transaction, owner: str, webhook: str, match: Match) -> None:
    row = await transaction.row("select etag from webhooks where owner = ? and id = ?", owner, webhook)
    if row is None:
        raise ResourceNotFound(_NO_WEBHOOK)
    if match is not None and row[0] not in match:
        raise PreconditionFailed("the webhook has changed: its etag does not match If-Match")


async def _backlog(transaction: Transaction, webhook: str) -> Backlog:
    ((count, size),) = await transaction.rows(_BACKLOG, webhook)
    return Backlog(count, size)

"""Delivers for one webhook: reads the log for it, and sends what is due, in order for each meeting."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from openucwa.changes.tail import Tail
from openucwa.changes.wake import Wake
from openucwa.model.change import Change, Changes
from openucwa.model.measures import Measures
from openucwa.model.refusals import ChangesForgotten, Refusal
from openucwa.model.webhook import (
    ALL,
    Attempt,
    Delivery,
    DeliveryState,
    Webhook,
    WebhookPosition,
    WebhookState,
)
from openucwa.model.world import World, new_etag
from openucwa.store.contract import Backlog, ChangeLog, Leased, Webhooks
from openucwa.webhooks.messages import Messages, type_of
from openucwa.webhooks.schedule import next_attempt
from openucwa.webhooks.sender import Sender, Sent
from openucwa.webhooks.signing import signature_headers

#: Changes that are read at a time.
CHANGES_AT_A_TIME = 100
#: Attempts that a delivery's list shows.
MAX_ATTEMPTS = 20
#: Seconds until a store that failed is asked again.
STORE_RETRY = 0.5
#: Seconds after which a webhook stores how far it has read although nothing was for it.
SAVE_INTERVAL = 60.0
#: Deliveries that are looked through for a success, before a webhook is suspended.
LOOKED_THROUGH = 100

T = TypeVar("T")

logger = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another process delivers now, or the webhook was changed."""


@dataclass(frozen=True, slots=True)
class OutboxSettings:
    """The settings of these names: times in seconds, sizes in bytes."""

    max_webhook_backlog: int
    max_webhook_backlog_bytes: int
    webhook_concurrency: int
    webhook_retry_period: int
    webhook_timeout: float


@dataclass(frozen=True, slots=True)
class Parts:
    """The common dependencies of a process's webhooks. `holder`: the process, for leases. `admits`: whether a webhook
    wants a change. `sender`: makes that of a URL.
    """

    webhooks: Webhooks
    log: ChangeLog
    tail: Tail
    messages: Messages
    measures: Measures
    world: World
    settings: OutboxSettings
    holder: str
    admits: Callable[[Webhook, Change], Awaitable[bool]]
    sender: Callable[[str], Sender]


class Outbox:
    """One webhook, while this process has its lease, which ends at `valid_until` on the `monotonic` clock."""

    def __init__(self, leased: Leased, valid_until: float, parts: Parts) -> None:
        self.webhook = leased.webhook
        #: How far it has read the log, and how far the store knows it has.
        self._position = self._stored = leased.position
        self._valid_until = valid_until
        self._parts = parts
        self._sender = parts.sender(leased.webhook.url)
        self._due = Wake(parts.world)
        self._room = Wake(parts.world)
        self._backlog = Backlog(0, 0)
        self._saved = parts.world.monotonic()
        self._ended: list[tuple[Delivery, Sent]] = []
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        #: Whether the last attempt failed: then there is one at a time.
        self._failing = False
        self.task = asyncio.create_task(self._run(), name="openucwa webhook")

    def renew(self, webhook: Webhook, valid_until: float) -> None:
        """The lease was renewed; what the webhook says may have changed."""
        self._valid_until = valid_until
        if webhook.url != self.webhook.url:
            raise LeaseLost
        self.webhook = webhook
        self._due.wake()

    async def stop(self) -> None:
        """Ends; attempts in progress are abandoned, and are made again by whoever is next."""
        self.task.cancel()
        await asyncio.wait({self.task})

    async def _run(self) -> None:
        feeding = asyncio.create_task(self._feed(), name="openucwa webhook log")
        sending = asyncio.create_task(self._send(), name="openucwa webhook deliveries")
        try:
            await asyncio.wait({feeding, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = {feeding, sending, *self._running.values()}
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self._sender.close()
            for task in (feeding, sending):
                if not task.cancelled() and not isinstance(error := task.exception(), LeaseLost | None):
                    logger.error("webhook %s: delivery failed", self.webhook.id, exc_info=error)

    # From the log

    async def _feed(self) -> None:
        parts = self._parts
        self._backlog = await self._insist(lambda: parts.webhooks.backlog(self.webhook.id))
        async with parts.tail.watch(self.webhook.owner) as wake:
            while True:
                while self._is_full():
                    await self._room.wait(STORE_RETRY)
                    self._backlog = await self._insist(lambda: parts.webhooks.backlog(self.webhook.id))
                more = await self._insist(self._take)
                if not more:
                    await wake.wait(SAVE_INTERVAL)

    def _is_full(self) -> bool:
        settings = self._parts.settings
        return (
            self._backlog.deliveries >= settings.max_webhook_backlog
            or self._backlog.bytes >= settings.max_webhook_backlog_bytes
        )

    async def _take(self) -> bool:
        """Makes deliveries of further changes; whether there are more."""
        parts = self._parts
        identity = await parts.log.identity()
        try:
            found = await self._read(identity)
        except ChangesForgotten:
            logger.warning("webhook %s: changes were forgotten before they could be delivered", self.webhook.id)
            last = await parts.log.last()
            await self._move(WebhookPosition(identity, *last), [parts.messages.forgotten(self.webhook)])
            return True
        wanted = [each for each in found.changes if await self._wants(each)]
        position = WebhookPosition(identity, *found.position)
        late = parts.world.monotonic() - self._saved >= SAVE_INTERVAL
        if wanted or (late and position != self._stored):
            await self._move(position, [parts.messages.change(self.webhook, each) for each in wanted])
        self._position = position
        return found.more

    async def _read(self, identity: str) -> Changes:
        parts = self._parts
        if identity != self._position.log:
            raise ChangesForgotten("the change log was replaced")
        if self.webhook.owner == ALL:
            return await parts.tail.after_all(self._position.position, CHANGES_AT_A_TIME)
        return await parts.log.after(self.webhook.owner, self._position.position, CHANGES_AT_A_TIME)

    async def _wants(self, change: Change) -> bool:
        kinds = self.webhook.kinds
        return (not kinds or type_of(change) in kinds) and await self._parts.admits(self.webhook, change)

    async def _move(self, position: WebhookPosition, deliveries: list[Delivery]) -> None:
        parts = self._parts
        backlog = await parts.webhooks.enqueue(parts.holder, self.webhook.id, self._stored, position, deliveries)
        if backlog is None:
            # Perhaps the store failed while it committed the same: whoever has the lease next reads how far it is.
            raise LeaseLost
        self._backlog = backlog
        self._position = self._stored = position
        self._saved = parts.world.monotonic()
        if deliveries:
            self._due.wake()

    # To the receiver

    async def _send(self) -> None:
        while True:
            if self._ended:
                await self._record()
            next_due = None
            if self._attempts_left() > 0 and self._lease_lasts():
                next_due = await self._insist(self._begin)
            if not self._ended:
                await self._due.wait(self._pause(next_due))

    def _attempts_left(self) -> int:
        limit = 1 if self._failing else self._parts.settings.webhook_concurrency
        return limit - len(self._running)

    def _lease_lasts(self) -> bool:
        """Whether an attempt ends before another process may begin one."""
        return self._parts.world.monotonic() + self._parts.settings.webhook_timeout < self._valid_until

    def _pause(self, next_due: int | None) -> float | None:
        """Seconds until something is due; None: until it is woken, by the end of an attempt perhaps."""
        if next_due is None or self._attempts_left() <= 0:
            return None
        return max(0.0, (next_due - self._parts.world.now()) / 1000)

    async def _begin(self) -> int | None:
        """Begins the attempts that are due, as many as there may be; when the next one is due after now."""
        webhooks, now = self._parts.webhooks, self._parts.world.now()
        limit = self._attempts_left() + len(self._running)
        for delivery in await webhooks.due(self.webhook.id, now, limit):
            key = (delivery.organizer, delivery.meeting_id)
            if key not in self._running and self._attempts_left() > 0:
                self._running[key] = asyncio.create_task(self._attempt(delivery), name="openucwa webhook attempt")
        return await webhooks.next_due(self.webhook.id, now)

    async def _attempt(self, delivery: Delivery) -> None:
        signature = signature_headers(self.webhook.secrets, delivery.id, self._parts.world.now(), delivery.body)
        sent = await self._sender.send({"Content-Type": "application/json", **signature}, delivery.body)
        self._ended.append((delivery, sent))
        self._due.wake()

    async def _record(self) -> None:
        """Stores how attempts ended. Only then the next of the same meeting may begin."""
        parts = self._parts
        ended, self._ended = self._ended, []
        outcomes = [self._outcome(delivery, sent) for delivery, sent in ended]
        if not await self._insist(lambda: parts.webhooks.record(parts.holder, outcomes)):
            raise LeaseLost
        for (delivery, sent), outcome in zip(ended, outcomes, strict=True):
            del self._running[delivery.organizer, delivery.meeting_id]
            self._failing = not sent.ok
            self._report(outcome, sent)
            if sent.status == 410:
                await self._suspend(WebhookState.GONE, "the receiver answered 410 Gone")
            elif outcome.state is DeliveryState.FAILED and not await self._any_success(outcome.first_at):
                await self._suspend(WebhookState.FAILING, "nothing could be delivered")
        self._backlog = await self._insist(lambda: parts.webhooks.backlog(self.webhook.id))
        self._room.wake()

    def _outcome(self, delivery: Delivery, sent: Sent) -> Delivery:
        parts = self._parts
        now = parts.world.now()
        attempt = Attempt(now, sent.status, sent.error, sent.answer, round(sent.seconds, 3))
        first_at = delivery.first_at or now
        tried = delivery.tried + 1
        state, next_at = DeliveryState.DELIVERED, 0
        if not sent.ok:
            state, next_at = DeliveryState.PENDING, next_attempt(parts.world, tried, sent.retry_after)
            if sent.status != 410 and now - first_at >= 1000 * parts.settings.webhook_retry_period:
                state = DeliveryState.FAILED
        attempts = (*delivery.attempts, attempt)[-MAX_ATTEMPTS:]
        return replace(delivery, state=state, next_at=next_at, first_at=first_at, tried=tried, attempts=attempts)

    def _report(self, outcome: Delivery, sent: Sent) -> None:
        parts = self._parts
        late = (parts.world.now() - outcome.at) / 1000
        if sent.ok:
            parts.measures.delivery("delivered", late)
            return
        gave_up = outcome.state is DeliveryState.FAILED
        parts.measures.delivery("given up" if gave_up else "failed")
        logger.log(
            logging.WARNING if gave_up else logging.INFO,
            "webhook %s: attempt %d to deliver %s failed: %s",
            self.webhook.id,
            outcome.tried,
            outcome.id,
            f"status {sent.status}" if sent.status is not None else sent.error,
        )

    async def _any_success(self, since: int) -> bool:
        """Whether anything was delivered since then, of what is still listed."""
        found = await self._insist(lambda: self._parts.webhooks.deliveries(self.webhook.id, None, LOOKED_THROUGH))
        return any(
            each.state is DeliveryState.DELIVERED and each.attempts and each.attempts[-1].at >= since for each in found
        )

    async def _suspend(self, state: WebhookState, reason: str) -> None:
        parts = self._parts
        logger.warning("webhook %s is suspended: %s", self.webhook.id, reason)
        etag, now = new_etag(parts.world), parts.world.now()
        await self._insist(lambda: parts.webhooks.suspend(parts.holder, self.webhook.id, state, reason, etag, now))
        raise LeaseLost

    async def _insist(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, which is repeated until the store answers. LeaseLost: not before the lease ended."""
        while True:
            try:
                return await work()
            except Refusal as refusal:
                if self._parts.world.monotonic() >= self._valid_until:
                    raise LeaseLost from None
                logger.info("webhook %s: waiting for the store: %s", self.webhook.id, refusal.reason)
            await self._parts.world.sleep(STORE_RETRY)

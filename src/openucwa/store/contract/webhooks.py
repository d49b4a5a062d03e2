"""Webhooks and their deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from openucwa.model.webhook import Delivery, Webhook, WebhookPosition, WebhookState
from openucwa.store.contract.terms import Match


@dataclass(frozen=True, slots=True)
class Leased:
    """A webhook whose lease a process has, and how far it has read the log."""

    webhook: Webhook
    position: WebhookPosition


@dataclass(frozen=True, slots=True)
class Backlog:
    """The deliveries of a webhook that are not finished: how many, and the bytes of their bodies."""

    deliveries: int
    bytes: int


class Webhooks(Protocol):
    """Webhooks and their deliveries.

    A process delivers for the webhooks whose leases it has (`claim`), and only for those: what it writes about others
    has no effect. Owners are URIs in lower case, or ALL. Webhooks are removed with their owner.
    """

    async def all(self, owner: str) -> Sequence[Webhook]:
        """The webhooks of one owner, oldest first."""
        ...

    async def everybodys(self) -> Sequence[Webhook]:
        """The webhooks of all owners, for the administrator."""
        ...

    async def get(self, owner: str, webhook: str) -> Webhook:
        """One webhook. ResourceNotFound."""
        ...

    async def add(self, webhook: Webhook, position: WebhookPosition, limit: int) -> None:
        """Adds a webhook that gets the changes after `position`.

        LimitExceeded: the owner has `limit` of them. ResourceNotFound: no such user.
        """
        ...

    async def replace(self, webhook: Webhook, match: Match) -> None:
        """Replaces a webhook; if it is active, pending deliveries are due at once.

        ResourceNotFound, PreconditionFailed: its etag is not in `match`.
        """
        ...

    async def remove(self, owner: str, webhook: str, match: Match) -> None:
        """Removes a webhook and its deliveries. ResourceNotFound, PreconditionFailed."""
        ...

    async def claim(self, holder: str, now: int, until: int, limit: int) -> Sequence[Leased]:
        """Leases up to `limit` active webhooks to `holder` until `until`: those it has, and free ones."""
        ...

    async def release(self, holder: str) -> None:
        """Ends the leases of `holder`."""
        ...

    async def enqueue(
        self,
        holder: str,
        webhook: str,
        expected: WebhookPosition,
        position: WebhookPosition,
        deliveries: Sequence[Delivery],
    ) -> Backlog | None:
        """Appends deliveries, whose numbers the store assigns, and moves the webhook from `expected` to `position`.

        None: nothing was written, because the webhook is not at `expected`, or not active and leased to `holder`.
        """
        ...

    async def append(self, delivery: Delivery, limit: int) -> None:
        """Appends a delivery that is about no change. ResourceNotFound; LimitExceeded: `limit` are pending."""
        ...

    async def due(self, webhook: str, now: int, limit: int) -> Sequence[Delivery]:
        """Up to `limit` deliveries that are due at `now`, in order: of each meeting only the first that is pending."""
        ...

    async def next_due(self, webhook: str, now: int) -> int | None:
        """When the next delivery of a webhook is due after `now`, in ms since 1970; None: there is none."""
        ...

    async def record(self, holder: str, deliveries: Sequence[Delivery]) -> bool:
        """Stores how attempts for one webhook ended; whether it did: `holder` must have the lease."""
        ...

    async def suspend(self, holder: str, webhook: str, state: WebhookState, reason: str, etag: str, at: int) -> bool:
        """Ends the deliveries of a webhook that is active and leased to `holder`; whether it did."""
        ...

    async def backlog(self, webhook: str) -> Backlog:
        """The deliveries of a webhook that are not finished."""
        ...

    async def deliveries(self, webhook: str, before: int | None, limit: int) -> Sequence[Delivery]:
        """The deliveries of a webhook with numbers below `before`, newest first."""
        ...

    async def delivery(self, webhook: str, message: str) -> Delivery:
        """The delivery with this message id. ResourceNotFound."""
        ...

    async def redeliver(self, webhook: str, message: str, at: int) -> None:
        """Makes a delivery pending and due, with no attempts yet. ResourceNotFound."""
        ...

    async def forget(self, kept: int, before: int, limit: int) -> int:
        """Removes up to `limit` finished deliveries: of changes before `before`, and all but the latest `kept` of each
        webhook. Returns their number.
        """
        ...

"""openucwa:webhooks: subscriptions of a user to changes, and their deliveries. An addition to UCWA."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.meetings.pools import Pools
from openucwa.model.refusals import LimitExceeded
from openucwa.model.scopes import CONVERSATION_SCOPES
from openucwa.model.values import Instant
from openucwa.model.webhook import Attempt, Delivery, Webhook
from openucwa.model.world import World
from openucwa.representation.document import Document, Link, Property
from openucwa.representation.parameters import Parameter
from openucwa.resources.additions import index_href
from openucwa.resources.online_meetings import CHANGE_REFUSALS, READ_REFUSALS, MeetingFamily, organizer_of
from openucwa.store.contract import Store
from openucwa.telemetry import audit
from openucwa.webhooks.subscriptions import PARAMETERS, SECRET, Subscriptions

REL = "openucwa:webhooks"
WEBHOOK_REL = "openucwa:webhook"
DELIVERIES_REL = "openucwa:deliveries"
DELIVERY_REL = "openucwa:delivery"
ATTEMPT_REL = "openucwa:attempt"

#: Deliveries per page.
PAGE = 50
#: Maximum length of the part of a message that its delivery shows, in bytes.
BODY_SHOWN = 65_536

_QUERY = (Parameter("before", kind="integer", minimum=1, description="Only deliveries with a lower number."),)


@dataclass(frozen=True, slots=True)
class Parts:
    """The common dependencies of these resources. `changed`: called after a change, so that it takes effect."""

    store: Store
    pools: Pools
    subscriptions: Subscriptions
    world: World
    changed: Callable[[], None]


def routes(index: str, parts: Parts) -> Sequence[tuple[str, Resource[Any]]]:
    """`index`: the template of openucwa:index."""
    all_of_them = f"{index}/webhooks"
    one = f"{all_of_them}/{{webhook_id}}"
    delivery = f"{one}/deliveries/{{delivery}}"
    return (
        (all_of_them, Webhooks(parts)),
        (one, OneWebhook(parts)),
        (f"{one}/secret", RotateSecret(parts)),
        (f"{one}/test", TestDelivery(parts)),
        (f"{one}/deliveries", Deliveries(parts)),
        (delivery, OneDelivery(parts)),
        (f"{delivery}/redelivery", Redelivery(parts)),
    )


def webhooks_href(call: Context) -> str:
    """The href of openucwa:webhooks."""
    return f"{index_href(call)}/webhooks"


def webhook_href(call: Context, webhook: Webhook) -> str:
    """The href of a webhook."""
    return f"{webhooks_href(call)}/{webhook.id}"


def webhook_document(call: Context, webhook: Webhook, *, secret: bool = False) -> Document:
    """openucwa:webhook. `secret`: whether the newest secret is shown: when it is new, and then never again."""
    href = webhook_href(call, webhook)
    properties: dict[str, Property] = {
        "created": Instant(webhook.created),
        "description": webhook.description,
        "filter": webhook.filter,
        "id": webhook.id,
        "kinds": webhook.kinds,
        "state": str(webhook.state),
        "url": webhook.url,
    }
    if webhook.reason:
        properties["reason"] = webhook.reason
    if secret:
        properties["secret"] = webhook.secrets[0].value
    if len(webhook.secrets) > 1 and (until := webhook.secrets[1].until) is not None:
        properties["oldSecretUntil"] = Instant(until)
    return Document(
        rel=WEBHOOK_REL,
        href=href,
        properties=dict(sorted(properties.items())),
        links={
            DELIVERIES_REL: Link(f"{href}/deliveries"),
            "openucwa:rotateSecret": Link(f"{href}/secret"),
            "openucwa:testDelivery": Link(f"{href}/test"),
        },
        tail={"etag": webhook.etag},
    )


def delivery_document(webhook: str, delivery: Delivery, *, body: bool = False) -> Document:
    """openucwa:delivery. `webhook`: the href of its webhook. `body`: whether the message is shown."""
    href = f"{webhook}/deliveries/{delivery.id}"
    properties: dict[str, Property] = {
        "attempts": delivery.tried,
        "changed": Instant(delivery.at),
        "id": delivery.id,
        "number": delivery.number,
        "state": str(delivery.state),
        "type": delivery.type,
    }
    if delivery.meeting_id:
        properties |= {"onlineMeetingId": delivery.meeting_id, "organizerUri": delivery.organizer}
    if delivery.next_at and delivery.state == "Pending":
        properties["nextAttempt"] = Instant(delivery.next_at)
    if body:
        properties["message"] = delivery.body[:BODY_SHOWN].decode("utf-8", "ignore")
    return Document(
        rel=DELIVERY_REL,
        href=href,
        properties=dict(sorted(properties.items())),
        links={"openucwa:redeliver": Link(f"{href}/redelivery")},
        embedded={ATTEMPT_REL: [_attempt(href, number, each) for number, each in enumerate(delivery.attempts, 1)]},
    )


def _attempt(href: str, number: int, attempt: Attempt) -> Document:
    properties: dict[str, Property] = {"at": Instant(attempt.at), "seconds": attempt.seconds}
    if attempt.status is not None:
        properties["status"] = attempt.status
    if attempt.error:
        properties["error"] = attempt.error
    if attempt.answer:
        properties["answer"] = "".join(c if c.isprintable() else " " for c in attempt.answer)
    return Document(rel=ATTEMPT_REL, href=f"{href}#{number}", properties=dict(sorted(properties.items())))


def _named(call: Context, webhook: Webhook) -> tuple[str, str, str]:
    """The first fields of audit lines about a webhook: by, user, webhook."""
    return call.caller.identity, webhook.owner, webhook.id


class _Family(MeetingFamily[Any]):
    """These resources: for the user who may read what is delivered."""

    scopes = CONVERSATION_SCOPES
    cached = False

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.pools)
        self._parts = parts
        self._webhooks = parts.store.webhooks


class Webhooks(_Family):
    """openucwa:webhooks. The user's webhooks."""

    rel = REL

    @Operation("The user's webhooks.", refuses=READ_REFUSALS)
    async def get(self, call: Call[None]) -> Answer:
        """openucwa:webhooks, GET."""
        found = await self._webhooks.all(organizer_of(call))
        shown = [webhook_document(call, each) for each in found]
        return Answer(Document(rel=self.rel, href=webhooks_href(call), embedded={WEBHOOK_REL: shown}))

    @Operation(
        "Adds a webhook for changes from now on. The secret is shown in this answer alone.",
        answers=(201,),
        takes=(*PARAMETERS, SECRET),
        refuses=(*CHANGE_REFUSALS, LimitExceeded),
    )
    async def post(self, call: Call[None]) -> Answer:
        """openucwa:webhooks, POST."""
        webhook = await self._parts.subscriptions.add(organizer_of(call), call.values)
        self._parts.changed()
        audit.log(audit.WebhookAdded(*_named(call, webhook), webhook.host, call.request.client))
        document = webhook_document(call, webhook, secret=True)
        return Answer(document, 201, etag=webhook.etag, location=document.href, cache_control=b"no-store")


class _OfOne(_Family):
    """Resources of one webhook."""

    async def locate(self, call: Context, webhook_id: str = "", **_names: str) -> Webhook:
        self.require_pool(call)
        return await self._webhooks.get(organizer_of(call), webhook_id)


class OneWebhook(_OfOne):
    """openucwa:webhook. A subscription to changes."""

    rel = WEBHOOK_REL
    conditional = True

    def etag(self, call: Context, target: Webhook) -> str:
        return target.etag

    @Operation("One webhook.", refuses=READ_REFUSALS)
    async def get(self, call: Call[Webhook]) -> Answer:
        """openucwa:webhook, GET."""
        return Answer(webhook_document(call, call.target), etag=call.target.etag)

    @Operation(
        "Replaces the properties of a webhook; omitted ones get their defaults, the secret stays.",
        takes=PARAMETERS,
        refuses=CHANGE_REFUSALS,
    )
    async def put(self, call: Call[Webhook]) -> Answer:
        """openucwa:webhook, PUT."""
        webhook = await self._parts.subscriptions.replace(call.target, call.values, call.if_match)
        self._parts.changed()
        audit.log(audit.WebhookChanged(*_named(call, webhook), webhook.host, str(webhook.state), call.request.client))
        return Answer(webhook_document(call, webhook), etag=webhook.etag)

    @Operation("Removes a webhook and its deliveries.", answers=(204,), produces=(), refuses=CHANGE_REFUSALS)
    async def delete(self, call: Call[Webhook]) -> Answer:
        """openucwa:webhook, DELETE."""
        await self._webhooks.remove(call.target.owner, call.target.id, call.if_match)
        self._parts.changed()
        audit.log(audit.WebhookRemoved(*_named(call, call.target), call.request.client))
        return NO_CONTENT


class RotateSecret(_OfOne):
    """openucwa:rotateSecret. A new secret; the old one is valid for some time yet."""

    rel = "openucwa:rotateSecret"

    @Operation(
        "Gives a webhook a new secret, which is shown in this answer alone.", takes=(SECRET,), refuses=CHANGE_REFUSALS
    )
    async def post(self, call: Call[Webhook]) -> Answer:
        """openucwa:rotateSecret, POST."""
        match = frozenset({call.target.etag})
        webhook = await self._parts.subscriptions.rotate(call.target, call.values, match)
        self._parts.changed()
        audit.log(audit.WebhookSecretReplaced(*_named(call, webhook), call.request.client))
        return Answer(webhook_document(call, webhook, secret=True), etag=webhook.etag, cache_control=b"no-store")


class TestDelivery(_OfOne):
    """openucwa:testDelivery. A message that says nothing."""

    rel = "openucwa:testDelivery"

    @Operation("Delivers a test message.", answers=(201,), takes=(), refuses=(*CHANGE_REFUSALS, LimitExceeded))
    async def post(self, call: Call[Webhook]) -> Answer:
        """openucwa:testDelivery, POST."""
        message = await self._parts.subscriptions.test(call.target)
        self._parts.changed()
        stored = await self._webhooks.delivery(call.target.id, message.id)
        document = delivery_document(webhook_href(call, call.target), stored, body=True)
        return Answer(document, 201, location=document.href)


class Deliveries(_OfOne):
    """openucwa:deliveries. The messages of a webhook: pending ones, and the latest of the others."""

    rel = DELIVERIES_REL

    @Operation("The deliveries of a webhook with their attempts, newest first.", query=_QUERY, refuses=READ_REFUSALS)
    async def get(self, call: Call[Webhook]) -> Answer:
        """openucwa:deliveries, GET."""
        webhook = webhook_href(call, call.target)
        before = call.values.get("before")
        found = await self._webhooks.deliveries(call.target.id, before, PAGE + 1)
        page = found[:PAGE]
        href = f"{webhook}/deliveries"
        links = {"next": Link(f"{href}?before={page[-1].number}")} if len(found) > PAGE else {}
        return Answer(
            Document(
                rel=self.rel,
                href=href if before is None else f"{href}?before={before}",
                links=links,
                embedded={DELIVERY_REL: [delivery_document(webhook, each) for each in page]},
            )
        )


class _OfDelivery(_Family):
    """Resources of one delivery."""

    async def locate(
        self, call: Context, webhook_id: str = "", delivery: str = "", **_names: str
    ) -> tuple[Webhook, Delivery]:
        self.require_pool(call)
        webhook = await self._webhooks.get(organizer_of(call), webhook_id)
        return webhook, await self._webhooks.delivery(webhook.id, delivery)


class OneDelivery(_OfDelivery):
    """openucwa:delivery. One message, and the attempts to deliver it."""

    rel = DELIVERY_REL

    @Operation("One delivery, with its message.", refuses=READ_REFUSALS)
    async def get(self, call: Call[tuple[Webhook, Delivery]]) -> Answer:
        """openucwa:delivery, GET."""
        webhook, delivery = call.target
        return Answer(delivery_document(webhook_href(call, webhook), delivery, body=True))


class Redelivery(_OfDelivery):
    """openucwa:redeliver. Delivers a message again, with the same id."""

    rel = "openucwa:redeliver"

    @Operation("Delivers a message again.", answers=(204,), produces=(), takes=(), refuses=CHANGE_REFUSALS)
    async def post(self, call: Call[tuple[Webhook, Delivery]]) -> Answer:
        """openucwa:redeliver, POST."""
        webhook, delivery = call.target
        await self._webhooks.redeliver(webhook.id, delivery.id, self._parts.world.now())
        self._parts.changed()
        return NO_CONTENT

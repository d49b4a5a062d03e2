"""Webhooks: their leases, their deliveries in order, and what a process without the lease cannot do."""

from dataclasses import replace

import pytest

from openucwa.model.refusals import LimitExceeded, PreconditionFailed, ResourceNotFound
from openucwa.model.webhook import (
    ALL,
    Attempt,
    DeliveryState,
    WebhookPosition,
    WebhookState,
)
from openucwa.store.contract import Store
from tests.contract.samples import AT, DAN, delivery, user, webhook
from tests.users import LENE

START = WebhookPosition("log", 0, 7)
MOVED = WebhookPosition("log", 5, 9)
NODE, OTHER_NODE = "node 1", "node 2"
LEASE = 30_000


@pytest.fixture(autouse=True)
async def users(store: Store) -> None:
    for uri in (LENE, DAN):
        await store.users.add(user(uri))


@pytest.fixture
async def leased(store: Store) -> None:
    """One webhook, leased to NODE."""
    await store.webhooks.add(webhook(), START, 10)
    await store.webhooks.claim(NODE, AT, AT + LEASE, 10)


async def due(store: Store, at: int = AT, limit: int = 10) -> list[str]:
    return [each.id for each in await store.webhooks.due("1", at, limit)]


async def test_webhook_is_read_as_added(store: Store) -> None:
    await store.webhooks.add(webhook(), START, 10)
    assert await store.webhooks.get(LENE, "1") == webhook()
    assert await store.webhooks.all(LENE) == [webhook()]


async def test_webhook_is_visible_to_its_owner_alone(store: Store) -> None:
    await store.webhooks.add(webhook(), START, 10)
    await store.webhooks.add(webhook("2", owner=ALL), START, 10)
    assert await store.webhooks.all(DAN) == []
    assert [each.id for each in await store.webhooks.all(ALL)] == ["2"]
    with pytest.raises(ResourceNotFound):
        await store.webhooks.get(DAN, "1")
    with pytest.raises(ResourceNotFound):
        await store.webhooks.remove(DAN, "1", None)


async def test_webhook_beyond_the_limit_is_refused(store: Store) -> None:
    await store.webhooks.add(webhook("1"), START, 1)
    with pytest.raises(LimitExceeded):
        await store.webhooks.add(webhook("2"), START, 1)
    await store.webhooks.add(webhook("3", owner=DAN), START, 1)


async def test_webhook_of_an_unknown_user_is_refused(store: Store) -> None:
    with pytest.raises(ResourceNotFound):
        await store.webhooks.add(webhook(owner="sip:nobody@contoso.com"), START, 1)


async def test_replacing_demands_the_etag(store: Store) -> None:
    await store.webhooks.add(webhook(), START, 10)
    with pytest.raises(PreconditionFailed):
        await store.webhooks.replace(webhook(etag="2"), frozenset({"9"}))
    await store.webhooks.replace(webhook(etag="2", description="new"), frozenset({"1"}))
    assert (await store.webhooks.get(LENE, "1")).description == "new"


async def test_webhooks_go_with_their_user(store: Store, leased: None) -> None:
    await store.webhooks.enqueue(NODE, "1", START, START, [delivery("a")])
    await store.users.remove(LENE, AT)
    assert await store.webhooks.all(LENE) == []
    assert await due(store) == []


async def test_webhook_is_leased_to_one_process_at_a_time(store: Store, other: Store) -> None:
    await store.webhooks.add(webhook(), START, 10)
    (claimed,) = await store.webhooks.claim(NODE, AT, AT + LEASE, 10)
    assert (claimed.webhook, claimed.position) == (webhook(), START)
    assert await other.webhooks.claim(OTHER_NODE, AT + LEASE - 1, AT + 2 * LEASE, 10) == []


async def test_lease_that_ran_out_is_taken_over(store: Store, other: Store, leased: None) -> None:
    (claimed,) = await other.webhooks.claim(OTHER_NODE, AT + LEASE, AT + 2 * LEASE, 10)
    assert claimed.webhook.id == "1"
    assert await store.webhooks.enqueue(NODE, "1", START, START, [delivery("a")]) is None
    assert await due(store) == []


async def test_lease_is_renewed_by_its_holder(store: Store, other: Store, leased: None) -> None:
    assert await store.webhooks.claim(NODE, AT + LEASE - 1, AT + 2 * LEASE, 10)
    assert await other.webhooks.claim(OTHER_NODE, AT + LEASE, AT + 2 * LEASE, 10) == []


async def test_released_lease_is_free(store: Store, other: Store, leased: None) -> None:
    await store.webhooks.release(NODE)
    assert await other.webhooks.claim(OTHER_NODE, AT, AT + LEASE, 10)


async def test_paused_webhook_is_not_leased(store: Store) -> None:
    await store.webhooks.add(webhook(state=WebhookState.PAUSED), START, 10)
    assert await store.webhooks.claim(NODE, AT, AT + LEASE, 10) == []


async def test_position_moves_with_the_deliveries(store: Store, leased: None) -> None:
    backlog = await store.webhooks.enqueue(NODE, "1", START, MOVED, [delivery("a"), delivery("b")])
    assert backlog is not None
    assert (backlog.deliveries, backlog.bytes) == (2, 14)
    (claimed,) = await store.webhooks.claim(NODE, AT, AT + LEASE, 10)
    assert claimed.position == MOVED


async def test_webhook_that_is_elsewhere_already_is_not_moved(store: Store, leased: None) -> None:
    await store.webhooks.enqueue(NODE, "1", START, MOVED, [delivery("a")])
    assert await store.webhooks.enqueue(NODE, "1", START, MOVED, [delivery("b")]) is None
    assert await due(store) == ["a"]


async def test_message_about_no_change_is_appended(store: Store, leased: None) -> None:
    await store.webhooks.enqueue(NODE, "1", START, START, [delivery("a")])
    await store.webhooks.append(delivery("test", ""), 2)
    assert await due(store) == ["a", "test"]
    with pytest.raises(LimitExceeded):
        await store.webhooks.append(delivery("more", ""), 2)
    with pytest.raises(ResourceNotFound):
        await store.webhooks.append(delivery("lost", "", webhook="nothing"), 2)


async def test_only_the_first_of_each_meeting_is_due(store: Store, leased: None) -> None:
    await store.webhooks.enqueue(NODE, "1", START, START, [delivery("a1"), delivery("a2"), delivery("b1", "B")])
    await store.webhooks.enqueue(NODE, "1", START, START, [delivery("b2", "B"), delivery("c1", "C", next_at=AT + 1)])
    assert await due(store) == ["a1", "b1"]
    assert await due(store, AT + 1) == ["a1", "b1", "c1"]
    assert await due(store, AT + 1, 1) == ["a1"]


async def test_delivered_message_makes_way_for_the_next_one(store: Store, leased: None) -> None:
    await store.webhooks.enqueue(NODE, "1", START, START, [delivery("a1"), delivery("a2")])
    (first,) = await store.webhooks.due("1", AT, 10)
    attempt = Attempt(AT, 200, "", "thanks", 0.5)
    done = replace(first, state=DeliveryState.DELIVERED, first_at=AT, tried=1, attempts=(attempt,))
    assert await store.webhooks.record(NODE, [done])
    assert await due(store) == ["a2"]
    assert await store.webhooks.delivery("1", "a1") == done


async def test_message_that_waits_for_its_next_attempt_holds_up_its_meeting_alone(store: Store, leased: None) -> None:
    await store.webhooks.enqueue(NODE, "1", START, START, [delivery("a1"), delivery("a2"), delivery("b1", "B")])
    (first, _) = await store.webhooks.due("1", AT, 10)
    await store.webhooks.record(NODE, [replace(first, next_at=AT + 5_000, tried=1)])
    assert await due(store) == ["b1"]
    assert await store.webhooks.next_due("1", AT) == AT + 5_000


async def test_next_attempt_is_known(store: Store, leased: None) -> None:
    assert await store.webhooks.next_due("1", AT) is None
    await store.webhooks.enqueue(NODE, "1", START, START, [delivery("a1", next_at=AT + 9), delivery("a2")])
    assert await store.webhooks.next_due("1", AT) == AT + 9
    assert await store.webhooks.next_due("1", AT + 9) is None


async def test_process_without_the_lease_records_nothing(store: Store, leased: None) -> None:
    await store.webhooks.enqueue(NODE, "1", START, START, [delivery("a")])
    (first,) = await store.webhooks.due("1", AT, 10)
    assert not await store.webhooks.record(OTHER_NODE, [replace(first, state=DeliveryState.DELIVERED)])
    assert await due(store) == ["a"]


async def test_suspended_webhook_is_not_delivered(store: Store, leased: None) -> None:
    assert not await store.webhooks.suspend(OTHER_NODE, "1", WebhookState.GONE, "410", "2", AT)
    assert await store.webhooks.suspend(NODE, "1", WebhookState.GONE, "410", "2", AT)
    found = await store.webhooks.get(LENE, "1")
    assert (found.state, found.reason, found.etag) == (WebhookState.GONE, "410", "2")
    assert await store.webhooks.claim(NODE, AT, AT + LEASE, 10) == []


async def test_webhook_that_is_active_again_delivers_at_once(store: Store, leased: None) -> None:
    await store.webhooks.enqueue(NODE, "1", START, START, [delivery("a", next_at=AT + 9)])
    await store.webhooks.suspend(NODE, "1", WebhookState.FAILING, "", "2", AT)
    await store.webhooks.replace(webhook(etag="3"), frozenset({"2"}))
    assert await due(store) == ["a"]


async def test_deliveries_are_listed_newest_first_in_pages(store: Store, leased: None) -> None:
    await store.webhooks.enqueue(NODE, "1", START, START, [delivery(name) for name in "abc"])
    page = await store.webhooks.deliveries("1", None, 2)
    assert [each.id for each in page] == ["c", "b"]
    assert [each.id for each in await store.webhooks.deliveries("1", page[-1].number, 2)] == ["a"]


async def test_redelivered_message_is_due_again(store: Store, leased: None) -> None:
    await store.webhooks.enqueue(NODE, "1", START, START, [delivery("a"), delivery("b")])
    (first,) = await store.webhooks.due("1", AT, 10)
    await store.webhooks.record(NODE, [replace(first, state=DeliveryState.FAILED, tried=9, first_at=AT)])
    await store.webhooks.redeliver("1", "a", AT + 1)
    (again,) = await store.webhooks.due("1", AT + 1, 10)
    assert (again.id, again.tried, again.first_at, again.body) == ("a", 0, 0, b'{"n":1}')
    with pytest.raises(ResourceNotFound):
        await store.webhooks.redeliver("1", "nothing", AT)


async def test_finished_deliveries_are_forgotten_but_the_latest(store: Store, leased: None) -> None:
    await store.webhooks.enqueue(NODE, "1", START, START, [delivery(name, meeting_id=name) for name in "abcd"])
    found = await store.webhooks.due("1", AT, 10)
    done = [replace(each, state=DeliveryState.DELIVERED) for each in found[:3]]
    await store.webhooks.record(NODE, done)
    assert await store.webhooks.forget(2, AT, 10) == 2
    assert [each.id for each in await store.webhooks.deliveries("1", None, 10)] == ["d", "c"]
    assert await store.webhooks.forget(2, AT + 1, 10) == 1
    assert [each.id for each in await store.webhooks.deliveries("1", None, 10)] == ["d"]


async def test_webhook_of_disabled_user_rests_until_the_user_is_enabled(store: Store, leased: None) -> None:
    await store.users.disable(LENE, AT)
    assert await store.webhooks.claim(NODE, AT + 1, AT + LEASE, 10) == []
    assert await store.webhooks.claim(OTHER_NODE, AT + LEASE, AT + 2 * LEASE, 10) == []
    await store.users.enable(LENE)
    (claimed,) = await store.webhooks.claim(OTHER_NODE, AT + LEASE, AT + 2 * LEASE, 10)
    assert (claimed.webhook, claimed.position) == (webhook(), START)

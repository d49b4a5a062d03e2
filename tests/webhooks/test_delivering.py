"""Webhooks from the change to the receiver, over sockets."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from openucwa.app import Service
from openucwa.model.webhook import ALL, WebhookState
from openucwa.webhooks.signing import sign
from tests.client import UcwaClient, self_of
from tests.users import LENE
from tests.webhooks.conftest import subscribe
from tests.webhooks.receiver import OK, Receiver, answer, receiving
from tests.world import FakeWorld, until


def messages(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for body in receiver.bodies]


def kinds(receiver: Receiver) -> list[str]:
    return [message["type"] for message in messages(receiver)]


async def received(receiver: Receiver, count: int, world: FakeWorld) -> None:
    """Lets time pass until so many messages were received."""
    for _ in range(500):
        if len(receiver.received) >= count:
            return
        await world.advance(1)
        await asyncio.sleep(0.005)
    raise AssertionError(kinds(receiver))


async def eventually(client: UcwaClient, href: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The resource, once something holds of it."""
    shown: dict[str, Any] = {}
    for _ in range(500):
        shown = (await client.get(href)).json()
        if holds(shown):
            return shown
        await asyncio.sleep(0.01)
    raise AssertionError(shown)


async def test_change_is_delivered_with_its_data(lene: UcwaClient, receiver: Receiver, world: FakeWorld) -> None:
    await subscribe(lene, receiver)
    meeting = await lene.schedule(subject="Sales")
    extension = await lene.extend(meeting, id="crm", type="RoamedOrganizerData", priority=5)
    await until(lambda: len(receiver.received) == 2)
    first, second = messages(receiver)
    assert first["type"] == "meeting.added"
    assert first["timestamp"] == "2023-11-14T22:13:20.000Z"
    assert first["data"]["onlineMeetingId"] == meeting["onlineMeetingId"]
    assert first["data"]["meeting"]["subject"] == "Sales"
    assert first["data"]["meeting"]["joinUrl"] == meeting["joinUrl"]
    assert second["type"] == "extension.added"
    assert second["data"] == {
        "changedBy": LENE,
        "etagAfter": extension["etag"],
        "extensionId": "crm",
        "extensionType": "RoamedOrganizerData",
        "onlineMeetingId": meeting["onlineMeetingId"],
        "onlineMeetingUri": meeting["onlineMeetingUri"],
        "organizerUri": LENE,
        "properties": {"priority": 5},
        "userAgent": "tests",
    }


async def test_message_is_signed_with_the_secret_that_was_shown(lene: UcwaClient, receiver: Receiver) -> None:
    webhook = await subscribe(lene, receiver)
    await lene.schedule()
    await until(lambda: receiver.received)
    headers = receiver.received[0].headers
    timestamp = int(headers["webhook-timestamp"])
    signature = sign(webhook["secret"], headers["webhook-id"], timestamp, receiver.received[0].body)
    assert headers["webhook-signature"] == signature
    assert headers["content-type"] == "application/json"


async def test_changes_before_the_webhook_are_not_delivered(lene: UcwaClient, receiver: Receiver) -> None:
    await lene.schedule(subject="before")
    await subscribe(lene, receiver)
    await lene.schedule(subject="after")
    await until(lambda: receiver.received)
    assert messages(receiver)[0]["data"]["meeting"]["subject"] == "after"


async def test_only_the_kinds_that_were_asked_for_are_delivered(lene: UcwaClient, receiver: Receiver) -> None:
    await subscribe(lene, receiver, kinds=["extension.removed"])
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, id="crm", type="Undefined")
    await lene.delete(self_of(extension))
    await until(lambda: receiver.received)
    assert kinds(receiver) == ["extension.removed"]


async def test_only_what_passes_the_filter_is_delivered(lene: UcwaClient, receiver: Receiver) -> None:
    await subscribe(lene, receiver, filter="extensions/any(e: e/id eq 'crm' and e/priority ge 5)")
    meeting = await lene.schedule()
    await lene.extend(meeting, id="crm", type="Undefined", priority=4)
    await lene.extend(meeting, id="other", type="Undefined", priority=9)
    other = await lene.schedule()
    await lene.extend(other, id="crm", type="Undefined", priority=5)
    await until(lambda: receiver.received)
    (message,) = messages(receiver)
    assert message["data"]["onlineMeetingId"] == other["onlineMeetingId"]


async def test_invited_user_gets_participant_data_alone(lene: UcwaClient, dana: UcwaClient, receiver: Receiver) -> None:
    await subscribe(dana, receiver)
    meeting = await lene.schedule(attendees=["sip:danab@contoso.com"])
    await lene.extend(meeting, id="secret", type="RoamedOrganizerData", budget=1)
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Q4")
    await until(lambda: len(receiver.received) == 2)
    assert kinds(receiver) == ["meeting.added", "extension.added"]
    assert messages(receiver)[1]["data"]["properties"] == {"topic": "Q4"}
    assert "userAgent" not in messages(receiver)[1]["data"]
    assert b"budget" not in b"".join(receiver.bodies)


async def test_others_changes_are_not_delivered(lene: UcwaClient, dana: UcwaClient, receiver: Receiver) -> None:
    await subscribe(dana, receiver)
    await lene.schedule(subject="not for Dana")
    await dana.schedule(subject="Dana's")
    await until(lambda: receiver.received)
    assert [message["data"]["organizerUri"] for message in messages(receiver)] == ["sip:danab@contoso.com"]


async def test_webhook_of_the_administrator_gets_the_changes_of_all(
    service: Service, lene: UcwaClient, dana: UcwaClient, receiver: Receiver
) -> None:
    await service.following.subscriptions.add(ALL, {"url": receiver.url})
    service.following.dispatcher.changed()
    await lene.schedule()
    await dana.schedule()
    await until(lambda: len(receiver.received) == 2)
    assert {message["data"]["organizerUri"] for message in messages(receiver)} == {LENE, "sip:danab@contoso.com"}


async def test_failed_delivery_is_tried_again_with_the_same_id(
    lene: UcwaClient, receiver: Receiver, world: FakeWorld
) -> None:
    receiver.answers = lambda number: answer(500) if number == 0 else OK
    await subscribe(lene, receiver)
    await lene.schedule()
    await until(lambda: receiver.received)
    await until(lambda: world.sleepers)
    await received(receiver, 2, world)
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])


async def test_changes_of_a_meeting_arrive_in_order_although_one_fails(
    lene: UcwaClient, receiver: Receiver, world: FakeWorld
) -> None:
    meeting = await lene.schedule()
    receiver.answers = lambda number: answer(500) if number < 2 else OK
    await subscribe(lene, receiver)
    for number in range(5):
        await lene.extend(meeting, id=f"n{number}", type="Undefined")
    await received(receiver, 7, world)
    assert [message["data"]["extensionId"] for message in messages(receiver)] == [
        "n0",
        "n0",
        "n0",
        "n1",
        "n2",
        "n3",
        "n4",
    ]


async def test_dead_receiver_holds_up_no_other(lene: UcwaClient, receiver: Receiver) -> None:
    async with receiving(lambda _number: None) as dead:
        await subscribe(lene, dead)
        await subscribe(lene, receiver)
        for _ in range(3):
            await lene.schedule()
        await until(lambda: len(receiver.received) == 3)
        assert len(dead.received) >= 1


async def test_receiver_that_is_gone_ends_its_webhook(lene: UcwaClient, receiver: Receiver) -> None:
    receiver.answers = lambda _number: answer(410)
    webhook = await subscribe(lene, receiver)
    await lene.schedule()
    await until(lambda: receiver.received)
    shown = await eventually(lene, self_of(webhook), lambda shown: shown["state"] == "Gone")
    assert shown["reason"] == "the receiver answered 410 Gone"


async def test_webhook_that_is_set_to_active_again_gets_what_it_missed(lene: UcwaClient, receiver: Receiver) -> None:
    webhook = await subscribe(lene, receiver, state="Paused")
    await lene.schedule(subject="meanwhile")
    await lene.put(self_of(webhook), json={"url": receiver.url, "state": "Active"})
    await until(lambda: receiver.received)
    assert messages(receiver)[0]["data"]["meeting"]["subject"] == "meanwhile"


async def test_receiver_that_failed_for_the_whole_period_is_suspended(
    service: Service, lene: UcwaClient, receiver: Receiver, world: FakeWorld
) -> None:
    receiver.answers = lambda _number: answer(500)
    webhook = await subscribe(lene, receiver)
    begin = world.now()
    await lene.schedule()
    await until(lambda: receiver.received)
    found = await service.store.webhooks.get(LENE, webhook["id"])
    while found.state is WebhookState.ACTIVE and world.now() < begin + 7_200_000:
        await world.advance(10)
        await asyncio.sleep(0.005)
        found = await service.store.webhooks.get(LENE, webhook["id"])
    assert found.state is WebhookState.FAILING
    assert found.changed - begin >= 600_000
    assert len(receiver.received) >= 2


async def test_test_message_is_delivered_for_any_kinds(lene: UcwaClient, receiver: Receiver) -> None:
    webhook = await subscribe(lene, receiver, kinds=["meeting.added"], description="CRM")
    made = await lene.post(webhook["_links"]["openucwa:testDelivery"]["href"])
    assert made.status_code == 201
    await until(lambda: receiver.received)
    (message,) = messages(receiver)
    assert (message["type"], message["data"]) == ("webhook.test", {"description": "CRM"})
    assert receiver.received[0].headers["webhook-id"] == made.json()["id"]


async def test_delivery_lists_its_attempts_and_can_be_repeated(
    lene: UcwaClient, receiver: Receiver, world: FakeWorld
) -> None:
    webhook = await subscribe(lene, receiver)
    await lene.schedule()
    await until(lambda: receiver.received)
    href = webhook["_links"]["openucwa:deliveries"]["href"]
    listed = await eventually(
        lene, href, lambda shown: shown["_embedded"]["openucwa:delivery"][0]["state"] == "Delivered"
    )
    deliveries = listed["_embedded"]["openucwa:delivery"]
    (attempt,) = deliveries[0]["_embedded"]["openucwa:attempt"]
    assert attempt["status"] == 204
    repeated = await lene.post(deliveries[0]["_links"]["openucwa:redeliver"]["href"])
    assert repeated.status_code == 204
    await until(lambda: len(receiver.received) == 2)
    assert receiver.received[0].headers["webhook-id"] == receiver.received[1].headers["webhook-id"]
    assert receiver.received[0].body == receiver.received[1].body


async def test_rotated_secret_signs_with_the_old_one_until_its_time_is_over(
    lene: UcwaClient, receiver: Receiver, world: FakeWorld
) -> None:
    webhook = await subscribe(lene, receiver)
    rotated = (await lene.post(webhook["_links"]["openucwa:rotateSecret"]["href"])).json()
    assert rotated["secret"] != webhook["secret"]
    await lene.schedule()
    await until(lambda: receiver.received)
    headers = receiver.received[0].headers
    parts = (headers["webhook-id"], int(headers["webhook-timestamp"]), receiver.received[0].body)
    assert headers["webhook-signature"] == f"{sign(rotated['secret'], *parts)} {sign(webhook['secret'], *parts)}"


async def test_metrics_and_log_have_no_secrets(
    service: Service, lene: UcwaClient, receiver: Receiver, caplog: Any
) -> None:
    receiver.answers = lambda _number: answer(500)
    webhook = await subscribe(lene, receiver, url=f"{receiver.url}?key=hidden")
    with caplog.at_level("INFO"):
        await lene.schedule()
        await until(lambda: service.measures.deliveries.get("failed"))
    assert "hidden" not in caplog.text
    assert webhook["secret"] not in caplog.text
    assert webhook["id"] in caplog.text

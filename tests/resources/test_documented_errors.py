"""The errors that the reference documents for meetings and extensions: each of them occurs for the reason it names."""

import asyncio
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from openucwa.app import Service
from openucwa.config import Config
from openucwa.config_options import DialInRegion, Pool
from tests.client import UcwaClient, add_user, extensions_of, if_match, self_of
from tests.conftest import Connect, Make
from tests.resources.conftest import SignedIn
from tests.resources.messages import assert_invalid, assert_refused, get_extensions, own, pass_through

Resource = dict[str, Any]

REGION = DialInRegion("Redmond", "tel:+14255550001")


# What two requests can't both have


async def test_already_exists_when_the_meeting_has_that_id(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    await lene.extend(meeting, id="917823")
    answer = await lene.post(extensions_of(meeting), json={"id": "917823"})
    assert_refused(answer, 409, "Conflict", "AlreadyExists")


async def test_too_many_groups_when_the_meeting_is_full(signed_in: SignedIn) -> None:
    lene = await signed_in(max_extensions=1)
    meeting = await lene.schedule()
    await lene.extend(meeting)
    assert_refused(await lene.post(extensions_of(meeting)), 409, "Conflict", "TooManyGroups")


async def test_none_when_the_assigned_meeting_accepts_no_extensions(signed_in: SignedIn) -> None:
    lene = await signed_in(assigned_meeting_extensions=False)
    assigned = (await lene.get(lene.meetings)).json()["_embedded"]["myAssignedOnlineMeeting"][0]
    answer = await lene.post(extensions_of(assigned), json={"id": "1"})
    assert "subcode" not in assert_refused(answer, 409, "Conflict")
    assert await get_extensions(lene, extensions_of(assigned)) == []
    assert (await lene.extend(await lene.schedule(), id="1"))["id"] == "1"


async def test_precondition_required_when_a_put_lacks_if_match(lene: UcwaClient) -> None:
    extension = await lene.extend(await lene.schedule())
    assert_refused(await lene.put(self_of(extension), json=extension), 428, "PreconditionRequired")


async def test_precondition_failed_when_another_put_came_first(lene: UcwaClient) -> None:
    extension = await lene.extend(await lene.schedule())
    await lene.replace(extension, topic="first")
    assert_refused(await lene.replace(extension, topic="second"), 412, "PreconditionFailed")
    assert own((await lene.get(self_of(extension))).json()) == {"topic": "first"}


async def test_parameter_validation_failure_when_the_pass_through_property_is_missing(lene: UcwaClient) -> None:
    extension = await lene.extend(await lene.schedule())
    answer = await lene.put(self_of(extension), json={}, headers=if_match(extension))
    assert_invalid(answer, *pass_through(extension))


# Requests that come at once


async def test_one_of_several_puts_with_the_same_etag_succeeds(lene: UcwaClient) -> None:
    extension = await lene.extend(await lene.schedule())
    answers = await asyncio.gather(*(lene.replace(extension, by=number) for number in range(5)))
    made = [answer for answer in answers if answer.status_code == 200]
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    assert (await lene.get(self_of(extension))).json() == made[0].json()


async def test_one_of_several_puts_of_a_meeting_with_the_same_etag_succeeds(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    answers = await asyncio.gather(*(lene.replace(meeting, subject=str(number)) for number in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]


async def test_puts_with_if_match_star_all_succeed_in_turn(lene: UcwaClient) -> None:
    extension = await lene.extend(await lene.schedule())
    any_etag = {"If-Match": "*"}
    answers = await asyncio.gather(
        *(lene.put(self_of(extension), json={**extension, "by": by}, headers=any_etag) for by in range(5))
    )
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({answer.json()["etag"] for answer in answers}) == 5
    assert (await lene.get(self_of(extension))).json() in [answer.json() for answer in answers]


async def test_one_of_several_posts_of_the_same_id_succeeds(lene: UcwaClient) -> None:
    href = extensions_of(await lene.schedule())
    answers = await asyncio.gather(*(lene.post(href, json={"id": "1", "by": number}) for number in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert len(await get_extensions(lene, href)) == 1


async def test_limit_holds_for_concurrent_posts(signed_in: SignedIn) -> None:
    lene = await signed_in(max_extensions=3)
    href = extensions_of(await lene.schedule())
    answers = await asyncio.gather(*(lene.post(href) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409, 409]
    assert len(await get_extensions(lene, href)) == 3


async def test_extension_deleted_during_a_put_is_gone(lene: UcwaClient) -> None:
    extension = await lene.extend(await lene.schedule())
    deleted, replaced = await asyncio.gather(lene.delete(self_of(extension)), lene.replace(extension, topic="x"))
    assert (deleted.status_code, replaced.status_code) == (204, 404)


# CallbackChannelError: the event bus can't be reached


@pytest.fixture
def nobody_listens() -> Iterator[str]:
    """The URL of a bus where nobody answers: the port is taken, and nothing listens at it."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"nats://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
async def cut_off(make_service: Make, connect: Connect, lene: UcwaClient, nobody_listens: str) -> UcwaClient:
    """Lene at another server of the same store, whose bus is unreachable."""
    client = connect(await make_service(bus=nobody_listens, store_timeout=0.2))
    client.token, client.app = lene.token, lene.app
    return client


@pytest.fixture
async def joined(lene: UcwaClient) -> dict[str, Any]:
    """A meeting that Lene has joined, so that she is to be notified of its changes."""
    meeting = await lene.schedule()
    uri = {"onlineMeetingUri": meeting["onlineMeetingUri"]}
    answer = await lene.post(f"{lene.app}/communication/joinOnlineMeeting", json=uri)
    assert answer.status_code == 201, answer.text
    return meeting


def assert_not_notified(answer: httpx.Response) -> None:
    assert_refused(answer, 500, "ServiceFailure", "CallbackChannelError")


async def test_without_the_bus_no_extension_is_created_if_others_must_be_notified(
    lene: UcwaClient, cut_off: UcwaClient, joined: dict[str, Any]
) -> None:
    assert_not_notified(await cut_off.post(extensions_of(joined), json={"id": "1"}))
    assert await get_extensions(lene, extensions_of(joined)) == []


async def test_without_the_bus_no_extension_is_replaced_if_others_must_be_notified(
    lene: UcwaClient, cut_off: UcwaClient, joined: dict[str, Any]
) -> None:
    extension = await lene.extend(joined, topic="sales")
    assert_not_notified(await cut_off.replace(extension, topic="x"))
    assert (await lene.get(self_of(extension))).json() == extension


async def test_without_the_bus_no_meeting_is_replaced_if_others_must_be_notified(
    lene: UcwaClient, cut_off: UcwaClient, joined: dict[str, Any]
) -> None:
    assert_not_notified(await cut_off.replace(joined, subject="x"))
    assert (await lene.get(self_of(joined))).json() == joined


async def test_without_the_bus_no_one_can_join(lene: UcwaClient, cut_off: UcwaClient) -> None:
    uri = {"onlineMeetingUri": (await lene.schedule())["onlineMeetingUri"]}
    assert_not_notified(await cut_off.post(f"{lene.app}/communication/joinOnlineMeeting", json=uri))


async def test_without_the_bus_changes_that_notify_no_one_succeed(lene: UcwaClient, cut_off: UcwaClient) -> None:
    meeting = await cut_off.schedule()
    replaced = await cut_off.replace(meeting, subject="x")
    assert replaced.status_code == 200, replaced.text
    extension = await cut_off.extend(meeting)
    assert (await cut_off.replace(extension, topic="x")).status_code == 200
    assert (await lene.get(self_of(extension))).json()["topic"] == "x"


async def test_without_the_bus_reads_succeed(lene: UcwaClient, cut_off: UcwaClient) -> None:
    meeting = await lene.schedule()
    extension = await lene.extend(meeting)
    for href in (self_of(meeting), extensions_of(meeting), self_of(extension), lene.meetings):
        answer = await cut_off.get(href)
        assert (answer.status_code, answer.content) == (200, (await lene.get(href)).content)


async def test_without_the_bus_deletes_succeed(lene: UcwaClient, cut_off: UcwaClient, joined: dict[str, Any]) -> None:
    meeting = joined
    extension = await lene.extend(meeting)
    assert (await cut_off.delete(self_of(extension))).status_code == 204
    assert (await cut_off.delete(self_of(meeting))).status_code == 204
    assert (await lene.get(self_of(meeting))).status_code == 404


# CannotRedirect: the organizer is homed in another pool


async def homed(service: Service, connect: Connect) -> UcwaClient:
    """A user of the pool `east`, signed in."""
    if await service.store.users.get("sip:alexd@contoso.com") is None:
        await add_user(service, "sip:alexd@contoso.com", "Alex Darrow", pool="east")
    client = connect(service)
    await client.sign_in("alexd@contoso.com")
    await client.open()
    return client


EAST = "https://east.contoso.com"


@pytest.fixture
async def alex(make_service: Make, connect: Connect) -> UcwaClient:
    """At a server that knows a backup of his pool."""
    pool = Pool("east", EAST, backup="https://west.contoso.com")
    return await homed(await make_service(pools=(pool,), dial_in_regions=(REGION,)), connect)


@pytest.fixture
async def alex_without_backup(make_service: Make, connect: Connect, alex: UcwaClient) -> UcwaClient:
    """At another server of the same store, that knows none."""
    return await homed(await make_service(pools=(Pool("east", EAST),), dial_in_regions=(REGION,)), connect)


async def operations(client: UcwaClient) -> list[tuple[str, str]]:
    """Every operation below onlineMeetings, on a meeting and an extension that are there."""
    meeting = await client.schedule()
    extension = await client.extend(meeting, id="1")
    family = f"{client.app}/onlineMeetings"
    documented = (
        "onlineMeetingDefaultValues",
        "onlineMeetingEligibleValues",
        "onlineMeetingInvitationCustomization",
        "onlineMeetingPolicies",
        "phoneDialInInformation",
        "phoneDialInInformation/1",
    )
    return [
        ("GET", family),
        *(("GET", f"{family}/{name}") for name in documented),
        ("GET", client.meetings),
        ("POST", client.meetings),
        ("GET", extensions_of(meeting)),
        ("POST", extensions_of(meeting)),
        ("GET", self_of(extension)),
        ("PUT", self_of(extension)),
        ("DELETE", self_of(extension)),
        ("GET", self_of(meeting)),
        ("PUT", self_of(meeting)),
        ("DELETE", self_of(meeting)),
    ]


async def test_without_a_backup_everything_below_online_meetings_is_gone(
    alex: UcwaClient, alex_without_backup: UcwaClient
) -> None:
    for method, href in await operations(alex):
        answer = await alex_without_backup.request(method, href)
        assert_refused(answer, 410, "Gone", "CannotRedirect")


async def test_without_a_backup_nothing_is_changed(alex: UcwaClient, alex_without_backup: UcwaClient) -> None:
    meeting = await alex.schedule()
    extension = await alex.extend(meeting)
    await alex_without_backup.replace(extension, topic="x")
    await alex_without_backup.delete(self_of(extension))
    await alex_without_backup.delete(self_of(meeting))
    assert (await alex.get(self_of(extension))).json() == extension


async def test_unconfigured_pool_has_no_backup(alex: UcwaClient, make_service: Make, connect: Connect) -> None:
    client = await homed(await make_service(), connect)
    assert_refused(await client.get(client.meetings), 410, "Gone", "CannotRedirect")


async def test_with_a_backup_everything_works(alex: UcwaClient) -> None:
    meeting = await alex.schedule()
    extension = await alex.extend(meeting, topic="sales")
    assert (await alex.replace(extension, topic="x")).status_code == 200
    assert (await alex.replace(meeting, subject="x")).status_code == 200
    for method, href in await operations(alex):
        if method == "GET":
            assert (await alex.get(href)).status_code == 200
    assert (await alex.delete(self_of(extension))).status_code == 204
    assert (await alex.delete(self_of(meeting))).status_code == 204


async def test_users_of_this_server_are_unaffected_by_other_pools(
    alex_without_backup: UcwaClient, lene: UcwaClient
) -> None:
    for method, href in await operations(lene):
        if method == "GET" and not href.endswith("/1"):
            assert (await lene.get(href)).status_code == 200


# InvalidExchangeServerVersion: the store has moved on


def set_oldest(config: Config, version: int) -> None:
    """What a migration does that servers before it can't work with."""
    with closing(sqlite3.connect(Path(config.data) / "openucwa.sqlite3")) as store:
        store.execute("update store_version set oldest = ?", (version,))
        store.commit()


async def test_upgraded_store_fails_every_operation_with_the_reason(lene: UcwaClient, config: Config) -> None:
    operations_then = [entry for entry in await operations(lene) if not entry[1].endswith("phoneDialInInformation/1")]
    set_oldest(config, 99)
    for method, href in operations_then:
        answer = await lene.request(method, href)
        assert_refused(answer, 500, "ServiceFailure", "InvalidExchangeServerVersion")


async def test_upgraded_store_is_left_unchanged(lene: UcwaClient, config: Config) -> None:
    meeting = await lene.schedule()
    extension = await lene.extend(meeting)
    set_oldest(config, 99)
    await lene.replace(extension, topic="x")
    await lene.delete(self_of(meeting))
    set_oldest(config, 1)
    assert (await lene.get(self_of(extension))).json() == extension


async def test_message_names_versions_and_no_path(lene: UcwaClient, config: Config) -> None:
    set_oldest(config, 99)
    answer = await lene.get(lene.meetings)
    assert "99" in answer.json()["message"]
    assert str(config.data) not in answer.text


async def test_newer_compatible_store_is_used(lene: UcwaClient, config: Config) -> None:
    with closing(sqlite3.connect(Path(config.data) / "openucwa.sqlite3")) as store:
        store.execute("update store_version set version = 99")
        store.commit()
    await lene.extend(await lene.schedule())


# EntityTooLarge: what is stored for an organizer has a bound


async def test_meetings_and_extensions_of_an_organizer_together_have_a_bound(signed_in: SignedIn) -> None:
    lene = await signed_in(max_user_bytes=2_000)
    meeting = await lene.schedule(description="x" * 500)
    extension = await lene.extend(meeting, notes="x" * 1_000)
    refused = await lene.post(extensions_of(meeting), json={"type": "RoamedOrganizerData", "notes": "x" * 500})
    assert_refused(refused, 413, "EntityTooLarge")
    assert_refused(await lene.replace(extension, notes="x" * 1_600), 413, "EntityTooLarge")
    assert_refused(await lene.post(lene.meetings, json={"description": "x" * 600}), 413, "EntityTooLarge")
    assert (await lene.delete(self_of(extension))).status_code == 204
    await lene.extend(meeting, notes="x" * 1_000)

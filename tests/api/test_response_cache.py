"""Answers that are kept: what is read again is what a server would say that keeps nothing."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from openucwa.app import Service
from openucwa.config import Config
from openucwa.identity.passwords import Passwords
from openucwa.identity.tokens import new_signing_key
from tests.client import UcwaClient, add_user, extensions_of, self_of
from tests.conftest import Connect, Make
from tests.users import DANA, LENE
from tests.world import FakeWorld

Resource = dict[str, Any]


@pytest.fixture(params=["sqlite", "postgres"])
def config(request: pytest.FixtureRequest, config: Config) -> Config:
    """A store of each engine."""
    if request.param == "sqlite":
        return config
    on_postgres = replace(config, store=request.getfixturevalue("database"))

    async def prepare() -> None:
        service = Service(on_postgres, FakeWorld(), passwords=Passwords(hasher=PasswordHasher(1, 8, 1)))
        await service.store.open()
        await add_user(service, LENE, "Lene Aaling", email="lenea@contoso.com")
        await add_user(service, DANA, "Dana Birkby")
        await service.store.close()
        service.passwords.close()

    asyncio.run(prepare())
    return on_postgres


@dataclass
class Meeting:
    """A meeting of Lene's with one extension, at a server, and the same store as another server has it."""

    service: Service
    other: Service
    lene: UcwaClient
    resource: Resource
    extension: Resource

    @property
    def collection(self) -> str:
        return extensions_of(self.resource)

    async def read(self, href: str | None = None, **headers: str) -> httpx.Response:
        return await self.lene.get(href or self.collection, headers=headers)


@pytest.fixture
async def meeting(service: Service, make_service: Make, lene: UcwaClient) -> Meeting:
    other = await make_service()
    resource = await lene.schedule(subject="Plans")
    extension = await lene.extend(resource, id="a", topic="one")
    return Meeting(service, other, lene, resource, extension)


def given_again(service: Service) -> Callable[[], int]:
    """How many answers the server has given from what it keeps, since now."""
    before = service.response_cache.hits
    return lambda: service.response_cache.hits - before


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
async def test_second_read_is_answered_from_the_cache(meeting: Meeting, accept: str) -> None:
    again = given_again(meeting.service)
    first, second = [await meeting.read(Accept=accept) for _ in range(2)]
    assert (first.status_code, again()) == (200, 1)
    assert second.content == first.content
    responses = [
        {name: text for name, text in answer.headers.items() if name != "x-request-id"} for answer in (first, second)
    ]
    assert responses[0] == responses[1]
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_304_is_cached_too(meeting: Meeting) -> None:
    again = given_again(meeting.service)
    href, tag = self_of(meeting.extension), f'"{meeting.extension["etag"]}"'
    first, second = [await meeting.read(href, **{"if-none-match": tag}) for _ in range(2)]
    assert (first.status_code, second.status_code, again()) == (304, 304, 1)
    assert second.headers["etag"] == tag


async def test_requests_that_differ_in_shaping_headers_have_separate_entries(meeting: Meeting) -> None:
    answers = {}
    for _ in range(2):
        for accept in ("application/json", "application/xml"):
            for coding in ("identity", "gzip"):
                answer = await meeting.read(Accept=accept, **{"accept-encoding": coding})
                responses = (answer.headers["content-type"], answer.headers.get("content-encoding"), answer.content)
                assert answers.setdefault((accept, coding), responses) == responses
    assert len(set(answers.values())) == 4


async def test_per_request_headers_do_not_prevent_a_hit(meeting: Meeting) -> None:
    again = given_again(meeting.service)
    for number in "123":
        await meeting.read(**{"client-request-id": number, "traceparent": f"00-{number * 32}-{number * 16}-01"})
    assert again() == 2


async def test_cached_answer_is_never_sent_to_another_caller(meeting: Meeting, dana: UcwaClient) -> None:
    await meeting.read()
    for client in (dana, UcwaClient(dana.http)):
        answer = await client.get(meeting.collection)
        assert answer.status_code in {401, 404}


async def test_change_is_seen_at_once(meeting: Meeting) -> None:
    await meeting.read()
    await meeting.lene.replace(meeting.extension, topic="two")
    assert "two" in (await meeting.read()).text


async def test_change_of_another_meetings_extensions_keeps_the_entry(meeting: Meeting) -> None:
    others = await meeting.lene.schedule(subject="Other plans")
    meetings = f"{meeting.lene.app}/onlineMeetings/myOnlineMeetings"
    for href in (meeting.collection, meetings):
        await meeting.read(href)
    again = given_again(meeting.service)
    await meeting.lene.extend(others, id="b")
    assert "Plans" in (await meeting.read(meetings)).text
    assert again() == 0, "it is about the other meeting as well"
    await meeting.read()
    assert again() == 1


async def test_poll_keeps_the_entries(meeting: Meeting) -> None:
    joining = f"{meeting.lene.app}/communication/joinOnlineMeeting"
    await meeting.lene.post(joining, json={"onlineMeetingUri": meeting.resource["onlineMeetingUri"]})
    await meeting.read()
    again = given_again(meeting.service)
    assert (await meeting.lene.get(f"{meeting.lene.app}/events?ack=1")).json()["sender"] != []
    await meeting.read()
    assert again() == 1


async def test_change_by_another_server_is_seen_at_once(meeting: Meeting, connect: Connect) -> None:
    elsewhere = connect(meeting.other)
    elsewhere.token, elsewhere.app = meeting.lene.token, meeting.lene.app
    for topic in ("two", "three"):
        await meeting.read()
        extension = (await elsewhere.get(self_of(meeting.extension))).json()
        assert (await elsewhere.replace(extension, topic=topic)).status_code == 200
        assert topic in (await meeting.read()).text


async def test_concurrent_changes_by_two_servers_are_both_seen(meeting: Meeting, connect: Connect) -> None:
    elsewhere = connect(meeting.other)
    elsewhere.token, elsewhere.app = meeting.lene.token, meeting.lene.app
    other_meeting = await elsewhere.schedule(subject="Other plans")
    for number in range(5):
        await meeting.read()
        await meeting.read(extensions_of(other_meeting))
        await elsewhere.extend(other_meeting, id=f"b{number}")
        await meeting.lene.extend(meeting.resource, id=f"c{number}")
        assert f"c{number}" in (await meeting.read()).text
        assert f"b{number}" in (await meeting.read(extensions_of(other_meeting))).text


async def test_password_change_on_another_server_invalidates_at_once(meeting: Meeting) -> None:
    await meeting.read()
    await meeting.other.store.users.change_password(LENE, "-")
    assert (await meeting.read()).status_code == 401


async def test_application_ended_on_another_server_is_gone_at_once(meeting: Meeting) -> None:
    await meeting.read()
    await meeting.other.store.applications.close(LENE, meeting.lene.app.rpartition("/")[2], 1)
    assert (await meeting.read()).status_code == 404


async def test_application_with_cached_answers_still_times_out(meeting: Meeting, world: FakeWorld) -> None:
    await meeting.read()
    await world.advance(meeting.service.config.application_timeout + 1)
    assert (await meeting.read()).status_code == 404


async def test_cached_reads_keep_an_application_alive(make_service: Make, connect: Connect, world: FakeWorld) -> None:
    # Without sweeps: the clock runs ahead of the writing down of when applications were heard of, which they go by.
    service = await make_service(application_sweep_interval=1e9)
    lene = connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    again = given_again(service)
    for _ in range(3):
        assert [(await lene.get(lene.meetings)).status_code for _ in range(2)] == [200, 200]
        await world.advance(service.config.application_timeout - 5)
    assert again() > 0


async def test_token_with_cached_answers_still_expires(make_service: Make, connect: Connect, world: FakeWorld) -> None:
    service = await make_service(token_lifetime=60, application_timeout=600)
    lene = connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    again = given_again(service)
    await world.advance(59.5)
    assert [(await lene.get(lene.meetings)).status_code for _ in range(2)] == [200, 200]
    assert again() == 1
    await world.advance(0.5)
    assert (await lene.get(lene.meetings)).status_code == 401


async def test_removed_signing_key_invalidates_the_cache(meeting: Meeting, world: FakeWorld) -> None:
    await meeting.read()
    assert meeting.lene.token is not None
    key = meeting.lene.token.removeprefix("cwt=").partition(".")[0]
    await meeting.other.store.signing_keys.add(new_signing_key(world))
    await meeting.other.store.signing_keys.remove(key)
    await meeting.service.keys.refresh()
    assert (await meeting.read()).status_code == 401


async def test_get_with_a_body_is_not_cached(meeting: Meeting) -> None:
    again = given_again(meeting.service)
    for _ in range(2):
        answer = await meeting.lene.request("GET", meeting.collection, content=b"{}")
        assert answer.status_code == 200
    assert again() == 0


async def test_cache_stays_within_its_size(make_service: Make, connect: Connect) -> None:
    service = await make_service(response_cache_bytes=50_000)
    lene = connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    meetings = [await lene.schedule(subject=str(number)) for number in range(30)]
    again = given_again(service)
    for meeting in meetings:
        await lene.get(self_of(meeting))
    await lene.get(self_of(meetings[0]))
    assert again() == 0
    await lene.get(self_of(meetings[-1]))
    assert again() == 1


async def test_cache_size_includes_the_keys(make_service: Make, connect: Connect) -> None:
    limit = 200_000
    service = await make_service(response_cache_bytes=limit)
    lene = connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    collection = extensions_of(await lene.schedule())
    size = 3_500 + len((await lene.get(collection)).content)
    for number in range(200):
        await lene.get(collection, headers={"Accept": f"application/json, x/{number:03}{'y' * 3_500}"})
    assert 0 < len(service.response_cache) * size < limit


async def test_request_with_a_large_head_is_not_cached(meeting: Meeting) -> None:
    again = given_again(meeting.service)
    for _ in range(2):
        await meeting.read(Accept="application/json, x/" + "y" * 5_000)
    assert again() == 0


async def test_cache_can_be_switched_off(make_service: Make, connect: Connect) -> None:
    service = await make_service(response_cache_bytes=0)
    lene = connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    again = given_again(service)
    assert [(await lene.get(lene.meetings)).status_code for _ in range(3)] == [200] * 3
    assert again() == 0


@pytest.mark.parametrize("seed", range(4))
async def test_cached_reads_equal_uncached_reads(make_service: Make, connect: Connect, seed: int) -> None:
    """Two servers that keep answers and one that does not, on one store, with random reads and changes through all."""
    chance = random.Random(seed)  # noqa: S311  # repeatable
    services = [await make_service(), await make_service(), await make_service(response_cache_bytes=0)]
    first, second, plain = clients = [connect(service) for service in services]
    await first.sign_in("lenea@contoso.com")
    await first.open()
    for client in clients[1:]:
        client.token, client.app = first.token, first.app
    again = [given_again(service) for service in services]
    hrefs = [first.meetings, f"{first.app}/onlineMeetings"]
    for number in range(2):
        meeting = await first.schedule(subject=str(number))
        hrefs += [
            self_of(meeting),
            extensions_of(meeting),
            extensions_of(meeting) + "/a",
            extensions_of(meeting) + "/b",
        ]

    async def change(client: UcwaClient) -> None:
        href = chance.choice(hrefs[2:])
        if href.endswith("Extensions"):
            body = {"id": chance.choice("ab"), "type": "RoamedOrganizerData", "n": chance.random()}
            await client.post(href, json=body)
        elif href[-2:] in {"/a", "/b"} and chance.random() < 0.5:
            await client.delete(href)
        else:
            shown = await client.get(href)
            if shown.status_code == 200:
                changed = {"n": chance.random()} if href[-2:] in {"/a", "/b"} else {"subject": str(chance.random())}
                await client.replace(shown.json(), **changed)

    for _ in range(150):
        if chance.random() < 0.3:
            await change(chance.choice(clients))
            continue
        href, accept = chance.choice(hrefs), chance.choice(["application/json", "application/xml"])
        reader = chance.choice((first, second))
        responses, truth = [await client.get(href, headers={"Accept": accept}) for client in (reader, plain)]
        assert (responses.status_code, responses.content, responses.headers.get("etag")) == (
            truth.status_code,
            truth.content,
            truth.headers.get("etag"),
        )
    assert again[0]() > 0
    assert again[1]() > 0
    assert again[2]() == 0

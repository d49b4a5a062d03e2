"""Two servers on one database, of each engine: whatever one of them has answered holds at the other."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from openucwa.identity.tokens import new_signing_key
from openucwa.store.sqlite import SqliteStore
from tests.client import UcwaClient, extensions_of, self_of
from tests.postgres import PostgresServer
from tests.process.running import LIMIT, RunningServer, at, command
from tests.process.server import add_user
from tests.users import LENE
from tests.world import FakeWorld

#: How often the two are made to meet.
ROUNDS = 25
MOST_EXTENSIONS = 40


def both_start(place: Path | str) -> tuple[RunningServer, RunningServer]:
    """Two servers that start at the same time."""

    def start() -> RunningServer:
        return RunningServer(
            place,
            OPENUCWA_LOG_LEVEL="warning",
            OPENUCWA_MAX_EXTENSIONS=str(MOST_EXTENSIONS),
            OPENUCWA_PUBLIC_URL="https://ucwa.example.com",
        )

    with ThreadPoolExecutor(2) as threads:
        starts = [threads.submit(start) for _ in range(2)]
        first, second = (started.result() for started in starts)
    return first, second


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path | str:
    """Where the store is: a folder, or a database's URL."""
    if request.param == "sqlite":
        place: Path | str = tmp_path_factory.mktemp("two") / "data"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        place = server.new_database()
    add_user(place, LENE)
    return place


@pytest.fixture(scope="module")
def servers(place: Path | str) -> Iterator[tuple[RunningServer, RunningServer]]:
    first, second = both_start(place)
    with first, second:
        yield first, second


@dataclass
class Pair:
    """A client of each server, that of the second with the token and the application that the first gave."""

    one: UcwaClient
    other: UcwaClient


@pytest.fixture
async def strangers(servers: tuple[RunningServer, RunningServer]) -> AsyncIterator[Pair]:
    """Clients that are not signed in."""
    first, second = servers
    async with (
        httpx.AsyncClient(base_url=first.urls[0], timeout=LIMIT) as one,
        httpx.AsyncClient(base_url=second.urls[0], timeout=LIMIT) as other,
    ):
        yield Pair(UcwaClient(one), UcwaClient(other))


@pytest.fixture
async def pair(strangers: Pair) -> Pair:
    one, other = strangers.one, strangers.other
    await one.sign_in("lenea@contoso.com")
    await one.open()
    other.token, other.app = one.token, one.app
    return strangers


async def at_once(*requests: Awaitable[httpx.Response]) -> list[httpx.Response]:
    """The answers to requests that are all sent before the first is answered."""
    return list(await asyncio.gather(*requests))


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


async def shown(client: UcwaClient, href: str) -> dict[str, Any]:
    answer = await client.get(href)
    assert answer.status_code == 200, answer.text
    resource: dict[str, Any] = answer.json()
    return resource


@pytest.mark.parametrize("writers", [1, 4])
async def test_one_of_several_writers_with_the_same_etag_wins_and_others_get_412(pair: Pair, writers: int) -> None:
    extension = await pair.one.extend(await pair.one.schedule(), id="a", written=0)
    for number in range(ROUNDS):
        answers = await at_once(
            *(
                client.replace(extension, written=number, by=f"{name}{writer}")
                for writer in range(writers)
                for name, client in (("one", pair.one), ("other", pair.other))
            )
        )
        assert statuses(answers) == {200: 1, 412: 2 * writers - 1}
        (won,) = (answer for answer in answers if answer.status_code == 200)
        extension = won.json()
        assert extension["written"] == number
        assert won.headers["ETag"] == f'"{extension["etag"]}"'
        assert await shown(pair.one, self_of(extension)) == extension
        assert await shown(pair.other, self_of(extension)) == extension


async def test_one_of_several_writers_of_a_meeting_with_the_same_etag_wins(pair: Pair) -> None:
    meeting = await pair.one.schedule(subject="first")
    for number in range(ROUNDS):
        answers = await at_once(
            pair.one.replace(meeting, subject=f"one {number}"), pair.other.replace(meeting, subject=f"other {number}")
        )
        assert statuses(answers) == {200: 1, 412: 1}
        meeting = next(answer.json() for answer in answers if answer.status_code == 200)
        assert await shown(pair.one, self_of(meeting)) == meeting
        assert await shown(pair.other, self_of(meeting)) == meeting


async def test_put_and_a_delete_with_the_same_etag_never_both_succeed(pair: Pair) -> None:
    meeting = await pair.one.schedule()
    for number in range(ROUNDS):
        extension = await pair.one.extend(meeting, id=str(number))
        replaced, removed = await at_once(
            pair.one.replace(extension, written=number),
            pair.other.delete(self_of(extension), headers={"If-Match": f'"{extension["etag"]}"'}),
        )
        # The loser finds either another etag, or nothing any more.
        assert (replaced.status_code, removed.status_code) in {(200, 412), (404, 204)}
        left = await pair.other.get(self_of(extension))
        assert left.status_code == (200 if replaced.status_code == 200 else 404)


async def test_one_of_several_extensions_with_the_same_id_is_created_and_others_get_409(pair: Pair) -> None:
    meeting = await pair.one.schedule()
    for number in range(ROUNDS):
        answers = await at_once(
            *(
                client.post(extensions_of(meeting), json={"id": str(number), "by": by})
                for by, client in enumerate((pair.one, pair.other, pair.one, pair.other))
            )
        )
        assert statuses(answers) == {201: 1, 409: 3}
        (won,) = (answer for answer in answers if answer.status_code == 201)
        assert {answer.json()["subcode"] for answer in answers if answer is not won} == {"AlreadyExists"}
        assert await shown(pair.other, won.headers["Location"]) == won.json()


async def test_meeting_never_gets_more_extensions_than_it_may_have(pair: Pair) -> None:
    meeting = await pair.one.schedule()
    answers = await at_once(
        *(
            client.post(extensions_of(meeting), json={"id": f"{by}.{number}"})
            for number in range(MOST_EXTENSIONS)
            for by, client in enumerate((pair.one, pair.other))
        )
    )
    assert statuses(answers) == {201: MOST_EXTENSIONS, 409: MOST_EXTENSIONS}
    assert {answer.json()["subcode"] for answer in answers if answer.status_code == 409} == {"TooManyGroups"}
    collection = await shown(pair.other, extensions_of(meeting))
    created = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert {extension["id"] for extension in collection["_embedded"]["onlineMeetingExtension"]} == created


async def test_answered_change_is_visible_on_the_other_server_at_once(pair: Pair) -> None:
    meeting = await pair.one.schedule()
    extension = await pair.one.extend(meeting, id="a", written=-1)
    writer, reader = pair.one, pair.other
    for number in range(ROUNDS):
        answer = await writer.replace(extension, written=number)
        assert answer.status_code == 200, answer.text
        extension = answer.json()
        for look in (self_of(extension), extensions_of(meeting), self_of(meeting)):
            found = await shown(reader, look)
            seen = found if look == self_of(extension) else found["_embedded"]["onlineMeetingExtension"][0]
            assert seen["written"] == number
        unchanged = await reader.get(self_of(extension), headers={"If-None-Match": f'"{extension["etag"]}"'})
        assert unchanged.status_code == 304
        writer, reader = reader, writer
    assert (await writer.delete(self_of(meeting))).status_code == 204
    assert (await reader.get(self_of(extension))).status_code == 404


async def test_one_endpoint_has_one_application_whichever_server_opens_it(pair: Pair) -> None:
    opened = await asyncio.gather(*(client.open("new endpoint") for client in (pair.one, pair.other) * 4))
    assert len({application["id"] for application in opened}) == 1


async def test_user_who_is_added_while_the_servers_run_can_sign_in_at_both(place: Path | str, strangers: Pair) -> None:
    await asyncio.to_thread(add_user, place, "sip:danab@contoso.com")
    for client in (strangers.one, strangers.other):
        await client.sign_in("danab@contoso.com")
        await client.open()


async def test_token_of_either_server_is_valid_on_both(pair: Pair) -> None:
    assert (await shown(pair.other, pair.other.app))["rel"] == "application"
    await pair.other.sign_in("lenea@contoso.com")
    pair.one.token = pair.other.token
    assert (await shown(pair.one, pair.one.app))["rel"] == "application"


async def test_password_change_invalidates_old_tokens_on_both(place: Path | str, strangers: Pair) -> None:
    clients = (strangers.one, strangers.other)
    await asyncio.to_thread(add_user, place, "sip:johnd@contoso.com")
    for client in clients:
        await client.sign_in("johnd@contoso.com")
        await client.open()
    words = ("user", "passwd", "sip:johnd@contoso.com", *at(place), "--password-stdin")
    changed = await asyncio.to_thread(command, *words, stdin="another password\n")
    assert changed.returncode == 0, changed.stderr
    for client in clients:
        assert (await client.get(client.app)).status_code == 401
        await client.sign_in("johnd@contoso.com", "another password")
        assert (await client.get(client.app)).status_code == 200


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_two_processes_creating_the_store_concurrently_accept_each_others_tokens(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    place: Path | str = tmp_path / "data"
    if engine == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        place = server.new_database()
    servers = both_start(place)
    with servers[0], servers[1]:
        add_user(place, LENE)
        for token in [running.sign_in() for running in servers]:
            for running in servers:
                running.open_application(token)


async def test_two_servers_starting_concurrently_keep_one_signing_key(tmp_path: Path, world: FakeWorld) -> None:
    stores = [SqliteStore(tmp_path, timeout=LIMIT) for _ in range(2)]
    for store in stores:
        await store.open()
    try:
        assert [await store.signing_keys.all() for store in stores] == [[], []]
        await asyncio.gather(*(store.signing_keys.add_first(new_signing_key(world)) for store in stores))
        one, other = [await store.signing_keys.all() for store in stores]
    finally:
        for store in stores:
            await store.close()
    assert one == other
    assert len(one) == 1

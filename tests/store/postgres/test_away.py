"""PostgreSQL goes away and comes back: calls are refused in time meanwhile, and afterwards all goes on by itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from openucwa.model.refusals import ServiceUnavailable
from openucwa.store.postgres import PostgresStore
from tests.contract.samples import AT, EVENT, logged, user
from tests.postgres import GUARDED, GUARDED_PASSWORD, PostgresServer
from tests.streams import serving
from tests.users import LENE
from tests.world import until

#: Seconds of the stores' timeout, and what a call may take on a loaded machine that is refused after it.
TIMEOUT = 2.0
LIMIT = 60.0

_END_CONNECTIONS = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'openucwa'"


@pytest.fixture
async def store(own_server: PostgresServer) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(own_server.new_database(), TIMEOUT)
    await store.open()
    await store.users.add(user())
    yield store
    await store.close()


async def refused(call: Awaitable[object]) -> str:
    """Why a call is refused, in time, as administrators are told; clients are not told where the store is."""
    async with asyncio.timeout(LIMIT):
        with pytest.raises(ServiceUnavailable) as refusal:
            await call
    assert refusal.value.retry_after >= 1
    assert "127.0.0.1" not in str(refusal.value)
    return refusal.value.reason


async def goes_on(call: Callable[[], Awaitable[object]]) -> None:
    """Returns when the call succeeds again; until then it is refused."""
    end = time.monotonic() + LIMIT
    while True:
        try:
            await call()
        except ServiceUnavailable:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)
        else:
            return


@pytest.mark.parametrize("how", [PostgresServer.stop, PostgresServer.kill])
async def test_calls_are_refused_while_the_server_is_stopped_and_then_succeed(
    own_server: PostgresServer, store: PostgresStore, how: Callable[[PostgresServer], None]
) -> None:
    how(own_server)
    try:
        for _ in range(3):
            assert "the store" in await refused(store.users.get(LENE))
            await refused(store.events.append(AT, [EVENT]))
        assert "is unreachable" in await refused(PostgresStore("postgresql://openucwa@127.0.0.1:1/x", TIMEOUT).open())
    finally:
        own_server.start()
    await goes_on(lambda: store.users.get(LENE))
    await goes_on(lambda: store.events.append(AT, [EVENT]))
    assert await store.users.get(LENE) == user()
    assert await logged(store) == [1]


async def test_calls_are_refused_after_the_timeout_while_the_server_hangs_and_then_succeed(
    own_server: PostgresServer, store: PostgresStore
) -> None:
    await store.events.append(AT, [EVENT])
    own_server.pause()
    try:
        calls = [
            store.users.get(LENE),
            store.users.all(),
            store.events.append(AT, [EVENT]),
            store.events.append(AT, [EVENT]),
        ]
        said = await asyncio.gather(*map(refused, calls))
        assert set(said) == {"the store does not answer in time"}
        opened = PostgresStore(own_server.url("postgres"), TIMEOUT)
        assert "does not answer in time" in await refused(opened.open())
    finally:
        own_server.resume()
    await goes_on(lambda: store.users.get(LENE))
    await goes_on(lambda: store.events.append(AT, [EVENT]))
    assert await logged(store) in ([1, 2], [1, 2, 3], [1, 2, 3, 4])


async def test_answered_writes_survive_a_killed_server(own_server: PostgresServer, store: PostgresStore) -> None:
    answered: list[str] = []
    refusals = 0

    async def write(writer: int) -> None:
        nonlocal refusals
        try:
            for number in range(1_000_000):
                uri = f"sip:{writer}-{number}@contoso.com"
                await store.users.add(user(uri))
                answered.append(uri)
        except ServiceUnavailable:
            refusals += 1

    writing = asyncio.gather(*(write(writer) for writer in range(8)))
    await until(lambda: len(answered) >= 100, LIMIT)
    own_server.kill()
    async with asyncio.timeout(LIMIT):
        await writing
    own_server.start()
    await goes_on(store.users.all)
    assert refusals == 8
    assert {found.uri for found in await store.users.all()} >= {*answered, LENE}


async def test_idle_connections_that_were_closed_are_replaced(own_server: PostgresServer, store: PostgresStore) -> None:
    await store.events.append(AT, [EVENT])
    for _ in range(3):
        own_server.query(_END_CONNECTIONS)
        await goes_on(lambda: store.users.get(LENE))
        await goes_on(lambda: store.events.append(AT, [EVENT]))


@pytest.mark.parametrize("how", [PostgresServer.stop, PostgresServer.kill])
async def test_calls_wait_for_a_server_that_restarts_within_their_timeout(
    own_server: PostgresServer, how: Callable[[PostgresServer], None]
) -> None:
    store = PostgresStore(own_server.new_database(), LIMIT)
    await store.open()
    await store.users.add(user())
    how(own_server)
    calls = [asyncio.create_task(call) for call in (store.users.get(LENE), store.events.append(AT, [EVENT]))]
    done, _ = await asyncio.wait(calls, timeout=0.5)
    assert not done
    await asyncio.to_thread(own_server.start)
    assert await asyncio.gather(*calls) == [user(), None]
    assert await logged(store) == [1]
    await store.close()


async def test_first_calls_after_a_restart_succeed_at_once(own_server: PostgresServer, store: PostgresStore) -> None:
    await store.events.append(AT, [EVENT])
    for round_number in range(3):
        own_server.kill()
        own_server.start()
        assert await store.users.get(LENE) == user()
        await store.events.append(AT, [EVENT])
        assert len(await logged(store)) == round_number + 2


async def test_session_that_became_read_only_is_replaced(own_server: PostgresServer, store: PostgresStore) -> None:
    name = (await store.describe())["place"].rpartition("/")[2]
    own_server.query(f"alter database {name} set default_transaction_read_only = on")
    own_server.query(_END_CONNECTIONS)
    await refused(store.events.append(AT, [EVENT]))
    own_server.query(f"alter database {name} set default_transaction_read_only = off")
    await store.events.append(AT, [EVENT])
    assert await logged(store) == [1]


async def test_refusal_says_that_there_are_too_many_connections(own_server: PostgresServer) -> None:
    url = own_server.new_database()
    own_server.query(f"alter database {url.rpartition('/')[2]} connection limit 0")
    assert "has too many connections" in await refused(PostgresStore(url, TIMEOUT).open())


async def test_standby_can_be_read_but_not_written(own_server: PostgresServer, store: PostgresStore) -> None:
    name = (await store.describe())["place"].rpartition("/")[2]
    own_server.query(f"alter database {name} set default_transaction_read_only = on")
    own_server.query(_END_CONNECTIONS)
    await goes_on(lambda: store.users.get(LENE))
    for _ in range(2):
        said = await refused(store.events.append(AT, [EVENT]))
    assert said == "the store cannot be written: it is a standby, or read-only"


@pytest.mark.parametrize(
    ("user", "database", "sentence"),
    [
        (f"{GUARDED}:wrong-secret", "postgres", "rejected the login"),
        (f"{GUARDED}:{GUARDED_PASSWORD}", "nowhere", "the server has no such database"),
        (f"{GUARDED}:{GUARDED_PASSWORD}", "template1", "the user lacks permissions"),
    ],
)
async def test_failed_open_is_explained_in_one_sentence_without_the_password(
    own_server: PostgresServer, user: str, database: str, sentence: str
) -> None:
    store = PostgresStore(own_server.url(database, user), TIMEOUT)
    said = await refused(store.open())
    assert said.startswith(f"the store 127.0.0.1:{own_server.port}/{database} ")
    assert sentence in said
    assert "secret" not in said
    assert GUARDED not in said


async def test_foreign_database_is_refused_and_left_unchanged(own_server: PostgresServer) -> None:
    url = own_server.new_database()
    own_server.query("create table theirs (id integer)", url)
    assert "contains tables of another application" in await refused(PostgresStore(url, TIMEOUT).open())
    assert own_server.query("select tablename from pg_tables where schemaname = 'public'", url) == [["theirs"]]


@pytest.mark.parametrize("behaviour", ["hangs up", "says nothing", "talks nonsense"])
async def test_other_servers_are_refused_within_the_timeout(behaviour: str) -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if behaviour == "says nothing":
            await reader.read(-1)
        elif behaviour == "talks nonsense":
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(meet) as port:
        said = await refused(PostgresStore(f"postgresql://someone:secret@127.0.0.1:{port}/x", TIMEOUT).open())
    assert "secret" not in said

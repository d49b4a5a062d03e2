"""Several nodes are one server: what one of them has answered holds at all others."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.client import PASSWORD, UcwaClient, extensions_of, self_of
from tests.cluster.cluster import LIMIT, Cluster, same_at, shown
from tests.cluster.conftest import Connect
from tests.cluster.participant import eventually
from tests.process.running import command
from tests.users import DANA

#: How often one node writes and another reads.
ROUNDS = 60


@pytest.fixture
def strangers(three: Cluster, connect: Connect) -> Sequence[UcwaClient]:
    """A client of each node; none is signed in."""
    return [connect(three, index) for index in range(len(three.nodes))]


@pytest.fixture
async def clients(strangers: Sequence[UcwaClient]) -> Sequence[UcwaClient]:
    """One user's client at each node, signed in through the first, with an application that the first opened."""
    first, *others = strangers
    await first.sign_in("lenea@contoso.com")
    await first.open()
    return [first, *(same_at(first, other) for other in others)]


async def test_sign_in_through_one_node_is_valid_on_all(strangers: Sequence[UcwaClient]) -> None:
    for signed_in in strangers:
        await signed_in.sign_in("lenea@contoso.com")
        for other in strangers:
            other.token = signed_in.token
            await other.open()


async def test_application_opened_on_one_node_works_on_every_other(clients: Sequence[UcwaClient]) -> None:
    for writer in clients:
        meeting = await writer.schedule(subject="everywhere")
        for reader in clients:
            assert (await shown(reader, reader.app))["rel"] == "application"
            assert (await shown(reader, self_of(meeting)))["subject"] == "everywhere"


async def test_password_change_invalidates_tokens_on_all_nodes(three: Cluster, strangers: Sequence[UcwaClient]) -> None:
    for client in strangers:
        await client.sign_in("danab@contoso.com")
        await client.open()
    words = ("user", "passwd", DANA, "--store", three.url, "--password-stdin")
    changed = await asyncio.to_thread(command, *words, stdin="another password\n")
    assert changed.returncode == 0, changed.stderr
    for client in strangers:
        assert (await client.get(client.app)).status_code == 401
    changed = await asyncio.to_thread(command, *words, stdin=PASSWORD + "\n")
    assert changed.returncode == 0, changed.stderr
    for client in strangers:
        await client.sign_in("danab@contoso.com")
        assert (await client.get(client.app)).status_code == 200


async def test_new_key_signs_on_all_nodes_and_older_tokens_stay_valid(
    three: Cluster, clients: Sequence[UcwaClient]
) -> None:
    rotated = await asyncio.to_thread(command, "key", "rotate", "--store", three.url)
    assert rotated.returncode == 0, rotated.stderr
    key = rotated.stdout.splitlines()[0].split()[-1]
    for client in clients:
        old = client.token

        async def signs(signing: UcwaClient = client) -> bool:
            await signing.sign_in("lenea@contoso.com")
            assert signing.token is not None
            return signing.token.startswith(f"cwt={key}.")

        await eventually(signs)
        for token in (client.token, old):
            for other in clients:
                answer = await other.get(other.app, headers={"Authorization": f"Bearer {token}"})
                assert answer.status_code == 200, answer.text
        client.token = old


async def test_answered_change_is_visible_on_every_node_at_once(clients: Sequence[UcwaClient]) -> None:
    meeting = await clients[0].schedule()
    extension = await clients[0].extend(meeting, id="a", written=-1)
    for number in range(ROUNDS):
        # Each node in turn writes, and the others have read what was there before.
        writer, readers = clients[number % 3], [clients[(number + by) % 3] for by in (1, 2)]
        before = extension["etag"]
        answer = await writer.replace(extension, written=number)
        assert answer.status_code == 200, answer.text
        extension = answer.json()
        for reader in readers:
            answer = await reader.get(self_of(extension), headers={"If-None-Match": f'"{before}"'})
            assert (answer.status_code, answer.headers["ETag"]) == (200, f'"{extension["etag"]}"')
            assert answer.json() == extension
            again = await reader.get(self_of(extension), headers={"If-None-Match": f'"{extension["etag"]}"'})
            assert again.status_code == 304
            listed = await shown(reader, extensions_of(meeting))
            assert listed["_embedded"]["onlineMeetingExtension"] == [extension]


async def test_created_or_removed_resource_is_known_to_every_node_at_once(clients: Sequence[UcwaClient]) -> None:
    meeting = await clients[0].schedule()
    for number in range(ROUNDS // 3):
        maker, reader, remover = (clients[(number + by) % 3] for by in range(3))
        extension = await maker.extend(meeting, id="a")
        assert await shown(reader, self_of(extension)) == extension
        removed = await remover.delete(self_of(extension), headers={"If-Match": f'"{extension["etag"]}"'})
        assert removed.status_code == 204, removed.text
        for client in clients:
            assert (await client.get(self_of(extension))).status_code == 404


async def test_concurrent_changes_of_one_etag_through_all_nodes_have_one_winner(clients: Sequence[UcwaClient]) -> None:
    extension = await clients[0].extend(await clients[0].schedule(), id="a", written=-1)
    for number in range(ROUNDS // 3):
        async with asyncio.timeout(LIMIT):
            answers = await asyncio.gather(
                *(client.replace(extension, written=number, by=by) for by, client in enumerate(clients))
            )
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
        (extension,) = (answer.json() for answer in answers if answer.status_code == 200)
        for client in clients:
            assert await shown(client, self_of(extension)) == extension

"""Servers of two versions on one store: what a newer one's migration means to older ones that run.

The newer version is a copy of the source with one more migration.
"""

import asyncio
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.client import UcwaClient, self_of
from tests.cluster.busy import busy
from tests.cluster.cluster import Cluster, same_at, shown
from tests.cluster.conftest import Come, Connect
from tests.cluster.load import all_go_on, trouble
from tests.cluster.participant import eventually, listening
from tests.postgres import PostgresServer
from tests.process.running import command

SOURCE = Path(__file__).parents[2] / "src"

#: What the newer version does to the store: something that older ones need not know, and something that they must,
#: for a column that they read has another name then.
ADDS = "alter table users add column shoe_size bigint; alter table extensions add column colour text;"
BREAKS = "alter table users rename column email to mail; update store_version set oldest = 99;"
SAYS_SO = {
    "users.py": ("{USERS.columns}", "{USERS.columns.replace('email', 'mail')}"),
    "applications.py": ("u.email", "u.mail"),
}


@pytest.fixture
def cluster(database_server: PostgresServer, tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path, database_server.new_database(), 3) as cluster:
        yield cluster


def newer(folder: Path, migration: str) -> dict[str, str]:
    """The setting that makes a node one of the newer version."""
    package = folder / "openucwa"
    shutil.copytree(SOURCE / "openucwa", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "store" / "postgres" / "migrations" / "0099_newer.sql").write_text(migration, "utf-8")
    return {"PYTHONPATH": str(folder)}


async def replace(cluster: Cluster, index: int, **settings: str) -> None:
    """Another node takes the place of one."""
    await asyncio.to_thread(cluster.stop, index)
    await asyncio.to_thread(cluster.start, index, **settings)


async def test_nodes_are_upgraded_one_by_one_while_the_others_serve(
    cluster: Cluster, database_server: PostgresServer, tmp_path: Path, come: Come, connect: Connect
) -> None:
    settings = newer(tmp_path / "newer", ADDS)
    async with busy(cluster, come, connect) as meeting:
        for index in range(3):
            async with trouble(*meeting.clients):
                await replace(cluster, index, **settings)
                await eventually(partial(cluster.in_use, index))
            assert database_server.query("select version, oldest from store_version", cluster.url) == [["99", "1"]]
            await all_go_on(*meeting.clients)
        # And back: what the newer one added, the older one need not know.
        async with trouble(*meeting.clients):
            await replace(cluster, 0)
            await eventually(partial(cluster.in_use, 0))


async def test_older_nodes_refuse_an_upgraded_store_and_damage_nothing(
    cluster: Cluster, tmp_path: Path, come: Come, connect: Connect
) -> None:
    old, new = [await come(cluster, "lenea@contoso.com", index, f"room{index}") for index in (0, 1)]
    meeting = await old.client.schedule(subject="before")
    extension = await old.client.extend(meeting, id="shared", type="RoamedParticipantData", text="1")
    for person in (old, new):
        await person.come(meeting)
    settings = newer(tmp_path / "newer", BREAKS)
    for name, (older_words, newer_words) in SAYS_SO.items():
        file = tmp_path / "newer" / "openucwa" / "store" / "sql" / name
        assert older_words in file.read_text("utf-8")
        file.write_text(file.read_text("utf-8").replace(older_words, newer_words), "utf-8")
    await replace(cluster, 1, **settings)

    for index in (0, 2):
        client = same_at(old.client, connect(cluster, index))
        for answer in (
            await client.get(self_of(meeting)),
            await client.replace(extension, text="2"),
            await client.post(client.meetings, json={"subject": "too late"}),
            await client.delete(self_of(extension)),
            await client.get(f"{client.app}/events?ack=1"),
        ):
            reason = answer.json()
            assert (answer.status_code, reason["code"], reason["subcode"]) == REFUSAL, reason
        assert (await cluster.states("/healthz"))[index].status_code == 200
        ready = (await cluster.states("/readyz"))[index]
        assert (ready.status_code, ready.json()["reasons"].keys()) == (503, {"store"})
    started = await asyncio.to_thread(command, "serve", "--store", cluster.url, "--listen", "http://127.0.0.1:0")
    assert (started.returncode, started.stdout) == (1, "")
    assert "version 99" in started.stderr

    at_new = same_at(old.client, new.client)
    assert await shown(at_new, self_of(extension)) == extension
    assert [each["subject"] for each in await meetings(at_new)] == ["before"]
    async with listening(new):
        assert (await at_new.replace(extension, text="2")).status_code == 200

        async def delivered() -> bool:
            return new.shares[-1:] == [2]

        await eventually(delivered, lambda: new.shares)
    assert not cluster.faults, "\n".join(cluster.faults)


async def meetings(client: UcwaClient) -> list[dict[str, Any]]:
    """The organizer's meetings, without the assigned one."""
    found = await shown(client, client.meetings)
    return [each for each in found["_embedded"]["myOnlineMeeting"] if each.get("subject")]


#: What a server answers for which the store is too new.
REFUSAL = (500, "ServiceFailure", "InvalidExchangeServerVersion")

"""Events cross nodes, by either bus; what happens while a bus is away is refused, or told once it is back."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.client import UcwaClient
from tests.cluster.cluster import Cluster, same_at, shown
from tests.cluster.conftest import Come
from tests.cluster.participant import Participant, eventually, listening, until_heard
from tests.nats import NatsServer
from tests.postgres import PostgresServer

NAMES = ("lenea@contoso.com", "danab@contoso.com", "alexd@contoso.com")

#: The connections of PostgreSQL's own bus, of one database.
BUSES = "from pg_stat_activity where application_name = 'openucwa bus' and datname = current_database()"

#: How many messages each participant sends.
MESSAGES = 12

#: What a change is refused with that nobody could be told of.
REFUSAL = (500, "ServiceFailure", "CallbackChannelError")

Meeting = dict[str, Any]


@pytest.fixture(params=["nats", "postgresql"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Nodes that hear of each other in one of two ways."""
    found: Cluster = request.getfixturevalue("three" if request.param == "nats" else "two")
    return found


async def gathered(cluster: Cluster, come: Come) -> tuple[Sequence[Participant], Meeting]:
    """Three participants of a meeting of Lene's, each of them on a node of its own as far as there are so many."""
    people = [await come(cluster, name, index % len(cluster.nodes)) for index, name in enumerate(NAMES)]
    meeting = await people[0].client.schedule()
    for person in people:
        await person.come(meeting)
    return people, meeting


async def test_participants_on_different_nodes_receive_messages_once_and_in_one_order(
    cluster: Cluster, come: Come
) -> None:
    people, meeting = await gathered(cluster, come)
    shared = await people[0].client.extend(meeting, id="shared", type="RoamedParticipantData", text="0")

    async def talk(number: int) -> list[str]:
        texts = [f"{number}.{each}" for each in range(MESSAGES)]
        for text in texts:
            assert (await people[number].say(text)).status_code == 201
        return texts

    async def change() -> None:
        extension = shared
        for number in range(1, MESSAGES + 1):
            answer = await people[0].client.replace(extension, text=str(number))
            assert answer.status_code == 200, answer.text
            extension = answer.json()

    async with listening(*people):
        *said, _ = await asyncio.gather(*(talk(number) for number in range(len(people))), change())
        await until_heard({text for texts in said for text in texts}, *people)

        async def shown_to_all() -> bool:
            return all(person.shares[-1:] == [MESSAGES] for person in people)

        await eventually(shown_to_all, lambda: [person.shares for person in people])
    for person in people:
        assert person.view.messages == people[0].view.messages
        assert sorted(person.view.messages) == sorted(text for texts in said for text in texts)
        for texts in said:
            assert [text for text in person.view.messages if text in texts] == texts
        assert person.shares == sorted(person.shares)


class Talker:
    """One who goes on saying something, and changing an extension, whether it is taken or not.

    `said`: what was taken; `refused`: how often something was not. `over`: whether the next answer is to be the last.
    """

    def __init__(self, person: Participant, organizer: UcwaClient, extension: dict[str, Any]) -> None:
        self.person = person
        self.organizer = organizer
        self.extension = extension
        self.said: list[str] = []
        self.refused = 0
        self.over = False

    async def go_on(self) -> None:
        for number in itertools.takewhile(lambda _: not self.over, itertools.count()):
            text = f"{self.extension['id']}.{number}"
            if self._taken(await self.person.say(text)):
                self.said.append(text)
            # What was refused was not stored, so the etag of before is still good.
            answer = await self.organizer.replace(self.extension, text=text)
            if self._taken(answer):
                self.extension = answer.json()
            await shown(self.person.client, f"{self.person.here}/onlineMeeting")
            await asyncio.sleep(0.05)

    def _taken(self, answer: httpx.Response) -> bool:
        if answer.status_code in {200, 201}:
            return True
        reason = answer.json()
        assert (answer.status_code, reason["code"], reason["subcode"]) == REFUSAL, reason
        self.refused += 1
        return False


@asynccontextmanager
async def talking(cluster: Cluster, people: Sequence[Participant], meeting: Meeting) -> AsyncIterator[Sequence[Talker]]:
    """All of them talk, each at the own node, and listen. In the end each has heard all that any of them said."""
    organizer = people[0].client
    async with AsyncExitStack() as stack:
        talks = []
        for index, person in enumerate(people):
            client = same_at(organizer, cluster.client(index % len(cluster.nodes)))
            stack.push_async_callback(client.http.aclose)
            extension = await client.extend(meeting, id=f"talk{index}", type="RoamedParticipantData", text="")
            talks.append(Talker(person, client, extension))
        async with listening(*people), asyncio.TaskGroup() as group:
            tasks = [group.create_task(talk.go_on()) for talk in talks]
            yield talks
            await all_go_on(talks)
            for talk in talks:
                talk.over = True
            await asyncio.wait(tasks)
            await until_heard({text for talk in talks for text in talk.said}, *people)
            last = {talk.extension["id"]: talk.extension["text"] for talk in talks}

            async def all_know() -> bool:
                return all(person.view.extensions == last for person in people)

            await eventually(all_know, lambda: [last, *(person.view.extensions for person in people)])
    for person in people:
        assert person.view.messages == people[0].view.messages
        assert len(set(person.view.messages)) == len(person.view.messages)
        assert person.tried_again == []


async def all_go_on(talks: Sequence[Talker]) -> None:
    """Returns when something more that each of them said was taken."""
    before = [len(talk.said) for talk in talks]

    async def more() -> bool:
        return all(len(talk.said) > count + 1 for talk, count in zip(talks, before, strict=True))

    await eventually(more, lambda: [(talk.refused, len(talk.said)) for talk in talks])


async def test_messaging_that_is_disabled_on_one_node_is_disabled_on_every_node(cluster: Cluster, come: Come) -> None:
    people, _ = await gathered(cluster, come)
    leader, attendee = people[0], people[1]
    async with listening(*people):
        for action, state, status in (("disable", "Disabled", 403), ("enable", "Enabled", 201)):
            answer = await leader.client.post(f"{leader.here}/messaging/{action}AudienceMessaging")
            assert answer.status_code == 204, answer.text
            said = await attendee.say(f"after-{action}")
            assert said.status_code == status, said.text
            assert (await attendee.client.get(attendee.here)).json()["audienceMessaging"] == state

            async def shown_to_all(state: str = state) -> bool:
                return all(person.view.audience_messaging == state for person in people)

            await eventually(shown_to_all, lambda: [person.view for person in people])
        await until_heard({"after-enable"}, *people)


async def test_changes_are_refused_while_nats_is_down_and_no_event_is_lost(
    three: Cluster, nats: NatsServer, come: Come
) -> None:
    people, meeting = await gathered(three, come)
    async with talking(three, people, meeting) as talks:
        await all_go_on(talks)
        nats.stop()
        try:

            async def all_refused() -> bool:
                return all(talk.refused > 2 for talk in talks)

            await eventually(all_refused)
            for answer in await three.states("/readyz"):
                assert answer.status_code == 503
                assert answer.json()["reasons"].keys() == {"bus"}
            assert [answer.status_code for answer in await three.states("/healthz")] == [200] * 3
        finally:
            nats.start()
        await all_go_on(talks)
        await eventually(three.ready)


async def test_postgresql_bus_reconnects_after_its_connections_are_cut(
    two: Cluster, database_server: PostgresServer, come: Come
) -> None:
    people, meeting = await gathered(two, come)

    def pids() -> set[str]:
        return {pid for (pid,) in database_server.query(f"select pid {BUSES}", two.url)}

    async with talking(two, people, meeting) as talks:
        for _ in range(2):
            await all_go_on(talks)
            cut = await asyncio.to_thread(pids)
            assert len(cut) == 2
            await asyncio.to_thread(database_server.query, f"select pg_terminate_backend(pid) {BUSES}", two.url)

            async def connected_anew(before: set[str] = cut) -> bool:
                now = await asyncio.to_thread(pids)
                return len(now) == 2 and not now & before

            await eventually(connected_anew)
        await eventually(two.ready)
    # Changes waited for it, so that none was refused.
    assert sum(talk.refused for talk in talks) == 0

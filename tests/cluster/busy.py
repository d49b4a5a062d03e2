"""A meeting under load, and the comparison of its state with the responses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.client import UcwaClient, extensions_of
from tests.cluster.cluster import Cluster, same_at, shown
from tests.cluster.conftest import Come, Connect
from tests.cluster.load import Client, Reader, Speaker, Writer, all_go_on, under_load
from tests.cluster.participant import Participant, eventually, listening, until_heard

WRITERS = 3


@dataclass
class BusyMeeting:
    """A meeting under load, through nginx. `listener`: a participant who polls all the time."""

    listener: Participant
    speaker: Speaker
    writers: list[Writer]
    reader: Reader

    @property
    def clients(self) -> list[Client]:
        return [self.speaker, self.reader, *self.writers]

    async def check(self, cluster: Cluster, connect: Connect, meeting: dict[str, object]) -> None:
        """Checks that every confirmed change is visible at every node, and was delivered once and in order."""
        expected = {place: text for writer in self.writers for place, text in writer.there.items()}
        for index in range(len(cluster.nodes)):
            client = same_at(self.reader.client, connect(cluster, index))
            found = (await shown(client, extensions_of(meeting)))["_embedded"]["onlineMeetingExtension"]
            assert {each["id"]: each["text"] for each in found} == expected

        async def delivered() -> bool:
            return self.listener.view.extensions == expected

        await eventually(delivered, lambda: [self.listener.view.extensions, expected])
        await until_heard(set(self.speaker.said), self.listener)
        heard = self.listener.view.messages
        assert [text for text in heard if text not in self.speaker.perhaps] == self.speaker.said
        assert len(set(heard)) == len(heard)


@asynccontextmanager
async def busy(cluster: Cluster, come: Come, connect: Connect) -> AsyncIterator[BusyMeeting]:
    """Goes on for as long as the block lasts; then what is there, and what was heard, is compared with what was
    answered."""
    lene = await come(cluster, "lenea@contoso.com")
    dana = await come(cluster, "danab@contoso.com")
    meeting = await lene.client.schedule()
    for person in (lene, dana):
        await person.come(meeting)

    def another() -> UcwaClient:
        return same_at(lene.client, connect(cluster))

    writers = [Writer(f"w{number}", another(), meeting) for number in range(WRITERS)]
    for writer in writers:
        await writer.begin()
    found = BusyMeeting(lene, Speaker(dana), writers, Reader(another(), meeting))
    async with listening(lene):
        async with under_load(*found.clients):
            await all_go_on(*found.clients)
            yield found
            await all_go_on(*found.clients)
        await found.check(cluster, connect, meeting)

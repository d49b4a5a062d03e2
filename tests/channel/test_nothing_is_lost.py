"""Whatever happens to answers, polls and processes: nothing missed, nothing twice, everything in order."""

import asyncio
import random
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from openucwa.channel.notification import Priority
from openucwa.channel.poll import Served
from openucwa.config import Config
from openucwa.model.refusals import PGetReplaced
from tests.channel.client import Client, Process, texts
from tests.world import FakeWorld, committed

#: Few, so that answers are often too small for all that there is.
CONFIG = Config(max_events=3)
TOPICS = ("application", "conversation/1", "conversation/2")

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 2), st.sampled_from(Priority), st.integers(1, 5)),
        st.tuples(st.just("hear"), st.integers(0, 25)),
        st.tuples(st.just("hear old"), st.integers(1, 5)),
        st.tuples(st.just("lose the answer"), st.integers(0, 25)),
        st.tuples(st.just("hang up"), st.integers(0, 12)),
        st.tuples(st.just("poll twice"), st.integers(0, 25)),
        st.tuples(st.just("restart")),
        st.tuples(st.just("wait"), st.integers(0, 400)),
    ),
    max_size=25,
)


class PollingClient:
    """A client that believes what the protocol promises, and notes what it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = FakeWorld()
        self.heard: list[str] = []
        self.appended: dict[str, list[str]] = {topic: [] for topic in TOPICS}
        self.ack = 1
        self.seen: dict[int, list[str]] = {}

    async def begin(self) -> None:
        self.process = Process(self.folder, self.world, CONFIG)
        await self.process.start()
        self.client = Client(self.process, await self.process.open())
        self.client.topics |= dict.fromkeys(TOPICS[1:], 0)

    async def do(self, step: str, *how: int) -> None:
        match step, how:
            case "append", (topic, priority, count):
                await self.append(TOPICS[topic], Priority(priority), count)
            case "hear", (seconds,):
                self.hear(await self.answered(seconds))
            case "hear old", (back,):
                self.check(await self.client.answer(max(0, self.ack - 1 - back)))
            case "lose the answer", (seconds,):
                self.check(await self.answered(seconds))
            case "hang up", (turns,):
                task = self.client.poll(self.ack)
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait({task}, timeout=60)
            case "poll twice", (seconds,):
                await self.poll_twice(seconds)
            case "restart", ():
                await self.process.stop()
                await self.begin()
            case "wait", (seconds,):
                await self.world.advance(seconds)

    async def append(self, topic: str, priority: Priority, count: int) -> None:
        for _ in range(count):
            text = f"{topic} {len(self.appended[topic])}"
            self.appended[topic].append(text)
            await self.client.append(text, priority=priority, topic=None if topic == "application" else topic)

    async def answered(self, seconds: int) -> Served:
        """The answer of a poll that waits as long as it takes."""
        task = self.client.poll(self.ack)
        await self.world.advance(seconds)
        while not task.done():
            await asyncio.wait({task}, timeout=0.002)
            await committed()
            await self.world.advance(20)
        return await task

    async def poll_twice(self, seconds: int) -> None:
        first = self.client.poll(self.ack)
        for _ in range(seconds):
            await asyncio.sleep(0)
        second = await self.answered(seconds)
        with suppress(PGetReplaced):
            self.check(await asyncio.wait_for(first, 60))
        self.hear(second)

    def hear(self, served: Served) -> None:
        assert served.next in {"next", "resume"}
        assert (served.number, served.next_number) == (self.ack, self.ack + 1)
        self.check(served)
        self.heard.extend(texts(served))
        self.ack += 1

    def check(self, served: Served) -> None:
        """A set is the same whenever it is delivered."""
        if served.next == "resync":
            assert served.senders == ()
            assert served.next_number in {self.ack - 1, self.ack, 1}
        else:
            assert self.seen.setdefault(served.number, texts(served)) == texts(served)

    async def end(self) -> None:
        """Hears all that is left."""
        await self.world.advance(20)
        while sum(map(len, self.appended.values())) > len(self.heard):
            before = len(self.heard)
            self.hear(await self.answered(0))
            assert len(self.heard) > before or not self.seen[self.ack - 1]
            assert self.ack < 500, "something was missed"
        await self.process.stop()


@given(steps=STEPS)
@settings(max_examples=25)
def test_every_event_is_received_once_and_in_order(steps: list[tuple[str, int]]) -> None:
    async def tell(folder: Path) -> None:
        story = PollingClient(folder)
        await story.begin()
        try:
            for step, *how in steps:
                await story.do(step, *how)
            await story.end()
        except BaseException:
            await story.process.stop()
            raise
        for topic, appended in story.appended.items():
            assert [text for text in story.heard if text.startswith(topic)] == appended

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(tell(Path(folder)))


async def test_two_processes_under_load_lose_nothing(tmp_path: Path) -> None:
    """A client that goes from one to the other, while both append."""
    chance = random.Random(1)  # noqa: S311  # a story, not a secret
    world = FakeWorld()
    processes = [Process(tmp_path, world, Config(), elsewhere=True) for _ in range(2)]
    for process in processes:
        await process.start()
    session = await processes[0].open()
    clients = [Client(process, session) for process in processes]
    heard: list[str] = []
    ack = 1
    for number in range(60):
        await chance.choice(clients).append(str(number))
        tasks = [client.poll(ack) for client in chance.sample(clients, chance.choice([1, 2]))]
        await world.advance(0.1)
        results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
        answers = [result for result in results if isinstance(result, Served)]
        assert answers
        assert all(isinstance(result, (Served, PGetReplaced)) for result in results)
        assert len({tuple(texts(answer)) for answer in answers}) == 1, "the same set"
        heard += texts(answers[0])
        ack += 1
    assert heard == [str(number) for number in range(60)]
    for process in processes:
        await process.stop()

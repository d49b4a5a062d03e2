"""A server process with the real store and bus, and a client of its event channels, in a fake world."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from openucwa.channel.activity import Activity
from openucwa.channel.event_set import Timers
from openucwa.channel.local import LocalBus, Relay
from openucwa.channel.notification import Notification, Priority
from openucwa.channel.poll import EventChannels, PollSettings, Served
from openucwa.channel.sweeper import Sweeper, SweepSettings
from openucwa.config import Config
from openucwa.model.application import Application, Communication, Session
from openucwa.model.event import Event, NewEvent, application_topic
from openucwa.model.measures import Measures
from openucwa.model.world import new_etag
from openucwa.representation.document import EventEntry, Link
from openucwa.store.sqlite import SqliteStore
from tests.world import FakeWorld, until

OWNER = "sip:lenea@contoso.com"


class Process:
    """One server process, as far as event channels go. `elsewhere`: whether it looks at what other processes did.
    `relay`: its way to other workers."""

    def __init__(
        self,
        folder: Path,
        world: FakeWorld,
        config: Config,
        *,
        elsewhere: bool = False,
        relay: Relay | None = None,
    ) -> None:
        self.world = world
        self.store = SqliteStore(folder, 5.0)
        self.bus = LocalBus(world, self.store.foreign_topics if elsewhere else None, relay)
        self.activity = Activity(self.store.applications, world, config.application_timeout)
        self.channels = EventChannels(self.store, self.bus, self.activity, world, config.part(PollSettings), Measures())
        self.sweeper = Sweeper(self.store, self.activity, self.channels, world, config.part(SweepSettings), Measures())

    async def start(self) -> None:
        await self.store.open()
        self.store.on_commit(self.bus.publish)
        await self.bus.start()
        await self.channels.start()

    async def stop(self) -> None:
        await self.channels.stop()
        await self.activity.stop()
        await self.bus.stop()
        await self.store.close()

    async def open(self, *instances: str, endpoint: str = "endpoint") -> Session:
        """An application of OWNER, with these instances."""
        for instance in instances or (None,):
            draft = Application(
                OWNER, str(100 + len(endpoint)), endpoint, "en-us", "tests", None, self.world.now(), Communication("1"),
                etag=new_etag(self.world),
            )  # fmt: skip
            application, _ = await self.store.applications.open(draft, instance, self.world.now(), 64)
        return await self.store.applications.session(OWNER, application.id)

    async def append(self, *events: NewEvent) -> None:
        await self.store.events.append(self.world.now(), events)


class Client:
    """A client of one event channel. `topics`: what its application listens to."""

    def __init__(self, process: Process, session: Session, instance: str = "") -> None:
        self.process = process
        self.session = session
        self.instance = instance
        self.topic = application_topic(session.application.owner, session.application.id)
        self.topics: dict[str, int] = {self.topic: 0}

    def event(
        self, text: str, priority: Priority = Priority.HIGH, *, topic: str | None = None, relation: str = "updated",
        sender: str = "/me", resource: str | None = None,
    ) -> NewEvent:  # fmt: skip
        """An event for this client, that `text` tells from others."""
        facts = {"text": text, "priority": priority, "sender": sender, "resource": resource}
        return NewEvent(topic or self.topic, relation, facts)

    async def append(self, *texts: str, priority: Priority = Priority.HIGH, topic: str | None = None) -> None:
        await self.process.append(*(self.event(text, priority, topic=topic) for text in texts))

    def poll(self, ack: int, asked: Timers | None = None, priority: int = 0) -> "asyncio.Task[Served]":
        """A poll under way."""
        return asyncio.create_task(self._poll(ack, asked or Timers(), priority))

    async def waiting_poll(self, ack: int, asked: Timers | None = None, priority: int = 0) -> "asyncio.Task[Served]":
        """A poll that has begun to wait."""
        task = self.poll(ack, asked, priority)
        before = self.process.channels.count
        await until(lambda: task.done() or self.process.channels.count > before)
        await self.process.world.settle()
        return task

    async def answer(self, ack: int, asked: Timers | None = None) -> Served:
        """The answer of a poll that does not have to wait."""
        return await asyncio.wait_for(self.poll(ack, asked), 60)

    async def _poll(self, ack: int, asked: Timers, priority: int) -> Served:
        owner, application_id = self.session.application.owner, self.session.application.id
        session = await self.process.store.applications.session(owner, application_id)
        return await self.process.channels.poll(
            session, self.instance, ack, asked=asked, priority=priority, topics=self._topics, render=_render
        )

    async def _topics(self) -> Mapping[str, int]:
        return self.topics


async def _render(event: Event) -> Sequence[Notification]:
    facts = event.facts
    if facts["text"] == "hidden":
        return ()
    entry = EventEntry(event.kind, "thing", Link(str(facts["text"])))
    resource = facts["resource"]
    return (
        Notification(
            "me",
            str(facts["sender"]),
            entry,
            Priority(int(str(facts["priority"]))),
            None if resource is None else str(resource),
        ),
    )


def texts(served: Served) -> list[str]:
    """What the events of an answer say, in order."""
    return [entry.link.href for sender in served.senders for entry in sender.events]


async def ended(*tasks: "asyncio.Task[object]") -> None:
    """Cancels what still waits."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=60)

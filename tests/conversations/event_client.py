"""A participant's client that believes what it is told, and keeps a view of the meeting from events alone."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.client import UcwaClient
from tests.world import FakeWorld, committed

#: Seconds that pass at a time while a poll waits: first little, for what waits for company, then the rest.
STEPS = (6, 20)


@dataclass
class MeetingView:
    """What a participant knows of the meeting."""

    stage: str = "outside"  # outside, lobby, room
    people: dict[str, str] = field(default_factory=dict)  # uri -> role, of the others
    leaders: set[str] = field(default_factory=set)
    attendees: set[str] = field(default_factory=set)
    lobby: set[str] = field(default_factory=set)
    typing: set[str] = field(default_factory=set)
    role: str | None = None
    extensions: dict[str, str] = field(default_factory=dict)  # id -> what it says
    subject: str | None = None
    messages: list[str] = field(default_factory=list)
    audience_messaging: str | None = None
    sends: bool = False  # whether messaging links sendMessage


class EventClient:
    """One application. `name`: what others call it. Everything that it is answered is noted in `texts`.

    `steps`: the seconds that pass at a time while it polls.
    """

    steps = STEPS

    def __init__(self, name: str, client: UcwaClient, application: dict[str, Any], world: FakeWorld) -> None:
        self.name = name
        self.client = client
        self.application = application
        self.world = world
        self.view = MeetingView()
        self.texts: list[str] = []
        self.conversation: str | None = None
        self.next = application["_links"]["events"]["href"]
        self.last: tuple[str, str] | None = None

    async def ask(self, method: str, href: str, **more: Any) -> httpx.Response:
        """A request whose answer is noted."""
        answer = await self.client.request(method, href, **more)
        assert answer.status_code < 500, answer.text
        self.texts.append(answer.text + repr(answer.headers))
        return answer

    async def poll(self, href: str | None = None) -> httpx.Response:
        """A poll, with all the time that it takes."""
        task = asyncio.ensure_future(self.client.get(href or self.next))
        await self.world.settle()
        step, rest = self.steps
        while not task.done():
            await asyncio.wait({task}, timeout=0.01)
            await committed()
            if not task.done():
                await self.world.advance(step)
                step = rest
        answer = task.result()
        assert answer.status_code == 200, answer.text
        self.texts.append(answer.text)
        return answer

    async def hear(self) -> bool:
        """Takes the next set of events in; whether there was anything in it."""
        answer = await self.poll()
        asked, body = self.next, answer.json()
        self.next = next(body["_links"][rel]["href"] for rel in ("next", "resume") if rel in body["_links"])
        events = [event for sender in body["sender"] for event in sender["events"]]
        for event in events:
            self.take(event)
        self.last = (asked, answer.text)
        return bool(events)

    async def lose_an_answer(self) -> None:
        """The answer to a poll is lost on its way: nothing is taken in, and the same set is asked for again later."""
        await self.poll()

    async def ask_again(self) -> None:
        """Acknowledges once more what was acknowledged: a set that is over is not delivered again."""
        if self.last is None:
            return
        number = int(self.last[0].rpartition("=")[2])
        if number < 2:
            return
        stale = self.last[0].rpartition("=")[0] + f"={number - 1}"
        body = (await self.poll(stale)).json()
        assert body["sender"] == []
        assert "resync" in body["_links"]

    # What an event means

    def take(self, event: dict[str, Any]) -> None:
        rel, kind = event["link"]["rel"], event["type"]
        resource = event.get("_embedded", {}).get(rel)
        if rel == "conversation":
            self._conversation(kind, event["link"]["href"], resource)
        elif rel == "localParticipant":
            self.view.role = resource["role"]
        elif rel == "onlineMeeting":
            extensions = resource["_embedded"]["onlineMeetingExtension"]
            self.view.extensions = {each["id"]: each.get("text", "") for each in extensions}
            self.view.subject = resource["subject"]
        elif rel == "messaging":
            self.view.sends = "sendMessage" in resource["_links"]
        elif rel == "message":
            if resource["direction"] == "Incoming":
                self.view.messages.append(message_text(resource))
            else:
                assert resource["_links"].keys() == {"self", "messaging"}, "what oneself said has no text"
                # Where the test names the operation by what is said, it is known again.
                self.view.messages += [resource[name] for name in ("operationId",) if name in resource]
        elif rel == "participant":
            self._participant(kind, event, resource)

    def _conversation(self, kind: str, href: str, resource: dict[str, Any] | None) -> None:
        if kind == "deleted":
            assert href == self.conversation, "only what was begun can end"
            self.conversation = None
            self.view = MeetingView(messages=self.view.messages)
            return
        if kind == "added":
            assert self.conversation is None, "a conversation begins once"
            self.conversation = href
        assert href == self.conversation
        assert resource is not None, "what there is of a conversation is embedded"
        if resource["state"] == "Disconnected":
            return  # it was over before it was told of
        self.view.audience_messaging = resource["audienceMessaging"]
        self.view.stage = "lobby" if resource["state"] == "InLobby" else "room"

    def _participant(self, kind: str, event: dict[str, Any], resource: dict[str, Any] | None) -> None:
        view = self.view
        uri = "sip:" + event["link"]["href"].rpartition("/")[2]
        within = event.get("in", {}).get("rel")
        if within is not None:
            group = {
                "lobby": view.lobby,
                "leaders": view.leaders,
                "attendees": view.attendees,
                "typingParticipants": view.typing,
            }[within]
            (group.add if kind == "added" else group.discard)(uri)
        elif kind == "deleted":
            assert uri in view.people, "only who was there can go"
            del view.people[uri]
        else:
            assert resource is not None
            assert (uri in view.people) == (kind == "updated"), f"{uri} is {kind}"
            view.people[uri] = resource["role"]
        if kind == "updated" and view.role != "Leader":
            view.lobby.clear()


def message_text(message: dict[str, Any]) -> str:
    """What a message says."""
    links = message["_links"]
    href: str = (links.get("plainMessage") or links["htmlMessage"])["href"]
    return href.partition(",")[2]

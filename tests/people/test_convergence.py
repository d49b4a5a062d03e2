"""Random changes of presence by several users and applications: each one's picture, kept from events alone, ends as the
truth, and nobody reads what they were never allowed to see."""

import re
from typing import Any

import httpx
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from openucwa.app import Service
from openucwa.channel.local import LocalBus
from openucwa.config import Config
from openucwa.identity.passwords import Passwords
from openucwa.model.presence import PREFERRED
from openucwa.model.privacy import PrivacyLevel, sees
from tests.client import UcwaClient, add_user
from tests.people.watcher import Event, Watcher
from tests.postgres import PostgresServer
from tests.stories import Step, live, live_on_postgresql
from tests.users import ALEX, DANA, LENE
from tests.world import FakeWorld

USERS = (LENE, LENE, DANA, ALEX)
LEVELS = ("Blocked", "External", "Colleagues", "Workgroup")
OWN = ("presence", "note", "location")
SEGMENTS = {
    "contactPresence": "presence",
    "contactNote": "note",
    "contactLocation": "location",
    "contactSupportedModalities": "supportedMedia",
}
#: What a contact shows that nothing was told about.
NOTHING_TOLD = {"contactNote": ("",), "contactLocation": ("",), "contactSupportedModalities": ([],)}

app = st.integers(0, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("appear"), app, st.sampled_from([None, *PREFERRED])),
        st.tuples(st.just("set"), app, st.sampled_from([None, *PREFERRED])),
        st.tuples(
            st.sampled_from(["note", "location", "be active", "hear", "lose an answer", "reopen"]), app, st.none()
        ),
        st.tuples(st.sampled_from(["subscribe", "unsubscribe", "extend"]), app, app),
        st.tuples(st.just("level"), app, st.tuples(app, st.sampled_from(LEVELS))),
        st.tuples(st.just("wait"), app, st.integers(1, 700)),
    ),
    min_size=5,
    max_size=30,
)


class Follower(Watcher):
    """An application that keeps a picture of its user and of those whom it subscribes to: what it read when it was told
    that something had changed."""

    steps = (6, 180)

    def __init__(self, client: UcwaClient, world: FakeWorld) -> None:
        super().__init__(client, world)
        self.own: dict[str, tuple[Any, ...]] = {}
        self.contacts: dict[str, dict[str, tuple[Any, ...]]] = {}
        self.subscriptions: set[str] = set()

    async def hear(self) -> bool:
        """Takes the next set of events in; whether there was anything in it."""
        events = await self.poll()
        for _, event in events:
            await self._take(event)
        return bool(events)

    async def lose_an_answer(self) -> None:
        place = self._next
        await self.poll()
        self._next = place

    async def _take(self, event: Event) -> None:
        rel, kind, href = event["link"]["rel"], event["type"], event["link"]["href"]
        if rel in OWN:
            self.own[rel] = await self.shown(href)
        elif rel == "presenceSubscription" and kind != "updated":
            (self.subscriptions.add if kind == "added" else self.subscriptions.discard)(href)
        elif rel == "contact" and kind == "added":
            assert href not in self.contacts, "who was added already"
            self.contacts[href] = dict(NOTHING_TOLD)
        elif rel == "contact":
            del self.contacts[href]
        elif rel in SEGMENTS and event["in"]["href"] in self.contacts:
            # The contact may have been left since.
            self.contacts[event["in"]["href"]][rel] = await self.shown(href)

    async def shown(self, href: str) -> tuple[Any, ...]:
        """What a resource shows, but for what changes without an event."""
        body = await self.get(href)
        return tuple(body[name] for name in body if name not in {"rel", "lastActive", "type", "_links"})

    async def truth(self) -> tuple[Any, Any, Any]:
        """What the picture should be."""
        shown = await self.get(f"{self.people}/presenceSubscriptions")
        made = {each["_links"]["self"]["href"] for each in shown["_embedded"]["presenceSubscription"]}
        links = (await self.get(f"{self.people}/subscribedContacts"))["_links"].get("contact", [])
        contacts = {
            link["href"]: {rel: await self.shown(f"{link['href']}/{place}") for rel, place in SEGMENTS.items()}
            for link in links
        }
        own = {rel: await self.shown(f"{self.me}/{rel}") for rel in OWN} if self.own else {}
        return own, contacts, made


class RandomPresence:
    """Three users, one of them with two applications."""

    def __init__(self, **store: str) -> None:
        self.world = FakeWorld()
        self.config = Config(
            **store,
            public_url="https://ucwa.example.com",
            application_timeout=10**9,
            conversation_timeout=10**9,
            token_lifetime=10**9,
            events_kept=10**9,
            application_sweep_interval=10**6,
            meeting_sweep_interval=10**6,
            # A sweep amid the last polls would leave events that nobody reads any more.
            presence_sweep_interval=10**6,
            max_events=5,
            presence_burst=10**6,
        )
        self.count = 0
        #: The notes and locations of each user now, and those that each other one was ever allowed to read.
        self.secrets: dict[str, dict[str, str]] = {uri: {} for uri in USERS}
        self.levels: dict[tuple[str, str], str] = {}
        self.allowed: dict[str, set[str]] = {uri: set() for uri in USERS}

    async def begin(self) -> None:
        self.service = Service(
            self.config, self.world, bus=LocalBus(self.world), passwords=Passwords(hasher=PasswordHasher(1, 8, 1))
        )
        await self.service.start()
        self.transport = httpx.ASGITransport(self.service.asgi)
        for uri in sorted(set(USERS)):
            await add_user(self.service, uri)
        self.apps = [await self._open(number) for number in range(len(USERS))]

    async def _open(self, number: int) -> Follower:
        client = UcwaClient(httpx.AsyncClient(transport=self.transport, base_url="https://ucwa.example.com"))
        await client.sign_in(USERS[number].removeprefix("sip:"))
        self.count += 1
        await client.open(f"{number}.{self.count}")
        return Follower(client, self.world)

    async def end(self) -> None:
        for each in self.apps:
            await each.client.http.aclose()
        await self.service.stop()

    async def do(self, step: str, number: int, more: Any) -> None:
        each, user = self.apps[number], USERS[number]
        match step:
            case "appear":
                await each.client.post(f"{each.me}/makeMeAvailable", json={"signInAs": more})
            case "set":
                await each.client.post(f"{each.me}/presence", json={"availability": more})
            case "note" | "location":
                await self._say(each, user, step)
            case "be active":
                await each.client.post(f"{each.client.app}/reportMyActivity")
            case "subscribe":
                await each.subscribe(USERS[more], USERS[(more + 1) % len(USERS)])
            case "unsubscribe" | "extend":
                for href in [*await self._subscriptions(each)][:1]:
                    if step == "extend":
                        await each.post(f"{href}?duration=10", 200)
                    else:
                        assert (await each.client.delete(href)).status_code == 204
            case "level":
                await self._set_level(each, user, USERS[more[0]], more[1])
            case "hear":
                await each.hear()
            case "lose an answer":
                await each.lose_an_answer()
            case "reopen":
                await each.client.delete(each.client.app)
                await each.client.http.aclose()
                texts = each.texts
                self.apps[number] = await self._open(number)
                self.apps[number].texts = texts
            case "wait":
                await self.world.advance(more)

    async def _subscriptions(self, each: Follower) -> set[str]:
        shown = await each.get(f"{each.people}/presenceSubscriptions")
        return {one["_links"]["self"]["href"] for one in shown["_embedded"]["presenceSubscription"]}

    async def _say(self, each: Follower, user: str, what: str) -> None:
        self.count += 1
        text = f"secret-{self.count}-"
        name = "message" if what == "note" else "location"
        answer = await each.client.post(f"{each.me}/{what}", json={name: text})
        if answer.status_code == 204:
            self.secrets[user][what] = text
            self._allow(user)

    async def _set_level(self, each: Follower, user: str, viewer: str, level: str) -> None:
        if user == viewer:
            return
        shown = await each.get(f"{each.people}/{viewer.removeprefix('sip:')}/privacyRelationship")
        answer = await each.client.replace(shown, relationshipLevel=level)
        assert answer.status_code == 200, answer.text
        self.levels[user, viewer] = level
        self._allow(user)

    def _allow(self, user: str) -> None:
        """Notes who may read now what the user says."""
        for viewer in USERS:
            visible = sees(PrivacyLevel(self.levels.get((user, viewer), "Colleagues")))
            for what, text in self.secrets[user].items():
                if user == viewer or (visible.note if what == "note" else visible.location):
                    self.allowed[viewer].add(text)

    async def check(self) -> None:
        """Everybody hears all that is left; then what they know is what there is."""
        quiet = 0
        while quiet < 2:
            await self.service.presence_sweeper.sweep()
            heard = [await each.hear() for each in self.apps]
            due = await self.service.store.presence.update_due(self.world.now(), 100)
            over = await self.service.store.subscriptions.expire(self.world.now(), 100)
            quiet = 0 if any(heard) or due or over else quiet + 1
        for user, each in zip(USERS, self.apps, strict=True):
            own, contacts, subscriptions = await each.truth()
            assert each.own == own
            assert each.contacts == contacts
            assert each.subscriptions == subscriptions
            assert set(re.findall(r"secret-\d+-", "".join(each.texts))) <= self.allowed[user]


@settings(max_examples=15)
@given(STEPS)
def test_every_picture_converges_to_the_servers_state(steps: list[Step]) -> None:
    live(RandomPresence, steps)


@settings(max_examples=5)
@given(steps=STEPS)
def test_every_picture_converges_on_postgresql(postgres: PostgresServer, used_store: str, steps: list[Step]) -> None:
    live_on_postgresql(RandomPresence, steps, postgres, used_store)

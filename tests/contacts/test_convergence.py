"""Random changes of contacts and groups by several applications: each one's picture, kept from events alone, ends as
what there is."""

from typing import Any

import httpx
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from openucwa.app import Service
from openucwa.channel.local import LocalBus
from openucwa.config import Config
from openucwa.identity.passwords import Passwords
from tests.client import UcwaClient, add_user, self_of
from tests.contacts.conftest import Application
from tests.postgres import PostgresServer
from tests.stories import Step, live, live_on_postgresql
from tests.users import ALEX, DANA, LENE
from tests.world import FakeWorld

PEOPLE = (DANA, ALEX, "sip:ed@elsewhere.example")
GROUPS = ("Family", "Work")
SYSTEM = ("defaultGroup", "pinnedGroup", "delegatesGroup")
LEVELS = ("Blocked", "Workgroup", "Unknown")

#: Two applications of Lene's, and one of Dana's.
who = st.integers(0, 2)
person = st.integers(0, len(PEOPLE) - 1)
group = st.integers(0, len(GROUPS) + len(SYSTEM) - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), who, st.integers(0, 1)),
        st.tuples(st.just("rename"), who, st.integers(0, 1)),
        st.tuples(st.just("delete"), who, st.integers(0, 1)),
        st.tuples(st.just("add"), who, person, group),
        st.tuples(st.just("remove"), who, person, group),
        st.tuples(st.just("remove from all"), who, person),
        st.tuples(st.just("set level"), who, st.sampled_from(LEVELS)),
        st.tuples(st.sampled_from(["hear", "lose an answer"]), who),
    ),
    min_size=5,
    max_size=30,
)


class Listener(Application):
    """An application that believes what it is told. `contacts`: of myContacts. `groups`: the user's own, with names.

    `members`: by the id of a group. `stale`: people whose relationship has to be read again.
    """

    steps = (6, 180)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.contacts: set[str] = set()
        self.groups: dict[str, str] = {}
        self.members: dict[str, set[str]] = {}
        self.stale: set[str] = set()

    def take(self, event: dict[str, Any]) -> None:
        rel, kind, within = event["link"]["rel"], event["type"], event.get("in", {})
        if rel == "contact":
            address = event["link"]["href"].rpartition("/")[2]
            if within["rel"] == "myContacts":
                place = self.contacts
            else:
                place = self.members.setdefault(within["href"].rpartition("/")[2], set())
            assert (address in place) == (kind == "deleted"), f"{address} {kind} in {within['rel']}"
            (place.add if kind == "added" else place.remove)(address)
        elif rel == "group":
            group_id = event["link"]["href"].rpartition("/")[2]
            assert (group_id in self.groups) == (kind != "added"), f"{group_id} {kind}"
            if kind == "deleted":
                del self.groups[group_id]
                assert not self.members.pop(group_id, set())
            else:
                self.groups[group_id] = event["_embedded"]["group"]["name"]
        elif rel == "contactPrivacyRelationship":
            self.stale.add(event["link"]["href"].split("/")[-2])

    async def hear(self) -> bool:
        """Takes the next set of events in; whether there was anything in it."""
        body = (await self.poll()).json()
        self.next = next(body["_links"][rel]["href"] for rel in ("next", "resume") if rel in body["_links"])
        events = [event for sender in body["sender"] for event in sender["events"]]
        for event in events:
            self.take(event)
        return bool(events)


class RandomContacts:
    """Lene with two applications, and Dana, whom she may make her delegate, with one."""

    def __init__(self, **store: str) -> None:
        self.world = FakeWorld()
        long = 10**9
        self.config = Config(
            **store,
            public_url="https://ucwa.example.com",
            application_timeout=long,
            conversation_timeout=long,
            token_lifetime=long,
            events_kept=long,
            application_sweep_interval=10**6,
            meeting_sweep_interval=10**6,
            max_events=5,
            max_contacts=2,
        )
        self.levels: dict[str, int] = {}

    async def begin(self) -> None:
        self.service = Service(
            self.config, self.world, bus=LocalBus(self.world), passwords=Passwords(hasher=PasswordHasher(1, 8, 1))
        )
        await self.service.start()
        for uri in (LENE, DANA, ALEX):
            await add_user(self.service, uri)
        self.listeners = [
            await self._listener(name, endpoint)
            for name, endpoint in (
                ("lenea@contoso.com", "one"),
                ("lenea@contoso.com", "two"),
                ("danab@contoso.com", "one"),
            )
        ]

        # Something that can be taken away is there from the beginning.
        for number in (0, 2):
            await self.do("create", number, 0)
            for each in range(2):
                await self.do("add", number, each, len(SYSTEM))

    async def _listener(self, name: str, endpoint: str) -> Listener:
        transport = httpx.ASGITransport(self.service.asgi)
        client = UcwaClient(httpx.AsyncClient(transport=transport, base_url="https://ucwa.example.com"))
        await client.sign_in(name)
        listener = Listener(name, client, await client.open(endpoint), self.world)
        # Time flies while nobody is told anything, so the subscription must not end by it.
        owner, application = f"sip:{name}", listener.client.app.rpartition("/")[2]
        await self.service.store.contacts.subscribe(owner, application, 10**13, 10**13, self.world.now())
        return listener

    async def end(self) -> None:
        for listener in self.listeners:
            await listener.client.http.aclose()
        await self.service.stop()

    async def do(self, step: str, number: int, *more: Any) -> None:
        listener = self.listeners[number]
        people = listener.people
        match step:
            case "create":
                await listener.ask("POST", f"{people}/groups", json={"displayName": GROUPS[more[0]]})
            case "rename" | "delete":
                own = await self._groups(listener)
                if more[0] < len(own):
                    await self._change_group(listener, step, own[more[0]])
            case "add":
                body = {"contactUri": PEOPLE[more[0]], "groupId": await self._group_id(listener, more[1])}
                await listener.ask("POST", f"{people}/groupMemberships", json=body)
            case "remove":
                group_id = await self._group_id(listener, more[1])
                address = PEOPLE[more[0]].removeprefix("sip:")
                await listener.ask("DELETE", f"{people}/groupMemberships/{group_id},{address}")
            case "remove from all":
                href = f"{people}/groupMemberships/removeContactFromAllGroups"
                await listener.ask("POST", href, json={"contactUri": PEOPLE[more[0]]})
            case "set level":
                await listener.set_level("alexd@contoso.com", more[0])
                self.levels[listener.name] = 1
            case "hear":
                await listener.hear()
            case "lose an answer":
                await listener.lose_an_answer()

    async def _groups(self, listener: Listener) -> list[dict[str, Any]]:
        shown = await listener.get(f"{listener.people}/groups")
        found: list[dict[str, Any]] = shown["_embedded"]["group"]
        return found

    async def _change_group(self, listener: Listener, step: str, group: dict[str, Any]) -> None:
        if step == "delete":
            await listener.ask("DELETE", self_of(group))
        else:
            await listener.client.replace(group, name=group["name"] + "!")

    async def _group_id(self, listener: Listener, number: int) -> str:
        if number < len(SYSTEM):
            return SYSTEM[number]
        own = await self._groups(listener)
        number -= len(SYSTEM)
        return str(own[number]["id"]) if number < len(own) else "none"

    async def check(self) -> None:
        """Everybody hears all that is left; then what they know is what there is."""
        for listener in self.listeners:
            quiet = 0
            while quiet < 2:
                quiet = 0 if await listener.hear() else quiet + 1
        for listener in self.listeners:
            people = listener.people
            assert listener.contacts == await self._addresses(listener, f"{people}/contacts")
            own = await self._groups(listener)
            assert listener.groups == {group["id"]: group["name"] for group in own}
            for group_id in (*SYSTEM, "delegatorsGroup", *listener.groups):
                members = await self._addresses(listener, f"{people}/contacts?groupId={group_id}")
                assert listener.members.get(group_id, set()) == members, group_id
            assert listener.stale == ({"alexd@contoso.com"} if listener.name in self.levels else set())

    async def _addresses(self, listener: Listener, href: str) -> set[str]:
        links = (await listener.get(href))["_links"].get("contact", [])
        return {link["href"].rpartition("/")[2] for link in links}


@settings(max_examples=25)
@given(STEPS)
def test_every_application_converges_to_the_users_contacts(steps: list[Step]) -> None:
    live(RandomContacts, steps)


@settings(max_examples=6)
@given(steps=STEPS)
def test_every_application_converges_on_postgresql(
    postgres: PostgresServer, used_store: str, steps: list[Step]
) -> None:
    live_on_postgresql(RandomContacts, steps, postgres, used_store)

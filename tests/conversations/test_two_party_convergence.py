"""Random conversations of two: each client's view, kept from events alone, ends as the truth, and shows nothing of
conversations that its user is not in."""

from dataclasses import dataclass, field
from itertools import product
from typing import Any

import httpx
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from openucwa.app import Service
from openucwa.channel.local import LocalBus
from openucwa.config import Config
from openucwa.identity.passwords import Passwords
from tests.client import UcwaClient, add_user
from tests.conversations.event_client import EventClient, message_text
from tests.postgres import PostgresServer
from tests.stories import Step, live, live_on_postgresql
from tests.users import ALEX, DANA, LENE
from tests.world import FakeWorld

PLAIN = {"Content-Type": "text/plain"}
#: A user without an application, who can be invited without anybody joining.
ABSENT = "sip:absent@contoso.com"
#: Dana has two applications.
APPLICATIONS = ((LENE, "desk"), (DANA, "desk"), (DANA, "phone"), (ALEX, "desk"))

who = st.integers(0, len(APPLICATIONS) - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), who, st.sampled_from([LENE, DANA, ALEX])),
        st.tuples(st.sampled_from(["accept", "decline", "decline here", "cancel", "leave"]), who, st.just("")),
        st.tuples(st.just("say"), who, st.just("")),
        st.tuples(st.just("escalate"), who, st.just("")),
        st.tuples(st.sampled_from(["hear", "hear", "lose an answer", "ask again"]), who, st.just("")),
    ),
    min_size=5,
    max_size=40,
)


@dataclass
class Talk:
    """A conversation as a client knows it."""

    state: str
    people: set[str] = field(default_factory=set)
    messages: list[str] = field(default_factory=list)


class TwoPartyClient(EventClient):
    """Knows of conversations what events say. `over`: what was said in those that ended, by thread."""

    steps = (6, 180)

    def __init__(self, uri: str, client: UcwaClient, application: dict[str, Any], world: FakeWorld) -> None:
        super().__init__(uri, client, application, world)
        self.talks: dict[str, Talk] = {}
        self.over: list[Talk] = []
        self.invitations: dict[str, str] = {}

    def take(self, event: dict[str, Any]) -> None:
        rel, kind, href = event["link"]["rel"], event["type"], event["link"]["href"]
        resource = event.get("_embedded", {}).get(rel)
        if rel == "conversation" and kind == "deleted":
            self.over.append(self.talks.pop(href))
        elif rel == "conversation":
            assert (href in self.talks) == (kind == "updated"), f"{href} is {kind}"
            assert resource is not None
            self.talks.setdefault(href, Talk("")).state = resource["state"]
        elif rel == "messagingInvitation":
            assert (href in self.invitations) == (kind == "completed"), f"{href} is {kind}"
            self.invitations[href] = kind
        elif rel == "participant" and "in" not in event:
            talk = self.talks[href.partition("/participants/")[0]]
            uri = "sip:" + href.rpartition("/")[2]
            assert (uri in talk.people) == (kind != "added"), f"{uri} is {kind}"
            (talk.people.discard if kind == "deleted" else talk.people.add)(uri)
        elif rel == "message" and resource["direction"] == "Incoming":
            self.talks[href.partition("/messaging/")[0]].messages.append(message_text(resource))


class RandomTalks:
    """Three users, one of them with two applications."""

    def __init__(self, **store: str) -> None:
        self.world = FakeWorld()
        self.config = Config(
            **store,
            public_url="https://ucwa.example.com",
            application_timeout=10**9,
            conversation_timeout=10**9,
            invitation_timeout=10**9,
            token_lifetime=10**9,
            events_kept=10**9,
            application_sweep_interval=10**6,
            meeting_sweep_interval=10**6,
            invitation_burst=1000,
            max_events=5,
        )
        #: What was said, by sender's address: to be heard by the other one.
        self.said: list[tuple[str, str, str]] = []

    async def begin(self) -> None:
        self.service = Service(
            self.config, self.world, bus=LocalBus(self.world), passwords=Passwords(hasher=PasswordHasher(1, 8, 1))
        )
        await self.service.start()
        self.transport = httpx.ASGITransport(self.service.asgi)
        for uri in (LENE, DANA, ALEX, ABSENT):
            await add_user(self.service, uri, f"name of {uri}")
        self.people = [await self._client(*each) for each in APPLICATIONS]

    async def _client(self, uri: str, endpoint: str) -> TwoPartyClient:
        client = UcwaClient(httpx.AsyncClient(transport=self.transport, base_url="https://ucwa.example.com"))
        await client.sign_in(uri.removeprefix("sip:"))
        person = TwoPartyClient(uri, client, await client.open(endpoint), self.world)
        available = f"{client.app}/communication/makeMeAvailable"
        answer = await client.post(available, json={"supportedModalities": ["Messaging"]})
        assert answer.status_code == 204
        return person

    async def end(self) -> None:
        for person in self.people:
            await person.client.http.aclose()
        await self.service.stop()

    async def do(self, step: str, number: int, to: str) -> None:
        person = self.people[number]
        communication = f"{person.client.app}/communication"
        match step:
            case "start":
                names = {"subject": f"secret of {person.name} and {to}", "operationId": str(len(self.said))}
                message = {"message": {"href": "data:text/plain,first"}}
                await person.ask(
                    "POST", f"{communication}/messagingInvitations", json={"to": to, **names, "_links": message}
                )
            case "accept" | "decline" | "decline here" | "cancel":
                await self._answer(person, f"{communication}/invitations", step)
            case "leave":
                for href in (await self._conversations(person))[:1]:
                    await person.ask("DELETE", href)
            case "say":
                await self._say(person)
            case "escalate":
                for href in (await self._conversations(person))[-1:]:
                    shown = (await person.client.get(href)).json()
                    if shown["state"] == "Connected":
                        await person.ask("POST", f"{href}/addParticipant", json={"to": ABSENT})
            case "hear":
                await person.hear()
            case "lose an answer":
                await person.lose_an_answer()
            case "ask again":
                await person.ask_again()

    async def _answer(self, person: TwoPartyClient, invitations: str, step: str) -> None:
        links = (await person.client.get(invitations)).json()["_links"]
        for link in links.get("messagingInvitation", [])[:1]:
            body = {"reason": "Local"} if step == "decline here" else {}
            await person.ask("POST", f"{link['href']}/{step.partition(' ')[0]}", json=body)

    async def _say(self, person: TwoPartyClient) -> None:
        for href in (await self._conversations(person))[-1:]:
            there = (await person.client.get(f"{href}/participants")).json()["_links"].get("participant", [])
            others = {"sip:" + link["href"].rpartition("/")[2] for link in there} - {person.name}
            text = f"word-{len(self.said)}"
            answer = await person.ask("POST", f"{href}/messaging/messages", content=text, headers=PLAIN)
            if answer.status_code == 201:
                self.said += [(person.name, other, text) for other in others]

    async def _conversations(self, person: TwoPartyClient) -> list[str]:
        answer = await person.client.get(f"{person.client.app}/communication/conversations?filter=active")
        return [link["href"] for link in answer.json()["_links"].get("conversation", [])]

    async def check(self) -> None:
        for person in self.people:
            quiet = 0
            while quiet < 2:
                quiet = 0 if await person.hear() else quiet + 1
        for person in self.people:
            await self._check_state(person)
            self._check_messages(person)

    async def _check_state(self, person: TwoPartyClient) -> None:
        truth = set(await self._conversations(person))
        invitations = (await person.client.get(f"{person.client.app}/communication/invitations")).json()["_links"]
        pending = [link["href"] for link in invitations.get("messagingInvitation", [])]
        assert {href for href, kind in person.invitations.items() if kind == "started"} == set(pending)
        for href in pending:
            links = (await person.client.get(href)).json()["_links"]
            truth.add(links["conversation"]["href"])
        assert person.talks.keys() == truth
        for href, talk in person.talks.items():
            shown = (await person.client.get(href)).json()
            assert talk.state == shown["state"]
            if talk.state in {"Connected", "Conferenced"}:
                there = (await person.client.get(f"{href}/participants")).json()["_links"]["participant"]
                assert talk.people == {"sip:" + link["href"].rpartition("/")[2] for link in there} - {person.name}

    def _check_messages(self, person: TwoPartyClient) -> None:
        heard = [text for talk in (*person.over, *person.talks.values()) for text in talk.messages if text != "first"]
        assert len(set(heard)) == len(heard), "each message once"
        together = [other.name for other in self.people].count(person.name) > 1
        mine = {text for _, to, text in self.said if to == person.name}
        # With two applications it is in one of them.
        assert set(heard) <= mine if together else set(heard) == mine
        everything = "".join(person.texts)
        for sender, to, text in self.said:
            assert person.name in {sender, to} or f'{text}"' not in everything, f"{person.name} read {text}"
        others = [uri for uri in (LENE, DANA, ALEX) if uri != person.name]
        assert not [pair for pair in product(others, others) if f"secret of {pair[0]} and {pair[1]}" in everything]


@settings(max_examples=40)
@given(STEPS)
def test_every_client_converges_to_the_servers_state(steps: list[Step]) -> None:
    live(RandomTalks, steps)


@settings(max_examples=10)
@given(steps=STEPS)
def test_every_client_converges_on_postgresql(postgres: PostgresServer, used_store: str, steps: list[Step]) -> None:
    live_on_postgresql(RandomTalks, steps, postgres, used_store)

"""Random meetings: each one's view, kept from events alone, ends as the truth and shows nothing forbidden."""

import httpx
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from openucwa.app import Service
from openucwa.channel.local import LocalBus
from openucwa.config import Config
from openucwa.identity.passwords import Passwords
from tests.client import UcwaClient, add_user, extensions_of, self_of
from tests.conversations.event_client import EventClient, MeetingView
from tests.postgres import PostgresServer
from tests.stories import Step, live, live_on_postgresql
from tests.users import ALEX, DANA, LENE
from tests.world import FakeWorld

#: What organizer data says, and nobody but the organizer may ever read.
SECRET = "for-the-organizer-alone"

who = st.integers(1, 3)
extension = st.integers(0, 2)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("join"), st.integers(0, 3)),
        st.tuples(st.just("leave"), st.integers(0, 3)),
        st.tuples(st.sampled_from(["admit", "reject", "promote", "demote", "eject"]), who),
        st.tuples(st.just("share"), extension),
        st.tuples(st.just("hide"), extension),
        st.tuples(st.just("remove"), extension),
        st.tuples(st.just("rename"), st.integers(0, 9)),
        st.tuples(st.sampled_from(["enable", "disable"]), st.integers(0, 3)),
        st.tuples(st.just("connect"), st.integers(0, 3)),
        st.tuples(st.just("say"), st.integers(0, 3)),
        st.tuples(st.just("hear"), st.integers(0, 3)),
        st.tuples(st.just("lose an answer"), st.integers(0, 3)),
        st.tuples(st.just("ask again"), st.integers(0, 3)),
    ),
    min_size=5,
    max_size=40,
)


class NeverTimesOut(EventClient):
    """Nothing ends here because time goes by, so it may go by in great steps."""

    steps = (6, 180)


class RandomMeeting:
    """An organizer, two users of the enterprise, and an anonymous one, who has to be let in."""

    def __init__(self, **store: str) -> None:
        self.world = FakeWorld()
        # A poll that hears nothing takes minutes, so nothing may end just because time goes by.
        self.config = Config(
            **store,
            public_url="https://ucwa.example.com",
            application_timeout=10**9,
            lobby_timeout=10**9,
            conversation_timeout=10**9,
            token_lifetime=10**9,
            anonymous_token_lifetime=10**9,
            events_kept=10**9,
            application_sweep_interval=10**6,
            meeting_sweep_interval=10**6,
            max_events=5,
        )
        self.said: list[str] = []

    async def begin(self) -> None:
        self.service = Service(
            self.config, self.world, bus=LocalBus(self.world), passwords=Passwords(hasher=PasswordHasher(1, 8, 1))
        )
        await self.service.start()
        self.transport = httpx.ASGITransport(self.service.asgi)
        for uri, name in ((LENE, "Lene"), (DANA, "Dana"), (ALEX, "Alex")):
            await add_user(self.service, uri, name)
        organizer = await self._client("lenea@contoso.com")
        self.organizer = organizer.client
        self.meeting = await self.organizer.schedule(subject="0")
        anonymous = UcwaClient(httpx.AsyncClient(transport=self.transport, base_url="https://ucwa.example.com"))
        await anonymous.sign_in_to_meeting(self.meeting)
        joe = NeverTimesOut("Joe", anonymous, await anonymous.open(), self.world)
        self.people = [organizer, await self._client("danab@contoso.com"), await self._client("alexd@contoso.com"), joe]

    async def _client(self, username: str) -> EventClient:
        client = UcwaClient(httpx.AsyncClient(transport=self.transport, base_url="https://ucwa.example.com"))
        await client.sign_in(username)
        return NeverTimesOut(username, client, await client.open(), self.world)

    async def end(self) -> None:
        for person in self.people:
            await person.client.http.aclose()
        await self.service.stop()

    async def do(self, step: str, number: int) -> None:
        person = self.people[number % 4]
        match step:
            case "join":
                body = {"onlineMeetingUri": self.meeting["onlineMeetingUri"], "anonymousDisplayName": "Joe"}
                await person.ask("POST", f"{person.client.app}/communication/joinOnlineMeeting", json=body)
            case "leave" | "enable" | "disable" | "connect":
                await self._in_conversation(person, step)
            case "admit" | "reject" | "promote" | "demote" | "eject":
                if (own := await self._conversation(self.people[0])) is not None:
                    uri = (await self._uri(person)).removeprefix("sip:")
                    await self.people[0].ask("POST", f"{own}/participants/{uri}/{step}")
            case "share" | "hide":
                await self._put_extension(f"e{number}", shared=step == "share")
            case "remove":
                await self.organizer.delete(f"{extensions_of(self.meeting)}/e{number}")
            case "rename":
                meeting = (await self.organizer.get(self_of(self.meeting))).json()
                await self.organizer.replace(meeting, subject=str(number))
            case "say":
                await self._say(person)
            case "hear":
                await person.hear()
            case "lose an answer":
                await person.lose_an_answer()
            case "ask again":
                await person.ask_again()

    async def _in_conversation(self, person: EventClient, step: str) -> None:
        own = await self._conversation(person)
        if own is None:
            return
        if step == "leave":
            await person.ask("DELETE", own)
        elif step == "connect":
            await person.ask("POST", f"{own}/messaging/addMessaging", json={"operationId": "x"})
        else:
            await person.ask("POST", f"{own}/messaging/{step}AudienceMessaging")

    async def _conversation(self, person: EventClient) -> str | None:
        """The person's conversation in truth, which the person may not have heard of yet."""
        answer = await person.client.get(f"{person.client.app}/communication/conversations")
        links = answer.json()["_links"].get("conversation", [])
        return links[0]["href"] if links else None

    async def _uri(self, person: EventClient) -> str:
        uri: str = (await person.client.get(f"{person.client.app}/me")).json()["uri"]
        return uri

    async def _put_extension(self, name: str, *, shared: bool) -> None:
        kind = "RoamedParticipantData" if shared else "RoamedOrganizerData"
        text = "for everybody" if shared else SECRET
        there = await self.organizer.get(f"{extensions_of(self.meeting)}/{name}")
        if there.status_code == 200:
            answer = await self.organizer.replace(there.json(), type=kind, text=text)
            assert answer.status_code == 200, answer.text
        else:
            await self.organizer.extend(self.meeting, id=name, type=kind, text=text)

    async def _say(self, person: EventClient) -> None:
        own = await self._conversation(person)
        if own is None:
            return
        text = f"{len(self.said)}"
        messaging = f"{own}/messaging/messages"
        answer = await person.ask(
            "POST", messaging, content=text, headers={"Content-Type": "text/plain"}, params={"operationId": text}
        )
        if answer.status_code == 201:
            self.said.append(text)

    async def check(self) -> None:
        """Everybody hears all that is left; then what they know is what there is."""
        for person in self.people:
            # The first empty set may be one whose answer was lost: it is delivered again as it was.
            quiet = 0
            while quiet < 2:
                quiet = 0 if await person.hear() else quiet + 1
        for number, person in enumerate(self.people):
            assert person.view == await self._truth(person), person.name
            if number:
                assert not [text for text in person.texts if SECRET in text], f"{person.name} read organizer data"

    async def _truth(self, person: EventClient) -> MeetingView:
        href = await self._conversation(person)
        truth = MeetingView(messages=person.view.messages)
        self._check_messages(person)
        if href is None:
            return truth
        conversation = (await person.client.get(href)).json()
        own = (await person.client.get(conversation["_links"]["localParticipant"]["href"])).json()
        truth.role = own["role"]
        truth.stage = "lobby" if own["inLobby"] else "room"
        truth.audience_messaging = conversation["audienceMessaging"]
        if truth.stage == "lobby":
            return truth
        messaging = (await person.client.get(f"{href}/messaging")).json()
        truth.sends = "sendMessage" in messaging["_links"]
        truth.leaders = await self._addresses(person, f"{href}/leaders")
        truth.attendees = await self._addresses(person, f"{href}/attendees")
        everybody = truth.leaders | truth.attendees
        truth.people = {uri: "Leader" if uri in truth.leaders else "Attendee" for uri in everybody - {own["uri"]}}
        if truth.role == "Leader":
            lobby = (await person.client.get(f"{href}/lobby")).json()
            truth.lobby = {each["uri"] for each in lobby["_embedded"]["participant"]}
        meeting = (await person.client.get(f"{href}/onlineMeeting")).json()
        truth.subject = meeting["subject"]
        truth.extensions = {each["id"]: each["text"] for each in meeting["_embedded"]["onlineMeetingExtension"]}
        # One's own place among leaders and attendees is told by one's own role.
        for group in ("leaders", "attendees"):
            getattr(person.view, group).discard(own["uri"])
            getattr(truth, group).discard(own["uri"])
        return truth

    async def _addresses(self, person: EventClient, href: str) -> set[str]:
        links = (await person.client.get(href)).json()["_links"].get("participant", [])
        return {"sip:" + link["href"].rpartition("/")[2] for link in links}

    def _check_messages(self, person: EventClient) -> None:
        heard = [int(text) for text in person.view.messages]
        assert heard == sorted(set(heard)), "each message once, in order"


@settings(max_examples=40)
@given(STEPS)
def test_every_client_converges_to_the_servers_state(steps: list[Step]) -> None:
    live(RandomMeeting, steps)


@settings(max_examples=10)
@given(steps=STEPS)
def test_every_client_converges_on_postgresql(postgres: PostgresServer, used_store: str, steps: list[Step]) -> None:
    live_on_postgresql(RandomMeeting, steps, postgres, used_store)

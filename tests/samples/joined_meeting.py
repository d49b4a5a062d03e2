"""The stage for samples of a meeting under way: who has joined, who waits, who is asked to come.

Lene organizes and leads; Dana, or somebody anonymous, is the other.
"""

from typing import Any

import httpx

from openucwa.app import Service
from tests.client import UcwaClient, self_of
from tests.conftest import Connect
from tests.users import DANA

#: joining: nobody has joined. alone: Lene has. room: both have, and talk. unconnected: they don't talk yet.
#: silenced: attendees cannot send messages.
#: promoted: the other leads as well. lobby: the other waits. inviting: the other is asked. accepted: and has accepted.
#: In these Lene is the client; attending, waiting, invited, accepting and guest (who is anonymous) are the same for the
#: other. visited: Lene's view of a guest.
LIVE = {"joining", "alone", "room", "silenced", "unconnected", "promoted", "lobby", "inviting", "accepted", "visited"}
OTHERS = {
    "attending": "room",
    "waiting": "lobby",
    "invited": "inviting",
    "accepting": "accepted",
    "guest": "room",
}


class JoinedMeeting:
    """A meeting under way. `client`: whose view of it is replayed. `hrefs`: of what there is to it, by rel."""

    def __init__(self, service: Service, connect: Connect, lene: UcwaClient, situation: str) -> None:
        self._lene = lene
        self._other = connect(service)
        self._situation = "room" if situation == "visited" else OTHERS.get(situation, situation)
        self._anonymous = situation in {"guest", "visited"}
        self.client = self._other if situation in OTHERS else lene
        self.hrefs: dict[str, str] = {}
        self.somebody = DANA

    async def set(self, extension: str) -> None:
        """Lets all that happen."""
        meeting = await self._lene.schedule(
            subject="Quarterly numbers",
            accessLevel="Locked" if self._situation == "lobby" else "Everyone",
            attendees=[DANA],
            leaders=["sip:lenea@contoso.com"],
        )
        await self._lene.extend(meeting, id=extension, type="RoamedParticipantData")
        if self._situation == "joining":
            self.somebody = meeting["onlineMeetingUri"]
            return
        await self._join(self._lene, meeting)
        if self._situation == "alone":
            await self._note(self._lene)
            return
        await self._open_other(meeting)
        if self._situation in {"inviting", "accepted"}:
            await self._note(self._lene)
            await self._invite()
            return
        await self._join(self._other, meeting)
        if self._situation not in {"lobby", "unconnected"}:
            for each in (self._lene, self._other):
                await self._note(each)
                answer = await self._post(each, "addMessaging", json={"operationId": "talk"})
                if each is self.client:
                    self.hrefs["messagingInvitation"] = answer.headers["Location"]
            # Who asks for a message of their own finds one in the other format.
            form = "text/html" if self.client is self._other else "text/plain"
            await self._note(self._other)
            await self._post(
                self._other,
                "sendMessage",
                content="Hello",
                headers={"Content-Type": form},
                params={"operationId": "hi"},
            )
        await self._note(self.client)
        if self._situation == "silenced":
            await self._post(self._lene, "disableAudienceMessaging")
            await self._note(self._lene)
        if self._situation == "promoted":
            await self._post(self._lene, "promote")
            await self._note(self._lene)

    async def _open_other(self, meeting: dict[str, Any]) -> None:
        if self._anonymous:
            await self._other.sign_in_to_meeting(meeting)
        else:
            await self._other.sign_in("danab@contoso.com")
        await self._other.open("other")
        if self._situation in {"inviting", "accepted"}:
            answer = await self._other.post(f"{self._other.app}/communication/makeMeAvailable", json={})
            assert answer.status_code == 204, answer.text

    async def _join(self, client: UcwaClient, meeting: dict[str, Any]) -> None:
        communication = (await client.get(f"{client.app}/communication")).json()
        answer = await client.post(
            communication["_links"]["joinOnlineMeeting"]["href"],
            json={
                "onlineMeetingUri": meeting["onlineMeetingUri"],
                "operationId": "join",
                "anonymousDisplayName": "Erik",
            },
        )
        assert answer.status_code == 201, answer.text
        if client is self.client:
            self.hrefs["onlineMeetingInvitation"] = answer.headers["Location"]

    async def _invite(self) -> None:
        answer = await self._post(self._lene, "addParticipant", json={"to": DANA, "operationId": "ask"})
        events = (await self._other.get(f"{self._other.app}/events?ack=1")).json()
        asked = [event["link"] for sender in events["sender"] for event in sender["events"]]
        invitation = next(link["href"] for link in asked if link["rel"] == "onlineMeetingInvitation")
        if self._situation == "accepted":
            assert (await self._other.post(f"{invitation}/accept")).status_code == 204
        if self.client is self._lene:
            self.hrefs["participantInvitation"] = answer.headers["Location"]
            await self._note_links(answer.headers["Location"])
            return
        self.hrefs["onlineMeetingInvitation"] = invitation
        await self._note_links(invitation)

    async def _post(self, client: UcwaClient, rel: str, **options: Any) -> httpx.Response:
        answer = await client.post(self.hrefs[rel], **options)
        assert answer.is_success, answer.text
        return answer

    async def _note(self, client: UcwaClient) -> None:
        """Takes down where everything is for `client`."""
        conversations = (await client.get(f"{client.app}/communication/conversations")).json()
        conversation = (await client.get(conversations["_links"]["conversation"][0]["href"])).json()
        self.hrefs["conversation"] = self_of(conversation)
        links = conversation["_links"]
        self._take(conversation)
        for rel in ("messaging", "onlineMeeting"):
            if rel in links:
                await self._note_links(links[rel]["href"])
        if "messages" in self.hrefs.get("sendMessage", ""):
            self.hrefs["messages"] = self.hrefs["sendMessage"]
            messages = (await client.get(self.hrefs["messages"])).json()
            for link in messages["_links"].get("message", []):
                self.hrefs["message"] = link["href"]
        await self._note_participant(client, links)

    async def _note_participant(self, client: UcwaClient, links: dict[str, Any]) -> None:
        there = []
        if "participants" in links:
            there = (await client.get(links["participants"]["href"])).json()["_links"].get("participant", [])
        if "lobby" in links:
            waiting = (await client.get(links["lobby"]["href"])).json()["_embedded"]["participant"]
            there += [each["_links"]["self"] for each in waiting]
        for link in there:
            if link["href"] != links["localParticipant"]["href"]:
                self.hrefs |= dict.fromkeys(("participant", "failedDeliveryParticipant"), link["href"])
                await self._note_links(link["href"], client)

    async def _note_links(self, href: str, client: UcwaClient | None = None) -> None:
        shown = await (client or self._client_of(href)).get(href)
        assert shown.status_code == 200, shown.text
        self._take(shown.json())

    def _client_of(self, href: str) -> UcwaClient:
        return self._lene if href.startswith(f"{self._lene.app}/") else self._other

    def _take(self, resource: dict[str, Any]) -> None:
        for rel, link in resource["_links"].items():
            if rel not in {"self", "conversation", "participant"} and isinstance(link, dict):
                self.hrefs[rel] = link["href"]

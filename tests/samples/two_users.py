"""The stage for samples of a conversation of two: Lene invites Dana."""

from typing import Any

import httpx

from openucwa.app import Service
from tests.client import UcwaClient, self_of
from tests.conftest import Connect
from tests.users import DANA, LENE

#: calling: Dana takes messages, and nobody has begun. asking: Lene has asked. talking: Dana has accepted. In these Lene
#: is the client; asked and answering are the same for Dana. logged: Lene
#: has left, and has a log; long: of more messages than are shown at once. read: Dana's.
SITUATIONS = {
    "calling": "calling",
    "asking": "asking",
    "talking": "talking",
    "asked": "asking",
    "answering": "talking",
    "logged": "talking",
    "long": "talking",
    "read": "talking",
}
_OF_DANA = {"asked", "answering", "read"}

#: What a client may be led to by these.
_FOLLOWED = ("conversation", "messaging", "messages", "message", "localParticipant", "participant")


class TwoUsers:
    """A conversation of two. `client`: whose view of it is replayed. `hrefs`: of what there is to it, by rel."""

    somebody = DANA

    def __init__(self, service: Service, connect: Connect, lene: UcwaClient, situation: str) -> None:
        self._lene = lene
        self._service = service
        self._dana = connect(service)
        self._situation = situation
        self._until = SITUATIONS[situation]
        self.client = self._dana if situation in _OF_DANA else lene
        self.hrefs: dict[str, str] = {}

    async def set(self, _extension: str) -> None:
        """Lets all that happen."""
        await self._dana.sign_in("danab@contoso.com")
        await self._dana.open("other")
        await self._post(self._dana, f"{self._dana.app}/communication/makeMeAvailable", json={})
        if self._until == "calling":
            return
        outgoing = await self._start()
        invitations = await self._get(self._dana, f"{self._dana.app}/communication/invitations")
        (incoming,) = invitations["_links"]["messagingInvitation"]
        if self._until == "talking":
            await self._post(self._dana, f"{incoming['href']}/accept")
        if self._situation in {"logged", "long", "read"}:
            await self._log()
            return
        await self._note(incoming["href"] if self.client is self._dana else outgoing)

    async def _log(self) -> None:
        """Ends the conversation, and takes down where the log of it is."""
        (own,) = await self._service.store.conversations.all(LENE, self._lene.app.rpartition("/")[2])
        for number in range(250 if self._situation == "long" else 2):
            kind = ("text/plain", "text/html")[number % 2]
            await self._service.store.conversations.send_message(own, kind, "Hello", None, self._service.world.now())
        await self._service.store.conversations.leave(LENE, own.application_id, own.id, self._service.world.now())
        communication = await self._get(self.client, f"{self.client.app}/communication")
        self._take(communication)
        self._take(await self._get(self.client, self.hrefs["conversationLogs"]))
        log = await self._get(self.client, self.hrefs["conversationLog"])
        self._take(log)
        self.hrefs["conversationLogRecipient"] = self_of(log["_embedded"]["conversationLogRecipient"][0])
        shown = await self._get(self.client, self.hrefs["conversationLogTranscripts"])
        first = self_of(shown["_embedded"]["conversationLogTranscript"][0])
        self.hrefs |= {"conversationLogTranscript": first, "messageTranscript": f"{first}/messageTranscript"}
        self.hrefs["nextConversationLogTranscripts"] = f"{first}/nextConversationLogTranscripts"

    async def _start(self) -> str:
        body = {
            "to": DANA,
            "operationId": "call",
            "subject": "Lunch?",
            "_links": {
                "customContent": {"href": "data:application/sdp;base64,djowDQo="},
                "message": {"href": "data:text/plain,Hungry"},
            },
        }
        answer = await self._post(self._lene, f"{self._lene.app}/communication/startMessaging", json=body)
        return answer.headers["Location"]

    async def _note(self, invitation: str) -> None:
        """Takes down where everything is."""
        self.hrefs["messagingInvitation"] = invitation
        shown = await self._get(self.client, invitation)
        self._take(shown)
        for rel, embedded in shown.get("_embedded", {}).items():
            self.hrefs[rel] = self_of(embedded[0] if isinstance(embedded, list) else embedded)
        for rel in _FOLLOWED:
            if rel in self.hrefs:
                self._take(await self._get(self.client, self.hrefs[rel]))

    def _take(self, resource: dict[str, Any]) -> None:
        for rel, link in resource["_links"].items():
            href = (link[0] if isinstance(link, list) else link)["href"]
            if rel != "self" and not href.startswith("data:"):
                self.hrefs.setdefault(rel, href)

    async def _get(self, client: UcwaClient, href: str) -> dict[str, Any]:
        answer = await client.get(href)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def _post(self, client: UcwaClient, href: str, **options: Any) -> httpx.Response:
        answer = await client.post(href, **options)
        assert answer.is_success, answer.text
        return answer

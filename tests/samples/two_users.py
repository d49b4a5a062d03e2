"""The stage for samples of a conversation of two: Lene invites Dana."""

from typing import Any

import httpx

from openucwa.app import Service
from tests.client import UcwaClient, self_of
from tests.conftest import Connect
from tests.users import DANA

#: calling: Dana takes messages, and nobody has begun. asking: Lene has asked. talking: Dana has accepted. In these Lene
#: is the client; asked and answering are the same for Dana.
SITUATIONS = {"calling": "calling", "asking": "asking", "talking": "talking", "asked": "asking", "answering": "talking"}
_OF_DANA = {"asked", "answering"}

#: What a client may be led to by these.
_FOLLOWED = ("conversation", "messaging", "messages", "message", "localParticipant", "participant")


class TwoUsers:
    """A conversation of two. `client`: whose view of it is replayed. `hrefs`: of what there is to it, by rel."""

    somebody = DANA

    def __init__(self, service: Service, connect: Connect, lene: UcwaClient, situation: str) -> None:
        self._lene = lene
        self._dana = connect(service)
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
        await self._note(incoming["href"] if self.client is self._dana else outgoing)

    async def _start(self) -> str:
        body = {
            "to": DANA,
            "operationId": "call",
            "subject": "Lunch?",
            "_links": {"message": {"href": "data:text/plain,Hungry"}},
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

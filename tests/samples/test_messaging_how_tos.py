"""The pages Send an IM and Receive an IM, walked as printed: the requests as captured, the events in their order."""

import json
import re
from typing import Any

import httpx
import pytest

from openucwa.app import Service
from tests.client import UcwaClient, add_user
from tests.conftest import Connect
from tests.conversations.conftest import Guest
from tests.samples.messages import REFERENCE
from tests.world import FakeWorld

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference's samples are not at hand")

TOSH, LENE = "toshm@contoso.com", "lenea@contoso.com"
PREFIX = "/ucwa/oauth/v1"

_SENDER = re.compile(r'"rel":\s*"(communication|conversation)",\s*"href":"[^"]*"[,\']\s*"events"')
_LINK = re.compile(r'"link":\s*\{\s*"rel":"(\w+)"')
_TYPE = re.compile(r'^\s*"?type":"(added|updated|deleted|started|completed)"', re.MULTILINE)
_APPLICATION = re.compile(r"/applications/\d+")


def capture(page: str, number: int) -> str:
    (path,) = REFERENCE.glob(f"trace.{page}.{number:02}.*")
    return path.read_text("utf-8")


def events(text: str) -> list[tuple[str, list[str]]]:
    """The senders of a captured answer, elided as it is, with their events in order."""
    found: list[tuple[str, list[str]]] = []
    marks = sorted(
        (match.start(), name, match[1]) for name, pattern in _MARKS.items() for match in pattern.finditer(text)
    )
    rels: list[str] = []
    for _, name, value in marks:
        if name == "sender":
            found.append((value, []))
        elif name == "link":
            rels.append(value)
        else:
            found[-1][1].append(f"{rels.pop()} {value}")
    return found


_MARKS = {"sender": _SENDER, "link": _LINK, "type": _TYPE}


def answered(answer: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """The same of an answer of the server."""
    return [
        (sender["rel"], [f"{event['link']['rel']} {event['type']}" for event in sender["events"]])
        for sender in answer["sender"]
    ]


class Caller(Guest):
    """Somebody who sends captured requests."""

    async def send(self, text: str, path: str = "") -> httpx.Response:
        """A request as captured, to its own application. `path`: where, if the capture's ids are others."""
        head, _, body = text.replace("\r\n", "\n").partition("\n\n")
        first, *lines = head.splitlines()
        method, target, _ = first.split(" ")
        headers = dict(line.split(": ", 1) for line in lines)
        kept = {name: value for name, value in headers.items() if name in {"Accept", "Content-Type"}}
        application = self.client.app.rpartition("/")[2]
        target = path or _APPLICATION.sub(f"/applications/{application}", target[target.index(PREFIX) :])
        return await self.client.request(method, target, headers=kept, content=body.strip().encode())

    async def senders(self) -> list[tuple[str, list[str]]]:
        """The next set of events."""
        answer = (await self.poll()).json()
        self.next = answer["_links"]["next"]["href"]
        self.seen = [event for sender in answer["sender"] for event in sender["events"]]
        return answered(answer)

    def embedded(self, rel: str) -> dict[str, Any]:
        """The resource of the last event of this rel."""
        found: dict[str, Any] = [each for each in self.seen if each["link"]["rel"] == rel][-1]["_embedded"][rel]
        return found


@pytest.fixture
async def people(service: Service, connect: Connect, world: FakeWorld) -> tuple[Caller, Caller]:
    """Tosh, and Lene, each with an application found by the captures' prefix."""
    await add_user(service, f"sip:{TOSH}", "Tosh Meston")
    found = []
    for name in (TOSH, LENE):
        client: UcwaClient = connect(service)
        await client.sign_in(name)
        opening = {"culture": "en-us", "endpointId": "how-to", "userAgent": "tests"}
        application = (await client.post(f"{PREFIX}/applications", json=opening)).json()
        client.app = application["_links"]["self"]["href"]
        found.append(Caller(name, client, application, world))
    return found[0], found[1]


async def make_available(caller: Caller) -> None:
    assert (await caller.send(capture("ReceiveAnIM", 1))).status_code == 204
    await caller.senders()


async def test_send_an_im_as_printed(people: tuple[Caller, Caller]) -> None:
    tosh, lene = people
    await make_available(lene)
    answer = await tosh.send(capture("SendAnIM", 1))
    assert (answer.status_code, answer.content) == (201, b"")
    assert f"{tosh.client.app}/communication/messagingInvitations/" in answer.headers["Location"]
    assert await tosh.senders() == events(capture("SendAnIM", 4))
    invitation, messaging = tosh.embedded("messagingInvitation"), tosh.embedded("messaging")
    assert {"from", "to", "cancel", "conversation", "messaging"} <= invitation["_links"].keys()
    assert invitation["operationId"] == "5028e824-2268-4b14-9e59-1abad65ff393"
    assert (messaging["state"], "stopMessaging" in messaging["_links"]) == ("Connecting", True)

    await lene.senders()
    assert await lene.post(lene.embedded("messagingInvitation")["_links"]["accept"]["href"]) == 204
    assert await tosh.senders() == events(capture("SendAnIM", 6))
    conversation = tosh.embedded("conversation")
    assert await tosh.get(conversation["_links"]["self"]["href"]) == conversation
    (accepted,) = tosh.embedded("messagingInvitation")["_embedded"]["acceptedByParticipant"]
    assert accepted["uri"] == f"sip:{LENE}"
    printed = json.loads(capture("SendAnIM", 8).replace(".\n", "").partition("\n\n")[2])
    assert {name: conversation[name] for name in ("state", "subject", "activeModalities", "importance")} == {
        name: printed[name] for name in ("state", "subject", "activeModalities", "importance")
    }

    said = await tosh.send(
        capture("SendAnIM", 9), f"{conversation['_links']['self']['href']}/messaging/messages?OperationContext=6b"
    )
    assert said.status_code == 201
    assert said.headers["Location"].endswith("/messaging/messages/2")
    assert await tosh.senders() == events(capture("SendAnIM", 12))
    assert tosh.embedded("message")["_links"].keys() == {"self", "messaging"}
    ended = await tosh.send(capture("SendAnIM", 13), f"{conversation['_links']['self']['href']}/messaging/terminate")
    assert ended.status_code == 204


async def test_receive_an_im_as_printed(people: tuple[Caller, Caller]) -> None:
    tosh, lene = people
    await make_available(tosh)
    assert (await tosh.send(capture("ReceiveAnIM", 2))).status_code == 200
    body = {"to": f"sip:{TOSH}", "operationId": "1", "_links": {"message": {"href": "data:text/plain,Hi+Tosh%0d%0a"}}}
    answer = await lene.client.post(f"{lene.client.app}/communication/startMessaging", json=body)
    assert answer.status_code == 201
    # The page has the participant in an answer of its own.
    printed = [*events(capture("ReceiveAnIM", 8)), *events(capture("ReceiveAnIM", 9))]
    (communication, before), (conversation, local), (_, participant) = printed
    assert await tosh.senders() == [(communication, before), (conversation, [*local, *participant])]
    invitation = tosh.embedded("messagingInvitation")
    assert invitation["_embedded"]["from"]["name"] == "Lene Aaling"
    assert invitation["_links"]["message"]["href"] == "data:text/plain;charset=utf-8,Hi+Tosh%0D%0A"
    href = tosh.embedded("participant")["_links"]["self"]["href"]
    assert (await tosh.send(capture("ReceiveAnIM", 10), href)).json()["uri"] == f"sip:{LENE}"

    accept = f"{invitation['_links']['accept']['href']}?sessionContext=2687ba8f"
    assert (await tosh.send(capture("ReceiveAnIM", 12), accept)).status_code == 204
    received = await tosh.senders()
    shown = {each for _, those in received for each in those}
    assert shown == {
        each for number in (14, 15) for _, those in events(capture("ReceiveAnIM", number)) for each in those
    }
    assert [sender for sender, _ in received] == ["communication", "conversation", "communication"]
    message = tosh.embedded("message")
    assert message["_links"]["plainMessage"]["href"] == "data:text/plain;charset=utf-8,Hi+Tosh%0D%0A"
    assert message["_links"]["self"]["href"].endswith("/messaging/messages/2")

"""A server in this process with a resource for every path of the API description."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

import httpx

from openucwa.app import Service
from openucwa.server.asgi import Message, Scope
from tests.client import UcwaClient, self_of
from tests.hostile.requests import Request

_NAME = re.compile(r"~(\w+)~")
#: An id that must be percent-encoded in a path.
EXTENSION_ID = "a/b 100% é"


@dataclass(frozen=True)
class Answer:
    """A response. `headers`: names in lower case, in order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known == name), None)


async def ask(service: Service, request: Request) -> Answer:
    """Sends a request as the connection hands it to the application. AssertionError: the application breaks ASGI."""
    sent: list[Message] = []
    received = False

    async def receive() -> Message:
        nonlocal received
        if received:
            await asyncio.Event().wait()
        received = True
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await service.asgi(_scope(request), receive, send)
    start, *bodies = sent
    assert start["type"] == "http.response.start"
    assert bodies
    assert all(message["type"] == "http.response.body" for message in bodies)
    assert [message.get("more_body", False) for message in bodies] == [True] * (len(bodies) - 1) + [False]
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
    return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in bodies))


class DirectClient(httpx.AsyncClient):
    """httpx without what takes time in it: requests go to `ask`. The stage is set some hundred times."""

    def __init__(self, service: Service) -> None:
        # A transport of its own would read the system's certificates first.
        super().__init__(base_url="https://ucwa.example.com", transport=httpx.ASGITransport(service.asgi))
        self._service = service

    async def request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Response:
        said = {name: options.get(name) for name in ("headers", "json", "content", "data")}
        built = httpx.Request(method, self.base_url.join(str(url)), **said)
        headers = tuple(
            (name, value) for name, value in built.headers.items() if name not in {"content-length", "accept-encoding"}
        )
        query = built.url.query.decode()
        sent = Request(method, built.url.raw_path.decode().partition("?")[0], query, headers, built.content)
        answer = await ask(self._service, sent)
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)


def _scope(request: Request) -> Scope:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in request.headers]
    if request.body:
        length = b"%d" % len(request.body)
        headers.append((b"transfer-encoding", b"chunked") if request.chunked else (b"content-length", length))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 443),
        "client": ("127.0.0.1", 50_000),
        "scheme": "https",
        "root_path": "",
        "method": request.method,
        "path": unquote(request.path),
        "raw_path": request.path.encode("ascii"),
        "query_string": request.query.encode("ascii"),
        "headers": headers,
    }


class Stage:
    """`names`: what the names between tildes stand for at this time.

    Lene organizes a meeting with an extension; she and Dana are in it, a guest waits in its lobby. What can be in one
    state only, such as messaging, is in each of its states in turn.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self._lene, self._dana = (UcwaClient(DirectClient(service)) for _ in range(2))
        self._turn = -1
        self._ack = "1"
        self.names: dict[str, str] = {}
        self._guests: dict[str, str] = {}

    async def set(self) -> None:
        """Recreates everything that a request may have removed."""
        self._turn += 1
        available, messaging = bool(self._turn & 1), bool(self._turn & 2)
        lene, dana, guest = self._lene, self._dana, UcwaClient(DirectClient(self.service))
        if lene.app and not available:
            await lene.delete(lene.app)
        for client, name in ((lene, "lenea@contoso.com"), (dana, "danab@contoso.com")):
            await client.sign_in(name)  # a request may have revoked the token
            application = await client.open()
            if client is lene:
                self._ack = application["_links"]["events"]["href"].rpartition("=")[2]
        if available:
            await lene.post(f"{lene.app}/communication/makeMeAvailable", json={})
        meeting = await self._only_meeting(lene, accessLevel="Invited", attendees=["sip:danab@contoso.com"])
        other = await self._only_meeting(dana)
        schema_version = await self._schema()
        await lene.extend(meeting, id=EXTENSION_ID, type="RoamedParticipantData", rows=9)
        await guest.sign_in_to_meeting(meeting)
        await guest.open()
        guest_address = unquote((await guest.get(f"{guest.app}/me")).json()["uri"]).removeprefix("sip:")
        conversations = [await _join(client, meeting) for client in (lene, dana, guest)]
        await dana.post(f"{dana.app}/communication/conversations/{conversations[1]}/messaging/addMessaging", json={})
        self.names = {
            "application_id": lene.app.rpartition("/")[2],
            "meeting_id": meeting["onlineMeetingId"],
            "extension_id": quote(EXTENSION_ID, safe=""),
            "conversation": conversations[0],
            "address": quote(guest_address, safe="") if available else "danab%40contoso.com",
            "message": await self._message(conversations[0]) if messaging else "1",
            "invitation": await (self._incoming() if available else self._outgoing(conversations[0])),
            "ack": self._ack,
            # Who is available is asked, and misses nothing.
            "log": "none" if available else await self._log(),
            "number": "1",
            "version": await self._version(meeting, of_extension=messaging),
            "schema_version": schema_version,
            "removal": await self._removal(),
            "webhook_id": (webhook := await self._webhook()),
            "delivery": await self._delivery(webhook),
            "subscription": (subscription := await self._subscription()),
            "subscribed": f"{subscription},danab%40contoso.com",
            "group": (group := await self._group()),
            "membership": f"{group},danab%40contoso.com",
            "level": "Workgroup",
            "name": "xframe.js",
            "region": "1",
            "token": lene.token or "",
            "onlineMeetingUri": other["onlineMeetingUri"],
        }

        self._guests = {
            "application_id": guest.app.rpartition("/")[2],
            "conversation": conversations[2],
            "guest": guest.token or "",
        }

    async def stands(self) -> bool:
        """Whether application, conversation, meeting, extension and schema exist."""
        app = self._lene.app
        places = (
            f"{app}/communication/conversations/{self.names['conversation']}",
            f"{app}/openucwa/schemas/{self.names['extension_id']}",
            f"{self._lene.meetings}/{self.names['meeting_id']}/onlineMeetingExtensions/{self.names['extension_id']}",
        )
        accept = {"Accept": "*/*"}
        return all([(await self._lene.get(place, headers=accept)).status_code == 200 for place in places])

    async def send(self, request: Request) -> tuple[Request, Answer]:
        """The request as it was sent, with names filled in, and its answer."""
        names = self.names
        if any("~guest~" in value for _, value in request.headers):
            names = names | self._guests
        elif any("~etag~" in value for _, value in request.headers):
            names = names | {"etag": await self._etag(self._filled(request, names | {"etag": "0"}))}
        sent = self._filled(request, names)
        return sent, await ask(self.service, sent)

    @staticmethod
    def _filled(request: Request, names: Mapping[str, str]) -> Request:
        def fill(text: str) -> str:
            return _NAME.sub(lambda match: names.get(match[1], match[0]), text)

        headers = tuple((name, fill(value)) for name, value in request.headers)
        body = fill(request.body.decode("latin-1")).encode("latin-1")
        return replace(request, path=fill(request.path), query=fill(request.query), headers=headers, body=body)

    async def _etag(self, request: Request) -> str:
        headers = (("authorization", f"Bearer {self.names['token']}"),)
        answer = await ask(self.service, replace(request, method="GET", query="", headers=headers, body=b""))
        return (answer.header("etag") or "0").strip('"')

    async def _only_meeting(self, client: UcwaClient, **properties: Any) -> dict[str, Any]:
        for old in (await client.get(client.meetings)).json()["_embedded"]["myOnlineMeeting"]:
            await client.delete(self_of(old))
        return await client.schedule(**properties)

    async def _schema(self) -> str:
        """The version of a schema of the extension that allows everything."""
        href = f"{self._lene.app}/openucwa/schemas/{quote(EXTENSION_ID, safe='')}"
        answer = await self._lene.put(href, content=b"true", headers={"Content-Type": "application/schema+json"})
        return str(answer.json()["version"])

    async def _version(self, meeting: dict[str, Any], *, of_extension: bool) -> str:
        """The number of the newest version of the extension or of the meeting."""
        past = f"{self_of(meeting)}/onlineMeetingExtensions/{quote(EXTENSION_ID, safe='')}"
        versions = (await self._lene.get(f"{past if of_extension else self_of(meeting)}/versions")).json()
        return str(versions["_embedded"]["openucwa:version"][0]["number"])

    async def _removal(self) -> str:
        """The number of the last removal of a meeting, if there was one."""
        removed = (await self._lene.get(f"{self._lene.app}/openucwa/removedMeetings")).json()
        found = removed["_embedded"]["openucwa:removedMeeting"]
        return found[0]["_links"]["self"]["href"].rpartition("/")[2] if found else "0"

    async def _webhook(self) -> str:
        """The id of the only webhook, which delivers nothing."""
        href = f"{self._lene.app}/openucwa/webhooks"
        for old in (await self._lene.get(href)).json()["_embedded"]["openucwa:webhook"]:
            await self._lene.delete(self_of(old))
        answer = await self._lene.post(href, json={"url": "https://crm.contoso.invalid/hook", "state": "Paused"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def _delivery(self, webhook: str) -> str:
        answer = await self._lene.post(f"{self._lene.app}/openucwa/webhooks/{webhook}/test")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def _subscription(self) -> str:
        href = f"{self._lene.app}/people/presenceSubscriptions"
        for old in (await self._lene.get(href)).json()["_embedded"]["presenceSubscription"]:
            await self._lene.delete(self_of(old))
        answer = await self._lene.post(href, json={"duration": 10, "uris": ["sip:danab@contoso.com"]})
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"].rpartition("/")[2]

    async def _log(self) -> str:
        """The id of the log of an invitation that Lene missed."""
        body = {"to": "sip:lenea@contoso.com", "message": "data:text/plain,Hello"}
        answer = await self._dana.post(f"{self._dana.app}/communication/messagingInvitations", json=body)
        assert answer.status_code == 201, answer.text
        logs = (await self._lene.get(f"{self._lene.app}/communication/conversationLogs")).json()
        return str(logs["_links"]["conversationLog"][0]["href"].rpartition("/")[2])

    async def _group(self) -> str:
        """The id of Lene's one group, which Dana is in."""
        people = f"{self._lene.app}/people"
        for old in (await self._lene.get(f"{people}/groups")).json()["_embedded"]["group"]:
            await self._lene.delete(self_of(old))
        made = await self._lene.post(f"{people}/groups", json={"displayName": "Family"})
        group_id = made.headers["Location"].rpartition("/")[2]
        body = {"contactUri": "sip:danab@contoso.com", "groupId": group_id}
        answer = await self._lene.post(f"{people}/groupMemberships", json=body)
        assert answer.status_code == 201, answer.text
        return group_id

    async def _message(self, conversation: str) -> str:
        messaging = f"{self._lene.app}/communication/conversations/{conversation}/messaging"
        await self._lene.post(f"{messaging}/addMessaging", json={})
        answer = await self._lene.post(f"{messaging}/messages", content="hi", headers={"Content-Type": "text/plain"})
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"].rpartition("/")[2]

    async def _outgoing(self, conversation: str) -> str:
        href = f"{self._lene.app}/communication/conversations/{conversation}/addParticipant"
        answer = await self._lene.post(href, json={"to": "sip:danab@contoso.com"})
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"].rpartition("/")[2]

    async def _incoming(self) -> str:
        """Dana invites Lene to a meeting of hers; the channel tells of it."""
        dana = self._dana
        conversation = await _join(dana, await dana.schedule())
        href = f"{dana.app}/communication/conversations/{conversation}/addParticipant"
        answer = await dana.post(href, json={"to": "sip:lenea@contoso.com"})
        assert answer.status_code == 201, answer.text
        return await self._told_of()

    async def _told_of(self) -> str:
        """Reads all events: the id of the last invitation that can be accepted."""
        invitation, events = "", None
        while events is None or events["sender"]:
            events = (await self._lene.get(f"{self._lene.app}/events?ack={self._ack}")).json()
            self._ack = events["_links"]["next"]["href"].rpartition("=")[2]
            for event in (event for sender in events["sender"] for event in sender["events"]):
                shown = event.get("_embedded", {}).get("onlineMeetingInvitation", {})
                if "accept" in shown.get("_links", {}):
                    invitation = event["link"]["href"].rpartition("/")[2]
        assert invitation
        return invitation


async def _join(client: UcwaClient, meeting: dict[str, Any]) -> str:
    """The id of the conversation in which the client's application takes part in the meeting."""
    body = {"onlineMeetingUri": meeting["onlineMeetingUri"]}
    answer = await client.post(f"{client.app}/communication/joinOnlineMeeting", json=body)
    assert answer.status_code == 201, answer.text
    invitation = (await client.get(answer.headers["Location"])).json()
    return str(invitation["_links"]["conversation"]["href"].rpartition("/")[2])

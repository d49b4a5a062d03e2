"""A client for tests, in process or over a socket. It uses nothing but the protocol."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from openucwa.app import Service
from openucwa.model.user import User

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

#: The password of all test users.
PASSWORD = "correct horse battery staple"


@dataclass
class UcwaClient:
    """An application of a user. `http` is bound to the server; `sign_in` sets `token`, `open` sets `app`."""

    http: httpx.AsyncClient
    token: str | None = None
    app: str = ""
    accept: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    async def request(self, method: str, href: str, **options: Any) -> httpx.Response:
        headers = {"Accept": self.accept, **self.headers, **options.pop("headers", {})}
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return await self.http.request(method, href, headers=headers, **options)

    async def get(self, href: str, **options: Any) -> httpx.Response:
        return await self.request("GET", href, **options)

    async def post(self, href: str, **options: Any) -> httpx.Response:
        return await self.request("POST", href, **options)

    async def put(self, href: str, **options: Any) -> httpx.Response:
        return await self.request("PUT", href, **options)

    async def patch(self, href: str, changes: Any, media_type: str = MERGE_PATCH, **options: Any) -> httpx.Response:
        """A JSON Merge Patch, or a patch of another type."""
        headers = {"Content-Type": media_type, **options.pop("headers", {})}
        return await self.request("PATCH", href, content=json.dumps(changes).encode(), headers=headers, **options)

    async def delete(self, href: str, **options: Any) -> httpx.Response:
        return await self.request("DELETE", href, **options)

    async def sign_in(self, username: str, password: str = PASSWORD) -> httpx.Response:
        """The password grant; its answer."""
        form = {"grant_type": "password", "username": username, "password": password}
        answer = await self.http.post("/WebTicket/oauthtoken", data=form)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        return answer

    async def sign_in_to_meeting(self, meeting: dict[str, Any]) -> None:
        """The anonymous-meeting grant."""
        form = {
            "grant_type": "urn:microsoft.rtc:anonmeeting",
            "ms_rtc_conferenceuri": meeting["onlineMeetingUri"],
            "password": meeting["onlineMeetingId"],
        }
        answer = await self.http.post("/WebTicket/oauthtoken", data=form)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]

    async def open(self, endpoint: str = "endpoint", **more: str) -> dict[str, Any]:
        """Opens the application."""
        body = {"culture": "en-us", "endpointId": endpoint, "userAgent": "tests", **more}
        answer = await self.post("/ucwa/v1/applications", json=body)
        assert answer.status_code in {200, 201}, answer.text
        application: dict[str, Any] = answer.json()
        self.app = application["_links"]["self"]["href"].partition("?")[0]
        return application

    @property
    def meetings(self) -> str:
        return f"{self.app}/onlineMeetings/myOnlineMeetings"

    async def schedule(self, **properties: Any) -> dict[str, Any]:
        """A new meeting."""
        answer = await self.post(self.meetings, json=properties)
        assert answer.status_code == 201, answer.text
        meeting: dict[str, Any] = answer.json()
        return meeting

    async def extend(self, meeting: dict[str, Any], **properties: Any) -> dict[str, Any]:
        """A new extension on the meeting."""
        answer = await self.post(extensions_of(meeting), json=properties)
        assert answer.status_code == 201, answer.text
        extension: dict[str, Any] = answer.json()
        return extension

    async def replace(self, resource: dict[str, Any], **properties: Any) -> httpx.Response:
        """Replaces a resource that was read, with other `properties`."""
        body = {name: value for name, value in resource.items() if not name.startswith("_")} | properties
        return await self.put(self_of(resource), json=body, headers=if_match(resource))


def self_of(resource: dict[str, Any]) -> str:
    """The href of a resource."""
    href: str = resource["_links"]["self"]["href"]
    return href


def if_match(resource: dict[str, Any]) -> dict[str, str]:
    """The If-Match header with the etag of a resource."""
    return {"If-Match": f'"{resource["etag"]}"'}


def extensions_of(meeting: dict[str, Any]) -> str:
    """The href of a meeting's extensions."""
    href: str = meeting["_links"]["onlineMeetingExtensions"]["href"]
    return href


async def add_user(service: Service, uri: str, name: str = "", **more: Any) -> User:
    """Adds a user with PASSWORD to the store, as `openucwa user add` does."""
    user = User(
        uri=uri,
        name=name or uri,
        password_hash=await service.passwords.hash(PASSWORD),
        **{"email": None, "pool": None} | more,
    )
    await service.store.users.add(user)
    return user

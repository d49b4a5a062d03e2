"""A client that sends what the pages of the reference print, and compares what they show."""

import json
import re
from typing import Any

import httpx
from lxml import etree

from tests.client import UcwaClient
from tests.people.watcher import Watcher
from tests.samples.messages import REFERENCE, Message, read
from tests.samples.structure import parse

#: What connects a client to its own server, and is its own business.
_TRANSPORT = {"authorization", "host", "connection", "accept-encoding", "referer", "content-length"}
#: Links of calls, which are left out.
LEFT_OUT = {"callForwardingSettings", "phones"}
_APPLICATION = re.compile(r"/ucwa(?:/oauth)?/v1/applications/\d+")
_SUBSCRIPTION = re.compile(r"97b6bd66|pres_sub_id")


def printed(page: str, number: int) -> Message:
    (path,) = REFERENCE.glob(f"trace.{page}.{number:02}.*")
    return read(path)


def body(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message.body)
    return found


class Walker(Watcher):
    """Dana, who sends what the pages print. `subscription`: the id that stands for the printed one."""

    subscription = ""

    async def send(self, request: Message, **more: str) -> httpx.Response:
        """A printed request, with this application's own ids."""
        headers = {name.title(): value for name, value in request.headers.items() if name not in _TRANSPORT}
        text = request.body if request.method != "GET" else ""
        target = request.target.partition("contoso.com")[2] if "://" in request.target else request.target
        target = _SUBSCRIPTION.sub(self.subscription, _APPLICATION.sub(self.client.app, target))
        target = target.replace("default_group_id", "defaultGroup").replace("group_id", "pinnedGroup")
        answer = await self.client.request(request.method, target, headers=headers | more, content=text.encode())
        if request.method == "GET" and answer.headers["Content-Type"].startswith("application/json"):
            await self._same_in_xml(target, answer.json())
        return answer

    async def _same_in_xml(self, target: str, shown: dict[str, Any]) -> None:
        text = (await self.client.get(target, headers={"Accept": "application/xml"})).text
        assert etree.fromstring(text.encode()).get("rel") == shown["rel"]
        # XML has no self, and leaves out what is empty.
        given = parse(text, "xml")
        assert {name for name, value in shown.items() if value != [] and not name.startswith("_")} == {
            name for name in given if not name.startswith("_")
        }
        assert list(given.get("_links", {})) == [rel for rel in shown["_links"] if rel != "self"]
        assert list(given.get("_embedded", {})) == [rel for rel, found in shown.get("_embedded", {}).items() if found]

    def assert_shows(self, shown: Any, page: Any, path: str = "") -> None:
        """Every member of the page is there, in its place, of its kind; hrefs lead to the same resource."""
        if isinstance(page, dict):
            assert set(page) - LEFT_OUT <= set(shown), path
            for name in page.keys() - LEFT_OUT:
                self.assert_shows(shown[name], page[name], f"{path}/{name}")
        elif isinstance(page, list):
            for mine, theirs in zip(shown, page, strict=True):
                self.assert_shows(mine, theirs, f"{path}[]")
        elif path.endswith("/href"):
            assert self.own(shown) == self.own(page), path
        else:
            assert type(shown) is type(page), path

    def own(self, href: str) -> str:
        href = _SUBSCRIPTION.sub(self.subscription, _APPLICATION.sub("APP", href)).lower()
        href = href.replace("default_group_id", "defaultgroup").replace("group_id", "pinnedgroup")
        # The page names a group by an id of its server's.
        return re.sub(r"ack=\d+|groupid=[\w=]{40,}", "...", href.replace("groupid=pinnedgroup", "..."))


async def application(client: UcwaClient, username: str) -> UcwaClient:
    await client.sign_in(username)
    opening = {"culture": "en-US", "endpointId": "page", "userAgent": "UCWA Samples"}
    opened = (await client.post("/ucwa/oauth/v1/applications", json=opening)).json()
    client.app = opened["_links"]["self"]["href"]
    return client

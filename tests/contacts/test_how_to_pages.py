"""The how-to pages on contacts, walked as printed: GetUsersContactList, SearchForUsersContact, GetAContactData."""

import json
import re
from typing import Any

import httpx
import pytest

from openucwa.app import Service
from openucwa.resources.rendering.contacts import LINKS
from tests.client import UcwaClient, add_user
from tests.samples.messages import REFERENCE, Message, read
from tests.users import LENE

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference's samples are not at hand")

#: What connects a client to its own server, and is its own business.
_TRANSPORT = {"authorization", "host", "connection", "accept-encoding", "referer"}
SARA, MANISH = "sip:sarad@contoso.com", "sip:manishc@contoso.com"


@pytest.fixture
async def walker(service: Service, lene: UcwaClient) -> UcwaClient:
    """Lene, whose contacts are those of the pages, at an application below the pages' prefix."""
    for uri, name in ((MANISH, "Manish Chopra"), (SARA, "Sara Davis")):
        details = {"title": "Product Manager", "department": "Sales & Marketing", "work_phone": "tel:+19185550107"}
        await add_user(service, uri, name, email=uri.removeprefix("sip:"), **(details if uri == SARA else {}))
    for uri in (MANISH, LENE):
        answer = await lene.post(f"{lene.app}/people/groupMemberships", json={"contactUri": uri})
        assert answer.status_code == 201, answer.text
    lene.app = lene.app.replace("/ucwa/v1/", "/ucwa/oauth/v1/")
    return lene


def printed(name: str) -> Message:
    (path,) = REFERENCE.glob(f"trace.{name}.*")
    return read(path)


async def send(walker: UcwaClient, request: Message) -> httpx.Response:
    """Sends the request of a page from the walker's application."""
    headers = {name.title(): value for name, value in request.headers.items() if name not in _TRANSPORT}
    target = re.sub(r"https://[^/]+/ucwa/oauth/v1/applications/\d+", walker.app, request.target)
    # The page's address was doubled by whoever printed it.
    target = target.replace("lenea@contoso.com@contoso.com", "lenea@contoso.com")
    answer = await walker.request(request.method, target, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def body(message: Message) -> dict[str, Any]:
    """The printed body; the pages have a comma too many behind the last item of arrays."""
    found: dict[str, Any] = json.loads(re.sub(r",\s*\]", "]", message.body))
    return found


def assert_like(shown: dict[str, Any], page: dict[str, Any]) -> None:
    """All that the page shows of a contact is there, but what no user of this server has."""
    assert set(page) - {"_links"} - {"company", "office"} <= set(shown), page["uri"]
    known = {"self", *LINKS}
    mine, theirs = shown["_links"], page["_links"]
    address = re.compile(r"^.*/(people|photos)/[^/]+")
    for rel in known & set(theirs):
        assert address.sub(r"\1", mine[rel]["href"]) == address.sub(r"\1", theirs[rel]["href"]), rel


@pytest.mark.parametrize("page", ["GetUsersContactList", "GetAContactData"])
async def test_contact_list_is_read_as_printed(walker: UcwaClient, page: str) -> None:
    people = (await walker.get(walker.app)).json()["_embedded"]["people"]
    request = printed(f"{page}.01")
    assert people["_links"]["myContacts"]["href"] == re.sub(r".*applications/\d+", walker.app, request.target)
    shown = (await send(walker, request)).json()
    page_shows = body(printed(f"{page}.02"))
    assert (shown["rel"], list(shown["_embedded"])) == (page_shows["rel"], ["contact"])
    found = {contact["uri"].lower(): contact for contact in shown["_embedded"]["contact"]}
    for contact in page_shows["_embedded"]["contact"]:
        assert_like(found[contact["uri"].lower()], contact)


async def test_contact_is_searched_as_printed(walker: UcwaClient) -> None:
    shown = (await send(walker, printed("SearchForUsersContact.01"))).json()
    page = body(printed("SearchForUsersContact.02"))
    assert (shown["rel"], shown["moreResultsAvailable"]) == (page["rel"], page["moreResultsAvailable"])
    assert shown["_links"]["self"]["href"].endswith("/people/search?query=sarad@contoso.com&limit=3")
    (contact,) = shown["_embedded"]["contact"]
    assert_like(contact, page["_embedded"]["contact"][0])


async def test_data_of_a_contact_is_read_as_printed(walker: UcwaClient) -> None:
    shown = (await send(walker, printed("GetAContactData.03"))).json()
    page = body(printed("GetAContactData.04"))
    assert (shown["uri"], shown["sourceNetwork"], shown["type"]) == (LENE, page["sourceNetwork"], page["type"])
    assert_like(shown, page)

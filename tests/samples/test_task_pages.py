"""The task pages about the user and about people, walked as printed: the captured requests, and answers that have what
the captured answers have.

UCWA: Get, Set and Reset my presence information; Get, Set and Reset my note information; Get my photo; Get presence
data of a contact; Subscribe to the presence of selected contacts, and of a group of contacts; Extend and Delete a
presence subscription. Others are in test_messaging_how_tos.py and in tests/contacts/test_how_to_pages.py.
"""

import json
import re
from typing import Any

import httpx
import pytest

from openucwa.app import Service
from tests.client import add_user
from tests.conftest import Connect
from tests.samples.messages import REFERENCE, Message
from tests.samples.walker import LEFT_OUT, Walker, application, body, printed
from tests.world import FakeWorld

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference's samples are not at hand")

SARA, TOSH = "sip:sarad@contoso.com", "sip:toshm@contoso.com"

_ME_PAGES = {
    "GetMyPresenceInformation": "presence",
    "SetMyPresenceInformation": "presence",
    "ResetMyPresenceInformation": "presence",
    "GetMyNoteInformation": "note",
    "Setmynoteinformation": "note",
    "ResetMyNoteInfo": "note",
}


@pytest.fixture
async def dana(service: Service, connect: Connect, world: FakeWorld) -> Walker:
    """Dana's application, below the pages' prefix."""
    await add_user(service, "sip:dana@contoso.com", "Dana Birkby", email="Dana@contoso.com")
    return Walker(await application(connect(service), "dana@contoso.com"), world)


@pytest.fixture
async def sara(service: Service, connect: Connect, dana: Walker) -> str:
    """Sara and Tosh, contacts of Dana's in both groups; Sara was here, and lets Dana see when."""
    details = {
        "email": "SaraD@contoso.com",
        "title": "Product Manager",
        "department": "Sales & Marketing",
        "company": "Metio",
        "office": "20/2107",
        "work_phone": "tel:+19185550107",
    }
    await add_user(service, SARA, "Sara Davis", **details)
    await add_user(service, TOSH, "Tosh Meston")
    for uri, groups in ((SARA, ("pinnedGroup", "defaultGroup")), (TOSH, ("pinnedGroup",))):
        for group in groups:
            added = {"contactUri": uri, "groupId": group}
            await dana.post(f"{dana.people}/groupMemberships", 201, json=added)
    own = await application(connect(service), "sarad@contoso.com")
    assert (await own.post(f"{own.app}/me/makeMeAvailable", json={})).status_code == 204
    relationship = (await own.get(f"{own.app}/people/dana@contoso.com/privacyRelationship")).json()
    assert (await own.replace(relationship, relationshipLevel="Workgroup")).status_code == 200
    assert (await own.delete(own.app)).status_code == 204
    return SARA


async def become_available(dana: Walker, page: str) -> httpx.Response:
    """Steps 1 and 2 of the pages about the user; the answer to the second."""
    assert (await dana.send(printed(page, 1))).status_code == printed(page, 2).status
    answer = await dana.send(printed(page, 3))
    assert answer.status_code == 200
    # The printed answer is elided, so that it is no JSON; its links are compared.
    shown = json.dumps(answer.json())
    for rel, href in re.findall(r'"(\w+)":\s*\{\s*"href":\s*"([^"]*)"', printed(page, 4).body):
        if rel not in LEFT_OUT:
            hrefs = re.findall(rf'"{rel}": {{"href": "([^"]*)"', shown)
            assert dana.own(href) in map(dana.own, hrefs), rel
    for name in ("culture", "userAgent", "name", "uri", "emailAddresses"):
        assert f'"{name}": ' in shown
    return answer


@pytest.mark.parametrize("page", _ME_PAGES)
async def test_page_about_presence_and_note_is_walked_as_printed(dana: Walker, page: str) -> None:
    await become_available(dana, page)
    rel = _ME_PAGES[page]
    name = {"presence": "availability", "note": "message"}[rel]
    await dana.post(f"{dana.me}/{rel}", json={name: "Busy"})
    request, response = printed(page, 5), printed(page, 6)
    answer = await dana.send(request)
    assert answer.status_code == response.status
    if response.body:
        dana.assert_shows(answer.json(), body(response))
    now = (await dana.get(f"{dana.me}/{rel}"))[name]
    if request.method == "GET":
        assert now == "Busy"
    elif request.body.startswith("{"):
        assert now == body(request)[name]
    else:
        assert now == {"presence": "Online", "note": ""}[rel], "an empty POST resets it"


async def test_photo_is_shown_to_a_browser_with_the_cookie_as_printed(dana: Walker) -> None:
    application = await become_available(dana, "GetMyPhoto")
    cookie = application.headers["Set-Cookie"].partition(";")[0]
    assert cookie.startswith("cwt_ucwa=")
    photo = f"/{dana.client.app.strip('/')}/photos/Dana@contoso.com"
    assert f'"{photo.lower()}"' in application.text.replace("\\/", "/").lower()
    # A browser sends what is printed, and no token.
    dana.client.token = None
    answer = await dana.send(printed("GetMyPhoto", 5), Cookie=cookie)
    assert answer.status_code == printed("GetMyPhoto", 6).status
    assert answer.headers["Content-Type"].startswith("image/")
    assert answer.content


async def test_presence_of_a_contact_is_read_as_printed(dana: Walker, sara: str) -> None:
    page = "GetPresenceDataOfAContact"
    groups = (await dana.client.get(f"{dana.people}/groups")).json()
    dana.assert_shows(groups, body(printed(page, 1)))
    contacts = (await dana.send(printed(page, 2))).json()
    dana.assert_shows(contacts, body(printed(page, 3)))
    presence = (await dana.send(printed(page, 4))).json()
    dana.assert_shows(presence, body(printed(page, 5)))
    assert (presence["availability"], presence["deviceType"]) == ("Offline", "Unknown")


@pytest.mark.parametrize(("page", "steps"), [
    ("SubscribeToThePresenceOfSelectedContacts", (1, 2, 3, 4, 5, 6)),
    ("SubscribeToThePresenceOfAGroupOfContacts", (3, 4, 5, 6, 7, 8)),
])  # fmt: skip
async def test_presence_is_subscribed_to_as_printed(dana: Walker, sara: str, page: str, steps: tuple[int, ...]) -> None:
    request, response, event, expiry, reading, read_as = steps
    if request == 3:
        dana.assert_shows((await dana.send(printed(page, 1))).json(), body(printed(page, 2)))
    answer = await dana.send(printed(page, request))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    dana.subscription = made["id"]
    dana.assert_shows(made, body(printed(page, response)))
    await assert_told(dana, printed(page, event))
    assert (await dana.send(printed(page, reading))).status_code == 200
    dana.assert_shows((await dana.send(printed(page, reading))).json(), body(printed(page, read_as)))
    shown = body(printed(page, expiry))
    if made["id"] == "defaultGroup":
        # The page shows the subscription to selected contacts here, too; members of a group are added to the group.
        del shown["sender"][0]["events"][0]["_embedded"]["presenceSubscription"]["_links"]["addToPresenceSubscription"]
    await assert_told(dana, Message("", {}, json.dumps(shown)))


async def test_subscription_is_extended_and_deleted_as_printed(dana: Walker, sara: str) -> None:
    dana.subscription = (await dana.subscribe(SARA, duration=11))["id"]
    await dana.poll()
    await assert_told(dana, printed("ExtendAPresenceSubscription", 1))
    extended = await dana.send(printed("ExtendAPresenceSubscription", 2))
    assert extended.status_code == printed("ExtendAPresenceSubscription", 3).status
    dana.assert_shows(extended.json(), body(printed("ExtendAPresenceSubscription", 3)))
    deleted = await dana.send(printed("DeleteAPresenceSubscription", 1))
    assert deleted.status_code == printed("DeleteAPresenceSubscription", 2).status
    text = printed("DeleteAPresenceSubscription", 3).body.replace("contactcenter@", "sarad@")
    await assert_told(dana, Message("", {}, text))
    # The page extends once more: of a subscription that is gone, 404, which makes clients begin anew.
    again = await dana.send(printed("ExtendAPresenceSubscription", 2))
    refusal = printed("ExtendAPresenceSubscription", 4)
    assert (again.status_code, list(again.json())) == (refusal.status, list(body(refusal)))


async def assert_told(dana: Walker, printed_events: Message) -> None:
    """Each printed event arrives, in a set of its sender's, within the next sets."""
    (sender,) = body(printed_events)["sender"]
    wanted = list(sender["events"])
    for _ in range(12):
        for rel, event in await dana.poll():
            if rel == sender["rel"] and wanted and same(dana, event, wanted[0]):
                dana.assert_shows(event, wanted.pop(0))
        if not wanted:
            return
    raise AssertionError(f"not told: {wanted}")


def same(dana: Walker, event: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether both are about the same change of the same resource."""
    own = dana.own
    return event["type"] == wanted["type"] and own(event["link"]["href"]) == own(wanted["link"]["href"])

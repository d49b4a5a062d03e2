"""The pages Schedule an online meeting, Update an online meeting, Multi-tab support and Operation resource, walked as
printed.
"""

import json
import re
from typing import Any

import pytest

from openucwa.app import Service
from tests.client import add_user
from tests.conftest import Connect
from tests.samples.messages import REFERENCE, Message
from tests.samples.walker import Walker, application, body, printed
from tests.world import FakeWorld

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference's samples are not at hand")

_PASS_THROUGH = re.compile(r'"56de[\w.-]+4c83"')


@pytest.fixture
async def dana(service: Service, connect: Connect, world: FakeWorld) -> Walker:
    await add_user(service, "sip:dana@contoso.com", "Dana Birkby")
    return Walker(await application(connect(service), "dana@contoso.com"), world)


def members(message: Message) -> list[str]:
    """The properties that a printed answer shows; its ids are elided."""
    return re.findall(r'^"(\w+)":', message.body.partition('"_links"')[0], re.MULTILINE)


async def test_meeting_is_scheduled_as_printed(dana: Walker) -> None:
    request, response = printed("ScheduleAnOnlineMeeting", 1), printed("ScheduleAnOnlineMeeting", 2)
    target = f"{dana.client.app}/onlineMeetings/myOnlineMeetings"
    answer = await dana.client.post(target, content=request.body, headers={"Content-Type": "application/json"})
    # The page has 200, the reference 201 (docs/protocol.md, section 9).
    assert answer.status_code == 201, answer.text
    meeting = answer.json()
    assert set(members(response)) <= set(meeting)
    asked = body(request)
    for name in ("description", "subject", "attendees", "leaders"):
        assert meeting[name] == asked[name]
    assert "please pass this in a PUT request" in meeting.values()


async def test_meeting_is_updated_as_printed(dana: Walker) -> None:
    made = (await dana.client.post(f"{dana.client.app}/onlineMeetings/myOnlineMeetings", json={})).json()
    request, response = printed("UpdateAnOnlineMeeting", 1), printed("UpdateAnOnlineMeeting", 2)
    name = next(name for name, value in made.items() if value == "please pass this in a PUT request")
    text = _PASS_THROUGH.sub(f'"{name}"', request.body).replace("PYC58WSY", made["onlineMeetingId"])
    sent: dict[str, Any] = json.loads(text) | {"expirationTime": made["expirationTime"]}
    headers = {"If-Match": f'"{made["etag"]}"'}
    answer = await dana.client.put(made["_links"]["self"]["href"], json=sent, headers=headers)
    assert answer.status_code == response.status, answer.text
    shown = answer.json()
    expected = body(Message("", {}, _PASS_THROUGH.sub(f'"{name}"', response.body)))
    assert set(expected) <= set(shown)
    for each in ("description", "subject", "attendees", "leaders", "accessLevel"):
        assert shown[each] == expected[each]
    assert shown["etag"] != made["etag"]


async def test_tab_opens_an_instance_as_printed(dana: Walker) -> None:
    request = printed("MultiTabSupport", 1)
    for status in (201, 200):
        answer = await dana.client.post(
            "/ucwa/v1/applications", content=request.body, headers={"X-MS-RequiresMinResourceVersion": "2"}
        )
        assert answer.status_code == status, answer.text
        shown = answer.json()
        assert set(members(printed("MultiTabSupport", 2))) <= set(shown)
        assert shown["_links"]["self"]["href"].endswith("?instanceId=abc")
        assert shown["_links"]["events"]["href"].endswith("/events?instanceId=abc&ack=1")


async def test_operation_is_started_and_announced_as_printed(dana: Walker) -> None:
    meeting = (await dana.client.post(f"{dana.client.app}/onlineMeetings/myOnlineMeetings", json={})).json()
    request = printed("OperationResource", 1)
    text = request.body.replace(body(request)["onlineMeetingUri"], meeting["onlineMeetingUri"])
    href = f"{dana.client.app}/communication/onlineMeetingInvitations"
    answer = await dana.client.post(href, content=text, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["Location"].startswith(f"{href}/")
    (sender,) = body(printed("OperationResource", 3))["sender"]
    (expected,) = sender["events"]
    event = next(event for _, event in await dana.poll() if event["link"]["rel"] == expected["link"]["rel"])
    assert event["link"]["href"] == answer.headers["Location"]
    shown, wanted = (each["_embedded"]["onlineMeetingInvitation"] for each in (event, expected))
    assert set(wanted) <= set(shown)
    assert set(wanted["_links"]) <= set(shown["_links"])
    for name in ("direction", "importance", "operationId", "state"):
        assert shown[name] == wanted[name]

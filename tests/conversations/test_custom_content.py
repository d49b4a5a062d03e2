"""customContent of startMessaging2: what an application sends to the invited one, besides a message."""

from typing import Any

import pytest

from tests.client import UcwaClient
from tests.conversations.conftest import Two, incoming, start
from tests.resources.messages import NAMESPACE, assert_invalid
from tests.users import DANA

CONTENT = "data:application/sdp;base64,djowDQo="


@pytest.mark.parametrize("body", [
    {"_links": {"customContent": {"href": CONTENT}, "message": {"href": "data:text/plain,Hi"}}},
    {"customContent": CONTENT, "message": "data:text/plain,Hi"},
])  # fmt: skip
async def test_custom_content_is_shown_unchanged_on_both_sides(two: Two, body: dict[str, Any]) -> None:
    lene, dana = two
    outgoing = await lene.get(await start(lene, **body))
    for invitation in (outgoing, await incoming(dana)):
        names = list(invitation["_links"])
        assert names[:3] == ["self", "customContent", "message"]
        assert invitation["_links"]["customContent"] == {"href": CONTENT}


async def test_custom_content_is_read_from_xml_as_well(two: Two) -> None:
    lene, dana = two
    body = (
        f'<input xmlns="{NAMESPACE}"><property name="to">{DANA}</property>'
        f'<link rel="customContent" href="{CONTENT}"/></input>'
    )
    href = f"{lene.client.app}/communication/startMessaging"
    answer = await lene.client.post(href, content=body, headers={"Content-Type": "application/xml"})
    assert answer.status_code == 201, answer.text
    assert (await incoming(dana))["_links"]["customContent"]["href"] == CONTENT


async def test_invitation_without_custom_content_shows_none(two: Two) -> None:
    lene, dana = two
    outgoing = await lene.get(await start(lene))
    assert all("customContent" not in each["_links"] for each in (outgoing, await incoming(dana)))


@pytest.mark.parametrize(
    "content", ["https://contoso.com/x", "data:text/plain", "data:text/plain,a b", "javascript:,x"]
)
async def test_custom_content_must_be_a_data_uri(two: Two, content: str) -> None:
    lene, _ = two
    answer = await asked(lene.client, content)
    assert_invalid(answer, "customContent")


async def test_custom_content_has_a_maximum_length(two: Two) -> None:
    lene, dana = two
    assert (await asked(lene.client, "data:," + "x" * 65_530)).status_code == 201
    assert len((await incoming(dana))["_links"]["customContent"]["href"]) == 65_536
    assert (await asked(lene.client, "data:," + "x" * 65_531)).status_code == 413


async def asked(client: UcwaClient, content: str) -> Any:
    body = {"to": DANA, "operationId": "x", "_links": {"customContent": {"href": content}}}
    return await client.post(f"{client.app}/communication/startMessaging", json=body)

"""What the settings add to a meeting that somebody has joined: a disclaimer, and the way to its phone numbers."""

from typing import Any

import pytest

from openucwa.config_options import DialInRegion
from tests.client import UcwaClient
from tests.conftest import Connect, Make

DISCLAIMER = {"disclaimer_title": "Confidential", "disclaimer_body": "Stays here."}


async def joined(client: UcwaClient, uri: str = "", **more: Any) -> dict[str, Any]:
    """The onlineMeeting of the conversation after joining."""
    communication = (await client.get(f"{client.app}/communication")).json()
    join = communication["_links"]["joinOnlineMeeting"]["href"]
    body = {"operationId": "1", **({"onlineMeetingUri": uri} if uri else {}), **more}
    assert (await client.post(join, json=body)).status_code == 201
    conversations = (await client.get(f"{client.app}/communication/conversations")).json()
    (link,) = conversations["_links"]["conversation"]
    answer = await client.get(f"{link['href']}/onlineMeeting")
    assert answer.status_code == 200, answer.text
    meeting: dict[str, Any] = answer.json()
    return meeting


async def sign_in(make_service: Make, connect: Connect, **settings: Any) -> tuple[UcwaClient, UcwaClient]:
    """Lene with an application, and a client for a guest."""
    service = await make_service(**settings)
    lene = connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    return lene, connect(service)


async def test_disclaimer_of_the_settings_is_shown_to_everybody_who_joins(make_service: Make, connect: Connect) -> None:
    lene, guest = await sign_in(make_service, connect, **DISCLAIMER)
    meeting = await lene.schedule(accessLevel="Everyone")
    assert "disclaimerBody" not in meeting
    await guest.sign_in_to_meeting(meeting)
    await guest.open()
    for shown in (
        await joined(lene, meeting["onlineMeetingUri"]),
        await joined(guest, meeting["onlineMeetingUri"], anonymousDisplayName="Guest"),
    ):
        assert (shown["disclaimerTitle"], shown["disclaimerBody"]) == ("Confidential", "Stays here.")


async def test_without_settings_there_is_neither_disclaimer_nor_phone_number(
    make_service: Make, connect: Connect
) -> None:
    lene, _ = await sign_in(make_service, connect)
    shown = await joined(lene)
    assert not {"disclaimerTitle", "disclaimerBody"} & shown.keys()
    assert "phoneDialInInformation" not in shown["_links"]


@pytest.mark.parametrize(
    "settings",
    [
        {"dial_in_toll_number": "tel:+4570555501"},
        {"dial_in_toll_free_numbers": ("tel:+4580555502",)},
        {"dial_in_regions": (DialInRegion("Aarhus", "tel:+4570555501"),)},
    ],
)
async def test_joined_meeting_links_to_the_phone_numbers_of_the_settings(
    make_service: Make, connect: Connect, settings: dict[str, Any]
) -> None:
    lene, _ = await sign_in(make_service, connect, **settings)
    shown = await joined(lene)
    answer = await lene.get(shown["_links"]["phoneDialInInformation"]["href"])
    assert (answer.status_code, answer.json()["rel"]) == (200, "phoneDialInInformation")


async def test_anonymous_participant_has_no_link_to_phone_numbers(make_service: Make, connect: Connect) -> None:
    lene, guest = await sign_in(make_service, connect, dial_in_toll_number="tel:+4570555501")
    meeting = await lene.schedule(accessLevel="Everyone")
    await guest.sign_in_to_meeting(meeting)
    await guest.open()
    shown = await joined(guest, meeting["onlineMeetingUri"], anonymousDisplayName="Guest")
    assert "phoneDialInInformation" not in shown["_links"]

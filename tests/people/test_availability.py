"""makeMeAvailable2: the answer says what was done, and what the token does not allow is left out."""

from typing import Any

import httpx
import pytest
from lxml import etree

from openucwa.app import Service
from tests.client import PASSWORD, UcwaClient
from tests.conftest import Connect
from tests.resources.messages import assert_refused

SECOND = {"X-MS-RequiresMinResourceVersion": "2.0"}
BODY = {"signInAs": "Busy", "supportedModalities": ["Messaging"]}


@pytest.fixture
async def client(service: Service, connect: Connect) -> UcwaClient:
    """An application that is not available yet."""
    return await opened(connect(service))


async def opened(client: UcwaClient, **grant: str) -> UcwaClient:
    form = {"grant_type": "password", "username": "lenea@contoso.com", "password": PASSWORD, **grant}
    client.token = (await client.http.post("/WebTicket/oauthtoken", data=form)).json()["access_token"]
    await client.open()
    return client


async def call(client: UcwaClient, **headers: str) -> httpx.Response:
    href = f"{client.app}/communication/makeMeAvailable"
    return await client.post(href, json=BODY, headers={**SECOND, **headers})


async def state(service: Service, connect: Connect, client: UcwaClient) -> tuple[Any, Any]:
    """The availability that was set, and the modalities."""
    whole = await opened(connect(service))
    own = (await whole.get(client.app)).json()["_embedded"]
    presence = await whole.get(f"{client.app}/me/presence")
    return presence.json()["availability"], own["communication"].get("supportedModalities")


async def test_answer_says_what_was_done(service: Service, connect: Connect, client: UcwaClient) -> None:
    answer = await call(client)
    assert (answer.status_code, answer.json()) == (201, {"operations": ["invitations", "presence"]})
    assert await state(service, connect, client) == ("Busy", ["Messaging"])


async def test_answer_in_xml_has_the_form_of_the_sample(client: UcwaClient) -> None:
    answer = await call(client, Accept="application/xml")
    assert answer.status_code == 201
    root = etree.fromstring(answer.content)
    assert (root.tag, [child.tag for child in root]) == ("operationsQueued", ["operations"])
    assert [(each.tag, each.text) for each in root[0]] == [("operation", "invitations"), ("operation", "presence")]


@pytest.mark.parametrize(("scope", "done", "expected"), [
    ("Conversations.Receive", ["invitations"], ("Online", ["Messaging"])),
    ("User.ReadWrite", ["presence"], ("Busy", [])),
])  # fmt: skip
async def test_what_the_token_does_not_allow_is_left_out_without_an_error(
    service: Service, connect: Connect, scope: str, done: list[str], expected: tuple[Any, Any]
) -> None:
    client = await opened(connect(service), scope=scope)
    answer = await call(client)
    assert (answer.status_code, answer.json()) == (201, {"operations": done})
    assert await state(service, connect, client) == expected


async def test_first_version_answers_without_a_body(client: UcwaClient) -> None:
    answer = await call(client, **{"X-MS-RequiresMinResourceVersion": "1.0", "Accept": "image/png"})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_second_call_conflicts(client: UcwaClient) -> None:
    assert (await call(client)).status_code == 201
    assert_refused(await call(client), 409, "Conflict", "AlreadyExists")


async def test_unacceptable_accept_header_makes_nobody_available(client: UcwaClient) -> None:
    assert (await call(client, Accept="image/png")).status_code == 406
    assert (await call(client)).status_code == 201

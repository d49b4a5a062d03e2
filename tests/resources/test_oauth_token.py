"""The token resource: which forms it reads, what its answers look like, and what a token may do."""

from typing import Any

import httpx
import pytest

from openucwa.app import Service
from openucwa.http.message import BodyFault, Request, Response
from tests.client import PASSWORD, UcwaClient, extensions_of
from tests.conftest import Connect

TOKEN = "/WebTicket/oauthtoken"
FORM = {"grant_type": "password", "username": "lenea@contoso.com", "password": PASSWORD}
URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture
def client(service: Service, connect: Connect) -> UcwaClient:
    """Nobody yet."""
    return connect(service)


def assert_granted(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    granted: dict[str, Any] = answer.json()
    assert granted["access_token"].startswith("cwt=")
    return granted


def assert_oauth_error(answer: httpx.Response, status: int, error: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json() == {"error": error}
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert ';source="' in answer.headers["X-Ms-diagnostics"]
    assert ';reason="' in answer.headers["X-Ms-diagnostics"]


@pytest.mark.parametrize(
    "accept",
    [
        "application/xml",
        "application/vnd.microsoft.com.ucwa+xml",
        "application/vnd.microsoft.com.ucwa+json",
        "text/html",
        "image/png",
        "application/json;q=0",
    ],
)
async def test_token_is_json_for_any_accept(client: UcwaClient, accept: str) -> None:
    assert_granted(await client.post(TOKEN, data=FORM, headers={"Accept": accept}))
    wrong = await client.post(TOKEN, data=FORM | {"password": "wrong"}, headers={"Accept": accept})
    assert_oauth_error(wrong, 400, "invalid_grant")


async def test_form_without_a_content_type_is_read_as_urlencoded(client: UcwaClient) -> None:
    body = str(httpx.QueryParams(FORM)).encode()
    assert_granted(await client.http.post(TOKEN, content=body))


async def test_field_names_are_read_in_any_case(client: UcwaClient) -> None:
    form = {"Grant_Type": "password", "userName": "lenea@contoso.com", "Password": PASSWORD}
    assert_granted(await client.post(TOKEN, data=form))


async def test_multipart_form_may_have_blanks_bare_line_feeds_and_transfer_encodings(client: UcwaClient) -> None:
    parts = "".join(
        f'--x \t\nContent-Disposition: form-data; name="{name}"\nContent-Transfer-Encoding: 8bit\n\n{value}\n'
        for name, value in FORM.items()
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert_granted(await client.post(TOKEN, content=f"{parts}--x--\n".encode(), headers=headers))


@pytest.mark.parametrize("more", ["password=x", "USERNAME=x", "grant_type=password", "a=1&a=1"])
async def test_repeated_field_is_an_invalid_request(client: UcwaClient, more: str) -> None:
    body = f"{httpx.QueryParams(FORM)}&{more}".encode()
    answer = await client.post(TOKEN, content=body, headers={"Content-Type": URLENCODED})
    assert_oauth_error(answer, 400, "invalid_request")


@pytest.mark.parametrize("accept", ["application/json", "application/xml", "text/html"])
async def test_other_methods_and_types_are_refused_in_oauths_form(client: UcwaClient, accept: str) -> None:
    headers = {"Accept": accept}
    answer = await client.get(TOKEN, headers=headers)
    assert_oauth_error(answer, 405, "invalid_request")
    assert answer.headers["Allow"] == "POST"
    answer = await client.post(TOKEN, json=FORM, headers=headers)
    assert_oauth_error(answer, 415, "invalid_request")
    packed = {"Content-Encoding": "gzip", "Content-Type": URLENCODED, **headers}
    assert_oauth_error(await client.post(TOKEN, content=b"x", headers=packed), 415, "invalid_request")
    newer = {"X-MS-RequiresMinResourceVersion": "9", **headers}
    assert_oauth_error(await client.post(TOKEN, data=FORM, headers=newer), 404, "invalid_request")


async def test_form_that_is_too_large_is_refused_in_oauths_form(client: UcwaClient) -> None:
    answer = await client.post(TOKEN, content=b"a" * 1_048_577, headers={"Content-Type": URLENCODED})
    assert_oauth_error(answer, 413, "invalid_request")


async def test_answer_names_the_scope_only_if_it_was_narrowed(client: UcwaClient) -> None:
    assert "scope" not in assert_granted(await client.post(TOKEN, data=FORM))
    assert "scope" not in assert_granted(await client.post(TOKEN, data=FORM | {"scope": "all"}))
    asked = FORM | {"scope": "User.ReadWrite Meetings.ReadWrite"}
    granted = assert_granted(await client.post(TOKEN, data=asked))
    assert granted["scope"] == "Meetings.ReadWrite User.ReadWrite"
    assert_oauth_error(await client.post(TOKEN, data=FORM | {"scope": "everything"}), 400, "invalid_scope")


async def test_token_is_limited_to_its_scopes(client: UcwaClient) -> None:
    granted = assert_granted(await client.post(TOKEN, data=FORM | {"scope": "Meetings.ReadWrite"}))
    client.token = granted["access_token"]
    await client.open()
    meeting = await client.schedule()
    answer = await client.get(extensions_of(meeting))
    assert answer.status_code == 403
    assert answer.json()["code"] == "Forbidden"
    granted = assert_granted(await client.post(TOKEN, data=FORM | {"scope": "Conversations.Receive"}))
    client.token = granted["access_token"]
    assert (await client.get(extensions_of(meeting))).status_code == 200
    assert (await client.post(client.meetings, json={})).status_code == 403


async def test_anonymous_token_is_narrowed_too(lene: UcwaClient, client: UcwaClient) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    form = {
        "grant_type": "urn:microsoft.rtc:anonmeeting",
        "ms_rtc_conferenceuri": meeting["onlineMeetingUri"],
        "password": meeting["onlineMeetingId"],
        "scope": "User.ReadWrite",
    }
    granted = assert_granted(await client.post(TOKEN, data=form))
    assert granted["scope"] == "User.ReadWrite"
    client.token = granted["access_token"]
    await client.open()
    join = {"onlineMeetingUri": meeting["onlineMeetingUri"], "operationId": "1"}
    answer = await client.post(f"{client.app}/communication/joinOnlineMeeting", json=join)
    assert answer.status_code == 403, answer.text


async def test_narrowed_token_gets_no_cached_answer_of_a_full_one(lene: UcwaClient) -> None:
    href = extensions_of(await lene.schedule())
    for _ in range(3):
        assert (await lene.get(href)).status_code == 200
    full = lene.token
    lene.token = assert_granted(await lene.http.post(TOKEN, data=FORM | {"scope": "User.ReadWrite"}))["access_token"]
    assert (await lene.get(href)).status_code == 403
    lene.token = full
    assert (await lene.get(href)).status_code == 200


async def test_why_the_server_is_unavailable_is_for_the_log(service: Service) -> None:
    request = Request(method="POST", path=TOKEN.encode(), fault=BodyFault.NO_ROOM, id="1")
    answer = service.handler(request)
    response = answer if isinstance(answer, Response) else await answer
    diagnostics = dict(response.headers)[b"X-Ms-diagnostics"]
    assert (response.status, response.body) == (503, b'{"error":"server_error"}')
    assert b"cannot do this just now" in diagnostics
    assert response.note is not None
    assert response.note.encode() not in diagnostics

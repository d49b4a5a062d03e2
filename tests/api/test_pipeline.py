"""The door: what is checked of every request, and in which order."""

import asyncio
from itertools import combinations
from typing import Any

import httpx
import pytest

from openucwa.app import Service
from openucwa.identity.tokens import Caller
from tests.client import UcwaClient, extensions_of, self_of
from tests.conftest import Connect, Make
from tests.users import LENE
from tests.world import FakeWorld

Resource = dict[str, Any]

#: Bytes of a request's body here, so that one is soon too large.
MOST = 1000
TOO_LARGE = b"{" * (MOST + 1)


@pytest.fixture
async def service(make_service: Make) -> Service:
    return await make_service(max_body_bytes=MOST)


@pytest.fixture
async def meeting(lene: UcwaClient) -> Resource:
    return await lene.schedule()


@pytest.fixture
async def extension(lene: UcwaClient, meeting: Resource) -> Resource:
    return await lene.extend(meeting, id="agenda", topic="sales")


def without_scopes(service: Service, world: FakeWorld) -> str:
    """A token of Lene's that allows nothing."""
    expires = world.now() + 60_000
    return service.tokens.issue(Caller(LENE, None, meeting=None, generation=1, expires=expires, scopes=frozenset()))


async def send(client: UcwaClient, request: dict[str, Any]) -> httpx.Response:
    """Sends a request of `method`, `href`, `content`, and for the rest headers; None: there is no such header."""
    headers = {
        name: value
        for name, value in request.items()
        if name not in {"method", "href", "content"} and value is not None
    }
    return await client.http.request(request["method"], request["href"], content=request["content"], headers=headers)


# The order


async def test_put_with_several_faults_is_answered_by_the_first_check(
    service: Service, lene: UcwaClient, extension: Resource, world: FakeWorld
) -> None:
    right = {
        "method": "PUT",
        "href": self_of(extension),
        "content": b"{}",
        "Authorization": f"Bearer {lene.token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "If-Match": f'"{extension["etag"]}"',
    }
    faults: list[tuple[int, dict[str, Any]]] = [
        (401, {"Authorization": None}),
        (404, {"href": self_of(extension) + "x"}),
        (403, {"Authorization": f"Bearer {without_scopes(service, world)}"}),
        (405, {"method": "POST"}),
        (406, {"Accept": "image/png"}),
        (413, {"content": TOO_LARGE}),
        (415, {"Content-Type": "text/csv"}),
        (428, {"If-Match": None}),
        (412, {"If-Match": '"1"'}),
        (400, {}),  # the pass-through property is missing in all of them
    ]
    for status, fault in faults:
        assert (await send(lene, right | fault)).status_code == status
    for (first, fault), (second, other) in combinations(faults, 2):
        if {first, second} not in ({401, 403}, {428, 412}):  # one header can't be wrong in both ways
            answer = await send(lene, right | other | fault)
            assert answer.status_code == first, (first, second)


async def test_post_with_several_faults_is_answered_by_the_first_check(
    service: Service, lene: UcwaClient, meeting: Resource, extension: Resource, world: FakeWorld
) -> None:
    right = {
        "method": "POST",
        "href": extensions_of(meeting),
        "content": b'{"id":"agenda"}',
        "Authorization": f"Bearer {lene.token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    faults: list[tuple[int, dict[str, Any]]] = [
        (401, {"Authorization": "Bearer cwt=x"}),
        (404, {"href": extensions_of(meeting).replace(meeting["onlineMeetingId"], "ABCDEFGH")}),
        (403, {"Authorization": f"Bearer {without_scopes(service, world)}"}),
        (405, {"method": "DELETE"}),
        (406, {"Accept": "text/html"}),
        (413, {"content": TOO_LARGE}),
        (415, {"Content-Type": "text/csv"}),
        (400, {"content": b'{"id":"agenda","type":"x"}'}),
        (409, {}),  # the id is taken in all of them
    ]
    for status, fault in faults:
        assert (await send(lene, right | fault)).status_code == status
    for (first, fault), (second, other) in combinations(faults, 2):
        if {first, second} != {401, 403}:
            answer = await send(lene, right | other | fault)
            assert answer.status_code == first, (first, second)


async def test_invalid_token_is_reported_before_a_missing_scope(
    service: Service, lene: UcwaClient, extension: Resource, world: FakeWorld
) -> None:
    lene.token = without_scopes(service, world)
    assert (await lene.get(self_of(extension))).status_code == 403
    await world.advance(60)
    assert (await lene.get(self_of(extension))).status_code == 401


async def test_refused_request_changes_nothing(lene: UcwaClient, extension: Resource) -> None:
    href = self_of(extension)
    whole = extension | {"topic": "x"}
    for headers in ({}, {"If-Match": "1"}, {"If-Match": "*", "Accept": "image/png"}):
        assert (await lene.put(href, json=whole, headers=headers)).status_code >= 400
    assert (await lene.get(href)).json() == extension


# 401 and 404


async def test_existence_of_paths_below_the_prefix_needs_a_token(service: Service, lene: UcwaClient) -> None:
    for path in (
        "/ucwa/v1/nothing",
        "/ucwa/v1",
        "/ucwa/v1/applications/1/2/3",
        "/ucwa/oauth/v1/nothing",
        "//UCWA//V1/nothing",
        "/ucwa/v1/%zz",
        f"{lene.app}/nothing",
    ):
        for method in ("GET", "POST", "PATCH"):
            url = f"https://ucwa.example.com{path}"
            stranger = await lene.http.request(method, url, headers={"Accept": "application/json"})
            assert (stranger.status_code, stranger.json()["code"]) == (401, "Unauthorized"), path
            assert len(stranger.headers.get_list("WWW-Authenticate")) == 2
            known = await lene.request(method, url)
            assert (known.status_code, known.json()["subcode"]) == (404, "ResourceNotFound"), path


async def test_unknown_path_elsewhere_is_404_without_a_token(lene: UcwaClient) -> None:
    for path in ("/favicon.ico", "/ucwa", "/ucwa/v2/applications", "/ucwa/v1x", "/x/ucwa/v1", "/%zz"):
        for answer in (await lene.http.get(path), await lene.get(path)):
            assert answer.status_code == 404
            assert answer.json()["subcode"] == "ResourceNotFound"
            assert "WWW-Authenticate" not in answer.headers


async def test_existing_and_missing_applications_are_indistinguishable_without_a_token(lene: UcwaClient) -> None:
    there = await lene.http.get(lene.app)
    not_there = await lene.http.get("/ucwa/v1/applications/1")
    assert (there.status_code, there.content) == (not_there.status_code, not_there.content)
    assert there.status_code == 401


async def test_token_is_accepted_in_several_spellings(lene: UcwaClient) -> None:
    for authorization in (f"Bearer {lene.token}", f"bearer {lene.token}", f"BEARER   {lene.token} "):
        assert (await lene.get(lene.app, headers={"Authorization": authorization})).status_code == 200


async def test_token_from_before_a_password_change_is_refused(service: Service, lene: UcwaClient) -> None:
    user = await service.store.users.get(LENE)
    assert user is not None
    await service.store.users.change_password(LENE, user.password_hash)
    for path in (lene.app, lene.meetings, "/ucwa/v1/applications/1"):
        assert (await lene.get(path)).status_code == 401


async def test_token_of_a_removed_user_is_refused(service: Service, lene: UcwaClient) -> None:
    await service.store.users.remove(LENE, service.world.now())
    for path in (lene.app, lene.meetings):
        assert (await lene.get(path)).status_code == 401


# X-MS-RequiresMinResourceVersion


async def test_supported_version_is_accepted_everywhere(lene: UcwaClient, extension: Resource) -> None:
    for version in ("2.0", "2", "1.0", "0", "1.99", "02.00"):
        for href in ("/", lene.app, lene.meetings, self_of(extension)):
            answer = await lene.get(href, headers={"X-MS-RequiresMinResourceVersion": version})
            assert answer.status_code == 200, version


async def test_version_above_the_supported_one_is_not_found(lene: UcwaClient, extension: Resource) -> None:
    for version in ("2.1", "3", "10.0", "2.01", "1.0, 2.5"):
        for href in ("/", lene.app, self_of(extension)):
            answer = await lene.get(href, headers={"X-MS-RequiresMinResourceVersion": version})
            assert (answer.status_code, answer.json()["subcode"]) == (404, "APIVersionNotSupported"), version


async def test_version_that_is_not_a_number_is_ignored(lene: UcwaClient) -> None:
    for version in ("", " ", "x", "nan", "inf", "2,0", "latest, 2.0"):
        answer = await lene.get(lene.app, headers={"X-MS-RequiresMinResourceVersion": version})
        assert answer.status_code == 200, version


async def test_repeated_version_is_accepted(lene: UcwaClient) -> None:
    name = "X-MS-RequiresMinResourceVersion"
    answer = await lene.http.get(
        lene.app, headers=[("Authorization", f"Bearer {lene.token}"), (name, "2.0"), (name, "2.0")]
    )
    assert answer.status_code == 200


async def test_version_does_not_matter_without_a_token(lene: UcwaClient) -> None:
    answer = await lene.http.get(lene.app, headers={"X-MS-RequiresMinResourceVersion": "3"})
    assert answer.status_code == 401


# Bodies


async def test_body_of_an_unsupported_type_is_refused(lene: UcwaClient) -> None:
    for content_type in (
        "text/plain",
        "text/html",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
    ):
        answer = await lene.post(lene.meetings, content=b'{"subject":"x"}', headers={"Content-Type": content_type})
        assert (answer.status_code, answer.json()["code"]) == (415, "UnsupportedMediaType"), content_type


async def test_body_without_a_content_type_is_what_it_begins_with(lene: UcwaClient) -> None:
    xml = b'<input xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa"><property name="subject">x</property></input>'
    for body in (b'{"subject":"x"}', b' \r\n{"subject":"x"}', b"\xef\xbb\xbf" + xml, xml):
        answer = await lene.post(lene.meetings, content=body)
        assert (answer.status_code, answer.json()["subject"]) == (201, "x"), body
    for body in (b"subject=x", b"[1]", b'"x"', b" ", b"\x00{}"):
        assert (await lene.post(lene.meetings, content=body)).status_code == 415, body


async def test_json_and_xml_are_accepted_by_both_names_and_with_any_parameter(lene: UcwaClient) -> None:
    json, xml = b'{"subject":"x"}', b'<input><property name="subject">x</property></input>'
    for content_type, body in {
        "application/json": json,
        "Application/JSON; charset=utf-8": json,
        'application/json;charset="UTF-8"; odata=verbose': json,
        "application/vnd.microsoft.com.ucwa+json": json,
        "application/xml": xml,
        "application/xml; charset=utf-8": xml,
        "application/vnd.microsoft.com.ucwa+xml": xml,
    }.items():
        answer = await lene.post(lene.meetings, content=body, headers={"Content-Type": content_type})
        assert answer.json()["subject"] == "x", content_type


async def test_operation_without_documented_input_ignores_body_and_type(lene: UcwaClient, meeting: Resource) -> None:
    ignored = {"content": b"{nonsense", "headers": {"Content-Type": "text/csv"}}
    assert (await lene.request("GET", self_of(meeting), **ignored)).status_code == 200
    assert (await lene.request("DELETE", self_of(meeting), **ignored)).status_code == 204


async def test_body_of_the_maximum_size_is_accepted_and_one_more_byte_is_not(lene: UcwaClient) -> None:
    body = b"{" + b" " * (MOST - 2) + b"}"
    headers = {"Content-Type": "application/json"}
    assert (await lene.post(lene.meetings, content=body, headers=headers)).status_code == 201
    answer = await lene.post(lene.meetings, content=body + b" ", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "EntityTooLarge")


# Too many at once


async def test_concurrent_requests_per_user_are_limited(make_service: Make, connect: Connect, world: FakeWorld) -> None:
    service = await make_service(max_requests_in_flight=1)
    lene, dana = connect(service), connect(service)
    await lene.sign_in("lenea@contoso.com")
    await dana.sign_in("danab@contoso.com")
    events = (await lene.open())["_links"]["events"]["href"]
    await dana.open()

    poll = asyncio.create_task(lene.get(events))
    await world.settle()
    refused = await lene.get(lene.app)
    assert (refused.status_code, refused.json()["code"]) == (429, "TooManyRequests")
    assert refused.headers["Retry-After"].isdecimal()
    assert (await dana.get(dana.app)).status_code == 200

    poll.cancel()
    await asyncio.wait({poll}, timeout=60)
    assert (await lene.get(lene.app)).status_code == 200


async def test_refused_request_is_no_longer_in_flight(make_service: Make, connect: Connect) -> None:
    lene = connect(await make_service(max_requests_in_flight=1))
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    for href in ("/ucwa/v1/applications/1", f"{lene.meetings}/ABCDEFGH", f"{lene.app}/nothing"):
        assert (await lene.get(href)).status_code == 404
    assert (await lene.get(lene.app)).status_code == 200


async def test_if_match_without_an_etag_is_explained(lene: UcwaClient, extension: Resource) -> None:
    single_quotes = f"'{extension['etag']}'"
    answer = await lene.put(self_of(extension), json=extension, headers={"If-Match": single_quotes})
    assert answer.status_code == 412
    assert "contains no etag" in answer.json()["message"]
    stale = await lene.put(self_of(extension), json=extension, headers={"If-Match": '"1"'})
    assert "has changed" in stale.json()["message"]


@pytest.mark.parametrize("method", ["BREW", "FOO", "OPTIONS", "TRACE"])
async def test_unsupported_method_is_405_with_the_supported_ones(
    lene: UcwaClient, extension: Resource, method: str
) -> None:
    answer = await lene.request(method, self_of(extension))
    assert (answer.status_code, answer.json()["code"]) == (405, "MethodNotAllowed")
    assert answer.headers["Allow"] == "DELETE, GET, PATCH, PUT"


async def test_lists_in_headers_are_read_up_to_the_settings(make_service: Make, connect: Connect) -> None:
    lene = connect(await make_service(max_list_elements=1))
    assert (await lene.get("/", headers={"Accept": "application/xml, text/plain"})).status_code == 200
    assert (await lene.get("/", headers={"Accept": "text/plain, application/xml"})).status_code == 406

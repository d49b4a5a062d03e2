"""What every answer has in common: formats, lengths, compression, and the headers that none is without."""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from openucwa.app import Service
from openucwa.config import Config
from openucwa.http.message import Request, Response
from openucwa.model.refusals import (
    CallbackChannelError,
    Refusal,
    ServiceUnavailable,
)
from tests.client import UcwaClient, extensions_of, self_of
from tests.conftest import Connect

Resource = dict[str, Any]

MEDIA_TYPES = (
    "application/json",
    "application/xml",
    "application/vnd.microsoft.com.ucwa+json",
    "application/vnd.microsoft.com.ucwa+xml",
)


@pytest.fixture
async def meeting(lene: UcwaClient) -> Resource:
    return await lene.schedule(subject="Größe", attendees=["sip:a@contoso.com"])


@pytest.fixture
async def extension(lene: UcwaClient, meeting: Resource) -> Resource:
    return await lene.extend(meeting, id="agenda", topic="sales")


async def all_kinds(client: UcwaClient, meeting: Resource, extension: Resource, **headers: str) -> list[httpx.Response]:
    """One answer of every status that these resources have."""
    href, collection = self_of(extension), extensions_of(meeting)
    etag = f'"{extension["etag"]}"'

    async def request(method: str, href: str, more: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        return await client.request(method, href, headers=headers | (more or {}), **options)

    answers = [
        await request("GET", href),
        await request("POST", collection, json={"id": "new"}),
        await request("DELETE", f"{collection}/new"),
        await request("GET", href, {"If-None-Match": etag}),
        await request("POST", collection, content=b"{", more={"Content-Type": "application/json"}),
        await client.http.get(href, headers={"Accept": "application/json"} | headers),
        await request("GET", f"{href}x"),
        await request("POST", href),
        await request("GET", href, {"Accept": "image/png"}),
        await request("POST", collection, json={"id": "agenda"}),
        await request("PUT", href, {"If-Match": "1"}, json={}),
        await request("POST", collection, content=b"x" * 1_048_577),
        await request("POST", collection, content=b"x"),
        await request("PUT", href, json={}),
    ]
    statuses = [200, 201, 204, 304, 400, 401, 404, 405, 406, 409, 412, 413, 415, 428]
    assert [answer.status_code for answer in answers] == statuses
    return answers


# Formats


async def test_answer_has_the_requested_media_type(lene: UcwaClient, meeting: Resource) -> None:
    for media_type in MEDIA_TYPES:
        answer = await lene.get(self_of(meeting), headers={"Accept": media_type})
        assert answer.headers["Content-Type"] == f"{media_type}; charset=utf-8"
        assert answer.content.startswith(b"{" if "json" in media_type else b"<?xml")


async def test_default_media_type_is_json(lene: UcwaClient, meeting: Resource) -> None:
    for accept in ("*/*", "", "*", "application/*", "text/html, */*;q=0.1"):
        answer = await lene.get(self_of(meeting), headers={"Accept": accept})
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8", accept
    answer = await lene.http.send(
        httpx.Request(
            "GET", f"https://ucwa.example.com{self_of(meeting)}", headers={"Authorization": f"Bearer {lene.token}"}
        )
    )
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_q_values_are_respected(lene: UcwaClient, meeting: Resource) -> None:
    for accept, media_type in {
        "application/json;q=0.5, application/xml": "application/xml",
        "application/xml;q=0.5, application/json;q=0.6": "application/json",
        "application/json;q=0, */*": "application/xml",
        "image/png, application/vnd.microsoft.com.ucwa+xml;q=0.01": "application/vnd.microsoft.com.ucwa+xml",
    }.items():
        answer = await lene.get(self_of(meeting), headers={"Accept": accept})
        assert answer.headers["Content-Type"].partition(";")[0] == media_type, accept


async def test_unacceptable_media_types_are_answered_406_in_json(lene: UcwaClient, meeting: Resource) -> None:
    for accept in ("image/png", "text/html", "application/json;q=0", "application/*;q=0, text/plain"):
        answer = await lene.get(self_of(meeting), headers={"Accept": accept})
        assert (answer.status_code, answer.json()["code"]) == (406, "NotAcceptable")
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_answer_without_a_body_is_never_406(lene: UcwaClient, extension: Resource) -> None:
    assert (await lene.delete(self_of(extension), headers={"Accept": "image/png"})).status_code == 204


async def test_change_with_an_unacceptable_answer_is_not_made(lene: UcwaClient, meeting: Resource) -> None:
    answer = await lene.post(extensions_of(meeting), json={"id": "1"}, headers={"Accept": "text/html"})
    assert answer.status_code == 406
    assert (await lene.get(f"{extensions_of(meeting)}/1")).status_code == 404


async def test_errors_are_shown_in_the_requested_format(lene: UcwaClient, meeting: Resource) -> None:
    for media_type in MEDIA_TYPES:
        answer = await lene.post(extensions_of(meeting), json={"type": "x"}, headers={"Accept": media_type})
        assert answer.headers["Content-Type"] == f"{media_type}; charset=utf-8"
        if "xml" in media_type:
            root = etree.fromstring(answer.content)
            shown = {etree.QName(element).localname: element for element in root}
            assert etree.QName(root).localname == "reason"
            assert (shown["code"].text, shown["subcode"].text) == ("BadRequest", "ParameterValidationFailure")
            assert [element.get("name") for element in shown["parameters"]] == ["type"]
        else:
            assert answer.json()["subcode"] == "ParameterValidationFailure"


async def test_errors_fall_back_to_json(lene: UcwaClient, meeting: Resource) -> None:
    answer = await lene.delete(f"{self_of(meeting)}x", headers={"Accept": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


async def test_json_is_one_line_of_utf_8_without_blanks(lene: UcwaClient, meeting: Resource) -> None:
    body = (await lene.get(self_of(meeting))).content
    assert b"\n" not in body
    assert '"subject":"Größe"'.encode() in body
    assert b'": ' not in body
    assert b'"expirationTime":"\\/Date(' in body


async def test_401_has_the_error_body_in_any_requested_format(lene: UcwaClient) -> None:
    for accept in ("", "*/*", "text/html", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"):
        for headers in ({"Accept": accept}, {"Accept": accept, "Authorization": "Bearer cwt=wrong"}):
            answer = await lene.http.get(lene.app, headers=headers)
            assert answer.status_code == 401
            assert answer.json()["code"] == "Unauthorized"
    for accept in MEDIA_TYPES:
        answer = await lene.http.get(lene.app, headers={"Accept": accept})
        assert answer.headers["Content-Type"] == f"{accept}; charset=utf-8"


# Length and compression


async def test_every_body_has_its_length_and_is_not_chunked(
    lene: UcwaClient, meeting: Resource, extension: Resource
) -> None:
    for answer in await all_kinds(lene, meeting, extension):
        assert "Transfer-Encoding" not in answer.headers
        if answer.status_code in {204, 304}:
            assert answer.content == b""
            assert "Content-Length" not in answer.headers
            assert "Content-Type" not in answer.headers
        else:
            assert answer.headers["Content-Length"] == str(len(answer.content))
            assert answer.content


async def test_bodies_are_gzipped_for_clients_that_accept_gzip(
    lene: UcwaClient, meeting: Resource, extension: Resource
) -> None:
    for answer in await all_kinds(lene, meeting, extension, **{"Accept-Encoding": "gzip, deflate"}):
        if answer.status_code in {204, 304}:
            assert "Content-Encoding" not in answer.headers
        else:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert answer.headers["Content-Length"] == str(answer.num_bytes_downloaded)


async def test_gzipped_body_is_the_answer(lene: UcwaClient, meeting: Resource) -> None:
    plain = await lene.get(self_of(meeting))
    async with lene.http.stream(
        "GET",
        self_of(meeting),
        headers={"Authorization": f"Bearer {lene.token}", "Accept": "application/json", "Accept-Encoding": "gzip"},
    ) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert gzip.decompress(raw) == plain.content


async def test_nothing_is_gzipped_for_clients_that_do_not_accept_gzip(lene: UcwaClient, meeting: Resource) -> None:
    for accept_encoding in ("identity", "gzip;q=0", "deflate, br", "*;q=0", ""):
        answer = await lene.get(self_of(meeting), headers={"Accept-Encoding": accept_encoding})
        assert "Content-Encoding" not in answer.headers


async def test_vary_names_what_an_answer_depends_on(lene: UcwaClient, extension: Resource) -> None:
    for headers in ({}, {"Accept-Encoding": "gzip"}, {"If-None-Match": "*"}):
        answer = await lene.get(self_of(extension), headers=headers)
        assert answer.headers["Vary"] == "Accept, Accept-Encoding"


# Headers


async def test_every_answer_has_the_standard_headers(lene: UcwaClient, meeting: Resource, extension: Resource) -> None:
    answers = await all_kinds(lene, meeting, extension)
    answers += [await lene.http.get("/"), await lene.http.get("/favicon.ico"), await lene.http.get("/xframe")]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["X-MS-UcwaVersion"] == "2.0"
        assert answer.headers["X-MS-Server-Fqdn"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == len(answers)


async def test_only_created_or_shown_resources_have_an_etag_header(
    lene: UcwaClient, meeting: Resource, extension: Resource
) -> None:
    for answer in await all_kinds(lene, meeting, extension):
        assert ("ETag" in answer.headers) == (answer.status_code in {200, 201, 304})


async def test_405_names_the_allowed_methods(lene: UcwaClient, extension: Resource) -> None:
    for method in ("POST", "HEAD", "OPTIONS", "TRACE", "PROPFIND"):
        answer = await lene.request(method, self_of(extension))
        assert (answer.status_code, answer.headers["Allow"]) == (405, "DELETE, GET, PATCH, PUT")


# Faults


async def test_failing_store_reveals_nothing_about_itself(
    lene: UcwaClient, extension: Resource, config: Config
) -> None:
    with closing(sqlite3.connect(Path(config.data) / "openucwa.sqlite3")) as store:
        store.execute("alter table extensions rename to elsewhere")
    answer = await lene.get(self_of(extension))
    assert answer.status_code >= 500
    assert answer.json()["code"] in {"ServiceFailure", "ServiceUnavailable"}
    for secret in ("extensions", "select", "sqlite", config.data, "Traceback"):
        assert secret not in answer.text


async def test_answer_without_a_body_has_no_content_type(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    body = {"onlineMeetingUri": meeting["onlineMeetingUri"]}
    answer = await lene.post(f"{lene.app}/communication/joinOnlineMeeting", json=body)
    assert (answer.status_code, answer.content) == (201, b"")
    assert "content-type" not in answer.headers


# Headers


async def test_header_names_have_the_spelling_that_clients_expect(service: Service, lene: UcwaClient) -> None:
    spelled: set[str] = set()
    token = f"Bearer {lene.token}".encode()
    for headers in ({b"authorization": token}, {}, {b"authorization": token, b"origin": b"https://a.example"}):
        answer = service.handler(Request(method="GET", path=lene.app.encode(), headers=headers, id="1"))
        response = answer if isinstance(answer, Response) else await answer
        spelled |= {name.decode() for name, _ in response.headers}
    assert spelled == {
        "Cache-Control",
        "Content-Type",
        "ETag",
        "Link",
        "Set-Cookie",
        "Vary",
        "WWW-Authenticate",
        "X-Content-Type-Options",
        "X-MS-Server-Fqdn",
        "X-MS-UcwaVersion",
        "X-Request-Id",
    }


async def test_https_answers_have_strict_transport_security(service: Service, connect: Connect) -> None:
    secure, plain = connect(service), connect(service, "http://ucwa.example.com")
    assert (await secure.get("/")).headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in (await plain.get("/")).headers


@pytest.mark.parametrize(
    "refusal",
    [
        ServiceUnavailable("the store 10.1.2.3:5432 is unreachable", 1),
        CallbackChannelError("nats://10.1.2.3:4222 does not answer"),
    ],
)
async def test_backend_failure_names_no_machine_to_the_client(service: Service, refusal: Refusal) -> None:
    response = service.renderer.refusal(Request(method="GET", path=b"/"), refusal)
    assert b"10.1.2.3" not in response.body
    assert response.note is not None
    assert "10.1.2.3" in response.note

"""Targets and headers that mean no good: they lead nowhere, get into no header of an answer, and take no time."""

import json
import time
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import pytest

from openucwa.app import Service
from tests.client import UcwaClient, add_user, extensions_of, self_of
from tests.hostile.requests import Request
from tests.hostile.stage import Answer, ask
from tests.resources.messages import assert_invalid

INJECTED = "a\r\nX-Injected: yes\r\n\r\n<html>"
#: Seconds in which any head has to be dealt with.
AT_ONCE = 2.0

Send = Callable[..., Awaitable[Answer]]


@pytest.fixture
async def send(service: Service, lene: UcwaClient) -> Send:
    """Sends what a client library would not: any target and any header, as Lene."""

    async def sender(method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        path, _, query = target.partition("?")
        usual = {"host": "ucwa.example.com", "authorization": f"Bearer {lene.token}"}
        usual |= {name.replace("_", "-"): value for name, value in headers.items()}
        began = time.process_time()
        answer = await ask(service, Request(method, path, query, tuple(usual.items()), body))
        assert time.process_time() - began < AT_ONCE
        for name, value in answer.headers:
            assert "\r" not in value + name
            assert "\n" not in value + name
            assert name != "x-injected"
        return answer

    return sender


# Percent-encoding


@pytest.mark.parametrize(
    "end", ["%", "%4", "%zz", "%%41", "%u0041", "%C3%28", "%FF", "%ED%A0%80", "%C0%AF", "%F5%80%80%80"]
)
async def test_badly_encoded_path_is_not_found(send: Send, lene: UcwaClient, end: str) -> None:
    href = extensions_of(await lene.schedule())
    for place in ("/", f"{lene.app}/", f"{href}/", "/static/"):
        answer = await send("GET", place + end)
        assert answer.status == 404
        assert b"NotFound" in answer.body


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2F..%2Fapp.py",
        "/static/../../app.py",
        "/static/%2e%2e/app.py",
        "/static/xframe.js%00.css",
        "/static//etc/passwd",
        "/static/__init__.py",
        "/..%5c..%5cetc%5cpasswd",
    ],
)
async def test_no_path_escapes_the_served_files(send: Send, path: str) -> None:
    assert (await send("GET", path)).status == 404


@pytest.mark.parametrize(
    "query", ["%", "a=%zz", "%FF=%FF", "originalDomain=%C3%28", "=&&&==", "a=b;c", "%00=%00", "?" * 50]
)
async def test_badly_encoded_query_is_harmless(send: Send, lene: UcwaClient, query: str) -> None:
    assert (await send("GET", f"/?{query}")).status == 200
    assert (await send("GET", f"{lene.app}/events?ack=9&{query}")).status == 200
    assert (await send("POST", f"{lene.meetings}?{query}")).status == 201


async def test_id_may_look_like_a_path(send: Send, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    for extension_id in (
        "../../x",
        "a/b",
        "%2F",
        "%",
        "%00",
        "?a=b#c",
        "a;b",
        "\\..\\",
        "*",
        "~",
        "x" * 256,
        "a b",
        "é\u2028",
    ):
        made = await lene.extend(meeting, id=extension_id)
        assert self_of(made).startswith(extensions_of(meeting) + "/")
        assert self_of(made).isascii()
        answer = await send("GET", self_of(made))
        assert answer.status == 200
        assert (await send("DELETE", self_of(made))).status == 204


# What a client says does not become a header


async def test_id_with_a_line_break_is_refused(send: Send, lene: UcwaClient) -> None:
    href = extensions_of(await lene.schedule())
    assert_invalid(await lene.post(href, json={"id": INJECTED}), "id")
    assert_invalid(await lene.post(href, params={"id": INJECTED}), "id")
    assert (await send("GET", f"{href}/{quote(INJECTED)}")).status == 404
    assert (await send("POST", f"{href}?id={quote(INJECTED)}")).status == 400


async def test_property_keeps_its_line_breaks(lene: UcwaClient) -> None:
    extension = await lene.extend(await lene.schedule(), note=INJECTED)
    assert extension["note"] == INJECTED
    shown = await lene.get(self_of(extension), headers={"Accept": "application/xml"})
    assert "X-Injected: yes&#13;&#10;" in shown.text


async def test_line_break_in_an_instance_id_is_escaped_in_hrefs(send: Send, lene: UcwaClient) -> None:
    application = await lene.open("tabs", instanceId=INJECTED)
    assert "\n" not in self_of(application)
    assert (await send("GET", self_of(application))).status == 200


@pytest.mark.parametrize("name", ["originalDomain", "sipuri"])
async def test_line_break_in_a_domain_is_escaped_in_hrefs(send: Send, name: str) -> None:
    answer = await send("GET", f"/?{name}=a@{quote(INJECTED)}")
    assert answer.status == 200
    assert b"\\n" not in answer.body


@pytest.mark.parametrize("field", ["grant_type", "username", "password", "ms_rtc_conferenceuri", "ms_rtc_renew"])
async def test_token_diagnostics_contain_no_client_input(send: Send, field: str) -> None:
    form = {"grant_type": "password", "username": "lenea@contoso.com", "password": "x"}
    if field.startswith("ms_rtc"):
        form["grant_type"] = "urn:microsoft.rtc:anonmeeting"
    form[field] = INJECTED
    body = "&".join(f"{name}={quote(value)}" for name, value in form.items()).encode()
    answer = await send("POST", "/WebTicket/oauthtoken", body, content_type="application/x-www-form-urlencoded")
    assert answer.status == 400
    assert "Injected" not in (answer.header("x-ms-diagnostics") or "")


async def test_line_break_in_a_name_reaches_no_header(send: Send, service: Service, lene: UcwaClient) -> None:
    await add_user(service, "sip:odd@contoso.com", INJECTED)
    await lene.sign_in("odd@contoso.com")
    application = await lene.open()
    answer = await send("GET", f"{self_of(application)}/photo", accept="image/svg+xml")
    assert answer.status == 200


@pytest.mark.parametrize("host", ["evil.example", "a b", "ucwa.example.com@evil.example", "[::1", "", "a:99999", "é"])
async def test_foreign_host_appears_in_no_answer(send: Send, host: str) -> None:
    for method, target in (("GET", "/"), ("GET", "/Autodiscover/AutodiscoverService.svc/root/oauth/user")):
        answer = await send(method, target, host=host, authorization="Bearer x")
        assert answer.status in {200, 401}
        assert b"evil" not in answer.body
        assert all("evil" not in value for _, value in answer.headers)


async def test_batch_part_cannot_split_its_answer(send: Send, lene: UcwaClient) -> None:
    part = f"POST {lene.app}/nowhere?\rX: y HTTP/1.1\r\nIf-Match: a\rX-Injected: yes\r\nOrigin: a\rb\r\n\r\n"
    body = f"--b\r\nContent-Type: application/http; msgtype=request\r\n\r\n{part}\r\n--b--".encode()
    answer = await send("POST", f"{lene.app}/batch", body, content_type="multipart/batching; boundary=b")
    assert b"X-Injected" not in answer.body


# Time


_PIECES = [
    ",",
    "a;q=",
    '"',
    "\\",
    'W/"',
    ";",
    "=",
    " ",
    "[",
    "a/b,",
    "*/*;q=0.1,",
    "'",
    "%",
    "Bearer ",
    "a,b",
    '";"',
    "\t,",
]
_HEADERS = [
    *("accept", "accept_encoding", "if_match", "if_none_match", "content_type", "authorization", "origin", "host"),
    *("x_ms_requiresminresourceversion", "access_control_request_headers", "content_encoding", "cookie", "x_a"),
]


@pytest.mark.parametrize("header", _HEADERS)
async def test_hostile_headers_are_parsed_quickly(send: Send, lene: UcwaClient, header: str) -> None:
    meeting = await lene.schedule()
    for piece in _PIECES:
        value = {header: piece * (60_000 // len(piece))}
        for method, target, body in (("GET", "/", b""), ("PUT", self_of(meeting), b"{}"), ("OPTIONS", lene.app, b"")):
            answer = await send(method, target, body, **({"content_type": "application/json"} | value))
            assert answer.status < 500
            assert len(answer.body) < 100_000


@pytest.mark.parametrize(
    "path",
    [
        "/" * 60_000,
        "/a" * 30_000,
        "/%2F" * 15_000,
        "/%zz" * 15_000,
        "/" + "a" * 60_000,
        "/ucwa/v1" * 7_000,
        "/.." * 20_000,
    ],
)
async def test_hostile_paths_are_routed_quickly(send: Send, path: str) -> None:
    assert (await send("GET", path)).status in {200, 404}


@pytest.mark.parametrize(
    "query",
    [
        "&".join(f"a{number}=b" for number in range(100_000)),
        "&".join(["id=a"] * 100_000),
        "&".join(f"{number * 2**61}=b" for number in range(50_000)),
        "&" * 1_000_000,
        "%41" * 300_000,
        "a=" * 500_000,
        "id=" + "a" * 1_000_000,
    ],
    ids=["names", "one name", "large names", "nothing", "escapes", "signs", "a value"],
)
async def test_hostile_queries_are_parsed_quickly(send: Send, lene: UcwaClient, query: str) -> None:
    href = extensions_of(await lene.schedule())
    for method, target in (("GET", "/"), ("GET", f"{lene.app}/events?ack=7&"), ("POST", href), ("POST", lene.meetings)):
        answer = await send(method, target + ("" if "?" in target else "?") + query)
        assert answer.status in {200, 201, 400}
        assert len(answer.body) < 100_000


async def test_refusal_quotes_little_of_a_header(send: Send) -> None:
    answer = await send("GET", "/", x_ms_requiresminresourceversion="9" * 60_000)
    assert answer.status == 404
    assert len(answer.body) < 500


async def test_unknown_method_is_refused(send: Send, lene: UcwaClient) -> None:
    for method in ("BREW", "get", "PROPFIND", "X" * 1000):
        answer = await send(method, lene.app, accept="application/json")
        assert answer.status == 405
        assert answer.header("allow") == "DELETE, GET"


async def test_token_of_any_length_is_refused_as_invalid(send: Send, lene: UcwaClient) -> None:
    for token in ("cwt=" + "a" * 60_000, "cwt=" + "." * 60_000, "cwt=a." + "A" * 60_000 + ".b", "cwt=\xe9"):
        answer = await send("GET", lene.app, accept="application/json", authorization=f"Bearer {token}")
        assert answer.status == 401
        assert json.loads(answer.body)["code"] == "Unauthorized"

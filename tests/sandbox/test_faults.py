"""Faults: by a request's own header and by rules, seen by a client over its connection."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from lxml import etree

from tests.client import UcwaClient, extensions_of, if_match, self_of
from tests.process.running import RunningServer, command, read_to_end
from tests.resources.messages import NAMESPACE, assert_refused
from tests.resources.test_batch import batch, part
from tests.sandbox.conftest import DANA, Control

FAULT = "X-OpenUCWA-Fault"


def fault(text: str) -> dict[str, str]:
    return {FAULT: text}


async def add(control: Control, name: str, **rule: Any) -> dict[str, Any]:
    """A new rule."""
    added: dict[str, Any] = await control.ask("POST", "/faults", {"fault": name, **rule}, status=201)
    return added


def error_in(answer: httpx.Response) -> tuple[str, str | None]:
    """Code and subcode of a refusal, in either format."""
    if "json" in answer.headers["Content-Type"]:
        shown = answer.json()
        return shown["code"], shown.get("subcode")
    root = etree.fromstring(answer.content)
    spaced = {"u": NAMESPACE}
    code = root.findtext("u:code", namespaces=spaced)
    return str(code), root.findtext("u:subcode", namespaces=spaced)


async def test_every_error_of_every_operation_on_meetings_and_extensions_is_provoked_in_both_formats(
    control: Control, lene: UcwaClient
) -> None:
    catalogue = await control.ask("GET", "/faults/catalogue")
    meeting = await lene.schedule()
    extension = await lene.extend(meeting)
    places = {
        "myOnlineMeetings": lene.meetings,
        "myOnlineMeeting": self_of(meeting),
        "onlineMeetingExtensions": extensions_of(meeting),
        "onlineMeetingExtension": self_of(extension),
    }
    provoked: set[tuple[str, str, str]] = set()
    for operation in catalogue["operations"]:
        if operation["rel"] not in places or "/conversations/" in operation["path"]:
            continue
        for error in operation["errors"]:
            for accept in ("application/json", "application/xml"):
                headers = {"Accept": accept, FAULT: error["name"]}
                answer = await lene.request(operation["method"], places[operation["rel"]], headers=headers)
                assert answer.status_code == error["status"], (operation, error)
                if "html" not in answer.headers["Content-Type"]:
                    assert accept in answer.headers["Content-Type"]
                    assert error_in(answer) == (error["code"], error.get("subcode"))
            provoked.add((operation["rel"], operation["method"], error["name"]))
    for name in ("Conflict", "Conflict/AlreadyExists", "Conflict/TooManyGroups", "Gone/CannotRedirect"):
        assert ("onlineMeetingExtension", "GET", name) in provoked
    assert ("myOnlineMeetings", "POST", "ServiceFailure/InvalidExchangeServerVersion") in provoked
    assert len(provoked) > 150
    assert (await lene.get(self_of(extension))).json() == extension, "nothing was done"


async def test_catalogue_lists_what_the_description_of_the_api_lists(control: Control) -> None:
    catalogue = await control.ask("GET", "/faults/catalogue")
    described = (await control.http.get("/openapi.json")).json()["paths"]
    for operation in catalogue["operations"]:
        declared = {str(error["status"]) for error in operation["errors"] if error["declared"]}
        responses = described[operation["path"]][operation["method"].lower()]["responses"]
        assert declared == {status for status in responses if status >= "400"}


async def test_retry_after_is_as_asked_for(lene: UcwaClient) -> None:
    for name in ("ServiceUnavailable", "TooManyRequests", "ServiceFailure/CallbackChannelError"):
        answer = await lene.get(lene.app, headers=fault(f"{name}; retryAfter=17"))
        assert answer.headers["Retry-After"] == "17"


async def test_refused_token_comes_with_the_challenges(lene: UcwaClient) -> None:
    answer = await lene.get(lene.app, headers=fault("token"))
    assert_refused(answer, 401, "Unauthorized")
    assert len(answer.headers.get_list("WWW-Authenticate")) == 2
    assert (await lene.get(lene.app)).status_code == 200


async def test_token_resource_answers_in_its_own_form(http: httpx.AsyncClient, control: Control) -> None:
    answer = await http.post("/WebTicket/oauthtoken", data={"grant_type": "x"}, headers=fault("TooManyRequests"))
    assert (answer.status_code, answer.json()) == (429, {"error": "invalid_request"})


@pytest.mark.parametrize("text", ["nonsense", "delay; weeks=1", "delay; seconds=soon", "status; status=99", ""])
async def test_unknown_fault_is_refused(lene: UcwaClient, text: str) -> None:
    answer = await lene.get(lene.app, headers=fault(text))
    assert answer.status_code == 400
    assert error_in(answer) == ("BadRequest", "ParameterValidationFailure")


async def test_answers_from_the_response_cache_fail_as_well(control: Control, lene: UcwaClient) -> None:
    href = self_of(await lene.extend(await lene.schedule()))
    for _ in range(3):
        assert (await lene.get(href)).status_code == 200
    await add(control, "Conflict/AlreadyExists", rel="onlineMeetingExtension", method="GET")
    assert_refused(await lene.get(href), 409, "Conflict", "AlreadyExists")
    assert (await lene.get(href)).status_code == 200


# Rules


async def test_rule_strikes_as_often_as_it_says_and_after_as_many(control: Control, lene: UcwaClient) -> None:
    rule = await add(control, "ServiceUnavailable", rel="application", after=1, count=2)
    assert [(await lene.get(lene.app)).status_code for _ in range(5)] == [200, 503, 503, 200, 200]
    (shown,) = (await control.ask("GET", "/faults"))["rules"]
    assert (shown["id"], shown["seen"], shown["hits"]) == (rule["id"], 5, 2)


async def test_rule_is_for_its_user_method_and_path_only(control: Control, sign_in: Callable[..., Any]) -> None:
    lene, dana = await sign_in("lenea"), await sign_in("danab")
    await add(control, "Forbidden", user=DANA, method="POST", path="*/myonlinemeetings", count=None)
    assert (await lene.post(lene.meetings, json={})).status_code == 201
    assert (await dana.get(dana.meetings)).status_code == 200
    assert (await dana.get(dana.app)).status_code == 200
    for _ in range(2):
        assert_refused(await dana.post(dana.meetings, json={}), 403, "Forbidden")


async def test_user_of_a_rule_may_be_named_without_sip(control: Control, lene: UcwaClient) -> None:
    await add(control, "ServiceUnavailable", user="danab@contoso.com", count=None)
    await add(control, "Conflict/TooManyGroups", user="Lenea@contoso.com", count=None)
    assert (await lene.get(lene.app)).status_code == 409
    assert len((await control.ask("GET", "/requests?user=lenea@contoso.com&status=409"))["requests"]) == 1


async def test_probability_gives_the_same_result_in_each_run(control: Control, lene: UcwaClient) -> None:
    async def run() -> list[int]:
        await control.ask("POST", "/reset", status=204)
        await add(control, "ServiceUnavailable", path="/", count=None, probability=0.5)
        return [(await lene.get("/")).status_code for _ in range(40)]

    first = await run()
    assert set(first) == {200, 503}
    assert await run() == first


async def test_rules_are_removed_one_by_one_and_all_at_once(control: Control, lene: UcwaClient) -> None:
    one = await add(control, "Gone/CannotRedirect", count=None)
    await add(control, "Forbidden", count=None)
    assert (await lene.get(lene.app)).status_code == 410
    await control.ask("DELETE", f"/faults/{one['id']}", status=204)
    assert (await lene.get(lene.app)).status_code == 403
    await control.ask("DELETE", "/faults", status=204)
    assert (await lene.get(lene.app)).status_code == 200
    assert (await control.ask("DELETE", "/faults/99", status=404))["subcode"] == "ResourceNotFound"


@pytest.mark.parametrize(
    "rule",
    [
        {"fault": "nonsense"},
        {"fault": "cut", "count": 0},
        {"fault": "cut", "probability": 2},
        {"fault": "cut", "path": "events"},
        {"fault": "cut", "path": "*" * 1_001},
        {"fault": "cut", "parameters": {"seconds": 1}},
        {"fault": "cut", "rels": "me"},
        {"fault": "cut", "rel": "onlineMeetingExtention"},
        {"fault": "status", "parameters": {"status": 600}},
        {"fault": "status", "parameters": {"status": 199}},
        {},
    ],
)
async def test_rule_that_could_never_apply_is_refused(control: Control, rule: dict[str, Any]) -> None:
    refused = await control.ask("POST", "/faults", rule, status=400)
    assert refused["subcode"] == "ParameterValidationFailure"
    assert (await control.ask("GET", "/faults"))["rules"] == []


async def test_control_resources_never_fail(control: Control) -> None:
    await add(control, "ServiceUnavailable", count=None)
    assert (await control.http.get("/sandbox/clock", headers=fault("cut"))).status_code == 200


async def test_parts_of_a_batch_fail_one_by_one(control: Control, lene: UcwaClient) -> None:
    extensions = extensions_of(await lene.schedule())
    await add(control, "Conflict/TooManyGroups", rel="onlineMeetingExtensions", method="POST", after=1)
    await add(control, "cut", rel="onlineMeetingExtensions", method="POST", count=None)
    create = (f"POST {extensions}", "Content-Type: application/json")
    statuses, text = await batch(
        lene,
        part(*create, body='{"id":"a"}'),
        part(*create, body='{"id":"b"}'),
        part(*create, body='{"id":"c"}'),
        part(f"GET {extensions}", f"{FAULT}: status; status=599"),
        part(f"GET {extensions}", f"{FAULT}: hang"),
        part(f"GET {extensions}", f"{FAULT}: nonsense"),
    )
    assert [int(line.split()[1]) for line in statuses] == [201, 409, 201, 599, 200, 400]
    assert "TooManyGroups" in text


# What networks do


async def test_cut_and_reset_connections_lose_the_request(control: Control, lene: UcwaClient) -> None:
    for name in ("cut", "reset"):
        with pytest.raises(httpx.TransportError):
            await lene.post(lene.meetings, json={}, headers=fault(name))
    assert (await lene.get(lene.meetings)).json()["_embedded"]["myOnlineMeeting"] == []


def test_cut_connection_is_closed_and_a_reset_one_is_reset(running: RunningServer) -> None:
    def ask(name: str) -> bytes:
        with running.connect() as connection:
            connection.sendall(f"GET / HTTP/1.1\r\nHost: a\r\n{FAULT}: {name}\r\n\r\n".encode())
            return connection.recv(100)

    assert ask("cut") == b""
    with pytest.raises(ConnectionResetError):
        ask("reset")


async def test_request_with_a_lost_answer_was_carried_out(control: Control, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    with pytest.raises(httpx.TransportError):
        await lene.post(extensions_of(meeting), json={"id": "agenda"}, headers=fault("lost"))
    retried = await lene.post(extensions_of(meeting), json={"id": "agenda"})
    assert_refused(retried, 409, "Conflict", "AlreadyExists")


async def test_truncated_body_is_shorter_than_it_says(running: RunningServer) -> None:
    with running.connect() as connection:
        connection.sendall(f"GET /openapi.json HTTP/1.1\r\nHost: a\r\n{FAULT}: truncated; bytes=10\r\n\r\n".encode())
        head, _, body = (await asyncio.to_thread(read_to_end, connection)).partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    assert length is not None
    assert int(length[1]) > 1_000
    assert len(body) == 10


async def test_malformed_body_is_complete_and_unreadable(lene: UcwaClient) -> None:
    answer = await lene.get(lene.app, headers=fault("malformed"))
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_slow_body_comes_in_pieces_and_whole(lene: UcwaClient) -> None:
    expected = (await lene.get("/openapi.json")).content
    headers = {**fault("slow; seconds=0.2"), "Accept-Encoding": "identity"}
    async with lene.http.stream("GET", "/openapi.json", headers=headers) as answer:
        pieces = [piece async for piece in answer.aiter_raw()]
    assert b"".join(pieces) == expected
    assert len(pieces) > 1
    assert (await lene.get(lene.app)).status_code == 200, "the connection goes on"


async def test_delayed_answer_is_the_usual_one(lene: UcwaClient) -> None:
    expected = await lene.get(lene.app)
    answer = await lene.get(lene.app, headers=fault("delay; seconds=0.05"))
    assert (answer.status_code, answer.content) == (200, expected.content)


async def test_hanging_request_ends_when_its_client_gives_up(control: Control, lene: UcwaClient) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await lene.get(lene.app, headers=fault("hang"), timeout=httpx.Timeout(60, read=0.2))
    assert (await lene.get(lene.app)).status_code == 200


async def test_duplicate_request_meets_its_own_success(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    answer = await lene.post(extensions_of(meeting), json={"id": "agenda"}, headers=fault("duplicate"))
    assert_refused(answer, 409, "Conflict", "AlreadyExists")
    assert (await lene.get(f"{extensions_of(meeting)}/agenda")).status_code == 200


async def test_poll_gets_the_link_resync(lene: UcwaClient) -> None:
    answer = await lene.get(f"{lene.app}/events?ack=1", headers=fault("resync"))
    assert answer.status_code == 200
    assert answer.json()["_links"]["resync"]["href"] == f"{lene.app}/events?ack=1"


async def test_changed_etag_meets_a_write(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, topic="mine")
    body = {name: value for name, value in extension.items() if not name.startswith("_")} | {"topic": "new"}
    answer = await lene.put(self_of(extension), json=body, headers={**if_match(extension), **fault("etag")})
    assert_refused(answer, 412, "PreconditionFailed")
    again = (await lene.get(self_of(extension))).json()
    assert again["etag"] != extension["etag"]
    assert again["topic"] == "mine"
    assert (await lene.replace(again, topic="new")).status_code == 200


async def test_undocumented_status_is_sent(lene: UcwaClient) -> None:
    assert (await lene.get(lene.app, headers=fault("status"))).status_code == 418
    assert (await lene.get(lene.app, headers=fault("status; status=599"))).status_code == 599


def test_command_adds_lists_and_removes_rules(running: RunningServer) -> None:
    def run(*arguments: str) -> str:
        done = command("sandbox", *arguments, "--url", running.urls[0])
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("reset")
    added = run("fault", "ServiceUnavailable", "retryAfter=3", "--rel", "root", "--method", "GET", "--count", "2")
    assert added == "1\n"
    listed = run("faults")
    assert "ServiceUnavailable" in listed
    assert "root" in listed
    assert running.ask("GET", "/autodiscover/autodiscoverservice.svc/root")[0] == 503
    run("faults", "--clear")
    assert "ServiceUnavailable" not in run("faults")
    failed = command("sandbox", "fault", "nonsense", "--url", running.urls[0])
    assert failed.returncode == 1
    assert "is not known" in failed.stderr

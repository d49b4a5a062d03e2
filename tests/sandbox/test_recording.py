"""What a sandbox was asked: recorded, filtered, counted, as HAR, and compared with the reference."""

from typing import Any

import httpx
import pytest

from tests.client import UcwaClient, extensions_of, self_of
from tests.process.running import RunningServer, command
from tests.sandbox.conftest import LENE, Control


async def recorded(control: Control, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await control.ask("GET", f"/requests{query}"))["requests"]
    return found


async def test_request_is_recorded_with_its_answer(control: Control, lene: UcwaClient) -> None:
    await lene.schedule(subject="Budget")
    (entry,) = await recorded(control, "?rel=myOnlineMeetings")
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", lene.meetings, 201)
    assert (entry["user"], entry["at"], entry["fault"]) == (LENE, "2027-01-01T08:00:00.000Z", None)
    assert entry["request"]["body"] == '{"subject":"Budget"}'
    assert ["accept", "application/json"] in entry["request"]["headers"]
    assert '"subject":"Budget"' in entry["response"]["body"]
    assert entry["seconds"] > 0


async def test_requests_are_filtered(control: Control, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    await lene.extend(meeting, topic="first")
    await lene.extend(meeting, topic="second")
    await lene.get(extensions_of(meeting))
    assert len(await recorded(control, "?rel=onlineMeetingExtensions")) == 3
    assert len(await recorded(control, "?rel=onlineMeetingExtensions&method=POST")) == 2
    assert len(await recorded(control, "?body=second")) == 1
    assert len(await recorded(control, "?path=/ucwa/*/onlineMeetings/*Extensions&status=200")) == 1
    assert len(await recorded(control, "?user=sip:danab@contoso.com")) == 0
    everything = await recorded(control)
    assert [entry["number"] for entry in everything] == list(range(1, len(everything) + 1))
    assert len(await recorded(control, f"?since={everything[-2]['number']}")) == 1


@pytest.mark.parametrize(
    ("expected", "verified"),
    [
        ({"rel": "onlineMeetingExtensions", "method": "POST"}, True),
        ({"rel": "onlineMeetingExtensions", "exactly": 2}, True),
        ({"rel": "onlineMeetingExtensions", "exactly": 1}, False),
        ({"rel": "onlineMeetingExtensions", "atLeast": 3}, False),
        ({"rel": "onlineMeetingExtensions", "atMost": 1}, False),
        ({"rel": "onlineMeetingExtensions", "atLeast": 1, "atMost": 2}, True),
        ({"rel": "messages", "atMost": 0}, True),
        ({"rel": "messages"}, False),
        ({"header": {"Authorization": "Bearer cwt="}, "method": "POST", "body": "topic"}, True),
        ({"header": {"If-Match": ""}}, False),
    ],
)
async def test_requests_are_verified(
    control: Control, lene: UcwaClient, expected: dict[str, Any], verified: bool
) -> None:
    meeting = await lene.schedule()
    for _ in range(2):
        await lene.extend(meeting, topic="budget")
    verdict = await control.ask("POST", "/requests/verify", expected)
    assert verdict["verified"] is verified, verdict


async def test_invalid_filters_are_refused(control: Control) -> None:
    for method, path, body in (
        ("GET", "/requests?path=events", None),
        ("POST", "/requests/verify", {"path": "*" * 1_001}),
        ("POST", "/requests/verify", {"body": "a" * 1_001}),
        ("POST", "/requests/verify", {"rel": "onlineMeetingExtention", "exactly": 0}),
        ("GET", "/requests?rel=onlineMeetingExtention", None),
        ("POST", "/requests/verify", {"header": {str(number): "" for number in range(101)}}),
        ("POST", "/requests/verify", {"paths": "x"}),
        ("GET", "/requests?status=many", None),
    ):
        refused = await control.ask(method, path, body, status=400)
        assert refused["subcode"] == "ParameterValidationFailure"


async def test_failed_request_is_recorded_with_its_fault(control: Control, lene: UcwaClient) -> None:
    await lene.get(lene.app, headers={"X-OpenUCWA-Fault": "ServiceUnavailable"})
    with pytest.raises(httpx.TransportError):
        await lene.get(lene.app, headers={"X-OpenUCWA-Fault": "lost"})
    refused, lost = (await recorded(control, "?rel=application"))[-2:]
    assert (refused["fault"], refused["status"]) == ("ServiceUnavailable", 503)
    assert (lost["fault"], lost["status"], lost["response"]["body"]) == ("lost", None, "")


async def test_control_requests_are_not_recorded(control: Control) -> None:
    await control.now()
    assert await recorded(control) == []


async def test_recorded_requests_can_be_forgotten(control: Control, lene: UcwaClient) -> None:
    await control.ask("DELETE", "/requests", status=204)
    assert await recorded(control) == []
    await lene.get(lene.app)
    (entry,) = await recorded(control)
    assert entry["number"] > 1


async def test_har_has_every_request(control: Control, lene: UcwaClient) -> None:
    await lene.schedule()
    har = (await control.ask("GET", "/requests/har"))["log"]
    entries = await recorded(control)
    assert har["version"] == "1.2"
    assert [each["request"]["url"] for each in har["entries"]] == [
        f"{str(control.http.base_url).rstrip('/')}{entry['path']}" for entry in entries
    ]
    assert [each["response"]["status"] for each in har["entries"]] == [entry["status"] for entry in entries]


async def test_what_the_reference_does_not_know_is_listed_and_not_refused(control: Control, lene: UcwaClient) -> None:
    await control.ask("DELETE", "/requests", status=204)
    meeting = await lene.schedule(Subject="Budget", colour="red")
    await lene.replace(meeting, subject="Budget 2030")
    await lene.extend(meeting, colour="red")
    token = {"Authorization": f"Bearer {lene.token}"}
    request = lene.http.build_request("GET", lene.app, headers=token)
    del request.headers["Accept"]
    assert (await lene.http.send(request)).status_code == 200
    await lene.get((await lene.get("/")).json()["_links"]["user"]["href"])
    await lene.get("/ucwa/v1/applications/1/nothing")
    requests = (await control.ask("GET", "/requests/deviations"))["requests"]
    assert [each["deviations"] for each in requests] == [
        ["property Subject is spelled subject", "property colour is not documented"],
        ["the Accept header is missing"],
        ["the path does not exist"],
    ]
    assert self_of(meeting)


def test_command_lists_and_verifies_requests(running: RunningServer) -> None:
    def run(*arguments: str, status: int = 0) -> str:
        done = command("sandbox", *arguments, "--url", running.urls[0])
        assert done.returncode == status, done.stderr
        return done.stdout

    run("reset")
    running.ask("GET", "/autodiscover/autodiscoverservice.svc/root")
    assert "GET /autodiscover/autodiscoverservice.svc/root 200" in run("requests")
    assert run("verify", "--rel", "root", "--exactly", "1") == "1 request, as expected\n"
    assert run("verify", "--rel", "root", "--exactly", "2", status=1) == "1 request, expected exactly 2\n"
    assert '"version": "1.2"' in run("requests", "--har")

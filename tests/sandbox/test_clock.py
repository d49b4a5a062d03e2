"""The sandbox's clock: everything that waits for time follows it, at once and in order."""

import asyncio
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.client import UcwaClient, extensions_of, self_of
from tests.process.running import RunningServer, command
from tests.resources.messages import assert_refused
from tests.sandbox.conftest import BEGIN, Control


async def events(client: UcwaClient, ack: int = 1) -> "asyncio.Task[httpx.Response]":
    """A poll that waits, or was answered already."""
    poll = asyncio.create_task(client.get(f"{client.app}/events?ack={ack}"))
    while not poll.done() and (await client.get("/sandbox")).json()["waitingPolls"] == 0:
        pass
    return poll


def events_in(answer: httpx.Response) -> list[tuple[str, str]]:
    """The events of an answer: type and rel."""
    return [
        (event["type"], event["link"]["rel"])
        for sender in answer.json().get("sender", [])
        for event in sender.get("events", [])
    ]


async def test_clock_stands_while_it_is_frozen(control: Control) -> None:
    assert await control.now() == BEGIN
    assert await control.now() == BEGIN
    assert await control.ask("GET", "/clock") == {"now": BEGIN, "ms": 1_798_790_400_000, "frozen": True}


async def test_advance_answers_with_the_new_time(control: Control) -> None:
    assert await control.advance("15m") == "2027-01-01T08:15:00.000Z"
    assert await control.advance("+1h30m") == "2027-01-01T09:45:00.000Z"
    assert (await control.ask("POST", "/clock", {"advance": 0.5}))["now"] == "2027-01-01T09:45:00.500Z"


async def test_clock_can_be_set_forwards_and_backwards(control: Control) -> None:
    later = await control.ask("POST", "/clock", {"now": "2028-02-29T00:00:00Z"})
    assert later["now"] == "2028-02-29T00:00:00.000Z"
    earlier = await control.ask("POST", "/clock", {"now": "2026-01-01T01:00:00+01:00"})
    assert earlier["now"] == "2026-01-01T00:00:00.000Z"


async def test_clock_runs_when_it_is_not_frozen(control: Control) -> None:
    begun = (await control.ask("POST", "/clock", {"frozen": False}))["ms"]
    for _ in range(1_000):
        if (await control.ask("GET", "/clock"))["ms"] > begun:
            break
    else:
        pytest.fail("the clock stands")
    assert (await control.ask("POST", "/clock", {"frozen": True}))["frozen"]
    assert await control.now() == await control.now()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"advance": "soon"}, "advance"),
        ({"advance": -1}, "advance"),
        ({"advance": "nan"}, "advance"),
        ({"now": "tomorrow"}, "now"),
        ({"now": "9999-12-31T23:59:59Z"}, "now"),
        ({"now": "0001-01-01T00:00:00+14:00"}, "now"),
        ({"now": "2999-12-31T23:59:59Z", "advance": "1d"}, "advance"),
        ({"frozen": "yes"}, "body"),
        ({"freeze": True}, "body"),
    ],
)
async def test_invalid_change_is_refused_by_name(control: Control, change: dict[str, Any], name: str) -> None:
    refused = await control.ask("POST", "/clock", change, status=400)
    assert refused["subcode"] == "ParameterValidationFailure"
    assert [each["name"] for each in refused["parameters"]] == [name]
    assert await control.now() == BEGIN


async def test_date_header_shows_the_clock(control: Control) -> None:
    await control.advance("24h")
    answer = await control.http.get("/")
    assert parsedate_to_datetime(answer.headers["Date"]).isoformat() == "2027-01-02T08:00:00+00:00"


async def test_poll_without_events_is_answered_when_its_time_is_over(control: Control, lene: UcwaClient) -> None:
    poll = await events(lene)
    await control.advance("179s")
    assert not poll.done()
    await control.advance("1s")
    answer = await asyncio.wait_for(poll, 60)
    assert answer.json()["sender"] == []
    assert "next" in answer.json()["_links"]


async def test_application_without_polls_ends_after_fifteen_minutes(control: Control, lene: UcwaClient) -> None:
    await control.advance("14m59s")
    assert (await lene.get(lene.app)).status_code == 200
    await control.advance("15m1s")
    assert_refused(await lene.get(lene.app), 404, "NotFound", "ApplicationNotFound")


async def test_token_expires_after_eight_hours(control: Control, lene: UcwaClient) -> None:
    await control.advance("7h59m59s")
    assert (await lene.get(lene.app)).status_code == 404
    await control.advance("1s")
    assert_refused(await lene.get(lene.app), 401, "Unauthorized")


async def test_expired_meeting_is_removed_after_its_retention(
    control: Control, lene: UcwaClient, sign_in: Callable[..., Any]
) -> None:
    meeting = await lene.schedule(expirationTime="2027-01-01T09:00:00Z")
    await control.ask("POST", "/clock", {"now": "2027-01-14T08:00:00Z"})
    lene = await sign_in()
    href = f"{lene.meetings}/{meeting['onlineMeetingId']}"
    assert (await lene.get(href)).status_code == 200
    await control.advance("3d")
    lene = await sign_in()
    href = f"{lene.meetings}/{meeting['onlineMeetingId']}"
    assert_refused(await lene.get(href), 404, "NotFound", "ResourceNotFound")


async def test_wait_in_the_lobby_ends_after_half_an_hour(
    control: Control, lene: UcwaClient, http: httpx.AsyncClient
) -> None:
    meeting = await lene.schedule(accessLevel="Locked")
    joe = UcwaClient(http)
    await joe.sign_in_to_meeting(meeting)
    application = await joe.open()
    join = application["_embedded"]["communication"]["_links"]["joinOnlineMeeting"]["href"]
    body = {"onlineMeetingUri": meeting["onlineMeetingUri"], "anonymousDisplayName": "Joe"}
    assert (await joe.post(join, json=body)).status_code == 201
    delivered: list[tuple[str, str]] = []
    ack = 1
    for _ in range(11):  # he polls every three minutes, as a client does
        poll = await events(joe, ack)
        await control.advance("3m")
        delivered += events_in(await asyncio.wait_for(poll, 60))
        ack += 1
        if ("deleted", "conversation") in delivered:
            break
    assert ("deleted", "conversation") in delivered


async def test_steps_that_lead_to_the_same_time_have_the_same_result(control: Control, lene: UcwaClient) -> None:
    poll = await events(lene)
    await control.advance("1h")
    answer = await asyncio.wait_for(poll, 60)
    assert answer.status_code == 200, "the poll was answered before its application ended"
    assert_refused(await lene.get(lene.app), 404, "NotFound", "ApplicationNotFound")


async def test_connection_outlives_hours_of_the_clock(control: Control, running: RunningServer) -> None:
    with running.connect() as connection:
        for _ in range(2):
            connection.sendall(b"GET /sandbox/clock HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
            await control.advance("8h")


async def test_same_seed_gives_the_same_ids_etags_and_tokens(control: Control, sign_in: Callable[..., Any]) -> None:
    async def run() -> list[Any]:
        lene = await sign_in()
        meeting = await lene.schedule(subject="the same")
        extension = await lene.extend(meeting, type="RoamedParticipantData", topic="the same")
        return [lene.token, lene.app, meeting, self_of(extension), extension["etag"], extensions_of(meeting)]

    first = await run()
    await control.ask("POST", "/reset", status=204)
    assert await run() == first


def test_command_shows_freezes_sets_and_advances_the_clock(running: RunningServer) -> None:
    def clock(*arguments: str) -> str:
        done = command("sandbox", "clock", *arguments, "--url", running.urls[0])
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert clock("set", "2027-05-01T10:00:00Z") == "2027-05-01T10:00:00.000Z frozen"
    assert clock("+15m") == "2027-05-01T10:15:00.000Z frozen"
    assert clock() == "2027-05-01T10:15:00.000Z frozen"
    assert "frozen" not in clock("run")
    assert clock("freeze").endswith("frozen")


def test_command_says_that_no_sandbox_is_there(running: RunningServer) -> None:
    failed = command("sandbox", "clock", "--url", "http://127.0.0.1:1")
    assert failed.returncode == 1
    assert failed.stderr.startswith("openucwa: no sandbox answers at http://127.0.0.1:1: ")

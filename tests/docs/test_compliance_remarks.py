"""The remarks of docs/compliance.md, tried on a running server: what differs from the reference, and what does not."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import PASSWORD
from tests.docs.called_operations import CalledOperations, Person
from tests.process.running import LIMIT, RunningServer
from tests.process.server import add_user

LENE = {"grant_type": "password", "username": "lenea@contoso.com", "password": PASSWORD}
ALL_MODALITIES = [
    "ApplicationSharing",
    "Audio",
    "DataCollaboration",
    "Messaging",
    "PanoramicVideo",
    "PhoneAudio",
    "Video",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    data: Path = tmp_path_factory.mktemp("remarks") / "data"
    for address in ("lenea@contoso.com", "danab@contoso.com"):
        add_user(data, f"sip:{address}")
    with RunningServer(data) as running:
        yield running


@pytest.fixture
def lene(server: RunningServer) -> Person:
    return Person(server, visits(server), LENE)


def visits(server: RunningServer) -> CalledOperations:
    return CalledOperations(server.ask("GET", "/openapi.json")[1]["paths"])  # type: ignore[arg-type]


def meetings(person: Person) -> str:
    return f"{person.link(person.app['_embedded']['onlineMeetings'], 'self')}/myOnlineMeetings"


def schedule(person: Person, **values: Any) -> dict[str, Any]:
    return person.send("POST", meetings(person), values, status=201)


def test_meeting_is_created_by_joining_without_a_uri(lene: Person) -> None:
    before = len(lene.send("GET", meetings(lene))["_embedded"].get("myOnlineMeeting", []))
    join = lene.link(lene.app["_embedded"]["communication"], "joinOnlineMeeting")
    lene.send("POST", join, {"operationId": "1"}, status=201)
    assert len(lene.send("GET", meetings(lene))["_embedded"]["myOnlineMeeting"]) == before + 1


def test_leader_of_another_enterprise_is_refused(lene: Person) -> None:
    lene.send("POST", meetings(lene), {"leaders": ["sip:someone@elsewhere.example"]}, status=400)
    assert schedule(lene, attendees=["sip:someone@elsewhere.example"])


def test_all_modalities_are_accepted_and_messaging_is_stored(lene: Person) -> None:
    available = lene.link(lene.app["_embedded"]["me"], "makeMeAvailable")
    lene.send("POST", available, {"supportedModalities": ALL_MODALITIES}, status=204)
    communication = lene.follow(lene.app["_embedded"]["communication"], "self")
    assert communication["supportedModalities"] == ["Messaging"]
    communication["supportedModalities"] = ALL_MODALITIES
    href, etag = lene.link(communication, "self"), communication["etag"]
    changed = lene.send("PUT", href, communication, headers={"If-Match": f'"{etag}"'})
    assert changed["supportedModalities"] == ["Messaging"]


def test_values_keep_their_types_but_dates_lose_their_offset_and_reserved_names_are_ignored(lene: Person) -> None:
    extensions = lene.link(schedule(lene), "onlineMeetingExtensions")
    values = {"text": "12", "count": 12, "share": 0.5, "open": True, "many": [1, 2], "at": "/Date(1000+0200)/"}
    reserved = {"rel": "mine", "href": "mine", "etag": "mine", "_links": {"mine": {}}, "_embedded": {}}
    made = lene.send("POST", extensions, {**values, **reserved}, status=201)
    shown = lene.send("GET", lene.link(made, "self"))
    assert {name: shown[name] for name in values} == {**values, "at": "/Date(1000)/"}
    assert shown["rel"] == "onlineMeetingExtension"
    assert "mine" not in {*shown["_links"], shown["etag"], shown.get("href")}


def test_event_for_ones_own_message_has_neither_text_nor_participant(lene: Person) -> None:
    conversation = lene.join(schedule(lene))
    messaging = lene.follow(conversation, "messaging")
    lene.send("POST", lene.link(messaging, "addMessaging"), {"operationId": "1"}, status=201)
    lene.waited_for("messagingInvitation", "completed")
    messaging = lene.follow(conversation, "messaging")
    lene.send("POST", lene.link(messaging, "sendMessage"), "Hello", status=201)
    assert set(lene.waited_for("message", "completed")["_links"]) == {"self", "messaging"}


def test_incoming_invitation_embeds_the_inviter(lene: Person, server: RunningServer) -> None:
    dana = Person(server, lene.visits, {**LENE, "username": "danab@contoso.com"})
    available = dana.link(dana.app["_embedded"]["me"], "makeMeAvailable")
    dana.send("POST", available, {"supportedModalities": ["Messaging"]}, status=204)
    conversation = lene.join(schedule(lene))
    add = lene.link(conversation, "addParticipant")
    lene.send("POST", add, {"to": "sip:danab@contoso.com", "operationId": "1"}, status=201)
    invitation = dana.waited_for("onlineMeetingInvitation", "started")
    assert invitation["_embedded"]["from"]["uri"] == "sip:lenea@contoso.com"


@pytest.mark.parametrize("accept", ["application/json", "image/png"])
def test_batch_ignores_accept_and_answers_multipart(lene: Person, accept: str) -> None:
    part = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    body = f"--b\r\nContent-Type: application/http; msgtype=request\r\n\r\n{part}\r\n--b--\r\n"
    href = lene.link(lene.app, "batch")
    lene.send("POST", href, body, media_type="multipart/batching;boundary=b", accept=accept)


def test_token_with_fewer_scopes_does_less(server: RunningServer, lene: Person) -> None:
    narrow = Person(server, lene.visits, {**LENE, "scope": "Meetings.ReadWrite"})
    schedule(narrow)
    join = f"{narrow.link(narrow.app['_embedded']['communication'], 'self')}/joinOnlineMeeting"
    narrow.send("POST", join, {"operationId": "1"}, status=403)


def test_errors_are_in_english_for_every_culture(server: RunningServer, lene: Person) -> None:
    answers = []
    for culture in ("en-US", "da-DK"):
        opening = {"culture": culture, "endpointId": culture, "userAgent": "test"}
        app = lene.send("POST", "/ucwa/v1/applications", opening, status=201)
        answers.append(lene.send("GET", f"{lene.link(app, 'self')}/onlineMeetings/myOnlineMeetings/NONE", status=404))
    assert answers[0]["message"] == answers[1]["message"]


def test_photo_is_shown_for_any_accept_with_token_or_photo_cookie(server: RunningServer, lene: Person) -> None:
    href = lene.link(lene.app["_embedded"]["me"], "photo")
    for accept in ("image/svg+xml", "application/json"):
        lene.send("GET", href, accept=accept)
    connection = http.client.HTTPConnection("127.0.0.1", server.port(), timeout=LIMIT)
    connection.request("GET", lene.link(lene.app, "self"), headers={"Authorization": f"Bearer {lene.token}"})
    answer = connection.getresponse()
    answer.read()
    cookies = answer.headers.get_all("Set-Cookie") or []
    connection.close()
    lene.token = None
    lene.send("GET", href, status=401)
    cookie = {"Cookie": cookies[0].partition(";")[0]}
    lene.send("GET", href, headers=cookie)
    lene.send("GET", lene.link(lene.app, "self"), headers=cookie, status=401)

"""The core without a socket: what it sends for what it is answered."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from openucwa.client import (
    AnonymousMeeting,
    BearerToken,
    ConnectionFailed,
    Password,
    Policy,
    RefreshToken,
    Token,
    errors,
)
from openucwa.client.credentials import Credentials
from openucwa.client.errors import InsecureRedirect, InvalidAnswer, Refused, UcwaError
from openucwa.client.formats import Json
from openucwa.client.session import Session
from openucwa.client.steps import Acquire, Ask, Lock, Pause, Send, Steps
from openucwa.client.wire import Request, Response

ROOT = "https://first.example.com"
CHALLENGE = 'MsRtcOAuth href="/WebTicket/oauthtoken",grant_type="password,urn:microsoft.rtc:anonmeeting"'


class Free:
    """A lock that nobody holds."""

    def release(self) -> None:
        """Lets the next one in."""


def resource(status: int = 200, **members: Any) -> Response:
    return Response(status, (("content-type", "application/json"),), json.dumps(members).encode())


def links(**hrefs: str) -> dict[str, Any]:
    return {"rel": "a", "_links": {rel: {"href": href} for rel, href in hrefs.items()}}


class Script:
    """A driver whose answers are a function's. `sent`: the requests; `waits`: the pauses."""

    def __init__(self, answer: Callable[[Request], Response | UcwaError]) -> None:
        self._answer = answer
        self.sent: list[Request] = []
        self.waits: list[float] = []

    def lock(self) -> Lock:
        return Free()

    def close(self) -> None:
        """There is nothing to close."""

    def run(self, steps: Steps[Any]) -> Any:
        try:
            effect = next(steps)
            while True:
                match effect:
                    case Send(request):
                        self.sent.append(request)
                        answer = self._answer(request)
                        effect = steps.throw(answer) if isinstance(answer, UcwaError) else steps.send(answer)
                    case Ask(function):
                        effect = steps.send(function())
                    case Pause(seconds):
                        self.waits.append(seconds)
                        effect = steps.send(None)
                    case Acquire():
                        effect = steps.send(None)
        except StopIteration as done:
            return done.value

    def header(self, name: str) -> list[str | None]:
        """A header of each request."""
        return [dict(request.headers).get(name) for request in self.sent]


def farm(request: Request) -> Response:
    """A server that sends the user to a second one."""
    token = dict(request.headers).get("Authorization")
    host = request.url.split("/")[2]
    if request.url.endswith("/oauthtoken"):
        return resource(access_token=f"token of {host}", token_type="Bearer")
    if request.url.endswith("/user") and token is None:
        return Response(401, (("www-authenticate", "Bearer"), ("www-authenticate", CHALLENGE)), b"<html>")
    if request.url.endswith("/user"):
        if "first" in host:
            return resource(**links(redirect="https://second.example.com/root"))
        return resource(**links(applications="https://second.example.com/applications"))
    return resource(**links(user="/user"))


def session(script: Script, credentials: Credentials | None, root: str = ROOT) -> Session[Script]:
    return Session(script, root, credentials, Json(), Policy(), lambda: 0.0)


def test_user_of_another_pool_gets_a_token_there() -> None:
    script = Script(farm)
    found = session(script, Password("u", "p"))
    assert script.run(found.applications()) == "https://second.example.com/applications"
    assert found.token == Token("token of second.example.com")
    assert found.grants == ("password", "urn:microsoft.rtc:anonmeeting")


def test_token_is_sent_to_the_users_own_server_only() -> None:
    script = Script(farm)
    found = session(script, Password("u", "p"))
    script.run(found.applications())
    script.sent.clear()
    for href in ("/events", "https://second.example.com/events", "https://elsewhere.example.com/events"):
        script.run(found.send("GET", href))
    assert script.header("Authorization") == ["Bearer token of second.example.com"] * 2 + [None]


def test_redirect_to_plain_http_is_refused() -> None:
    def answer(request: Request) -> Response:
        answered = farm(request)
        return Response(answered.status, answered.headers, answered.body.replace(b"https://second", b"http://second"))

    script = Script(answer)
    with pytest.raises(InsecureRedirect):
        script.run(session(script, Password("u", "p")).applications())
    assert all(request.url.startswith("https://") for request in script.sent)


@pytest.mark.parametrize("step", ["user", "token"])
def test_links_to_plain_http_do_not_get_the_password(step: str) -> None:
    """A server behind a proxy that does not know its own scheme links to http."""

    def answer(request: Request) -> Response:
        if step == "user" and not request.url.endswith(("/user", "/oauthtoken")):
            return resource(**links(user="http://first.example.com/user"))
        if step == "token" and request.url.endswith("/user"):
            challenge = 'MsRtcOAuth href="http://first.example.com/oauthtoken",grant_type="password"'
            return Response(401, (("www-authenticate", challenge),), b"")
        return farm(request)

    script = Script(answer)
    with pytest.raises(InsecureRedirect):
        script.run(session(script, Password("u", "p")).applications())
    assert all(request.url.startswith("https://") for request in script.sent)


def test_redirects_in_a_circle_end() -> None:
    def answer(request: Request) -> Response:
        answered = farm(request)
        return Response(answered.status, answered.headers, answered.body.replace(b"second.example", b"first.example"))

    script = Script(answer)
    with pytest.raises(InvalidAnswer):
        script.run(session(script, Password("u", "p")).applications())
    assert len(script.sent) < 30


def test_refresh_token_is_used_before_the_password_again() -> None:
    forms: list[str] = []

    def answer(request: Request) -> Response:
        if request.url.endswith("/oauthtoken"):
            form = (request.body or b"").decode()
            forms.append(form)
            if "grant_type=refresh_token" in form and len(forms) == 3:
                return resource(400, error="invalid_grant")
            return resource(access_token=str(len(forms)), token_type="Bearer", refresh_token=f"r{len(forms)}")
        token = dict(request.headers).get("Authorization")
        if request.url.endswith("/thing") and token != f"Bearer {wanted}":
            return Response(401, (), b"")
        return farm(request)

    script = Script(answer)
    found = session(script, Password("u", "p"), "https://second.example.com")
    wanted = "1"
    script.run(found.applications())
    wanted = "2"
    script.run(found.send("GET", "/thing"))
    assert [each.partition("&")[0] for each in forms] == ["grant_type=password", "grant_type=refresh_token"]
    assert forms[1].endswith("refresh_token=r1")
    wanted = "4"
    script.run(found.send("GET", "/thing"))
    assert [each.partition("&")[0] for each in forms[2:]] == ["grant_type=refresh_token", "grant_type=password"]


@pytest.mark.parametrize(
    ("credentials", "previous", "fields"),
    [
        (Password("u", "p", scope="Meetings.ReadWrite"), None, {"scope": "Meetings.ReadWrite", "username": "u"}),
        (AnonymousMeeting("sip:a@b;id:X1"), None, {"password": "X1", "ms_rtc_conferenceuri": "sip:a@b;id:X1"}),
        (AnonymousMeeting("sip:a@b;id:X1"), Token("old"), {"ms_rtc_renew": "old"}),
        (RefreshToken("r0"), None, {"grant_type": "refresh_token", "refresh_token": "r0"}),
        (RefreshToken("r0"), Token("t", refresh_token="r1"), {"refresh_token": "r1"}),
    ],
)
def test_grant_has_the_fields_of_its_kind(credentials: Any, previous: Token | None, fields: dict[str, str]) -> None:
    assert fields.items() <= credentials.form(previous).items()


def test_token_of_an_issuer_needs_no_token_resource() -> None:
    script = Script(farm)
    found = session(script, BearerToken(lambda: "theirs"), "https://second.example.com")
    script.run(found.applications())
    assert found.token == Token("theirs")
    assert not any(request.url.endswith("/oauthtoken") for request in script.sent)


def refused(kind: type[Refused], retry_after: str | None = None) -> Refused:
    return kind(status=500, headers=() if retry_after is None else (("retry-after", retry_after),))


@pytest.mark.parametrize(
    ("error", "repeatable", "wait"),
    [
        (ConnectionFailed("", sent=False), False, 0.5),
        (ConnectionFailed("", sent=True), False, None),
        (ConnectionFailed("", sent=True), True, 0.05),
        (refused(errors.TooManyRequests, "7"), False, 7.0),
        (refused(errors.TooManyRequests, "61"), True, None),
        (refused(errors.CallbackChannelError, "1"), False, 1.0),
        (refused(errors.ServiceUnavailable, "2"), False, None),
        (refused(errors.ServiceUnavailable, "2"), True, 2.0),
        (refused(errors.ServiceUnavailable, "soon"), True, 0.5),
        (refused(errors.ServiceFailure), True, 0.5),
        (refused(errors.ServiceFailure), False, None),
        (refused(errors.InvalidExchangeServerVersion), True, None),
        (refused(errors.Conflict), True, None),
        (refused(errors.Unauthorized), True, None),
    ],
)
def test_policy_repeats_what_may_help_and_cannot_harm(error: UcwaError, repeatable: bool, wait: float | None) -> None:
    assert Policy().wait(error, 1, 0.0, repeatable=repeatable) == wait


def test_pauses_grow_up_to_a_maximum_and_attempts_end() -> None:
    policy = Policy(attempts=9, backoff=1.0, max_backoff=10.0)
    error = ConnectionFailed("", sent=False)
    assert [policy.wait(error, attempt, 0.0, repeatable=True) for attempt in range(1, 10)] == [
        *(1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0, 10.0),
        None,
    ]
    assert policy.wait(error, 1, 1.0, repeatable=True) == 0.5


def test_pause_is_short_when_connection_is_lost_for_first_time() -> None:
    policy = Policy(backoff=1.0)
    lost = ConnectionFailed("", sent=True)
    assert [policy.wait(lost, attempt, 0.0, repeatable=True) for attempt in (1, 2)] == [0.1, 2.0]

"""Tokens of an OpenID provider at a server with several workers: they agree about all of them."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.identity.issuers.provider import AUDIENCE, LENE, RunningProvider, sign, signing_key
from tests.process.running import RunningServer, command
from tests.process.workers import WithWorkers, WorkerConnection, until

_DRAFT = {"culture": "en-US", "endpointId": "e", "userAgent": "test"}


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    running = RunningProvider()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("issuers") / "data"


@pytest.fixture(scope="module")
def server(provider: RunningProvider, data: Path) -> Iterator[WithWorkers]:
    issuer = {"url": provider.url, "audience": AUDIENCE, "domains": "contoso.com", "key_refresh_min": 0.2}
    with WithWorkers(data, OPENUCWA_ISSUERS=json.dumps([issuer])) as running:
        yield running


@pytest.fixture
def connections(server: WithWorkers) -> Iterator[list[WorkerConnection]]:
    found = server.connections()
    yield found
    for lane in found:
        lane.close()


def token(provider: RunningProvider, **claims: object) -> str:
    now = int(time.time())
    usual = {"iss": provider.url, "aud": AUDIENCE, "sub": "x", "exp": now + 600, "scope": "Meetings.ReadWrite"}
    return sign(provider.key, usual | LENE | claims)


def opened(lane: WorkerConnection, bearer: str) -> tuple[int, str]:
    lane.token = bearer
    status, answer = lane.ask("POST", "/ucwa/v1/applications", _DRAFT)
    return status, str(answer.get("id", ""))


def test_user_of_an_issuer_has_one_application_at_all_workers(
    connections: list[WorkerConnection], provider: RunningProvider
) -> None:
    bearer = token(provider)
    first, second = (opened(lane, bearer) for lane in connections)
    assert first[0] == 201
    assert first == second


def test_scopes_are_enforced_by_all_workers(connections: list[WorkerConnection], provider: RunningProvider) -> None:
    bearer = token(provider)
    _, application = opened(connections[0], bearer)
    family = f"/ucwa/v1/applications/{application}/onlineMeetings/myOnlineMeetings"
    for lane in connections:
        lane.token = bearer
        status, meeting = lane.ask("POST", family, {})
        assert status == 201
        status, refusal = lane.ask("GET", meeting["_links"]["onlineMeetingExtensions"]["href"])
        assert (status, refusal["code"]) == (403, "Forbidden")


def test_key_that_takes_the_place_of_another_is_known_to_all_workers(
    connections: list[WorkerConnection], provider: RunningProvider
) -> None:
    old = token(provider)
    assert [opened(lane, old)[0] for lane in connections] == [201, 201]
    provider.rotate(f"after {provider.key.kid}")
    new = token(provider)
    for lane in connections:
        until(lambda lane=lane: ((answer := opened(lane, new))[0] == 201, answer))  # type: ignore[misc]
        assert opened(lane, old)[0] in {401, 503}


def test_forged_token_is_refused_by_all_workers(connections: list[WorkerConnection], provider: RunningProvider) -> None:
    forged = sign(signing_key(str(provider.key.kid)), json.loads("{}") | {"iss": provider.url, "aud": AUDIENCE})
    assert [opened(lane, forged)[0] for lane in connections] == [401, 401]


def test_removed_user_loses_access_at_all_workers(
    connections: list[WorkerConnection], provider: RunningProvider, data: Path
) -> None:
    bearer = token(provider, preferred_username="dana@contoso.com")
    assert [opened(lane, bearer)[0] for lane in connections] == [201, 201]
    removed = command("user", "remove", "sip:dana@contoso.com", "--yes", "--data", str(data))
    assert removed.returncode == 0, removed.stderr
    another = token(provider, preferred_username="dana@contoso.com", jti="another")
    for lane in connections:
        assert opened(lane, bearer)[0] == 401
        assert opened(lane, another)[0] == 401


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        pytest.param({"exp": 1}, {}, id="expired"),
        pytest.param({"aud": "https://somewhere.else"}, {}, id="wrong audience"),
        pytest.param({"iss": "http://127.0.0.1:1"}, {}, id="wrong issuer"),
        pytest.param({}, {"typ": "logout+jwt"}, id="no access token"),
        pytest.param({"cnf": {"jkt": "x"}}, {}, id="bound to a key"),
    ],
)
def test_invalid_token_is_401_with_a_challenge(
    server: WithWorkers, provider: RunningProvider, claims: dict[str, object], header: dict[str, object]
) -> None:
    now = int(time.time())
    usual = {"iss": provider.url, "aud": AUDIENCE, "sub": "x", "exp": now + 600, "scope": "Meetings.ReadWrite"} | LENE
    for bearer, status in ((sign(provider.key, usual), 201), (sign(provider.key, usual | claims, **header), 401)):
        answer = httpx.post(
            f"{server.urls[0]}/ucwa/v1/applications", json=_DRAFT, headers={"Authorization": f"Bearer {bearer}"}
        )
        assert answer.status_code == status
    assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_token_without_a_real_signature_is_401(server: WithWorkers, provider: RunningProvider, algorithm: str) -> None:
    head, payload = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in (
            {"alg": algorithm, "kid": provider.key.kid, "typ": "at+jwt"},
            {"iss": provider.url, "aud": AUDIENCE, "exp": int(time.time()) + 600} | LENE,
        )
    )
    public = provider.key.as_pem(private=False)
    signature = base64.urlsafe_b64encode(hmac.digest(public, head + b"." + payload, "sha256")).rstrip(b"=")
    bearer = b".".join((head, payload, b"" if algorithm == "none" else signature)).decode()
    answer = httpx.post(
        f"{server.urls[0]}/ucwa/v1/applications", json=_DRAFT, headers={"Authorization": f"Bearer {bearer}"}
    )
    assert answer.status_code == 401


def test_requests_during_an_outage_are_not_logged_as_errors(tmp_path: Path) -> None:
    away = {"url": "http://127.0.0.1:9", "audience": AUDIENCE, "domains": "contoso.com"}
    settings = {"OPENUCWA_ISSUERS": json.dumps([away]), "OPENUCWA_LOG_LEVEL": "warning"}
    claims = {"iss": away["url"], "aud": AUDIENCE, "exp": int(time.time()) + 60} | LENE
    bearer = sign(signing_key("made-up"), claims)
    with RunningServer(tmp_path / "data", **settings) as running:
        for _ in range(3):
            answer = httpx.get(
                f"{running.urls[0]}/ucwa/v1/applications/1", headers={"Authorization": f"Bearer {bearer}"}
            )
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
    unavailable = [line for line in running.log if "is unavailable" in line]
    assert running.log == unavailable
    assert len(unavailable) == 1

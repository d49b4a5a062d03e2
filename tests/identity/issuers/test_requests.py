"""Requests with the tokens of an issuer, to a server as it is."""

import socket

import pytest

from openucwa.app import Service
from openucwa.config_identity import Issuer
from openucwa.model.scopes import INITIATE, MEETINGS, RECEIVE
from tests.client import UcwaClient
from tests.conftest import Connect, Make
from tests.identity.issuers.conftest import Claiming
from tests.identity.issuers.provider import AUDIENCE, RunningProvider, sign
from tests.users import LENE
from tests.world import FakeWorld, until

APPLICATION = {"culture": "en-us", "endpointId": "endpoint", "userAgent": "tests"}
NEW = {"preferred_username": "new@contoso.com", "name": "Newton", "email": "newton@contoso.com"}


def issuer(provider: RunningProvider, **table: object) -> Issuer:
    usual = {"url": provider.url, "audience": AUDIENCE, "domains": "contoso.com", "default_scopes": "all"}
    return Issuer(**usual | table)  # type: ignore[arg-type]


@pytest.fixture
async def server(make_service: Make, provider: RunningProvider) -> Service:
    return await make_service(issuers=(issuer(provider),))


def bearing(connect: Connect, server: Service, token: str) -> UcwaClient:
    client = connect(server)
    client.token = token
    return client


async def test_user_of_the_issuer_does_the_main_job(
    server: Service, connect: Connect, provider: RunningProvider
) -> None:
    lene = bearing(connect, server, await provider.token())
    await lene.open()
    extension = await lene.extend(await lene.schedule(subject="Budget"), id="agenda", type="RoamedParticipantData")
    assert (await lene.replace(extension, seats=10)).json()["seats"] == 10


async def test_issuers_for_the_console_are_listed_from_the_first_request_on(
    make_service: Make, connect: Connect, provider: RunningProvider
) -> None:
    server = await make_service(issuers=(issuer(provider, console_client_id="console"),))
    listed = await connect(server).get("/openucwa/issuers")
    assert [each["issuer"] for each in listed.json()["issuers"]] == [provider.url]


async def test_issuer_that_does_not_answer_does_not_hide_the_others(
    make_service: Make, connect: Connect, provider: RunningProvider
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        away = issuer(provider, url=url, domains="fabrikam.com", console_client_id="console", timeout=0.5)
        server = await make_service(issuers=(away, issuer(provider, console_client_id="console")))
        listed = await connect(server).get("/openucwa/issuers")
    assert [each["issuer"] for each in listed.json()["issuers"]] == [provider.url]


async def test_own_token_and_foreign_one_of_a_user_open_the_same_application(
    server: Service, connect: Connect, provider: RunningProvider
) -> None:
    own = connect(server)
    await own.sign_in("lenea@contoso.com")
    foreign = bearing(connect, server, await provider.token())
    assert (await own.open())["id"] == (await foreign.open())["id"]


async def test_new_user_is_added_with_name_and_address_from_the_claims(
    server: Service, connect: Connect, provider: RunningProvider, claims: Claiming
) -> None:
    client = bearing(connect, server, sign(provider.key, claims(**NEW)))
    await client.open()
    me = (await client.get(f"{client.app}/me")).json()
    assert (me["uri"], me["name"], me["emailAddresses"]) == ("sip:new@contoso.com", "Newton", ["newton@contoso.com"])
    added = await server.store.users.get("sip:new@contoso.com")
    assert added is not None
    assert added.source == provider.url


async def test_user_whom_an_issuer_adds_is_in_the_audit_trail_once(
    server: Service,
    connect: Connect,
    provider: RunningProvider,
    claims: Claiming,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in ("first", "second"):
        await bearing(connect, server, sign(provider.key, claims(**NEW, jti=name))).open(name)
    lines = [each.getMessage() for each in caplog.records if each.name == "openucwa.audit"]
    assert lines == [f"user-added by={provider.url} user=sip:new@contoso.com"]


async def test_new_user_is_not_added_without_create_users(
    make_service: Make, connect: Connect, provider: RunningProvider, claims: Claiming
) -> None:
    server = await make_service(issuers=(issuer(provider, create_users=False),))
    client = bearing(connect, server, sign(provider.key, claims(**NEW)))
    assert (await client.post("/ucwa/v1/applications", json=APPLICATION)).status_code == 401
    assert await server.store.users.get("sip:new@contoso.com") is None
    known = bearing(connect, server, await provider.token())
    await known.open()


async def test_removed_user_stays_out_with_old_tokens_and_new_ones(
    server: Service, connect: Connect, provider: RunningProvider, claims: Claiming
) -> None:
    client = bearing(connect, server, sign(provider.key, claims(**NEW)))
    await client.open()
    await server.store.users.remove("sip:new@contoso.com", server.world.now())
    other = bearing(connect, server, sign(provider.key, claims(**NEW, jti="another")))
    for each in (client, other):
        answer = await each.post("/ucwa/v1/applications", json=APPLICATION)
        assert answer.status_code == 401
    assert (await client.get(client.app)).status_code == 401
    assert await server.store.users.get("sip:new@contoso.com") is None


async def test_disabled_user_stays_out_with_an_issuers_token_until_enabled(
    server: Service, connect: Connect, provider: RunningProvider, claims: Claiming
) -> None:
    client = bearing(connect, server, sign(provider.key, claims(**NEW)))
    await client.open()
    await server.store.users.disable("sip:new@contoso.com", server.world.now())
    other = bearing(connect, server, sign(provider.key, claims(**NEW, jti="another")))
    for each in (client, other):
        assert (await each.post("/ucwa/v1/applications", json=APPLICATION)).status_code == 401
    assert (await client.get(client.app)).status_code == 401
    await server.store.users.enable("sip:new@contoso.com")
    await client.open()


async def test_application_that_was_opened_while_its_user_was_disabled_is_of_no_use(
    server: Service, connect: Connect, provider: RunningProvider, claims: Claiming
) -> None:
    client = bearing(connect, server, sign(provider.key, claims(**NEW)))
    await client.open()
    (session,) = await server.store.applications.all("sip:new@contoso.com")
    await server.store.users.disable("sip:new@contoso.com", server.world.now())
    await server.store.applications.open(session.application, None, server.world.now(), 10)
    assert (await client.get(client.app)).status_code == 401


async def test_password_change_here_does_not_end_the_issuers_tokens(
    server: Service, connect: Connect, provider: RunningProvider
) -> None:
    client = bearing(connect, server, await provider.token())
    await client.open()
    await server.store.users.change_password(LENE, "another")
    assert (await client.get(client.app)).status_code == 200


async def test_scopes_of_an_issuers_token_are_enforced(
    make_service: Make, connect: Connect, provider: RunningProvider, claims: Claiming
) -> None:
    server = await make_service(issuers=(issuer(provider, default_scopes=()),))
    everything = bearing(connect, server, sign(provider.key, claims(scope=f"{RECEIVE} {MEETINGS}")))
    await everything.open()
    meeting = await everything.schedule()
    extensions = meeting["_links"]["onlineMeetingExtensions"]["href"]
    for scope, status in ((RECEIVE, 200), (INITIATE, 200), (MEETINGS, 403), ("openid", 403)):
        client = bearing(connect, server, sign(provider.key, claims(scope=scope)))
        answer = await client.get(extensions)
        assert answer.status_code == status
        if status == 403:
            assert INITIATE in answer.json()["message"]
            assert RECEIVE in answer.json()["message"]


async def test_session_ends_when_the_token_does(
    server: Service, connect: Connect, provider: RunningProvider, claims: Claiming, world: FakeWorld
) -> None:
    client = bearing(connect, server, sign(provider.key, claims()))
    await client.open()
    meeting = (await client.schedule())["_links"]["self"]["href"]
    assert (await client.get(meeting)).status_code == 200
    await world.advance(599 + 60)
    assert (await client.get(meeting)).status_code == 200
    await world.advance(2)
    assert (await client.get(meeting)).status_code == 401


async def test_cached_answers_end_with_the_key_that_signed_the_token(
    server: Service, connect: Connect, provider: RunningProvider, claims: Claiming, world: FakeWorld
) -> None:
    client = bearing(connect, server, sign(provider.key, claims(exp=world.now() // 1000 + 36_000)))
    await client.open()
    meeting = (await client.schedule())["_links"]["self"]["href"]
    for _ in range(3):
        assert (await client.get(meeting)).status_code == 200
    provider.rotate("second")
    await world.advance(6)
    assert (await bearing(connect, server, await provider.token()).open())["id"]
    assert (await client.get(meeting)).status_code in {401, 503}


async def test_challenge_names_the_issuer_after_the_two_lines(
    server: Service, connect: Connect, provider: RunningProvider
) -> None:
    await until(server.sources.authorization_uris)
    answer = await connect(server).get("/ucwa/v1/applications")
    lines = answer.headers.get_list("WWW-Authenticate")
    assert [line.partition("=")[0] for line in lines] == [
        "Bearer trusted_issuers",
        "MsRtcOAuth href",
        "Bearer authorization_uri",
    ]
    assert lines[2] == f'Bearer authorization_uri="{provider.url}/auth"'


async def test_without_issuers_the_challenge_has_two_lines(make_service: Make, connect: Connect) -> None:
    answer = await connect(await make_service()).get("/ucwa/v1/applications")
    assert len(answer.headers.get_list("WWW-Authenticate")) == 2


async def test_unreachable_issuer_is_503_with_retry_after(
    make_service: Make, connect: Connect, provider: RunningProvider, claims: Claiming
) -> None:
    token = sign(provider.key, claims())
    provider.stop()
    server = await make_service(issuers=(issuer(provider),))
    answer = await bearing(connect, server, token).post("/ucwa/v1/applications", json=APPLICATION)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    own = connect(server)
    await own.sign_in("lenea@contoso.com")
    await own.open()


async def test_password_that_the_issuer_verifies_signs_in(
    make_service: Make, connect: Connect, provider: RunningProvider
) -> None:
    grant = {"client_id": "openucwa", "client_secret": "server-secret", "password_username": "{user}"}
    server = await make_service(issuers=(issuer(provider, password_grant=True, **grant),))
    client = connect(server)
    # Whoever has a password here is not asked for at the issuer.
    await client.sign_in("lenea@contoso.com")
    await client.sign_in("lene@contoso.com", "lene-secret")
    assert (await client.open())["_embedded"]["me"]["uri"] == LENE
    answer = await client.http.post("/WebTicket/oauthtoken", data=form("lene@contoso.com", "wrong"))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})
    provider.stop()
    answer = await client.http.post("/WebTicket/oauthtoken", data=form("lene@contoso.com", "lene-secret"))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1


def form(username: str, password: str) -> dict[str, str]:
    return {"grant_type": "password", "username": username, "password": password}

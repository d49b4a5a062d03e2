"""Sign-in with the directory's passwords, to a server as it is."""

import asyncio

import httpx
import pytest

from openucwa.app import Service
from openucwa.config_identity import Directory
from tests.conftest import Connect, Make
from tests.identity.directories.slapd import BASE, SEARCHER, SEARCHER_PASSWORD, DirectoryServer
from tests.needs import need_module


@pytest.fixture
def directory(server: DirectoryServer) -> Directory:
    need_module("ldap", "python-ldap")
    return Directory(
        url=server.tls_url,
        ca_file=server.ca_file,
        domains="contoso.com",
        base=BASE,
        bind_dn=SEARCHER,
        bind_password=SEARCHER_PASSWORD,
        login_filter="(&(objectClass=person)(|(uid={user})(mail={login})(employeeType=sip:{login})))",
        uri_attributes=("mail",),
    )


@pytest.fixture
async def service(make_service: Make, directory: Directory) -> Service:
    return await make_service(directories=(directory,))


async def granted(connect: Connect, service: Service, username: str, password: str) -> httpx.Response:
    form = {"grant_type": "password", "username": username, "password": password}
    return await connect(service).http.post("/WebTicket/oauthtoken", data=form)


async def test_user_of_the_directory_signs_in_and_is_added(service: Service, connect: Connect) -> None:
    client = connect(service)
    await client.sign_in("lene", "lene-secret")
    me = (await client.open())["_embedded"]["me"]
    assert (me["uri"], me["name"]) == ("sip:lene.aalling@contoso.com", "Lene Aalling (Copenhagen)")


async def test_me_and_contact_show_details_from_the_directory(service: Service, connect: Connect) -> None:
    client = connect(service)
    await client.sign_in("lene", "lene-secret")
    await client.open()
    expected = {
        "name": "Lene Aalling (Copenhagen)",
        "emailAddresses": ["lene.aalling@contoso.com"],
        "title": "Engineer",
        "department": "Research",
        "workPhoneNumber": "+45 1234",
        "mobilePhoneNumber": "+45 5678",
    }
    contact = f"{client.app}/people/lene.aalling@contoso.com"
    for href in (f"{client.app}/me", contact):
        shown = (await client.get(href)).json()
        assert {name: shown.get(name) for name in expected} == expected
        assert "homePhoneNumber" not in shown


async def test_user_with_a_local_password_does_not_need_the_directory(
    service: Service, connect: Connect, server: DirectoryServer
) -> None:
    server.stop()
    try:
        await connect(service).sign_in("lenea@contoso.com")
    finally:
        server.start()


async def test_wrong_user_and_wrong_password_are_answered_alike(service: Service, connect: Connect) -> None:
    wrong = [
        await granted(connect, service, name, password)
        for name, password in (("lene", "wrong"), ("nobody", "wrong"), ("*", "lene-secret"), ("eve", "eve-secret"))
    ]
    assert {(answer.status_code, answer.text) for answer in wrong} == {(400, '{"error":"invalid_grant"}')}
    assert len({answer.headers["X-Ms-diagnostics"] for answer in wrong}) == 1


async def test_guesses_are_throttled_before_they_reach_the_directory(
    make_service: Make, directory: Directory, connect: Connect
) -> None:
    service = await make_service(directories=(directory,), sign_in_failures=2)
    for _ in range(2):
        assert (await granted(connect, service, "lene", "wrong")).status_code == 400
    assert (await granted(connect, service, "lene", "lene-secret")).status_code == 429


@pytest.mark.parametrize(
    "spelling",
    [
        "lene@contoso.com",
        "sip:lene@contoso.com",
        "CONTOSO\\lene",
        "CORP\\lene",
        "LENE",
        "\uff4cene",
        "lene@\uff43ontoso.com",
        "l\u00adene",
    ],
)
async def test_all_spellings_of_a_user_are_throttled_together(
    make_service: Make, directory: Directory, connect: Connect, spelling: str
) -> None:
    service = await make_service(directories=(directory,), sign_in_failures=2)
    for _ in range(2):
        assert (await granted(connect, service, "lene", "wrong")).status_code == 400
    assert (await granted(connect, service, spelling, "lene-secret")).status_code == 429


@pytest.mark.parametrize(("name", "password"), [("lene", "x" * 60_000), ("x" * 60_000, "x")])
async def test_overlong_name_or_password_is_wrong_and_not_shown_to_the_directory(
    service: Service, connect: Connect, server: DirectoryServer, name: str, password: str
) -> None:
    before = server.binds
    answer = await granted(connect, service, name, password)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})
    assert server.binds == before


async def test_unreachable_directory_is_503_and_not_a_failed_attempt(
    make_service: Make, directory: Directory, connect: Connect, server: DirectoryServer
) -> None:
    service = await make_service(directories=(directory,), sign_in_failures=1)
    server.stop()
    try:
        for _ in range(3):
            answer = await granted(connect, service, "lene", "lene-secret")
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
    finally:
        server.start()
    assert (await granted(connect, service, "lene", "lene-secret")).status_code == 200


async def test_removed_user_of_the_directory_stays_out(service: Service, connect: Connect) -> None:
    client = connect(service)
    await client.sign_in("dana", "dana-secret")
    await client.open()
    await service.store.users.remove("sip:dana@contoso.com", service.world.now())
    assert (await client.get(client.app)).status_code == 401
    assert (await granted(connect, service, "dana", "dana-secret")).status_code == 400


async def test_many_sign_ins_at_once_add_one_user(service: Service, connect: Connect) -> None:
    answers = await asyncio.gather(*(granted(connect, service, "dana", "dana-secret") for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert await service.store.users.get("sip:dana@contoso.com") is not None

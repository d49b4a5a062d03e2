"""Passwords of a real directory at a server with two workers, over sockets."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.identity.directories.slapd import BASE, MEETERS, SEARCHER, SEARCHER_PASSWORD, DirectoryServer
from tests.needs import need_module
from tests.process.running import RunningServer


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DirectoryServer]:
    need_module("ldap", "python-ldap")
    running = DirectoryServer(tmp_path_factory.mktemp("slapd"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def server(directory: DirectoryServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    table = {
        "url": directory.url,  # StartTLS
        "ca_file": directory.ca_file,
        "domains": "contoso.com",
        "base": BASE,
        "bind_dn": SEARCHER,
        "bind_password": SEARCHER_PASSWORD,
        "login_filter": "(&(objectClass=person)(|(uid={user})(mail={login})(employeeType=sip:{login})))",
        "uri_attributes": ["employeeType", "mail"],
        "groups": [MEETERS],
    }
    data = tmp_path_factory.mktemp("directories") / "data"
    with RunningServer(data, "--workers", "2", OPENUCWA_DIRECTORIES=json.dumps([table])) as running:
        yield running


def signing_in(server: RunningServer, username: str, password: str) -> httpx.Response:
    form = {"grant_type": "password", "username": username, "password": password}
    return httpx.post(f"{server.urls[0]}/WebTicket/oauthtoken", data=form)  # a connection, and a worker, of its own


@pytest.mark.parametrize("name", ["lene", "lene.aalling@contoso.com", "sip:lenea@contoso.com", "CONTOSO\\lene"])
def test_user_of_the_directory_has_one_application_at_all_workers(server: RunningServer, name: str) -> None:
    draft = {"culture": "en-US", "endpointId": "e", "userAgent": "test"}
    ids = set()
    for _ in range(4):
        headers = {"Authorization": f"Bearer {signing_in(server, name, 'lene-secret').json()['access_token']}"}
        answer = httpx.post(f"{server.urls[0]}/ucwa/v1/applications", headers=headers, json=draft)
        assert answer.status_code == 201
        ids.add(answer.json()["id"])
    assert len(ids) == 1


@pytest.mark.parametrize(("name", "password"), [("lene", "wrong"), ("*", "lene-secret"), ("dana", "dana-secret")])
def test_wrong_password_injection_and_missing_group_are_indistinguishable(
    server: RunningServer, name: str, password: str
) -> None:
    answer = signing_in(server, name, password)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


def test_directory_that_is_away_is_503_until_it_is_back(server: RunningServer, directory: DirectoryServer) -> None:
    directory.stop()
    try:
        answer = signing_in(server, "lene", "lene-secret")
        assert (answer.status_code, answer.json()) == (503, {"error": "server_error"})
        assert int(answer.headers["Retry-After"]) >= 1
    finally:
        directory.start()
    assert signing_in(server, "lene", "lene-secret").status_code == 200

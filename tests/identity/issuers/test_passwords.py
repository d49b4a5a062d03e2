"""Passwords that an issuer verifies by its password grant."""

from pathlib import Path
from typing import Any

import pytest

from openucwa.identity.issuers.passwords import IssuerPasswords
from openucwa.identity.login import Login
from openucwa.model.refusals import ServiceUnavailable
from tests.identity.issuers.conftest import Checking
from tests.identity.issuers.provider import RunningProvider

GRANT = {
    "client_id": "openucwa",
    "client_secret": "server-secret",
    "password_grant": True,
    "password_username": "{user}",
}


@pytest.fixture
def verifying(checking: Checking, provider: RunningProvider) -> Any:
    def make(**table: Any) -> IssuerPasswords:
        return IssuerPasswords(checking(**GRANT | table).verifiers[provider.url])

    return make


async def test_right_password_identifies_the_user(verifying: Any, provider: RunningProvider) -> None:
    found = await verifying().verify(Login.parse("lene@contoso.com"), "lene-secret")
    assert (found.uri, found.name, found.source) == ("sip:lenea@contoso.com", "Lene Aalling", provider.url)


@pytest.mark.parametrize(("name", "password"), [("lene", "wrong"), ("nobody", "lene-secret"), ("lene", "")])
async def test_wrong_name_or_password_is_refused(verifying: Any, name: str, password: str) -> None:
    assert await verifying().verify(Login.parse(name), password) is None


async def test_unknown_user_costs_the_issuer_as_many_requests_as_a_wrong_password(
    verifying: Any, provider: RunningProvider
) -> None:
    passwords = verifying()
    for number, name in enumerate(("lene", "nobody"), 1):
        assert await passwords.verify(Login.parse(name), "wrong") is None
        assert await provider.requests("/token") == number


async def test_user_outside_of_the_issuers_domains_is_refused(verifying: Any) -> None:
    assert await verifying().verify(Login.parse("eve"), "eve-secret") is None


async def test_only_users_in_its_domains_are_sent_to_the_issuer(verifying: Any) -> None:
    passwords = verifying()
    assert passwords.may_know(Login.parse("lene@contoso.com"))
    assert passwords.may_know(Login.parse("CONTOSO\\lene"))
    assert passwords.may_know(Login.parse("lene"))
    assert not passwords.may_know(Login.parse("lene@elsewhere.org"))


async def test_unreachable_issuer_is_not_a_wrong_password(verifying: Any, provider: RunningProvider) -> None:
    passwords = verifying()
    provider.stop()
    with pytest.raises(ServiceUnavailable):
        await passwords.verify(Login.parse("lene"), "lene-secret")
    provider.start()
    assert await passwords.verify(Login.parse("lene"), "lene-secret")


async def test_wrong_client_secret_is_an_outage(verifying: Any) -> None:
    with pytest.raises(ServiceUnavailable):
        await verifying(client_secret="wrong").verify(Login.parse("lene"), "lene-secret")


async def test_client_secret_may_be_in_a_file(verifying: Any, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("server-secret\n")
    passwords = verifying(client_secret=None, client_secret_file=str(file))
    assert await passwords.verify(Login.parse("lene"), "lene-secret")

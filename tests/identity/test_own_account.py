"""openucwa:password and openucwa:signOut: what users do with their own account, over the protocol."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from openucwa.app import Service
from openucwa.identity.accounts import NewToken, PasswordChange
from openucwa.identity.passwords import MAX_PASSWORD_LENGTH
from openucwa.store.sql import SqlStore
from tests.client import PASSWORD, UcwaClient
from tests.conftest import Connect, Make
from tests.resources.messages import assert_refused
from tests.users import LENE
from tests.world import FakeWorld

NEW = "a new horse, correct"


async def change(client: UcwaClient, current: str = PASSWORD, new: str = NEW, **more: Any) -> httpx.Response:
    index = (await client.get(f"{client.app}/openucwa")).json()
    href = index["_links"]["openucwa:password"]["href"]
    return await client.post(href, json={"currentPassword": current, "newPassword": new, **more})


async def sign_out(client: UcwaClient, **body: Any) -> httpx.Response:
    index = (await client.get(f"{client.app}/openucwa")).json()
    return await client.post(index["_links"]["openucwa:signOut"]["href"], json=body)


@pytest.fixture
async def other(service: Service, connect: Connect, lene: UcwaClient) -> UcwaClient:
    """Lene's other device."""
    client = connect(service)
    await client.sign_in("lenea@contoso.com")
    await client.open("another endpoint")
    return client


def wrong(answer: httpx.Response, name: str) -> str:
    """The reason why this parameter was refused."""
    assert answer.status_code == 400, answer.text
    (fault,) = answer.json()["parameters"]
    assert fault["name"] == name
    return str(fault["reason"])


async def test_changed_password_signs_in_and_the_old_one_does_not(
    lene: UcwaClient, service: Service, connect: Connect
) -> None:
    answer = await change(lene)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    await connect(service).sign_in("lenea@contoso.com", NEW)
    form = {"grant_type": "password", "username": "lenea@contoso.com", "password": PASSWORD}
    assert (await connect(service).request("POST", "/WebTicket/oauthtoken", data=form)).status_code == 400


async def test_application_that_changed_the_password_goes_on_with_the_new_token(lene: UcwaClient) -> None:
    token = (await change(lene)).json()["accessToken"]
    assert (await lene.get(lene.app)).status_code == 401
    lene.token = token
    assert (await lene.get(lene.app)).status_code == 200


async def test_other_applications_end_unless_they_are_to_go_on(
    lene: UcwaClient, other: UcwaClient, service: Service
) -> None:
    def there() -> Any:
        return service.store.applications.all(LENE)

    kept = await change(lene, endOtherApplications=False)
    assert len(await there()) == 2
    lene.token = kept.json()["accessToken"]
    await change(lene, NEW, PASSWORD)
    assert [each.application.id for each in await there()] == [lene.app.rpartition("/")[2]]
    assert (await other.get(other.app)).status_code == 401


async def test_wrong_current_password_is_refused_at_its_property(lene: UcwaClient) -> None:
    assert wrong(await change(lene, "guessed"), "currentPassword") == "is not the current password"
    assert (await lene.get(lene.app)).status_code == 200


async def test_passwords_in_the_address_are_refused(lene: UcwaClient) -> None:
    answer = await lene.post(f"{lene.app}/openucwa/password?currentPassword={PASSWORD}", json={"newPassword": NEW})
    assert wrong(answer, "currentPassword") == "must be in the body: logs contain addresses"
    assert (await lene.get(lene.app)).status_code == 200


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("short", f"must have 8 to {MAX_PASSWORD_LENGTH} characters"),
        ("x" * (MAX_PASSWORD_LENGTH + 1), f"must have 8 to {MAX_PASSWORD_LENGTH} characters"),
        (PASSWORD, "must not be the current password"),
    ],
    ids=["short", "long", "equal"],
)
async def test_unfit_new_password_is_refused_at_its_property(lene: UcwaClient, new: str, reason: str) -> None:
    assert wrong(await change(lene, new=new), "newPassword") == reason


async def test_guessed_passwords_are_throttled_together_with_sign_ins(make_service: Make, connect: Connect) -> None:
    service = await make_service(sign_in_failures=2)
    client = connect(service)
    await client.sign_in("lenea@contoso.com")
    await client.open()
    for _ in range(2):
        assert (await change(client, "guessed")).status_code == 400
    throttled = await change(client)
    assert throttled.status_code == 429
    assert int(throttled.headers["Retry-After"]) > 0
    form = {"grant_type": "password", "username": "lenea@contoso.com", "password": PASSWORD}
    assert (await connect(service).request("POST", "/WebTicket/oauthtoken", data=form)).status_code == 429


async def test_user_of_a_directory_is_told_who_manages_the_password(service: Service, lene: UcwaClient) -> None:
    user = await service.store.users.get(LENE)
    assert user is not None
    assert isinstance(service.store, SqlStore)
    await service.store.writer.run(LENE, "update users set source = 'ldaps://ldap.contoso.com' where uri = ?", LENE)
    index = (await lene.get(f"{lene.app}/openucwa")).json()
    assert "openucwa:password" not in index["_links"]
    href = f"{lene.app}/openucwa/password"
    assert (await lene.get(href)).json()["changeable"] is False
    refused = await lene.post(href, json={"currentPassword": PASSWORD, "newPassword": NEW})
    assert_refused(refused, 403, "Forbidden")
    assert "the password is managed by ldaps://ldap.contoso.com" in refused.json()["message"]


async def test_token_without_scope_cannot_change_password_or_sign_out(service: Service, lene: UcwaClient) -> None:
    caller = await service.callers.check(lene.token or "")
    narrow = service.tokens.issue(replace(caller, scopes=frozenset({"Conversations.Receive"})))
    lene.token = narrow
    for path in ("password", "signOut"):
        answer = await lene.post(f"{lene.app}/openucwa/{path}", json={"currentPassword": PASSWORD, "newPassword": NEW})
        assert answer.status_code == 403


async def test_signing_out_everywhere_ends_all_tokens_and_applications(
    lene: UcwaClient, other: UcwaClient, service: Service
) -> None:
    assert (await sign_out(lene)).status_code == 204
    for client in (lene, other):
        assert (await client.get(client.app)).status_code == 401
    assert await service.store.applications.all(LENE) == []


async def test_application_that_is_kept_goes_on_with_the_new_token(lene: UcwaClient, other: UcwaClient) -> None:
    answer = await sign_out(lene, keepThis=True)
    assert answer.status_code == 200
    lene.token = answer.json()["accessToken"]
    assert (await lene.get(lene.app)).status_code == 200
    assert (await other.get(other.app)).status_code == 401


async def test_signing_out_does_not_prolong_the_token(service: Service, lene: UcwaClient, world: FakeWorld) -> None:
    expires = (await service.callers.check(lene.token or "")).expires
    await world.advance(60)
    answer = (await sign_out(lene, keepThis=True)).json()
    assert (await service.callers.check(answer["accessToken"])).expires == expires
    assert answer["expiresIn"] == (expires - world.now()) // 1000


async def test_of_requests_with_one_token_only_the_first_gets_a_new_one(lene: UcwaClient) -> None:
    requests = (lene.post(f"{lene.app}/openucwa/signOut", json={"keepThis": True}) for _ in range(4))
    answers = await asyncio.gather(*requests)
    assert sorted(each.status_code for each in answers) == [200, 401, 401, 401]


async def test_new_token_has_no_more_scopes_than_the_old_one(service: Service, lene: UcwaClient) -> None:
    caller = await service.callers.check(lene.token or "")
    scopes = frozenset({"User.ReadWrite"})
    lene.token = service.tokens.issue(replace(caller, scopes=scopes))
    answer = await lene.post(f"{lene.app}/openucwa/signOut", json={"keepThis": True})
    assert (await service.callers.check(answer.json()["accessToken"])).scopes == scopes


def test_passwords_and_tokens_are_not_in_the_text_of_values() -> None:
    change = PasswordChange("current secret", "new secret", None, "127.0.0.1")
    assert "secret" not in f"{change} {NewToken('a secret', 60)}"

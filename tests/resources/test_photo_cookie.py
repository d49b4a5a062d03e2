"""The photo cookie: what it lets a browser read, and nothing else."""

import base64
import re
from dataclasses import replace
from http.cookies import SimpleCookie

import pytest

from openucwa.app import Service
from openucwa.identity.tokens import Caller, new_signing_key
from openucwa.model.scopes import CONTACTS, USER
from openucwa.model.user import User
from tests.client import UcwaClient
from tests.conftest import Connect, Make
from tests.resources.test_photos import own, picture
from tests.users import DANA, LENE
from tests.world import FakeWorld


@pytest.fixture
def browser(service: Service, connect: Connect) -> UcwaClient:
    """A client without token and cookies."""
    return connect(service)


async def cookie_of(client: UcwaClient) -> str:
    """The value of the cookie that the client's application sets now."""
    answer = await client.get(client.app)
    parsed = SimpleCookie(answer.headers.get_list("Set-Cookie")[0])
    return parsed["cwt_ucwa"].value


def with_cookie(cookie: str) -> dict[str, str]:
    return {"Cookie": f"other=1; cwt_ucwa={cookie}; another=2"}


async def status(browser: UcwaClient, href: str, cookie: str) -> int:
    return (await browser.get(href, headers=with_cookie(cookie))).status_code


async def test_application_sets_the_cookie_for_its_photos_only(lene: UcwaClient) -> None:
    body = {"culture": "en-us", "endpointId": "endpoint", "userAgent": "tests"}
    for answer in (await lene.post("/ucwa/v1/applications", json=body), await lene.get(lene.app)):
        cookies = answer.headers.get_list("Set-Cookie")
        found = [
            re.fullmatch(r"cwt_ucwa=[\w.-]+; Path=(\S+); Secure; HttpOnly; SameSite=None", each) for each in cookies
        ]
        assert [each and each[1] for each in found] == [f"{lene.app}/photos", f"{lene.app}/photo"]


async def test_cookie_has_the_prefix_of_the_request_in_its_path(lene: UcwaClient) -> None:
    answer = await lene.get(lene.app.replace("/ucwa/v1", "/ucwa/oauth/v1"))
    assert f"Path={lene.app.replace('/ucwa/v1', '/ucwa/oauth/v1')}/photos;" in answer.headers["Set-Cookie"]


async def test_cookie_over_http_is_one_that_browsers_accept(
    lene: UcwaClient, service: Service, connect: Connect
) -> None:
    plain = connect(service, "http://ucwa.example.com")
    plain.token = lene.token
    answer = await plain.get(lene.app)
    for cookie in answer.headers.get_list("Set-Cookie"):
        assert cookie.endswith("; HttpOnly; SameSite=Lax")
        assert "Secure" not in cookie


async def test_picture_is_shown_with_the_cookie_alone(lene: UcwaClient, browser: UcwaClient) -> None:
    cookie = await cookie_of(lene)
    for href in (picture(lene), picture(lene, DANA), f"{lene.app}/photo", f"{picture(lene)}?size=HR96X96"):
        expected = await lene.get(href)
        answer = await browser.get(href, headers=with_cookie(cookie))
        assert (answer.status_code, answer.content) == (200, expected.content)


async def test_no_other_resource_takes_the_cookie(service: Service, lene: UcwaClient, browser: UcwaClient) -> None:
    cookie = await cookie_of(lene)
    names = {"application_id": lene.app.rpartition("/")[2], "address": "danab@contoso.com"}
    tried, pictures = 0, 0
    for template, resource in service.routes:
        if resource.public:
            continue
        href = re.sub(r"\{(\w+)\}", lambda name: names.get(name[1], "x"), template)
        for method in (*resource.operations, "PUT", "DELETE", "POST"):
            answer = await browser.request(method, href, headers=with_cookie(cookie))
            if resource.photo_cookie and method == "GET":
                pictures += 1
                assert answer.status_code == 200, template
            else:
                tried += 1
                assert answer.status_code == 401, (method, template)
    assert (tried > 200, pictures) == (True, 4)


async def test_cookie_is_no_token_and_a_token_is_no_cookie(lene: UcwaClient, browser: UcwaClient) -> None:
    cookie = await cookie_of(lene)
    for token in (cookie, f"cwt={cookie}"):
        answer = await browser.get(picture(lene), headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
    assert lene.token is not None
    for value in (lene.token, lene.token.removeprefix("cwt=")):
        assert await status(browser, picture(lene), value) == 401


async def test_token_takes_precedence_over_the_cookie(lene: UcwaClient, browser: UcwaClient) -> None:
    cookie = await cookie_of(lene)
    headers = {**with_cookie(cookie), "Authorization": "Bearer cwt=wrong"}
    assert (await browser.get(picture(lene), headers=headers)).status_code == 401


@pytest.mark.parametrize("damage", ["", "x", "{}x", "x{}", "{}.{}", "cwt={}", "é"])
async def test_forged_cookie_is_refused_as_a_missing_token(lene: UcwaClient, browser: UcwaClient, damage: str) -> None:
    cookie = await cookie_of(lene)
    forged = damage.replace("{}", cookie).encode("latin-1", "replace").decode("latin-1")
    answer = await browser.get(picture(lene), headers={"Cookie": f"cwt_ucwa={forged}".encode("latin-1")})  # type: ignore[dict-item]
    assert answer.status_code == 401
    assert len(answer.headers.get_list("WWW-Authenticate")) == 2


async def test_each_byte_of_the_cookie_matters(lene: UcwaClient, browser: UcwaClient) -> None:
    cookie = await cookie_of(lene)
    for place in range(0, len(cookie), 7):
        other = "A" if cookie[place] != "A" else "B"
        assert await status(browser, picture(lene), cookie[:place] + other + cookie[place + 1 :]) == 401


async def test_cookie_of_one_application_is_refused_by_another(
    service: Service, lene: UcwaClient, dana: UcwaClient, browser: UcwaClient, connect: Connect
) -> None:
    second = connect(service)
    second.token = lene.token
    await second.open("another endpoint")
    cookie = await cookie_of(lene)
    assert await status(browser, picture(second), cookie) == 401
    assert await status(browser, picture(dana), cookie) == 401


async def test_cookie_expires_with_the_token(
    service: Service, world: FakeWorld, lene: UcwaClient, browser: UcwaClient
) -> None:
    lene.token = service.tokens.issue(Caller(LENE, "Lene", None, 1, world.now() + 60_000, None))
    cookie = await cookie_of(lene)
    assert await status(browser, picture(lene), cookie) == 200
    await world.advance(60.0)
    assert await status(browser, picture(lene), cookie) == 401


async def test_cookie_ends_with_the_application(lene: UcwaClient, browser: UcwaClient) -> None:
    cookie = await cookie_of(lene)
    await lene.delete(lene.app)
    assert await status(browser, picture(lene), cookie) == 404


async def test_cookie_of_a_removed_user_is_refused(service: Service, lene: UcwaClient, browser: UcwaClient) -> None:
    cookie = await cookie_of(lene)
    await service.store.users.remove(LENE, service.world.now())
    assert await status(browser, picture(lene), cookie) == 401


async def test_cookie_is_refused_after_the_password_was_changed(
    service: Service, lene: UcwaClient, browser: UcwaClient
) -> None:
    cookie = await cookie_of(lene)
    await service.store.users.change_password(LENE, "another")
    assert await status(browser, picture(lene), cookie) == 401


async def test_cookie_of_an_earlier_user_of_the_address_is_refused(
    service: Service, lene: UcwaClient, browser: UcwaClient
) -> None:
    cookie = await cookie_of(lene)
    found = await service.store.users.get(LENE)
    assert isinstance(found, User)
    await service.store.users.remove(LENE, service.world.now())
    await service.store.users.add(replace(found, generation=1))
    assert await status(browser, picture(lene), cookie) == 401


async def test_cookie_has_the_scopes_of_the_token(service: Service, lene: UcwaClient, browser: UcwaClient) -> None:
    expires = service.world.now() + 60_000
    seen = {}
    for scope in (USER, CONTACTS):
        lene.token = service.tokens.issue(Caller(LENE, "Lene", None, 1, expires, frozenset({scope})))
        cookie = await cookie_of(lene)
        seen[scope] = [await status(browser, href, cookie) for href in (picture(lene), picture(lene, DANA))]
    assert seen == {USER: [200, 403], CONTACTS: [403, 200]}


async def test_other_page_can_change_nothing_with_the_cookie(lene: UcwaClient, browser: UcwaClient) -> None:
    cookie = await cookie_of(lene)
    headers = {**with_cookie(cookie), "Origin": "https://evil.example"}
    for method, href in (("POST", picture(lene)), ("DELETE", picture(lene)), ("DELETE", own(lene)), ("PUT", own(lene))):
        assert (await browser.request(method, href, headers=headers)).status_code == 401
    answer = await browser.get(picture(lene), headers=headers)
    # The page can show it, as all pictures, but not read it.
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_requests_with_the_cookie_count_as_the_users(make_service: Make, connect: Connect) -> None:
    service = await make_service(max_requests_in_flight=1)
    client, browser = connect(service), connect(service)
    await client.sign_in("lenea@contoso.com")
    await client.open()
    cookie = await cookie_of(client)
    service.in_flight.enter(LENE)
    assert await status(browser, picture(client), cookie) == 429
    service.in_flight.leave(LENE)
    assert await status(browser, picture(client), cookie) == 200


async def test_cookie_contains_no_name(lene: UcwaClient) -> None:
    payload = (await cookie_of(lene)).split(".")[1]
    assert b"Lene Aaling" not in base64.urlsafe_b64decode(payload + "==")


async def test_cookie_is_read_by_a_server_that_has_not_loaded_its_key_yet(
    service: Service, lene: UcwaClient, make_service: Make, connect: Connect
) -> None:
    other = await make_service()
    await service.store.signing_keys.add(new_signing_key(service.world))
    await service.keys.refresh()
    cookie = await cookie_of(lene)
    assert await status(connect(other), picture(lene), cookie) == 200

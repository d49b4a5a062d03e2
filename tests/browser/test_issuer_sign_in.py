"""The console signs in at an OpenID provider that really runs, in a real browser: authorization code with PKCE."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.console import BrowserUser
from tests.identity.issuers.provider import AUDIENCE, RunningProvider
from tests.process.running import RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAME = "Contoso Identity"


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    running = RunningProvider()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def server(provider: RunningProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    issuer = {
        "url": provider.url,
        "audience": AUDIENCE,
        "domains": "contoso.com",
        "default_scopes": "all",
        "console_client_id": "console",
        "name": NAME,
    }
    data = tmp_path_factory.mktemp("issuer") / "data"
    with RunningServer(data, OPENUCWA_ISSUERS=json.dumps([issuer])) as running:
        provider.redirect_uris = [f"{running.urls[0]}/"]
        provider.configure()
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(chromium: Browser, server: RunningServer) -> AsyncIterator[BrowserUser]:
    user = await BrowserUser.open_browser(chromium, server.urls[0])
    yield user
    await user.context.close()


async def sign_in(visitor: BrowserUser, account: str = "lene") -> None:
    page = visitor.page
    await page.get_by_role("button", name=f"Sign in with {NAME}").click()
    await page.locator("input[name=login]").fill(account)
    await page.locator("input[name=password]").fill("any")
    await page.get_by_role("button", name="Sign-in").click()
    await page.get_by_role("button", name="Continue").click()


async def test_user_signs_in_at_the_issuer_and_works_in_the_console(
    visitor: BrowserUser, server: RunningServer
) -> None:
    page = visitor.page
    await sign_in(visitor)
    await expect(page.locator("#who")).to_have_text("Lene Aalling")
    await expect(page.locator("#console")).to_be_visible()
    assert page.url == f"{server.urls[0]}/", "the code is not left in the address"
    await page.get_by_role("link", name="New meeting").click()
    await page.get_by_label("Subject").fill("Budget")
    await page.get_by_role("button", name="Schedule").click()
    await expect(page.get_by_role("heading", name="Budget")).to_be_visible()
    await page.reload()
    await expect(page.locator("#who")).to_have_text("Lene Aalling")
    # The browser says of the provider's own page what it thinks of it.
    assert [trouble for trouble in visitor.errors if not trouble.startswith("[DOM]")] == []


async def test_sign_in_cancelled_at_the_issuer_shows_a_message(visitor: BrowserUser) -> None:
    page = visitor.page
    await page.get_by_role("button", name=f"Sign in with {NAME}").click()
    await page.get_by_role("link", name="Cancel").click()
    await expect(page.get_by_role("alert")).to_contain_text(f"{NAME} did not sign you in")
    await expect(page.locator("#sign-in form")).to_be_visible()


async def test_unsolicited_code_does_not_sign_in(visitor: BrowserUser, server: RunningServer) -> None:
    page = visitor.page
    await page.goto(f"{server.urls[0]}/?code=stolen&state=made-up")
    await expect(page.locator("#sign-in form")).to_be_visible()
    await expect(page.locator("#console")).to_be_hidden()


@pytest.mark.parametrize(
    "answer",
    [
        "code=stolen&state=made-up&iss={issuer}",
        "code=stolen&state={state}",
        "code=stolen&state={state}&iss=http://127.0.0.1:1",
    ],
)
async def test_code_of_another_sign_in_or_issuer_is_not_redeemed(
    visitor: BrowserUser, server: RunningServer, provider: RunningProvider, answer: str
) -> None:
    page = visitor.page
    await page.get_by_role("button", name=f"Sign in with {NAME}").click()
    await page.locator("input[name=login]").wait_for()
    before = await provider.requests("/token")
    await page.goto(f"{server.urls[0]}/healthz")
    left = json.loads(await page.evaluate("sessionStorage.getItem('openucwa issuer')"))
    await page.goto(f"{server.urls[0]}/?{answer.format(state=left['state'], issuer=provider.url)}")
    await expect(page.get_by_role("alert")).to_contain_text("was not started here")
    await expect(page.locator("#console")).to_be_hidden()
    assert page.url == f"{server.urls[0]}/"
    assert await provider.requests("/token") == before


async def test_code_and_tokens_stay_in_the_tab_alone(visitor: BrowserUser, server: RunningServer) -> None:
    page = visitor.page
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    await sign_in(visitor)
    await expect(page.locator("#console")).to_be_visible()
    assert await page.evaluate("localStorage.length") == 0
    assert await page.evaluate("document.cookie") == ""
    secrets = json.loads(await page.evaluate("sessionStorage.getItem('openucwa console')"))["tokens"]
    assert not [url for url in seen if secrets["accessToken"] in url]
    await page.go_back()
    assert "code=" not in page.url
    await page.go_forward()
    assert page.url == f"{server.urls[0]}/"


async def test_user_refused_by_the_server_sees_a_message(visitor: BrowserUser) -> None:
    await sign_in(visitor, "eve")
    await expect(visitor.page.get_by_role("alert")).to_be_visible()
    await expect(visitor.page.locator("#console")).to_be_hidden()


async def test_password_form_stays(visitor: BrowserUser) -> None:
    await expect(visitor.page.get_by_label("Password").first).to_be_visible()

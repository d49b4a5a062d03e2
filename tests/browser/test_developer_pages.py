"""The pages for developers, in Chromium."""

import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.assistance import assisted
from tests.browser.console import DESKTOP, SMALL, BrowserUser
from tests.client import PASSWORD
from tests.process.running import RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

SIZES = (DESKTOP, SMALL)


class Developer(BrowserUser):
    """Somebody who reads the guides and tries requests."""

    kind = "developers"


async def opened(page: Page, tag: str, operation: str) -> Locator:
    """An operation, with its fields."""
    await page.locator(f"#operations-tag-{tag}").get_by_role("button").click()
    shown = page.locator(f"#operations-{tag}-{operation}")
    await shown.get_by_role("button").first.click()
    return shown


async def answer_of(operation: Locator) -> Locator:
    """Sends the request, and returns the answer."""
    await operation.get_by_role("button", name="Execute").click()
    return operation.locator(".live-responses-table")


async def test_developer_signs_in_tries_requests_and_reads_a_guide(chromium: Browser, plain: RunningServer) -> None:
    developer = await Developer.open_browser(chromium, f"{plain.urls[0]}/docs/api")
    assert isinstance(developer, Developer)
    page = developer.page
    await page.get_by_label("User name").fill("lenea@contoso.com")
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("The user name or the password is wrong.")).to_be_visible()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("status")).to_have_text("You are signed in as lenea@contoso.com.")

    await page.get_by_placeholder("Filter by tag or path").fill("application")
    await expect(page.locator("#operations-tag-root")).to_be_hidden()
    creating = await opened(page, "applications", "postApplications")
    await creating.get_by_label("Body").fill('{"culture": "en-US", "endpointId": "docs", "userAgent": "docs"}')
    await expect(await answer_of(creating)).to_contain_text("201")
    await developer.check_page("1-post", SIZES)
    await assisted(page, "api", ".opblock.is-open")
    await creating.get_by_role("button").first.click()

    # The id of the application is filled in.
    reading = await opened(page, "application", "getApplication")
    await expect(reading.get_by_placeholder("application_id")).to_have_value(re.compile(r"\d+"))
    await expect(await answer_of(reading)).to_contain_text('"rel": "application"')
    # In the other format, too: the browser's cache must not answer in the first one.
    await reading.locator(".content-type").first.select_option("application/xml")
    await expect(await answer_of(reading)).to_contain_text('<resource rel="application"')
    await reading.get_by_role("button").first.click()

    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_label("Or an existing token").fill("not a token")
    await page.get_by_role("button", name="Use the token").click()
    await creating.get_by_role("button").first.click()
    await expect(await answer_of(creating)).to_contain_text("Unauthorized")

    await page.get_by_role("link", name="Guides").click()
    await expect(page.get_by_role("heading", name="openucwa", level=1)).to_be_visible()
    await page.get_by_role("article").get_by_role("link", name="docs/client.md").first.click()
    await expect(page).to_have_url(re.compile("/docs/client$"))
    await developer.check_page("3-guide", SIZES)
    await assisted(page, "guide")
    await page.get_by_role("navigation", name="On this page").get_by_role("link").first.click()
    await expect(page.locator("h2:target")).to_be_in_viewport()
    await developer.leave()


async def test_guides_have_their_navigation_in_the_language_of_the_browser(
    chromium: Browser, plain: RunningServer
) -> None:
    developer = await Developer.open_browser(chromium, f"{plain.urls[0]}/", "de-DE")
    page = developer.page
    await page.get_by_role("link", name="Die Anleitungen").click()
    await expect(page.get_by_role("heading", name="Einen Server betreiben")).to_be_visible()
    # The guides themselves are in English, even where a text has a translation.
    await expect(page.get_by_role("heading", name="In a browser")).to_be_visible()
    await page.set_viewport_size({"width": 390, "height": 844})
    name = await page.locator(".brand span").bounding_box()
    assert name is not None
    assert name["height"] < 30, "the server's name must be on one line"
    await page.get_by_role("link", name="Anfragen ausprobieren").click()
    await expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
    await developer.leave()

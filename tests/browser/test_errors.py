"""What a person sees whose browser is refused something, in Chromium."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.assistance import assisted
from tests.browser.console import BrowserUser
from tests.process.running import RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_address_of_the_api_shows_a_page_in_the_language_of_the_browser(
    chromium: Browser, server: RunningServer
) -> None:
    person = await BrowserUser.open_browser(chromium, f"{server.urls[0]}/ucwa/v1/applications/1/me", "de-DE")
    await expect(person.page.get_by_role("heading", name="Diese Adresse ist für Anwendungen")).to_be_visible()
    await expect(person.page).to_have_title("Diese Adresse ist für Anwendungen")
    await person.check_page("50-error")
    await assisted(person.page, "error")
    await person.page.get_by_role("link", name="Zu Ihren Besprechungen").click()
    await expect(person.page.get_by_role("button", name="Anmelden")).to_be_visible()
    await person.leave()

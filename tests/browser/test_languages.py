"""The pages in the language of the browser, in Chromium."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.console import Console
from tests.browser.guest import Guest, Organizer, organizer_at
from tests.client import PASSWORD
from tests.process.running import RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_german_browser_shows_the_console_in_german(chromium: Browser, server: RunningServer) -> None:
    console = await Console.open_browser(chromium, f"{server.urls[0]}/", "de-AT")
    page = console.page
    await expect(page.locator("html")).to_have_attribute("lang", "de")
    await page.get_by_label("Benutzername").first.fill("lenea@contoso.com")
    await page.get_by_label("Passwort").first.fill(PASSWORD)
    await page.get_by_role("button", name="Anmelden").click()
    await expect(page.locator("#who-presence")).to_have_text("Verfügbar")
    await page.get_by_role("link", name="Neue Besprechung").click()
    await page.get_by_label("Betreff").fill("Delete")
    await page.get_by_role("button", name="Planen").click()
    # What people wrote is not translated.
    await expect(page.locator("#subject")).to_have_text("Delete")
    await page.get_by_role("button", name="Erweiterung hinzufügen").click()
    await page.get_by_label("Name der neuen Eigenschaft").fill("People")
    await page.get_by_label("Wert von neue Eigenschaft").fill("Open")
    await page.get_by_role("button", name="Hinzufügen", exact=True).click()
    await expect(page.locator("#extensions tbody")).to_contain_text("People")
    await page.get_by_role("button", name="Teilnehmen und sehen, wer da ist").click()
    await expect(page.get_by_role("heading", name="Personen (1)")).to_be_visible()
    await console.check_page("40-german")
    await page.get_by_role("button", name="Löschen", exact=True).first.click()
    await page.get_by_role("dialog").get_by_role("button", name="Löschen").click()
    await page.locator("a.own").click()
    await console.check_page("41-german-status")
    await console.leave()


async def test_german_guest_joins_in_german(chromium: Browser, server: RunningServer) -> None:
    lene: Organizer
    async with organizer_at(server) as lene:
        meeting = await lene.schedule(subject="Quarterly planning")
        await lene.enter(meeting)
        guest = await Guest.open_browser(chromium, meeting["joinUrl"], "de-DE")
        await guest.check_page("42-german-before-joining")
        await guest.page.get_by_label("Ihr Name").fill("Jörg")
        await guest.page.get_by_role("button", name="Teilnehmen", exact=True).click()
        await expect(guest.page.get_by_role("heading", name="Sie sind im Wartebereich")).to_be_focused()
        await lene.does("admit", await lene.in_the_lobby("Jörg"))
        await expect(guest.page.get_by_label("Nachricht an alle")).to_be_enabled()
        await guest.check_page("43-german-meeting")
        await guest.leave()


async def test_other_languages_get_english(chromium: Browser, server: RunningServer) -> None:
    console = await Console.open_browser(chromium, f"{server.urls[0]}/", "fr-FR")
    await expect(console.page.locator("html")).to_have_attribute("lang", "en")
    await expect(console.page.get_by_role("button", name="Sign in")).to_be_visible()
    await console.leave()

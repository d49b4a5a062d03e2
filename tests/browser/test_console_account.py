"""The user's account in the console, in Chromium: changing the password, and signing out everywhere."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.console import DESKTOP, PHONE, Console
from tests.client import PASSWORD
from tests.process.running import RunningServer
from tests.process.server import add_user

pytestmark = pytest.mark.asyncio(loop_scope="session")

USER = "paula@contoso.com"
NEW = "another horse, correct"


async def test_user_changes_the_password_and_signs_out_everywhere(
    chromium: Browser, plain: RunningServer, data: Path
) -> None:
    add_user(data, f"sip:{USER}")
    console = await Console.enter(chromium, plain, username=USER)
    elsewhere = await Console.enter(chromium, plain, username=USER)
    page = console.page
    await page.goto(f"{plain.urls[0]}/#me")
    await page.get_by_role("button", name="Change password…").click()
    dialog = page.get_by_role("dialog", name="Change password")
    await expect(dialog.get_by_label("Current password")).to_be_focused()
    await expect(dialog.get_by_label("User name")).to_have_value(USER)
    kinds = dialog.locator("input").evaluate_all("inputs => inputs.map((each) => each.autocomplete)")
    assert await kinds == ["username", "current-password", "new-password", "new-password"]

    async def submit(current: str, new: str, again: str) -> None:
        await dialog.get_by_label("Current password").fill(current)
        await dialog.get_by_label("New password", exact=True).fill(new)
        await dialog.get_by_label("New password, again").fill(again)
        await page.keyboard.press("Enter")

    await submit(PASSWORD, "short", "short")
    await expect(dialog.get_by_role("alert")).to_have_text("This password is too short.")
    await submit(PASSWORD, NEW, f"{NEW}!")
    await expect(dialog.get_by_role("alert")).to_have_text("The two new passwords differ.")
    await submit("guessed", NEW, NEW)
    await expect(dialog.get_by_role("alert")).to_have_text("The current password is wrong.")
    await expect(dialog.get_by_label("Current password")).to_be_focused()
    await console.check_page("60-password", (DESKTOP, PHONE))
    await submit(PASSWORD, NEW, NEW)
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_text("Your password has been changed.")).to_be_visible()
    await expect(page.get_by_role("button", name="Change password…")).to_be_focused()
    await console.check_page("61-account", (DESKTOP, PHONE))

    await page.get_by_label("Note", exact=True).fill("still here")
    await page.get_by_role("button", name="Save note").click()
    await expect(page.get_by_text("The note is saved.")).to_be_visible()
    again = elsewhere.page.get_by_role("dialog", name="Your session has expired")
    await again.get_by_label("Password").fill(NEW)
    await again.get_by_role("button", name="Sign in").click()
    await expect(again).to_have_count(0)

    await page.get_by_role("button", name="Sign out everywhere…").click()
    sure = page.get_by_role("dialog", name="Sign out everywhere?")
    await sure.get_by_role("button", name="Sign out everywhere").click()
    await expect(page.get_by_role("alert")).to_have_text("You are signed out everywhere.")
    await expect(page.get_by_role("alert")).to_have_class("notice good")
    await expect(again).to_be_visible()
    await console.sign_in(username=USER, password=NEW)
    await expect(page.get_by_role("button", name="Change password…")).to_be_visible()
    for each in (console, elsewhere):
        await each.leave()

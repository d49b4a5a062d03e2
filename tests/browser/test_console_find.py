"""Finding meetings by their data in the console, in Chromium."""

import pytest
from playwright.async_api import expect

from tests.browser.console import DESKTOP, PHONE, Enter
from tests.client import UcwaClient

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_meetings_are_found_by_data_and_back_shows_them_again(enter: Enter, lene: UcwaClient) -> None:
    for number in (4711, 4712):
        meeting = await lene.schedule(subject=f"Case {number}")
        await lene.extend(meeting, id="crm", caseNumber=number)
    console = await enter()
    page = console.page
    await page.get_by_role("link", name="Find by data").press("Enter")
    await expect(page.get_by_role("heading", name="Find meetings")).to_be_focused()
    await page.get_by_label("Extension", exact=True).fill("crm")
    await page.get_by_label("Property", exact=True).fill("caseNumber")
    await page.get_by_label("Type", exact=True).select_option("number")
    await page.get_by_label("Value", exact=True).fill("4711")
    await expect(page.get_by_label("Filter", exact=True)).to_have_value("extensions('crm')/caseNumber eq 4711")
    await page.get_by_label("Filter", exact=True).press("Tab")
    await page.keyboard.press("Enter")
    found = page.get_by_role("list", name="Found meetings")
    await expect(found.get_by_role("listitem")).to_have_count(1)
    await expect(found).to_contain_text("crm")
    await console.check_page("43-found", (DESKTOP, PHONE))
    await found.get_by_role("link", name="Case 4711").click()
    await expect(page.locator("#subject")).to_have_text("Case 4711")
    await page.go_back()
    await expect(found.get_by_role("link", name="Case 4711")).to_be_visible()
    await page.reload()
    await expect(found.get_by_role("link", name="Case 4711")).to_be_visible()
    await expect(page.locator("#meetings")).to_contain_text("Case 4712")


async def test_mistake_in_filter_is_shown_at_its_place(enter: Enter) -> None:
    console = await enter()
    page = console.page
    await page.get_by_role("link", name="Find by data").click()
    await page.get_by_label("Filter", exact=True).fill("subject eq 'a' 'b'")
    await page.get_by_role("button", name="Find", exact=True).click()
    alert = page.locator("#query").get_by_role("alert")
    await expect(alert).to_contain_text("can’t be read from character 16 on: unexpected")
    await expect(alert.locator("mark")).to_have_text("'b'")
    await console.check_page("44-mistake", (DESKTOP, PHONE))


async def test_further_meetings_are_found_on_demand(enter: Enter, lene: UcwaClient) -> None:
    for number in range(51):
        await lene.schedule(subject=f"Series {number:02}")
    console = await enter()
    page = console.page
    await page.get_by_role("link", name="Find by data").click()
    await page.get_by_label("Filter", exact=True).fill("startswith(subject, 'Series')")
    await page.get_by_role("button", name="Find", exact=True).click()
    found = page.get_by_role("list", name="Found meetings")
    await expect(found.get_by_role("listitem")).to_have_count(50)
    await page.get_by_role("button", name="Show more").click()
    await expect(found.get_by_role("link", name="Series 00")).to_be_focused()
    await expect(page.get_by_role("button", name="Show more")).to_be_hidden()

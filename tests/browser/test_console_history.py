"""Earlier versions of meetings and extensions in the console, in Chromium."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.browser.console import DESKTOP, PHONE, Console, Enter, read
from tests.client import UcwaClient, self_of
from tests.process.running import LIMIT, RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_earlier_version_of_extension_is_compared_and_restored(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="History")
    agenda = await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Budget", seats=12)
    await lene.replace(agenda, topic="Something else", seats=12)
    console = await enter(meeting)
    page = console.page
    await console.card("agenda").get_by_role("button", name="History").press("Enter")
    dialog = page.get_by_role("dialog", name="History of “agenda”")
    versions = dialog.locator("details")
    await expect(versions).to_have_count(2)
    await expect(versions.first).to_contain_text("current")
    await expect(versions.last).to_contain_text("lenea@contoso.com, with tests")
    await versions.last.locator("summary").press("Enter")
    differs = versions.last.get_by_role("table", name="What differs from now")
    await expect(differs.locator("tbody tr")).to_have_count(1)
    await expect(differs).to_contain_text("Budget")
    await expect(differs).to_contain_text("Something else")
    await console.check_page("40-history", (DESKTOP, PHONE))
    await versions.last.get_by_role("button", name="Restore").click()
    question = page.get_by_role("dialog", name="Restore this version?")
    await expect(question.get_by_role("table", name="What will change")).to_contain_text("Budget")
    await console.check_page("41-restore", (DESKTOP, PHONE))
    await lene.replace(await read(lene, agenda), topic="Changed meanwhile", seats=12)
    await question.get_by_role("button", name="Restore").click()
    await expect(question).to_contain_text("It has changed in the meantime.")
    await expect(question).to_contain_text("Changed meanwhile")
    await question.get_by_role("button", name="Restore").click()
    await expect(console.card("agenda")).to_contain_text("Budget")
    await expect(dialog).to_be_hidden()
    assert (await read(lene, agenda))["topic"] == "Budget"


async def test_earlier_version_of_meeting_is_restored(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="First subject")
    await lene.replace(meeting, subject="Second subject")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="History", exact=True).click()
    version = page.get_by_role("dialog", name="History of “Second subject”").locator("details").last
    await version.locator("summary").click()
    await version.get_by_role("button", name="Restore").click()
    await page.get_by_role("dialog", name="Restore this version?").get_by_role("button", name="Restore").click()
    await expect(page.locator("#subject")).to_have_text("First subject")
    assert (await read(lene, meeting))["subject"] == "First subject"


async def test_older_versions_are_shown_on_demand(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Many versions")
    agenda = await lene.extend(meeting, id="agenda", number=0)
    for number in range(1, 100):
        agenda = (await lene.replace(agenda, number=number)).json()
    agenda = (await lene.replace(agenda, number=100)).json()
    console = await enter(meeting)
    await console.card("agenda").get_by_role("button", name="History").click()
    versions = console.page.get_by_role("dialog", name="History of “agenda”").locator("details")
    await expect(versions).to_have_count(100)
    await console.page.get_by_role("button", name="Show older").click()
    await expect(versions.nth(100).locator("summary")).to_be_focused()
    await expect(console.page.get_by_role("button", name="Show older")).to_be_hidden()


async def test_deleted_extension_and_meeting_are_restored_from_their_lists(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Deleted long ago")
    agenda = await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Budget")
    assert (await lene.delete(self_of(agenda))).status_code == 204
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Deleted extensions").click()
    entry = page.get_by_role("dialog", name="Deleted extensions").locator("details", has_text="agenda")
    await entry.locator("summary").click()
    await expect(entry.get_by_role("table", name="Properties of agenda")).to_contain_text("Budget")
    await entry.get_by_role("button", name="Restore").click()
    await page.get_by_role("dialog", name="Restore this version?").get_by_role("button", name="Restore").click()
    await expect(console.card("agenda")).to_contain_text("Budget")
    assert (await lene.delete(self_of(meeting))).status_code == 204
    await page.get_by_role("button", name="Deleted meetings").click()
    entry = page.get_by_role("dialog", name="Deleted meetings").locator("details", has_text="Deleted long ago")
    await entry.locator("summary").click()
    await expect(entry).to_contain_text("Budget")
    await console.check_page("42-deleted-meetings", (DESKTOP, PHONE))
    await entry.get_by_role("button", name="Restore").click()
    await page.get_by_role("dialog", name="Restore “Deleted long ago”?").get_by_role("button", name="Restore").click()
    await expect(page.locator("#meetings").get_by_role("link", name="Deleted long ago")).to_be_visible()
    await expect(console.card("agenda")).to_contain_text("Budget")
    await expect(page.locator("#meeting-error")).to_be_hidden()
    assert (await read(lene, meeting))["subject"] == "Deleted long ago"


@pytest.fixture
def without_log(own: Path) -> Iterator[RunningServer]:
    """A server without a change log."""
    with RunningServer(own, OPENUCWA_CHANGE_LOG="false") as server:
        yield server


async def test_nothing_of_the_change_log_is_shown_where_there_is_none(
    chromium: Browser, without_log: RunningServer
) -> None:
    async with httpx.AsyncClient(base_url=without_log.urls[0], timeout=LIMIT) as http:
        client = UcwaClient(http)
        await client.sign_in("lenea@contoso.com")
        await client.open("beside")
        meeting = await client.schedule(subject="Plain")
        await client.extend(meeting, id="agenda", topic="Budget")
        console = await Console.enter(chromium, without_log, meeting["onlineMeetingId"])
        page = console.page
        await expect(console.card("agenda").get_by_role("button", name="Duplicate")).to_be_visible()
        await expect(page.get_by_role("button", name="History")).to_have_count(0)
        await expect(page.get_by_role("button", name="Deleted")).to_have_count(0)
        await expect(page.locator("#more")).to_be_hidden()
        await expect(page.locator("#meetings .meeting-subject")).to_have_text(["Plain"])
        await client.schedule(subject="Another")
        await page.get_by_role("button", name="Refresh").click()
        await expect(page.locator("#meetings .meeting-subject")).to_have_text(["Another", "Plain"])
    await console.leave()

"""What the console does so that nobody loses what was typed or stored, in Chromium."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Route, expect

from tests.browser.console import DESKTOP, PHONE, Enter, read
from tests.client import UcwaClient, self_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


def wire(moment: datetime) -> str:
    return f"/Date({int(moment.timestamp() * 1000)})/"


async def test_closing_time_in_the_past_needs_confirmation(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Budget")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Edit", exact=True).click()
    await page.get_by_label("Open until").fill("2026-01-05T09:00")
    await expect(page.get_by_role("alert")).to_contain_text("This time is in the past.")
    await console.check_page("16-past", (DESKTOP, PHONE))
    await page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog", name="Close this meeting?")
    await expect(dialog).to_contain_text("later deleted with its data")
    await dialog.get_by_role("button", name="Keep editing").click()
    assert await read(lene, meeting) == meeting
    await page.get_by_label("Open until").fill("2030-01-05T09:00")
    await expect(page.get_by_role("alert")).to_have_count(0)
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#facts")).to_contain_text("Until Jan 5, 2030")


async def test_two_extensions_do_not_make_the_page_longer_than_the_window(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    for name in ("first", "second"):
        await lene.extend(meeting, id=name, **{f"property{number}": "value" for number in range(12)})
    console = await enter(meeting)
    await expect(console.card("second")).to_be_attached()
    lengths = await console.page.evaluate("[document.documentElement.scrollHeight, window.innerHeight]")
    assert lengths[0] <= lengths[1]


async def test_unsaved_changes_are_discarded_only_after_confirmation(enter: Enter, lene: UcwaClient) -> None:
    other = await lene.schedule(subject="The other one")
    meeting = await lene.schedule(subject="This one")
    await lene.extend(meeting, id="agenda", topic="before")
    console = await enter(meeting)
    page = console.page
    form = await console.edit("agenda")
    await form.get_by_label("Value of topic").fill("after")
    dialog = page.get_by_role("dialog", name="Discard your changes?")
    await page.get_by_role("link", name="The other one").click()
    await dialog.get_by_role("button", name="Keep editing").click()
    await expect(form.get_by_label("Value of topic")).to_have_value("after")
    await expect(page).to_have_url(re.compile(f"#{meeting['onlineMeetingId']}$"))
    await page.get_by_role("button", name="Sign out").click()
    await dialog.get_by_role("button", name="Keep editing").click()
    await page.get_by_role("link", name="The other one").click()
    await dialog.get_by_role("button", name="Discard").click()
    await expect(page.locator("#subject")).to_have_text("The other one")
    await expect(page).to_have_url(re.compile(f"#{other['onlineMeetingId']}$"))


@pytest.mark.parametrize("opened_by", ["New meeting", "Edit"])
async def test_form_that_comes_late_does_not_open_over_another_meeting(
    enter: Enter, lene: UcwaClient, opened_by: str
) -> None:
    other = await lene.schedule(subject="Shown instead")
    console = await enter(await lene.schedule(subject="This one"))
    page = console.page
    asked, released = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        asked.set()
        await released.wait()
        await route.continue_()

    await page.route("**/onlineMeetingDefaultValues", late)
    async with page.expect_event(
        "requestfinished", lambda request: request.url.endswith("/onlineMeetingDefaultValues")
    ):
        await page.locator("#new" if opened_by == "New meeting" else "#edit").click()
        await asked.wait()
        await page.locator(f'#meetings a[href="#{other["onlineMeetingId"]}"]').click()
        await expect(page.get_by_role("heading", level=1, name="Shown instead")).to_be_visible()
        released.set()
    await page.evaluate("fetch('/healthz').then(() => {})")
    await expect(page.locator("#editing")).to_be_hidden()
    await expect(page.get_by_role("heading", level=1, name="Shown instead")).to_be_visible()
    await expect(page).to_have_title(re.compile("Shown instead$"))


async def test_editing_starts_in_the_value_and_survives_a_change_of_type(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    await lene.extend(meeting, id="agenda", topic="Budget")
    console = await enter(meeting)
    form = await console.edit("agenda")
    await expect(form.get_by_label("Value of topic")).to_be_focused()
    await form.get_by_label("Type of topic").select_option("date")
    await form.get_by_label("Type of topic").select_option("text")
    await expect(form.get_by_label("Value of topic")).to_have_value("Budget")


async def test_changes_made_elsewhere_are_seen_on_return_to_the_page(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="before")
    extension = await lene.extend(meeting, id="agenda", topic="before")
    console = await enter(meeting)
    page = console.page
    await lene.replace(meeting, subject="after")
    await lene.replace(extension, topic="after")
    other = await lene.schedule(subject="Scheduled elsewhere")
    await page.evaluate("window.dispatchEvent(new Event('focus'))")
    await expect(page.locator("#subject")).to_have_text("after")
    await expect(console.card("agenda").locator("tr.changed")).to_contain_text("after")
    await expect(page.get_by_role("link", name="Scheduled elsewhere")).to_be_visible()
    assert (await lene.delete(self_of(other))).status_code == 204
    await page.get_by_role("button", name="Refresh").click()
    await expect(page.get_by_role("link", name="Scheduled elsewhere")).to_have_count(0)


async def test_expired_meeting_says_that_it_is_closed(enter: Enter, lene: UcwaClient) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    meeting = await lene.schedule(subject="Over", expirationTime=wire(yesterday))
    console = await enter(meeting)
    page = console.page
    await expect(page.get_by_text("This meeting is closed, and will be deleted")).to_be_visible()
    await expect(page.locator("#facts")).to_contain_text("Since")
    await expect(page.get_by_role("link", name="Over")).to_contain_text("closed")
    await console.check_page("17-expired", (DESKTOP, PHONE))


async def test_invitation_for_after_the_end_shows_a_warning(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(expirationTime="/Date(1904293800000)/")  # 12:30 in Copenhagen
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Invitation").click()
    warning = page.get_by_role("dialog").get_by_role("alert")
    await page.get_by_label("Starts").fill("2030-05-06T11:00")
    await expect(warning).to_have_count(0)
    await page.get_by_label("Starts").fill("2030-05-06T12:00")
    await expect(warning).to_contain_text("before this ends")
    await page.get_by_label("Starts").fill("2030-05-07T12:00")
    await expect(warning).to_contain_text("before this starts")
    await console.check_page("18-late-invitation", (DESKTOP, PHONE))


async def test_refused_value_is_explained_at_its_field(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Edit", exact=True).click()
    await page.get_by_label("Open until").fill("2090-01-05T09:00")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Choose a time between one year ago and ten years from now.")).to_be_visible()
    await expect(page.get_by_label("Open until")).to_be_focused()

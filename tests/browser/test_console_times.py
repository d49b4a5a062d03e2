"""Begin and end of meetings in Chromium: scheduled, moved, repeated, listed, sent and seen by those who join."""

import asyncio
import re
import time
from typing import Any

import pytest
from icalendar import Calendar
from playwright.async_api import Browser, Page, expect

from tests.browser.console import Enter
from tests.browser.guest import Guest
from tests.client import UcwaClient
from tests.users import DANA

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: 6 May 2030, 10:00 and 11:30 in Copenhagen.
BEGIN, END = 1_904_284_800_000, 1_904_290_200_000
HOUR = 3_600_000
GRACE = 8 * HOUR


def wire(ms: int) -> str:
    return f"/Date({ms})/"


async def scheduled(lene: UcwaClient, begin: int, end: int, **properties: Any) -> dict[str, Any]:
    """A meeting with times, as any client schedules it."""
    meeting = await lene.schedule(expirationTime=wire(end + GRACE), **properties)
    times = {"begin": wire(begin), "end": wire(end), "timeZone": "Europe/Copenhagen"}
    await lene.extend(meeting, id="openucwa.schedule", type="RoamedParticipantData", **times)
    return meeting


async def stored(lene: UcwaClient, page: Page) -> tuple[str, dict[str, Any] | None]:
    """expirationTime of the meeting that is shown, and its begin, end and time zone."""
    meeting = (await lene.get(f"{lene.meetings}/{page.url.rpartition('#')[2]}")).json()
    for extension in meeting["_embedded"]["onlineMeetingExtension"]:
        if extension["id"] == "openucwa.schedule":
            assert extension["type"] == "RoamedParticipantData"
            return meeting["expirationTime"], {name: extension[name] for name in ("begin", "end", "timeZone")}
    return meeting["expirationTime"], None


def shown(day: int) -> re.Pattern[str]:
    """What pages show of ten to half past eleven."""
    return re.compile(rf"May {day}, 2030, 10:00\W+11:30\WAM")


async def test_times_are_scheduled_like_the_last_ones(enter: Enter, lene: UcwaClient) -> None:
    await scheduled(lene, BEGIN, END, subject="Kick-off", accessLevel="Everyone", attendees=[DANA])
    console = await enter()
    page = console.page
    await page.get_by_role("link", name="New meeting").click()
    begin, end, until = (page.get_by_label(name, exact=True) for name in ("Begins", "Ends", "Open until"))
    # Length, lobby and people are offered as they were.
    await expect(page.get_by_label("Who can skip")).to_have_value("Everyone")
    await expect(begin).to_have_value(re.compile(r"T\d\d:[03]0$"))
    await page.get_by_role("button", name="Same people as in “Kick-off”").click()
    await expect(page.get_by_label("Attendees")).to_have_value("danab@contoso.com")
    await page.get_by_label("Subject").fill("Review of times")
    await begin.fill("2030-05-06T10:00")
    await expect(end).to_have_value("2030-05-06T11:30")
    await expect(until).to_have_value("2030-05-06T19:30")
    await console.check_page("40-new-times")

    await end.fill("2030-05-06T09:00")
    await page.get_by_role("button", name="Schedule").click()
    await expect(page.get_by_text("The end must be after the start.")).to_be_visible()
    await expect(end).to_be_focused()
    await begin.fill("2030-03-31T02:30")
    await page.get_by_role("button", name="Schedule").click()
    await expect(page.get_by_text("This time does not exist, because clocks go forward. Choose 03:30")).to_be_visible()
    await console.check_page("41-wrong-times", ((390, 844),))
    await begin.fill("2030-05-06T10:00")
    await page.get_by_role("button", name="Schedule").click()

    facts = page.locator("#facts")
    await expect(facts).to_contain_text(shown(6))
    await expect(facts).to_contain_text("Europe/Copenhagen (GMT+2)")
    times = {"begin": wire(BEGIN), "end": wire(END), "timeZone": "Europe/Copenhagen"}
    assert await stored(lene, page) == (wire(END + GRACE), times)
    line = page.locator("#meetings [aria-current]")
    await expect(line).to_contain_text(re.compile(r"10:00\W+11:30\WAM"))
    # Not one of the extensions, but there for developers.
    await expect(page.get_by_text("This meeting has no extensions.")).to_be_visible()
    await page.get_by_text("Begin and end as data").click()
    await expect(page.get_by_label("openucwa.schedule as JSON")).to_contain_text('"timeZone": "Europe/Copenhagen"')
    await console.check_page("42-times")


async def restore_first_times(page: Page) -> None:
    await page.get_by_text("Begin and end as data").click()
    await page.locator("#times-history").click()
    history = page.get_by_role("dialog", name="History of “openucwa.schedule”")
    version = history.locator("details").last
    await version.locator("summary").click()
    await version.get_by_role("button", name="Restore").click()
    await page.get_by_role("dialog", name="Restore this version?").get_by_role("button", name="Restore").click()
    await expect(history).to_be_hidden()


async def test_times_are_sent_moved_and_restored(enter: Enter, lene: UcwaClient) -> None:
    console = await enter(await scheduled(lene, BEGIN, END, subject="Review again"))
    page, facts = console.page, console.page.locator("#facts")
    await page.get_by_role("button", name="Invitation…").click()
    text = page.get_by_label("Invitation as text")
    await expect(text).to_have_value(
        re.compile(r"Monday, May 6, 2030.*10:00\W+11:30\WAM, Europe/Copenhagen \(GMT\+2\)")
    )
    await console.check_page("43-invitation-times")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download").click()
    calendar = Calendar.from_ical(await asyncio.to_thread((await (await download.value).path()).read_bytes))
    (event,) = calendar.walk("VEVENT")
    assert event["DTSTART"].to_ical() == b"20300506T100000"
    assert event["DTSTART"].params["TZID"] == "Europe/Copenhagen"

    await page.get_by_role("button", name="Edit", exact=True).click()
    await page.get_by_label("Begins", exact=True).fill("2030-05-07T10:00")
    await page.get_by_role("button", name="Save").click()
    await expect(facts).to_contain_text(shown(7))
    day = 24 * HOUR
    moved = {"begin": wire(BEGIN + day), "end": wire(END + day), "timeZone": "Europe/Copenhagen"}
    assert await stored(lene, page) == (wire(END + day + GRACE), moved)

    # Somebody else moves it meanwhile: one is asked, and nothing is lost.
    await page.get_by_role("button", name="Edit", exact=True).click()
    href = f"{lene.meetings}/{page.url.rpartition('#')[2]}/onlineMeetingExtensions/openucwa.schedule"
    await lene.patch(href, {"end": wire(END + 2 * day)})
    await page.get_by_label("Begins", exact=True).fill("2030-05-09T10:00")
    await page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog", name="Changed by someone else")
    await expect(dialog.get_by_role("row", name="When")).to_contain_text(shown(9))
    await dialog.get_by_role("button", name="Save").click()
    await expect(facts).to_contain_text(shown(9))
    moved |= {"begin": wire(BEGIN + 3 * day), "end": wire(END + 3 * day)}
    assert await stored(lene, page) == (wire(END + 3 * day + GRACE), moved)

    # Where an earlier version of the times is restored, the meeting closes accordingly.
    await restore_first_times(page)
    await expect(facts).to_contain_text(shown(6))
    moved |= {"begin": wire(BEGIN), "end": wire(END)}
    assert await stored(lene, page) == (wire(END + GRACE), moved)


async def test_times_are_undone_copied_and_cleared(enter: Enter, lene: UcwaClient) -> None:
    console = await enter(await scheduled(lene, BEGIN, END, subject="Review again"))
    page, facts = console.page, console.page.locator("#facts")
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await page.get_by_role("button", name="Undo").click()
    await expect(facts).to_contain_text(shown(6))

    await page.get_by_role("button", name="Duplicate", exact=True).click()
    await expect(page.locator("#subject")).to_have_text("Copy of Review again")
    times = {"begin": wire(BEGIN), "end": wire(END), "timeZone": "Europe/Copenhagen"}
    assert await stored(lene, page) == (wire(END + GRACE), times)

    await page.get_by_role("button", name="Edit", exact=True).click()
    await page.get_by_role("button", name="No fixed time").click()
    await expect(page.get_by_label("Open until", exact=True)).to_have_value("")
    await page.get_by_role("button", name="Save").click()
    await expect(facts).not_to_contain_text("When")
    expires, none = await stored(lene, page)
    assert (expires != wire(END + GRACE), none) == (True, None)


async def test_times_order_the_list_and_are_seen_in_ones_own_zone(
    enter: Enter, lene: UcwaClient, chromium: Browser
) -> None:
    later = await scheduled(lene, BEGIN + HOUR, END + HOUR, subject="Ordered: later", accessLevel="Everyone")
    sooner = await scheduled(lene, BEGIN, END, subject="Ordered: sooner", accessLevel="Everyone")
    yesterday = round(time.time() * 1000) - 24 * HOUR
    await scheduled(lene, yesterday, yesterday + HOUR, subject="Ordered: earlier")
    await lene.schedule(subject="Ordered: without")
    console = await enter(later)
    page = console.page
    await page.get_by_label("Search meetings").fill("ordered:")
    names = page.locator("#meetings .meeting-subject")
    await expect(names).to_have_text(["Ordered: sooner", "Ordered: later", "Ordered: without", "Ordered: earlier"])
    await page.get_by_label("Which meetings").select_option("Past")
    await expect(names).to_have_text(["Ordered: earlier"])
    await page.get_by_label("Which meetings").select_option("Upcoming")
    await expect(names).to_have_text(["Ordered: sooner", "Ordered: later", "Ordered: without"])
    await console.check_page("44-upcoming", ((390, 844),))

    # In New York it is four o'clock.
    guest = await Guest.open_browser(chromium, sooner["joinUrl"], zone="America/New_York")
    await guest.join_by_name("Joe")
    about = guest.named("expires")
    await expect(about).to_contain_text(re.compile(r"May 6, 2030, 4:00\W+5:30\WAM America/New York \(GMT-4\)"))
    await expect(about).to_contain_text(re.compile(r"For the organizer: May 6, 2030, 10:00\W+11:30\WAM"))
    await expect(guest.page.get_by_role("article", name="openucwa.schedule")).to_have_count(0)
    await guest.check_page("45-times", ((1280, 800), (390, 844)))
    await guest.leave()

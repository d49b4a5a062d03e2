"""The pages enlarged, in colours that the user chooses, and without motion, in Chromium."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.assistance import assisted, moving
from tests.browser.console import Console, Resource
from tests.browser.guest import Arrive, Guest, Organizer, organizer_at
from tests.process.running import RunningServer
from tests.process.server import add_user

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: A user of these tests alone: what others have in their lists is on the pages, too.
VERA = "vera@contoso.com"
SUBJECT = "Quarterly planning of the supervisory board and of everybody who reports to it"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def vera(server: RunningServer, shared: Path) -> AsyncIterator[Organizer]:
    add_user(shared, f"sip:{VERA}", "--name", "Vera Lindqvist")
    async with organizer_at(server, VERA) as organizer:
        yield organizer


async def scheduled(vera: Organizer) -> Resource:
    """A meeting with long texts, and data for both audiences."""
    meeting = await vera.schedule(
        subject=SUBJECT, accessLevel="Invited", description="What we plan, and for whom. " * 4
    )
    values = {
        "topic": "Budget",
        "addressOfTheDocument": "https://contoso.com/" + "a" * 90,
        "speakers": ["Lene", "Dana"],
    }
    await vera.extend(meeting, id="agenda", type="RoamedParticipantData", **values)
    await vera.extend(meeting, id="notes", type="RoamedOrganizerData", remark="Ask Dana about the room first")
    return meeting


async def test_console_is_usable_enlarged_in_forced_colours_and_without_motion(
    chromium: Browser, server: RunningServer, vera: Organizer
) -> None:
    meeting = await scheduled(vera)
    console = await Console.open_browser(chromium, f"{server.urls[0]}/")
    page = console.page
    await console.sign_in("wrong", VERA)
    await expect(page.get_by_text("The user name or the password is wrong.")).to_be_visible()
    await assisted(page, "front")
    await console.sign_in(username=VERA)
    line = page.get_by_role("list").get_by_role("link", name=SUBJECT)
    await line.wait_for()
    await assisted(page, "list")

    await page.get_by_role("link", name="New meeting").click()
    await page.get_by_label("Begins", exact=True).fill("2030-05-06T11:00")
    await page.get_by_label("Ends", exact=True).fill("2030-05-06T10:00")
    await page.get_by_role("button", name="Schedule").click()
    await expect(page.get_by_text("The end must be after the start.")).to_be_visible()
    await assisted(page, "form")
    await page.get_by_role("button", name="Cancel").click()

    await line.click()
    await console.edit("agenda")
    await assisted(page, "extensions")
    await page.get_by_role("form", name="agenda").get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Invitation…").click()
    await assisted(page, "dialog")
    await page.get_by_role("button", name="Close").click()

    await page.get_by_role("button", name="Join and see who is here").click()
    guest = await Guest.arrive(chromium, meeting["joinUrl"])
    await guest.join_by_name("Joe")
    await page.get_by_role("button", name="Admit Joe").wait_for()
    await assisted(page, "lobby")
    await page.goto(f"{server.urls[0]}/#me")
    await page.get_by_role("button", name="Busy").click()
    await expect(page.locator("#me-choices [aria-pressed=true]")).to_have_text("Busy")
    await assisted(page, "status")
    for each in (guest, console):
        await each.leave()


async def test_join_page_is_usable_enlarged_in_forced_colours_and_without_motion(
    vera: Organizer, arrive: Arrive
) -> None:
    meeting = await scheduled(vera)
    await vera.enter(meeting)
    guest = await arrive(meeting)
    page = guest.page
    await expect(page.get_by_role("button", name="Sign in with an account instead")).to_be_visible()
    await page.get_by_role("button", name="Join", exact=True).click()
    await expect(page.get_by_text("Please enter your name.")).to_be_visible()
    await assisted(page, "door")
    await guest.join_by_name("Joe")
    waiting = await vera.in_the_lobby("Joe")
    await expect(page.get_by_role("heading", name="You are in the lobby")).to_be_visible()
    assert await moving(page), "so that the check of it says something"
    await assisted(page, "waiting")
    await vera.does("admit", waiting)
    await guest.is_in()
    for number in range(8):
        await vera.says(f"The figures of {number} are at https://contoso.com/figures?year=2030")
    await guest.sees_message("The figures of 7")
    await assisted(page, "data")
    for part in ("Messages", "People"):
        await page.set_viewport_size({"width": 640, "height": 512})
        await page.get_by_role("navigation").get_by_role("button", name=part).click()
        await assisted(page, part.lower())

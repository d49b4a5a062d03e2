"""What people in a meeting notice though they look elsewhere, and what they keep; in Chromium."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.console import Enter
from tests.browser.guest import Arrive, Organizer
from tests.client import UcwaClient

pytestmark = pytest.mark.asyncio(loop_scope="session")

HIDE = """hidden => {
    const value = hidden ? "hidden" : "visible";
    Object.defineProperty(document, "visibilityState", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def leader(lene: UcwaClient) -> AsyncIterator[Organizer]:
    """Lene in meetings, without a page."""
    organizer = Organizer(lene.http)
    await organizer.sign_in("lenea@contoso.com")
    await organizer.open("leader")
    yield organizer
    await organizer.delete(organizer.app)


async def test_guest_who_looked_elsewhere_finds_new_messages_and_loses_none_by_being_removed(
    leader: Organizer, arrive: Arrive
) -> None:
    meeting = await leader.schedule(subject="Budget", accessLevel="Everyone")
    await leader.enter(meeting)
    joe = await arrive(meeting)
    page = joe.page
    await joe.join_by_name("Joe\u202e")
    await joe.is_in()
    await leader.says("Welcome")
    await joe.sees_message("Welcome")
    await expect(page).to_have_title("Budget")

    await page.evaluate(HIDE, True)
    await leader.says("First")
    await leader.says("Second")
    await expect(page).to_have_title("(2) Budget")
    await joe.check_page("50-unread")
    await page.evaluate(HIDE, False)
    await expect(page).to_have_title("Budget")
    # It still says where the new ones began.
    shown = page.locator("#messages > :visible")
    await expect(shown).to_contain_text(["Welcome", "New messages", "First", "Second"])

    # What was typed is there again after a reload, and so is the same participant.
    await page.get_by_label("Message to everyone").fill("Half a sen")
    await page.reload()
    await joe.is_in()
    await expect(page.get_by_label("Message to everyone")).to_have_value("Half a sen")
    await expect(joe.named("people").get_by_role("listitem")).to_have_count(2)

    participants = (await leader.get(f"{leader.conversation}/participants")).json()["_links"]["participant"]
    (guest,) = [each["href"] for each in participants if each["title"].startswith("Joe")]
    await leader.does("eject", (await leader.get(guest)).json())
    await joe.ends_with("You were removed from the meeting")
    await page.get_by_role("button", name="Ask to join again").click()
    await joe.is_in()
    await expect(page.locator(".message-text")).to_have_text(["Welcome", "First", "Second"])
    await expect(page.get_by_label("Message to everyone")).to_have_value("Half a sen")


async def test_sound_is_switched_off_where_it_is_played(enter: Enter, leader: Organizer, arrive: Arrive) -> None:
    meeting = await leader.schedule(subject="Budget", accessLevel="Invited")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Join and see").click()
    await expect(page.get_by_role("button", name="Leave")).to_be_visible()
    joe = await arrive(meeting)
    await joe.join_by_name("Joe")
    await page.get_by_role("button", name="Turn sound off").click()
    await expect(page.get_by_role("button", name="Turn sound on")).to_be_focused()
    await console.check_page("51-silent")
    await page.locator("a.own").click()
    await expect(page.get_by_label("Play a sound when someone invites you or waits in a lobby")).not_to_be_checked()

"""A page that is loaded again, in Chromium: nobody is signed out by it, or leaves a meeting."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.console import Enter
from tests.browser.guest import Arrive, Organizer
from tests.client import UcwaClient

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def leader(lene: UcwaClient) -> AsyncIterator[Organizer]:
    """Lene in meetings, without a page."""
    organizer = Organizer(lene.http)
    await organizer.sign_in("lenea@contoso.com")
    await organizer.open("leader")
    yield organizer
    await organizer.delete(organizer.app)


async def test_organizer_stays_signed_in_and_in_the_meeting(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Quarterly planning")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Join and see").click()
    await page.get_by_label("Message to everyone").fill("Before")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message-text")).to_have_text(["Before"])
    await page.reload()
    await expect(page.locator("#subject")).to_have_text("Quarterly planning")
    await expect(page.get_by_role("heading", name="People (1)")).to_be_visible()
    await expect(page.locator(".message-text")).to_have_text(["Before"])
    await page.get_by_label("Message to everyone").fill("After")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message-text")).to_have_text(["Before", "After"])


async def test_guest_whom_a_leader_admitted_is_still_in_the_meeting(leader: Organizer, arrive: Arrive) -> None:
    meeting = await leader.schedule(subject="Quarterly planning")
    await leader.enter(meeting)
    joe = await arrive(meeting)
    await joe.join_by_name("Joe")
    await leader.does("admit", await leader.in_the_lobby("Joe"))
    await joe.is_in()
    await joe.says("Before")
    await joe.sees_message("Before")
    await joe.page.reload()
    await joe.is_in()
    await leader.says("Welcome back")
    await joe.sees_message("Welcome back")
    await expect(joe.page.locator(".message-text")).to_have_text(["Before", "Welcome back"])
    await expect(joe.person("Joe")).to_contain_text("you")
    assert sorted(await leader.who_is_in()) == ["Joe", "lenea"]


async def test_messages_sent_during_a_reload_are_shown(leader: Organizer, arrive: Arrive) -> None:
    meeting = await leader.schedule(accessLevel="Everyone")
    await leader.enter(meeting)
    joe = await arrive(meeting)
    await joe.join_by_name("Joe")
    await joe.is_in()
    await joe.page.route("**/join.js", lambda route: route.abort(), times=1)
    await joe.page.reload()
    await leader.says("You may have missed this")
    await joe.page.reload()
    await joe.sees_message("You may have missed this")


async def test_guest_in_the_lobby_still_waits_and_is_admitted(leader: Organizer, arrive: Arrive) -> None:
    meeting = await leader.schedule()
    await leader.enter(meeting)
    joe = await arrive(meeting)
    await joe.join_by_name("Joe")
    await joe.ends_with("You are in the lobby")
    waiting = await leader.in_the_lobby("Joe")
    await joe.page.reload()
    await joe.ends_with("You are in the lobby")
    await leader.does("admit", waiting)
    await joe.is_in()


async def test_reload_after_signing_out_asks_to_sign_in(enter: Enter) -> None:
    console = await enter()
    await console.page.get_by_role("button", name="Sign out").click()
    await console.page.reload()
    await expect(console.page.get_by_role("button", name="Sign in")).to_be_visible()
    assert "cwt" not in await console.page.evaluate("JSON.stringify(sessionStorage)")


async def test_copy_of_a_tab_has_a_session_of_its_own(enter: Enter) -> None:
    console = await enter()
    page = console.page
    async with console.context.expect_page() as opened:
        await page.evaluate("window.open(location.href)")
    copy = await opened.value
    await expect(copy.get_by_role("button", name="Sign in")).to_be_visible()
    await page.get_by_role("button", name="Refresh").click()
    await expect(page.locator("#list-error")).to_be_hidden()

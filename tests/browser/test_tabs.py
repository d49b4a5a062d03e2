"""Many tabs of one browser, of which HTTP/1.1 gives all together six connections to a server."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.console import Console
from tests.browser.guest import Guest
from tests.client import UcwaClient
from tests.process.running import RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

MANY = 9
#: As on a page over plain http, which a browser gives no locks, and which nobody looks at.
HIDDEN_WITHOUT_LOCKS = """
    Object.defineProperty(Navigator.prototype, "locks", { value: undefined });
    Object.defineProperty(Document.prototype, "visibilityState", { value: "hidden" });
"""


@pytest_asyncio.fixture(loop_scope="session")
async def first(chromium: Browser, plain: RunningServer) -> AsyncIterator[Guest]:
    guest = await Guest.arrive(chromium, f"{plain.urls[0]}/meet/lenea@contoso.com/NONE")
    yield guest
    await guest.leave()


@pytest.mark.parametrize("script", ["", HIDDEN_WITHOUT_LOCKS], ids=["with locks", "hidden, without locks"])
async def test_nine_tabs_in_a_meeting_all_receive_events(first: Guest, lene: UcwaClient, script: str) -> None:
    await first.context.add_init_script(script)
    meeting = await lene.schedule(accessLevel="Everyone")
    guests = [await first.open_tab(meeting["joinUrl"]) for _ in range(MANY)]
    for number, guest in enumerate(guests):
        await guest.join_by_name(f"Guest {number}")
        await expect(guest.page.get_by_role("heading", name="Shared data")).to_be_visible()
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Budget")
    for guest in guests:
        await expect(guest.property("agenda", "topic")).to_contain_text("Budget")


async def test_nine_tabs_of_the_console_all_work(chromium: Browser, plain: RunningServer) -> None:
    first = await Console.open_browser(chromium, plain.urls[0])
    tabs = [first, *[await first.open_tab(plain.urls[0]) for _ in range(MANY - 1)]]
    for tab in tabs:
        await tab.sign_in()
        await expect(tab.page.get_by_role("heading", name="Choose a meeting")).to_be_visible()
    await first.leave()


HIDE = """hidden => {
    const value = hidden ? "hidden" : "visible";
    Object.defineProperty(document, "visibilityState", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


async def test_of_all_hidden_tabs_only_the_first_polls(chromium: Browser, plain: RunningServer) -> None:
    first = await Console.open_browser(chromium, plain.urls[0])
    await first.sign_in()
    await first.page.locator("#nothing").wait_for()
    second = await first.open_tab(plain.urls[0])
    page = second.page
    async with page.expect_request("**/events?*"):
        await second.sign_in()
    async with page.expect_event("requestfailed", lambda request: "/events?" in request.url):
        await page.evaluate(HIDE, True)
    polls: list[str] = []
    page.on("request", lambda request: polls.append(request.url) if "/events?" in request.url else None)
    # The first one goes on, because somebody may invite its user.
    await first.page.evaluate(HIDE, True)
    async with first.page.expect_request("**/events?*"):
        await page.get_by_role("link", name="New meeting").click()
        await page.get_by_label("Subject").fill("Budget")
        await page.get_by_role("button", name="Schedule").click()
        # Whoever goes on before the meeting is saved is asked whether to discard it.
        await expect(page.locator("#meeting")).to_be_visible()
        await page.locator("a.own").click()
        await page.get_by_role("button", name="Busy").click()
    await expect(first.page.locator("#who-presence")).to_have_text("Busy")
    assert polls == []
    async with page.expect_request("**/events?*"):
        await page.evaluate(HIDE, False)
    await page.get_by_role("button", name="Reset status").click()
    await first.leave()


async def test_tab_that_has_to_leave_polls_to_another_misses_no_change(
    chromium: Browser, plain: RunningServer, lene: UcwaClient
) -> None:
    first = await Console.open_browser(chromium, plain.urls[0])
    async with first.page.expect_request("**/changes?since=*"):
        await first.sign_in()
    # From here on the first tab has the list as it was after its polls began.
    await first.page.get_by_role("button", name="Refresh").click()
    await expect(first.page.get_by_role("button", name="Refresh")).to_be_enabled()
    second = await first.open_tab(plain.urls[0])
    await second.sign_in()
    await second.page.locator("#nothing").wait_for()
    for tab in (second, first):
        await tab.page.evaluate(HIDE, True)
    await lene.schedule(subject="While nobody looked")
    async with second.page.expect_request("**/changes?since=*"):
        await second.page.evaluate(HIDE, False)
    await first.page.evaluate(HIDE, False)
    for tab in (second, first):
        await expect(tab.page.locator("#meetings").get_by_text("While nobody looked")).to_be_visible()
    await first.leave()

"""The console while people wait in the lobbies of meetings that the organizer has not joined."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.console import Console, Enter, Resource
from tests.client import UcwaClient
from tests.process.running import LIMIT, RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOBBY = "**/openucwa/lobby"
HIDE = """hidden => {
    const value = hidden ? "hidden" : "visible";
    Object.defineProperty(document, "visibilityState", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


class Waiting(UcwaClient):
    """Somebody without an account, who asks to join."""

    async def ask(self, meeting: Resource, name: str) -> None:
        """Comes into the lobby."""
        await self.sign_in_to_meeting(meeting)
        application = await self.open(name)
        href = application["_embedded"]["communication"]["_links"]["joinOnlineMeeting"]["href"]
        body = {"onlineMeetingUri": meeting["onlineMeetingUri"], "anonymousDisplayName": name}
        assert (await self.post(href, json=body)).status_code == 201


@pytest_asyncio.fixture(loop_scope="session")
async def joe(plain: RunningServer) -> AsyncIterator[Waiting]:
    """Joe, who stays in lobbies until the test ends."""
    async with httpx.AsyncClient(base_url=plain.urls[0], timeout=LIMIT) as http:
        joe = Waiting(http)
        yield joe
        if joe.app:
            await joe.delete(joe.app)


@pytest_asyncio.fixture(loop_scope="session")
async def console(chromium: Browser, plain: RunningServer) -> AsyncIterator[Console]:
    """A console that shows the form of a new meeting, with a clock that tests move."""
    console = await Console.open_browser(chromium, plain.urls[0])
    await console.page.clock.install()
    await console.page.reload()
    async with console.page.expect_response(LOBBY):
        await console.sign_in()
    await console.page.get_by_role("link", name="New meeting").click()
    await expect(console.page.get_by_label("Subject")).to_be_visible()
    yield console
    await console.leave()


async def test_guest_waiting_before_the_organizer_joins_is_announced_in_another_view(
    console: Console, lene: UcwaClient, joe: Waiting
) -> None:
    page = console.page
    meeting = await lene.schedule(subject="Quarterly planning")
    await joe.ask(meeting, "Joe")
    await expect(page).to_have_title("New meeting")
    await page.clock.fast_forward(15_000)
    line = page.locator("#lobby-banner").get_by_text("Joe is waiting in the lobby of “Quarterly planning”.")
    await expect(line).to_be_visible()
    await expect(page).to_have_title("(1) New meeting")
    await expect(page.locator("#said")).to_contain_text("Joe is waiting in the lobby of “Quarterly planning”.")
    await console.check_page("21-lobby-before-joining")
    await page.get_by_role("link", name="Your permanent meeting").click()
    await expect(page).to_have_title("(1) Your permanent meeting")
    await expect(line).to_be_visible()


async def test_button_of_the_banner_opens_the_meeting_and_joins_it(
    console: Console, lene: UcwaClient, joe: Waiting
) -> None:
    page = console.page
    await joe.ask(await lene.schedule(subject="Budget"), "Joe")
    await page.clock.fast_forward(15_000)
    await page.get_by_role("button", name="Go there and join: Budget").click()
    await expect(page.locator("#subject")).to_have_text("Budget")
    await page.get_by_role("button", name="Admit Joe").click()
    await expect(page.locator("#people")).to_contain_text("Joe")
    await expect(page.locator("#lobby-banner")).to_be_hidden()
    await expect(page).to_have_title("Budget")
    # Neither does the next answer bring it back, nor leaving the meeting.
    async with page.expect_response(LOBBY):
        await page.clock.fast_forward(15_000)
    async with page.expect_response(LOBBY):
        await page.get_by_role("button", name="Leave").click()
    await expect(page.get_by_role("button", name="Join and see")).to_be_visible()
    await expect(page).to_have_title("Budget")


async def test_guest_who_gives_up_is_no_longer_announced(console: Console, lene: UcwaClient, joe: Waiting) -> None:
    page = console.page
    await joe.ask(await lene.schedule(subject="Budget"), "Joe")
    await page.clock.fast_forward(15_000)
    await expect(page).to_have_title("(1) New meeting")
    await joe.delete(joe.app)
    joe.app = ""
    await page.clock.fast_forward(15_000)
    await expect(page).to_have_title("New meeting")
    await expect(page.locator("#lobby-banner")).to_be_hidden()


async def test_returning_to_the_page_shows_waiting_guests_at_once(
    console: Console, lene: UcwaClient, joe: Waiting
) -> None:
    page = console.page
    await joe.ask(await lene.schedule(subject="Budget"), "Joe")
    await page.evaluate("window.dispatchEvent(new Event('focus'))")
    await expect(page).to_have_title("(1) New meeting")


async def test_hidden_page_asks_once_a_minute_and_counts_in_its_title(
    console: Console, lene: UcwaClient, joe: Waiting
) -> None:
    page = console.page
    await page.evaluate(HIDE, True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/lobby") else None)
    await joe.ask(await lene.schedule(subject="Budget"), "Joe")
    for _ in range(3):
        await page.clock.run_for(15_000)
    assert asked == []
    await page.clock.run_for(15_000)
    await expect(page).to_have_title("(1) New meeting")
    assert len(asked) == 1


async def test_tabs_of_a_browser_share_one_answer(console: Console, lene: UcwaClient, joe: Waiting) -> None:
    other = await console.open_tab(console.page.url.partition("#")[0])
    async with other.page.expect_response(LOBBY):
        await other.sign_in()
    asked: list[str] = []
    other.page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/lobby") else None)
    await joe.ask(await lene.schedule(subject="Budget"), "Joe")
    await console.page.evaluate("window.dispatchEvent(new Event('focus'))")
    await expect(console.page).to_have_title("(1) New meeting")
    await expect(other.page).to_have_title("(1) Your meetings")
    assert asked == []


async def test_lobby_of_another_meeting_is_shown_beside_that_of_the_joined_one(
    console: Console, lene: UcwaClient, joe: Waiting, plain: RunningServer
) -> None:
    page = console.page
    joined = await lene.schedule(subject="Joined")
    await page.evaluate("window.dispatchEvent(new Event('focus'))")
    await page.get_by_role("link", name="Joined").click()
    await page.get_by_role("button", name="Join and see").click()
    await page.get_by_role("heading", name="People (1)").wait_for()
    await joe.ask(await lene.schedule(subject="Other"), "Joe")
    async with httpx.AsyncClient(base_url=plain.urls[0], timeout=LIMIT) as http:
        ann = Waiting(http)
        await ann.ask(joined, "Ann")
        await page.clock.fast_forward(15_000)
        await expect(page).to_have_title("(2) Joined")
        lines = page.locator("#lobby-banner .lobby-line")
        await expect(lines).to_have_text(
            [
                "Ann is waiting in the lobby of “Joined”.Show",
                "Joe is waiting in the lobby of “Other”.Go there",
            ]
        )
        await console.check_page("22-two-lobbies")
        # Opening the other one does not take the organizer out of the joined one.
        await page.get_by_role("button", name="Go there: Other").click()
        await expect(page.get_by_text("You are in “Joined”.")).to_be_visible()
        await ann.delete(ann.app)


async def test_lobby_of_the_joined_meeting_is_shown_again_after_a_reload(
    enter: Enter, lene: UcwaClient, joe: Waiting
) -> None:
    meeting = await lene.schedule(subject="Budget")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Join and see").click()
    await joe.ask(meeting, "Joe")
    await expect(page).to_have_title("(1) Budget")
    announced = asyncio.Event()
    await page.expose_function("announced", announced.set)
    await page.add_init_script("""
        globalThis.sounds = 0;
        globalThis.AudioContext = class extends AudioContext {
            constructor() {
                super();
                globalThis.sounds += 1;
            }
        };
        const announce = () => document.title.startsWith("(1)") && announced();
        new MutationObserver(announce).observe(document, { childList: true, subtree: true });
    """)
    await page.reload()
    # Nothing is asked of the page until then: to the browser that is somebody who uses it.
    await asyncio.wait_for(announced.wait(), LIMIT)
    assert await page.evaluate("sounds") == 0, "browsers refuse sounds until somebody uses the page, and report each"
    await expect(page.get_by_role("button", name="Show")).to_be_visible()
    await expect(page).to_have_title("(1) Budget")

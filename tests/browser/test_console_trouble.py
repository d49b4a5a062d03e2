"""The organizer's console in Chromium when something goes wrong."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Request, Route, expect

from tests.browser.console import Console, Enter, read
from tests.client import PASSWORD, UcwaClient
from tests.process.running import RunningServer
from tests.process.server import add_user
from tests.users import LENE

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that allows little."""
    folder = tmp_path_factory.mktemp("narrow") / "data"
    add_user(folder, LENE)
    with RunningServer(
        folder,
        OPENUCWA_MAX_MEETINGS="1",
        OPENUCWA_MAX_EXTENSIONS="1",
        OPENUCWA_MAX_EXTENSION_BYTES="100",
    ) as server:
        yield server


async def test_typed_text_survives_an_expired_token(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, id="agenda", topic="before")
    console = await enter(meeting)
    page = console.page
    form = await console.edit("agenda")
    await form.get_by_label("Value of topic").fill("after")

    async def with_another_token(route: Route, request: Request) -> None:
        await route.continue_(headers={**request.headers, "authorization": "Bearer cwt=old"})

    await page.route("**/onlineMeetingExtensions/agenda", with_another_token, times=1)
    await form.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog", name="Your session has expired")
    await dialog.get_by_label("Password").fill(PASSWORD)
    await console.check_page("13-sign-in-again")
    await dialog.get_by_role("button", name="Sign in").click()
    await expect(console.card("agenda")).to_contain_text("after")
    assert (await read(lene, extension))["topic"] == "after"


async def test_typed_text_survives_the_end_of_the_application(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, id="agenda", topic="before")
    console = await enter(meeting)
    form = await console.edit("agenda")
    await form.get_by_label("Value of topic").fill("after")
    async with console.page.expect_response(lambda answer: answer.url.endswith("/ucwa/v1/applications")) as opened:
        polls = await console.page.evaluate("performance.getEntriesByType('resource').map(each => each.name)")
        application = next(url for url in polls if "/onlineMeetings" in url).partition("/onlineMeetings")[0]
        assert (await lene.delete(application)).status_code == 204
    assert (await opened.value).status == 201
    await form.get_by_role("button", name="Save").click()
    await expect(console.card("agenda")).to_contain_text("after")
    assert (await read(lene, extension))["topic"] == "after"


async def test_typed_text_survives_a_network_failure(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    await lene.extend(meeting, id="agenda", topic="before")
    console = await enter(meeting)
    form = await console.edit("agenda")
    await form.get_by_label("Value of topic").fill("after")
    await console.context.set_offline(True)
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_role("alert")).to_contain_text("The server can't be reached.")
    await console.context.set_offline(False)
    await form.get_by_role("button", name="Save").click()
    await expect(console.card("agenda")).to_contain_text("after")


async def test_limits_of_the_server_are_explained(chromium: Browser, narrow: RunningServer) -> None:
    console = await Console.enter(chromium, narrow)
    page = console.page

    async def compose(subject: str) -> None:
        await page.get_by_role("link", name="New meeting").click()
        await page.get_by_label("Subject").fill(subject)
        await page.get_by_role("button", name="No fixed time").click()  # else an extension has the times
        await page.get_by_role("button", name="Schedule").click()

    await compose("first")
    await expect(page.locator("#subject")).to_have_text("first")
    await page.get_by_role("button", name="Add extension").click()
    form = page.get_by_role("form", name="New extension")
    await console.add_property(form, "b", "text", "x" * 200)
    await form.get_by_label("Name of the new property").first.fill("a")
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(form.get_by_text("That is larger than this server accepts")).to_be_visible()
    await form.locator(".property").last.get_by_role("textbox").last.fill("x")
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("article")).to_have_count(1)
    await page.get_by_role("button", name="Add extension").click()
    await form.get_by_role("button", name="Remove the new property").click()
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(form.get_by_text("has reached its limit of extensions")).to_be_visible()
    await form.get_by_role("button", name="Cancel").click()
    await compose("second")
    await expect(page.get_by_text("You have reached the limit of meetings")).to_be_visible()
    await console.leave()


async def test_everything_can_be_done_with_the_keyboard(
    chromium: Browser, plain: RunningServer, lene: UcwaClient
) -> None:
    console = await Console.open_browser(chromium, plain.urls[0])
    page = console.page
    press = page.keyboard.press
    await page.locator("#username").focus()
    await page.keyboard.type("lenea@contoso.com")
    await press("Tab")
    await page.keyboard.type(PASSWORD)
    await press("Enter")
    await expect(page.get_by_role("heading", name="Your meetings")).to_be_focused()
    await press("Tab")
    await expect(page.get_by_role("button", name="Refresh")).to_be_focused()
    await press("Tab")
    await expect(page.get_by_role("link", name="New meeting")).to_be_focused()
    await press("Enter")
    await expect(page.get_by_label("Subject")).to_be_focused()
    await page.keyboard.type("By keyboard")
    await press("Enter")
    await expect(page.locator("#subject")).to_have_text("By keyboard")
    await expect(page.locator("#subject")).to_be_focused()
    await page.get_by_role("button", name="Delete", exact=True).focus()
    await press("Enter")
    await expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    await press("Shift+Tab")
    await press("Enter")
    await expect(page.get_by_role("heading", name="Choose a meeting")).to_be_visible()
    await console.leave()

"""The organizer's console in Chromium while a meeting takes place, and what happens elsewhere meanwhile."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.console import BrowserUser, Enter
from tests.client import UcwaClient
from tests.process.running import RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def join_by_name(page: Page, name: str) -> None:
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Join", exact=True).click()


async def test_people_are_seen_joining_and_leaving_live(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Join and see").click()
    await expect(page.get_by_role("heading", name="People (1)")).to_be_focused()
    joe = UcwaClient(lene.http)
    await joe.sign_in_to_meeting(meeting)
    application = await joe.open()
    join = application["_embedded"]["communication"]["_links"]["joinOnlineMeeting"]["href"]
    body = {"onlineMeetingUri": meeting["onlineMeetingUri"], "anonymousDisplayName": "Joe"}
    assert (await joe.post(join, json=body)).status_code == 201
    await expect(page.locator("#people")).to_contain_text("Joe")
    await joe.delete(joe.app)
    await expect(page.get_by_role("heading", name="People (1)")).to_be_visible()
    await page.get_by_role("button", name="Leave").click()
    await expect(page.get_by_role("button", name="Join and see")).to_be_visible()


async def test_changes_by_others_are_marked_and_typed_text_stays(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="before")
    first = await lene.extend(meeting, id="first", topic="before")
    second = await lene.extend(meeting, id="second", topic="before")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Join and see").click()
    await page.get_by_role("heading", name="People (1)").wait_for()
    form = await console.edit("second")
    await form.get_by_label("Value of topic").fill("mine")
    await lene.replace(first, topic="after")
    await lene.replace(second, topic="theirs")
    await lene.replace(meeting, subject="after")
    await expect(console.card("first").locator("tr.changed")).to_contain_text("after")
    await expect(form.get_by_text("Someone changed this extension in the meantime")).to_be_visible()
    await expect(form.get_by_label("Value of topic")).to_have_value("mine")
    await expect(page.locator("#subject")).to_have_text("after")


async def test_organizer_and_guests_go_through_a_whole_meeting(
    chromium: Browser, plain: RunningServer, enter: Enter, lene: UcwaClient
) -> None:
    meeting = await lene.schedule(subject="Quarterly budget review")
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Budget", seats=12)
    await lene.extend(meeting, id="notes", type="RoamedOrganizerData", remark="Ask Dana first")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Join and see").click()
    guests = [await BrowserUser.open_browser(chromium, meeting["joinUrl"]) for _ in range(2)]
    joe, ann = guests
    await join_by_name(joe.page, "Joe")
    # Guests wait until they are let in; one is, the other is not yet.
    await expect(joe.page.get_by_role("heading", name="You are in the lobby")).to_be_visible()
    await page.get_by_role("button", name="Admit Joe").click()
    await expect(joe.page.locator("#extensions")).to_contain_text("Budget")
    await join_by_name(ann.page, "Ann")
    await expect(page.get_by_role("button", name="Admit Ann")).to_be_visible()
    await console.check_page("14-lobby")
    await expect(ann.page.get_by_role("heading", name="You are in the lobby")).to_be_visible()
    await page.get_by_role("button", name="Admit Ann").click()
    await expect(ann.page.locator("#extensions")).to_contain_text("Budget")
    # What is for the organizer alone changes before what is for everybody, so that it would be seen by then.
    form = await console.edit("notes")
    await form.get_by_label("Value of remark").fill("Ask Ann first")
    await form.get_by_role("button", name="Save").click()
    form = await console.edit("agenda")
    await form.get_by_label("Value of topic").fill("Budget 2030")
    await form.get_by_role("button", name="Save").click()
    for guest in guests:
        await expect(guest.page.locator("#extensions")).to_contain_text("Budget 2030")
        assert "Ask" not in await guest.page.content()
        assert "notes" not in await guest.page.locator("body").inner_text()
    await joe.page.get_by_label("Message to everyone").fill("Hello from Joe")
    await joe.page.get_by_role("button", name="Send").click()
    await expect(ann.page.locator("#messages")).to_contain_text("Hello from Joe")
    await expect(page.locator("#messages")).to_contain_text("Hello from Joe")
    await page.get_by_label("Message to everyone").fill("Welcome")
    await page.get_by_role("button", name="Send").click()
    await expect(joe.page.locator("#messages")).to_contain_text("Welcome")
    await console.check_page("15-meeting")
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    for guest in guests:
        await expect(guest.page.get_by_role("heading", name="The meeting has ended")).to_be_visible()
        await guest.leave()


async def test_organizer_promotes_demotes_and_removes_people_from_the_console(
    chromium: Browser, enter: Enter, lene: UcwaClient
) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Join and see").click()
    joe = await BrowserUser.open_browser(chromium, meeting["joinUrl"])
    await join_by_name(joe.page, "Joe")
    line = page.locator("#people").get_by_role("listitem").filter(has_text="Joe")
    await page.get_by_role("button", name="Actions for Joe").click()
    await page.get_by_role("button", name="Make a leader").click()
    await expect(line.get_by_text("leader", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Make an attendee").click()
    await expect(line.get_by_text("leader", exact=True)).to_have_count(0)
    await page.get_by_role("button", name="Remove from the meeting").click()
    await expect(joe.page.get_by_role("heading", name="You were removed from the meeting")).to_be_visible()
    await expect(line).to_have_count(0)
    await joe.leave()


async def test_messages_in_the_console_have_times_and_show_who_is_typing(
    chromium: Browser, enter: Enter, lene: UcwaClient
) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Join and see").click()
    joe = await BrowserUser.open_browser(chromium, meeting["joinUrl"])
    await join_by_name(joe.page, "Joe")
    field = joe.page.get_by_label("Message to everyone")
    await expect(field).to_be_enabled()
    await field.press_sequentially("Hello")
    await expect(page.locator("#typing")).to_have_text("Joe is typing…")
    await field.press("Enter")
    await expect(page.locator("#messages .message")).to_contain_text("Hello")
    await expect(page.locator("#messages time")).to_have_attribute("datetime", re.compile(r"^20\d\d-"))
    await joe.leave()


async def test_people_waiting_in_the_lobby_are_announced_in_every_view(
    chromium: Browser, enter: Enter, lene: UcwaClient
) -> None:
    meeting = await lene.schedule(subject="Quarterly planning")
    await lene.schedule(subject="Another one")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Join and see").click()
    await page.get_by_role("heading", name="People (1)").wait_for()
    await page.get_by_role("link", name="Another one").click()
    await expect(page.get_by_text("You are in “Quarterly planning”.")).to_be_visible()
    joe = await BrowserUser.open_browser(chromium, meeting["joinUrl"])
    await join_by_name(joe.page, "Joe")
    await expect(page.get_by_text("Joe is waiting in the lobby of “Quarterly planning”.").first).to_be_visible()
    await expect(page).to_have_title("(1) Another one")
    await console.check_page("19-lobby-banner")
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_role("button", name="Admit Joe")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Quarterly planning")
    await expect(page.locator("#people")).to_contain_text("Joe")
    await joe.leave()


async def test_action_that_fails_is_explained_beside_the_people(
    chromium: Browser, enter: Enter, lene: UcwaClient
) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Join and see").click()
    joe = await BrowserUser.open_browser(chromium, meeting["joinUrl"])
    await join_by_name(joe.page, "Joe")
    await page.get_by_role("button", name="Actions for Joe").click()
    await page.route("**/eject", lambda route: route.fulfill(status=503, body=""))
    await page.get_by_role("button", name="Remove from the meeting").click()
    await expect(page.locator("#inside").get_by_role("alert")).to_contain_text("The server has a problem")
    await joe.leave()

"""What developers and busy organizers do in the console: search, duplicate, JSON, rename; in Chromium."""

import json

import pytest
from playwright.async_api import Browser, expect

from tests.browser.console import Console, Enter, read
from tests.browser.guest import Guest
from tests.client import UcwaClient, self_of
from tests.process.running import RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_meetings_are_searched_by_words_and_people(enter: Enter, lene: UcwaClient) -> None:
    await lene.schedule(subject="Résumé of the quarter", attendees=["sip:ann@contoso.com"])
    await lene.schedule(subject="Something else")
    console = await enter()
    page = console.page
    search = page.get_by_label("Search meetings")
    await search.fill("resume QUARTER")
    links = page.locator("#meetings a")
    await expect(links).to_have_count(1)
    await expect(links).to_contain_text("Résumé of the quarter")
    await search.fill("ann@contoso")
    await expect(links).to_have_count(1)
    await search.fill("no such words")
    await expect(page.get_by_text("No meeting fits the search.")).to_be_visible()
    await console.check_page("30-search")
    await search.fill("")
    await page.get_by_label("Which meetings").select_option("Closed")
    await expect(links.filter(has_text="Something else")).to_have_count(0)


async def test_meeting_is_duplicated_with_its_extensions(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Sprint review", accessLevel="Everyone", attendees=["sip:ann@contoso.com"])
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Budget", seats=12, share=2.50)
    await lene.extend(meeting, id="notes", type="RoamedOrganizerData", remark="Ask Dana")
    console = await enter(meeting)
    page = console.page
    await page.locator("#copy-meeting").click()
    await expect(page.locator("#subject")).to_have_text("Copy of Sprint review")
    await expect(page.locator("#facts")).to_contain_text("ann@contoso.com")
    await expect(page.locator("#facts")).to_contain_text("Everyone with the link")
    await expect(console.card("agenda")).to_contain_text("Budget")
    await expect(console.card("notes")).to_contain_text("only you")
    copies = (await lene.get(lene.meetings)).json()["_embedded"]["myOnlineMeeting"]
    (copy,) = [each for each in copies if each["subject"] == "Copy of Sprint review"]
    (agenda,) = [
        each for each in (await read(lene, copy))["_embedded"]["onlineMeetingExtension"] if each["id"] == "agenda"
    ]
    assert (agenda["topic"], agenda["seats"], agenda["share"]) == ("Budget", 12, 2.5)
    assert copy["onlineMeetingId"] != meeting["onlineMeetingId"]


async def test_extension_is_shown_and_copied_as_json(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="JSON")
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Budget", seats=12, tags=["a", "b"])
    console = await enter(meeting)
    card = console.card("agenda")
    await card.get_by_role("button", name="JSON").click()
    await expect(card.get_by_role("button", name="JSON")).to_be_focused()
    wanted = {"id": "agenda", "type": "RoamedParticipantData", "topic": "Budget", "seats": 12, "tags": ["a", "b"]}
    assert json.loads(await card.locator("pre").inner_text()) == wanted
    await console.check_page("31-json")
    await card.get_by_role("button", name="Copy").click()
    await expect(console.page.locator("#said")).to_contain_text("agenda is copied as JSON.")
    assert json.loads(await console.page.evaluate("navigator.clipboard.readText()")) == wanted
    await card.get_by_role("button", name="JSON").click()
    await expect(card.locator("table")).to_be_visible()


async def test_extension_is_duplicated_under_another_id(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Duplicates")
    await lene.extend(meeting, id="agenda", type="RoamedOrganizerData", topic="Budget", seats=12)
    console = await enter(meeting)
    await console.card("agenda").get_by_role("button", name="Duplicate").click()
    form = console.page.get_by_role("form", name="New extension")
    await expect(form.get_by_label("Id")).to_have_value("agenda-copy")
    await form.get_by_role("button", name="Add", exact=True).click()
    copy = console.card("agenda-copy")
    await expect(copy).to_contain_text("Budget")
    await expect(copy).to_contain_text("only you")


async def test_property_is_renamed_and_keeps_its_value(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Rename")
    agenda = await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Budget", seats=12)
    console = await enter(meeting)
    form = await console.edit("agenda")
    await form.get_by_label("Name of seats").fill("chairs")
    await console.check_page("32-rename")
    await form.get_by_role("button", name="Save").click()
    await expect(console.card("agenda")).to_contain_text("chairs")
    now = await read(lene, agenda)
    assert now["chairs"] == 12
    assert "seats" not in now


async def test_property_is_not_renamed_to_the_name_of_another(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Rename")
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Budget", seats=12)
    console = await enter(meeting)
    form = await console.edit("agenda")
    await form.get_by_label("Name of seats").fill("topic")
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_text("There is already a property with this name.")).to_be_visible()


#: What a page, and a form in it, may consist of, whatever the length of its lists.
MAX_ELEMENTS = 1500


async def elements(console: Console) -> int:
    count: int = await console.page.evaluate("document.querySelectorAll('*').length")
    return count


async def test_list_of_ten_thousand_items_is_seen_and_edited_by_pages(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Long")
    seats = list(range(10_000))
    agenda = await lene.extend(meeting, id="agenda", type="RoamedParticipantData", seats=seats)
    console = await enter(meeting)
    card = console.card("agenda")
    items = card.locator("li")
    await expect(items).to_have_count(50)
    await card.get_by_role("button", name="Next items of seats").click()
    await expect(card.get_by_text("Items 51 to 100 of 10000")).to_be_visible()
    await card.get_by_label("Go to item of seats").fill("7777")
    await console.page.keyboard.press("Enter")
    await expect(items.first).to_have_text("7750")
    assert await elements(console) < MAX_ELEMENTS
    await console.check_page("35-long-list")

    form = await console.edit("agenda")
    await form.get_by_label("Go to item of Value of seats").fill("7777")
    await console.page.keyboard.press("Enter")
    await form.get_by_label("Value of seats, item 7777").fill("x")
    await form.get_by_role("button", name="Last items").click()
    await form.get_by_role("button", name="Remove item 10000 of Value of seats").click()
    await expect(form.get_by_label("Value of seats, item 9999", exact=True)).to_be_focused()
    await form.get_by_role("button", name="First items").click()
    assert await elements(console) < MAX_ELEMENTS
    await form.get_by_role("button", name="Save").click()
    # The item that is wrong comes into view.
    await expect(form.get_by_label("Value of seats, item 7777")).to_be_focused()
    await expect(form.get_by_text("Enter a whole number, in digits.")).to_be_visible()
    await console.check_page("36-long-list-edited")
    await form.get_by_label("Value of seats, item 7777").fill("7")
    await form.get_by_role("button", name="Save").click()
    await expect(console.page.locator("#said")).to_contain_text("agenda is saved.")
    assert (await read(lene, agenda))["seats"] == [*seats[:7776], 7, *seats[7777:9999]]
    assert await elements(console) < MAX_ELEMENTS


async def test_page_of_a_list_and_the_focus_stay_when_another_property_changes(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Long")
    agenda = await lene.extend(meeting, id="agenda", type="RoamedParticipantData", seats=list(range(200)), topic="A")
    console = await enter(meeting)
    await console.page.get_by_role("button", name="Join and see").click()
    await expect(console.page.get_by_role("button", name="Leave")).to_be_visible()
    card = console.card("agenda")
    onward = card.get_by_role("button", name="Next items of seats")
    await onward.click()
    response = await lene.put(self_of(agenda), json={**agenda, "topic": "B"}, headers={"If-Match": agenda["etag"]})
    assert response.status_code == 200, response.text
    await expect(card).to_contain_text("changed")
    await expect(card.locator("li").first).to_have_text("50")
    await expect(onward).to_be_focused()


async def test_messages_of_a_meeting_that_is_not_shown_are_counted(
    chromium: Browser, enter: Enter, lene: UcwaClient
) -> None:
    meeting = await lene.schedule(subject="Sprint review", accessLevel="Everyone")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Join and see").click()
    joe = await Guest.arrive(chromium, meeting["joinUrl"])
    await joe.join_by_name("Joe")
    await joe.is_in()
    await page.get_by_role("link", name="People").click()
    await joe.says("See https://example.com/agenda.")
    await page.get_by_role("link", name="Meetings").click()
    line = page.locator("#meetings").get_by_role("link", name="Sprint review").filter(has_text="you are in it")
    await expect(line).to_contain_text("you are in it, 1 new")
    await line.click()
    await expect(line).not_to_contain_text("new")
    link = page.get_by_role("link", name="https://example.com/agenda")
    await expect(link).to_have_attribute("href", "https://example.com/agenda")
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    await joe.leave()


async def test_all_who_wait_are_admitted_at_once(chromium: Browser, enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Doors")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Join and see").click()
    guests = [await Guest.arrive(chromium, meeting["joinUrl"]) for _ in range(2)]
    await guests[0].join_by_name("Joe")
    await expect(page.get_by_role("button", name="Admit Joe")).to_be_visible()
    await expect(page.get_by_role("button", name="Admit all")).to_be_hidden()
    await guests[1].join_by_name("Ann")
    await expect(page.get_by_role("button", name="Admit Ann")).to_be_visible()
    await console.check_page("33-lobby-of-two")
    await page.get_by_role("button", name="Admit all").click()
    for guest in guests:
        await guest.is_in()
        await guest.leave()


async def test_name_of_a_guest_is_remembered(chromium: Browser, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Names", accessLevel="Everyone")
    joe = await Guest.arrive(chromium, meeting["joinUrl"])
    await joe.join_by_name("Joe Moss")
    await joe.is_in()
    again = await joe.open_tab(meeting["joinUrl"])
    await expect(again.page.get_by_label("Your name")).to_have_value("Joe Moss")
    await joe.leave()


async def test_back_and_forward_go_through_what_was_shown(enter: Enter, plain: RunningServer, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Back and forth")
    console: Console = await enter(meeting)
    page = console.page
    await page.locator("a.own").click()
    await expect(page.get_by_role("heading", name="Your status")).to_be_focused()
    await page.get_by_role("link", name="People").click()
    await expect(page.get_by_role("heading", name="Choose a person")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("heading", name="Your status")).to_be_visible()
    await page.go_back()
    await expect(page.locator("#subject")).to_have_text("Back and forth")
    await page.go_forward()
    await expect(page.get_by_role("heading", name="Your status")).to_be_visible()


async def test_deleted_meeting_comes_back_with_its_extensions(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Deleted too early")
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Budget")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("“Deleted too early” is deleted.")).to_be_visible()
    await console.check_page("34-undo")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator("#subject")).to_have_text("Deleted too early")
    await expect(console.card("agenda")).to_contain_text("Budget")
    await expect(page.get_by_role("button", name="Undo")).to_be_hidden()
    assert (await read(lene, meeting))["subject"] == "Deleted too early"


async def test_deleted_extension_comes_back(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Extensions")
    agenda = await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Budget")
    console = await enter(meeting)
    page = console.page
    await console.card("agenda").get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(console.card("agenda")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(console.card("agenda")).to_contain_text("Budget")
    assert (await read(lene, agenda))["topic"] == "Budget"


async def test_list_and_details_follow_changes_from_anywhere(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Watched")
    console = await enter(meeting)
    page = console.page
    tab = await console.open_tab(page.url.partition("#")[0])
    await tab.sign_in()
    lists = [each.locator("#meetings") for each in (page, tab.page)]
    for each in lists:
        await expect(each).to_contain_text("Watched")
    other = await lene.schedule(subject="Scheduled elsewhere")
    for each in lists:
        await expect(each).to_contain_text("Scheduled elsewhere")
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Budget")
    await expect(console.card("agenda")).to_contain_text("Budget")
    assert (await lene.delete(other["_links"]["self"]["href"])).status_code == 204
    for each in lists:
        await expect(each).not_to_contain_text("Scheduled elsewhere")

"""People in the console, in Chromium: presence, note and photo, contacts, the search, conversations of two."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.browser.console import Console
from tests.browser.guest import Guest, organizer_at
from tests.pictures.images import photo
from tests.process.running import RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Opens the console of one more user, on the list of people: Lene, if nobody is named.
Come = Callable[..., Awaitable[Console]]

LENE, DANA, ERIK = "lenea@contoso.com", "danab@contoso.com", "erik@contoso.com"


@pytest_asyncio.fixture(loop_scope="session")
async def come(chromium: Browser, server: RunningServer) -> AsyncIterator[Come]:
    opened: list[Console] = []

    async def open_console(username: str = LENE) -> Console:
        console = await Console.enter(chromium, server, username=username)
        opened.append(console)
        await expect(console.page.locator("#who-presence")).to_have_text("Available")
        await console.page.get_by_role("link", name="People").click()
        return console

    yield open_console
    for console in opened:
        await console.leave()


async def find(console: Console, words: str) -> Locator:
    """Searches; the list of those who are found."""
    await console.page.get_by_label("Find people").fill(words)
    return console.page.get_by_role("list", name="Found")


async def go_to_dana(console: Console) -> None:
    await (await find(console, "dana")).get_by_role("link", name="Dana Birkby").click()
    await expect(console.page.get_by_role("heading", name="Dana Birkby")).to_be_focused()


async def test_status_that_is_chosen_is_seen_by_a_contact_live(come: Come) -> None:
    lene, dana = await come(), await come(DANA)
    await go_to_dana(lene)
    await expect(lene.page.locator("#person-presence")).to_have_text("Available")
    await dana.page.locator("a.own").click()
    await dana.page.get_by_role("button", name="Busy").click()
    await expect(dana.page.locator("#who-presence")).to_have_text("Busy")
    await expect(dana.page.get_by_role("button", name="Busy")).to_have_attribute("aria-pressed", "true")
    await expect(lene.page.locator("#person-presence")).to_have_text("Busy")
    await dana.page.get_by_role("button", name="Reset status").click()
    await expect(lene.page.locator("#person-presence")).to_have_text("Available")


async def test_two_people_talk(come: Come) -> None:
    lene, dana = await come(), await come(DANA)
    await go_to_dana(lene)
    await lene.page.get_by_role("button", name="Start a conversation").click()
    await expect(lene.page.get_by_text("Waiting for Dana Birkby to answer")).to_be_visible()
    invitation = dana.page.locator("#invitations")
    await expect(invitation).to_contain_text("Lene Aaling invites you to a conversation.")
    await expect(dana.page).to_have_title("(1) People")
    await dana.check_page("20-invited")
    await invitation.get_by_role("button", name="Accept").click()
    await expect(dana.page.get_by_role("heading", name="Lene Aaling")).to_be_visible()
    await dana.page.get_by_label("Message to Lene").fill("Hello Lene")
    await expect(lene.page.get_by_text("Dana Birkby is typing")).to_be_visible()
    await dana.page.keyboard.press("Enter")
    await expect(lene.page.locator(".message-text")).to_have_text(["Hello Lene"])
    await lene.page.get_by_label("Message to Dana").fill("Hello Dana")
    await lene.page.keyboard.press("Enter")
    await expect(dana.page.locator(".message-text")).to_have_text(["Hello Lene", "Hello Dana"])
    await lene.check_page("21-talk")
    await lene.page.get_by_role("button", name="End conversation").click()
    await expect(dana.page.locator("#talk-state")).to_have_text("Lene Aaling has left the conversation.")
    await expect(lene.page.get_by_role("button", name="Start a conversation")).to_be_focused()


async def test_declined_invitation_has_the_reason_declined(come: Come) -> None:
    lene, dana = await come(), await come(DANA)
    await go_to_dana(lene)
    await lene.page.get_by_role("button", name="Start a conversation").click()
    await dana.page.get_by_role("button", name="Decline: Lene Aaling").click()
    await expect(lene.page.locator("#talk-state")).to_have_text("Dana Birkby declined.")
    await expect(dana.page.locator("#invitations")).to_be_hidden()
    await expect(lene.page.get_by_role("button", name="Start a conversation")).to_be_visible()


async def test_invitation_that_is_taken_back_disappears(come: Come) -> None:
    lene, dana = await come(), await come(DANA)
    await go_to_dana(lene)
    await lene.page.get_by_role("button", name="Start a conversation").click()
    await expect(dana.page.locator("#invitations")).to_be_visible()
    await lene.page.get_by_role("button", name="Cancel").click()
    await expect(dana.page.locator("#invitations")).to_be_hidden()


async def test_conversation_continues_after_a_reload(come: Come) -> None:
    lene, dana = await come(), await come(DANA)
    await go_to_dana(lene)
    await lene.page.get_by_role("button", name="Start a conversation").click()
    await dana.page.get_by_role("button", name="Accept: Lene Aaling").click()
    await dana.page.get_by_label("Message to Lene").fill("Before")
    await dana.page.keyboard.press("Enter")
    await expect(lene.page.locator(".message-text")).to_have_text(["Before"])
    await lene.page.reload()
    await expect(lene.page.locator(".message-text")).to_have_text(["Before"])
    await lene.page.get_by_label("Message to Dana").fill("After")
    await lene.page.keyboard.press("Enter")
    await expect(dana.page.locator(".message-text")).to_have_text(["Before", "After"])


async def test_message_in_a_conversation_that_is_not_shown_is_counted(come: Come) -> None:
    lene, dana = await come(), await come(DANA)
    await go_to_dana(lene)
    await lene.page.get_by_role("button", name="Start a conversation").click()
    await dana.page.get_by_role("button", name="Accept: Lene Aaling").click()
    await lene.page.get_by_label("Message to Dana").fill("Not sent yet")
    await lene.page.get_by_role("link", name="Meetings").click()
    await dana.page.get_by_label("Message to Lene").fill("Are you there?")
    await dana.page.keyboard.press("Enter")
    await expect(lene.page.locator("#people-unread")).to_have_text("1 new")
    await lene.page.get_by_role("link", name="People").click()
    await lene.page.get_by_label("Find people").fill("")
    talk = lene.page.get_by_role("list", name="Conversations").get_by_role("link", name="Dana Birkby")
    await expect(talk).to_contain_text("Are you there?")
    await lene.check_page("22-conversations")
    await talk.click()
    await expect(lene.page.locator("#people-unread")).to_have_text("")
    await expect(lene.page.get_by_label("Message to Dana")).to_have_value("Not sent yet")


async def test_contact_is_added_grouped_and_removed(come: Come) -> None:
    lene = await come()
    page = lene.page
    await expect(page.get_by_text("You have no contacts yet")).to_be_visible()
    await go_to_dana(lene)
    await page.get_by_role("button", name="Add to contacts").click()
    await expect(page.get_by_role("button", name="Remove from contacts")).to_be_focused()
    await page.get_by_label("Find people").fill("")
    await expect(page.get_by_role("list", name="Contacts").get_by_role("link")).to_have_count(1)
    await page.get_by_text("Groups", exact=True).click()
    await page.get_by_label("New group").fill("Family")
    await page.get_by_role("button", name="Create").click()
    await page.get_by_role("checkbox", name="Family").check()
    await expect(page.get_by_role("list", name="Family").get_by_role("link", name="Dana Birkby")).to_be_visible()
    await lene.check_page("23-contact")
    await page.get_by_role("checkbox", name="Family").uncheck()
    await expect(page.get_by_role("list", name="Family")).to_have_count(0)
    await page.get_by_role("button", name="Remove from contacts").click()
    await expect(page.get_by_text("You have no contacts yet")).to_be_visible()


async def test_contact_added_elsewhere_is_shown_live(come: Come) -> None:
    first, second = await come(), await come()
    await go_to_dana(first)
    await expect(second.page.get_by_text("You have no contacts yet")).to_be_visible()
    await first.page.get_by_role("button", name="Add to contacts").click()
    await expect(second.page.get_by_role("list", name="Contacts").get_by_role("link")).to_have_count(1)
    await first.page.get_by_role("button", name="Remove from contacts").click()
    await expect(second.page.get_by_text("You have no contacts yet")).to_be_visible()


async def test_note_is_seen_by_others(come: Come) -> None:
    lene, dana = await come(), await come(DANA)
    await dana.page.locator("a.own").click()
    await dana.page.get_by_label("Note").fill("Back at three")
    await dana.page.get_by_role("button", name="Save note").click()
    await go_to_dana(lene)
    await expect(lene.page.locator("#person-note")).to_have_text("Back at three")
    await dana.page.get_by_role("button", name="Clear note").click()
    await expect(lene.page.locator("#person-note")).to_have_text("")


async def test_photo_is_chosen_previewed_saved_shown_and_removed(come: Come) -> None:
    lene, dana = await come(), await come(DANA)
    page = dana.page
    await page.locator("a.own").click()
    files = {"name": "me.png", "mimeType": "image/png", "buffer": photo(form="PNG", mode="RGB")}
    await page.locator("#photo-file").set_input_files(files)  # type: ignore[arg-type]
    await expect(page.get_by_role("button", name="Save photo")).to_be_focused()
    await dana.check_page("24-status")
    await page.get_by_role("button", name="Save photo").click()
    await expect(page.get_by_role("button", name="Choose photo")).to_be_focused()
    middle = """face => {
        const image = face.querySelector("img");
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 10;
        const context = canvas.getContext("2d");
        if (image.hidden || !image.complete) return "";
        context.drawImage(image, 0, 0, 10, 10);
        const [red, green, blue] = context.getImageData(1, 5, 1, 1).data;
        return red > 200 && green < 60 && blue < 60 ? "red" : "other";
    }"""
    handle = await page.locator("#me-face .face").element_handle()
    await page.wait_for_function(f"face => ({middle})(face) === 'red'", arg=handle)
    await go_to_dana(lene)
    handle = await lene.page.locator("#person-face .face").element_handle()
    await lene.page.wait_for_function(f"face => ({middle})(face) === 'red'", arg=handle)
    await page.get_by_role("button", name="Remove photo").click()
    handle = await page.locator("#me-face .face").element_handle()
    await page.wait_for_function(f"face => ({middle})(face) === 'other'", arg=handle)


async def test_file_that_is_no_picture_is_refused(come: Come) -> None:
    dana = await come(DANA)
    await dana.page.locator("a.own").click()
    await dana.page.locator("#photo-file").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"notes"}
    )
    await expect(dana.page.get_by_text("This file is not a picture")).to_be_visible()


async def test_page_of_a_person_is_a_deep_link(come: Come) -> None:
    lene = await come()
    await lene.page.goto(f"{lene.page.url.partition('#')[0]}#people/{DANA}")
    await expect(lene.page.get_by_role("heading", name="Dana Birkby")).to_be_visible()
    await lene.page.goto(f"{lene.page.url.partition('#')[0]}#people/nobody@contoso.com")
    await expect(lene.page.get_by_text("No one with this address is known here.")).to_be_visible()


async def test_conversation_becomes_a_meeting_when_somebody_is_added(come: Come) -> None:
    lene, dana, erik = await come(), await come(DANA), await come(ERIK)
    await (await find(lene, "erik")).get_by_role("link", name="Erik Andersen").click()
    await lene.page.get_by_role("button", name="Add to contacts").click()
    await expect(lene.page.get_by_role("button", name="Remove from contacts")).to_be_visible()
    await go_to_dana(lene)
    await lene.page.get_by_role("button", name="Start a conversation").click()
    await dana.page.get_by_role("button", name="Accept: Lene Aaling").click()
    await lene.page.get_by_role("button", name="Add", exact=True).click()
    await expect(erik.page.locator("#invitations")).to_contain_text("Lene Aaling invites you to a meeting.")
    await erik.page.get_by_role("button", name="Accept: Lene Aaling").click()
    await expect(lene.page.get_by_role("heading", name="People (3)")).to_be_visible()
    await erik.page.get_by_label("Message to Lene").fill("Hello all")
    await erik.page.keyboard.press("Enter")
    for each in (lene, dana):
        await expect(each.page.locator(".message-text")).to_have_text(["Hello all"])
    await lene.check_page("25-meeting-of-three")
    await erik.page.get_by_role("button", name="Leave").click()
    await expect(lene.page.get_by_role("heading", name="People (2)")).to_be_visible()


async def test_presence_and_pictures_of_participants_are_shown_on_both_pages(
    come: Come, chromium: Browser, server: RunningServer
) -> None:
    dana = await come(DANA)
    await dana.page.locator("a.own").click()
    await dana.page.get_by_role("button", name="Do not disturb").click()
    async with organizer_at(server) as lene:
        meeting = await lene.schedule(subject="Quarterly planning", accessLevel="Everyone")
    console = await Console.enter(chromium, server, meeting["onlineMeetingId"])
    await console.page.get_by_role("button", name="Join and see").click()
    guest = await Guest.arrive(chromium, meeting["joinUrl"])
    await guest.sign_in()
    await guest.is_in()
    joe = await Guest.arrive(chromium, meeting["joinUrl"])
    await joe.join_by_name("Joe")
    await joe.is_in()
    for page in (console.page, guest.page):
        line = page.locator("#people").get_by_role("listitem").filter(has_text="Dana Birkby")
        await expect(line.locator(".presence")).to_have_text("Do not disturb")
        await expect(line.locator("img")).to_be_visible()
    await expect(joe.page.locator("#people img:visible")).to_have_count(2)
    await console.check_page("26-participants")
    await guest.check_page("26-participants")
    await dana.page.get_by_role("button", name="Reset status").click()
    for each in (console, guest, joe):
        await each.leave()


async def test_meetings_that_others_invite_to_are_listed_and_opened(come: Come, server: RunningServer) -> None:
    dana = await come(DANA)
    await dana.page.get_by_role("link", name="Meetings").click()
    async with organizer_at(server) as lene:
        await lene.schedule(subject="Planning with Dana", attendees=["sip:danab@contoso.com"])
    link = dana.page.get_by_role("list", name="You are invited").get_by_role("link", name="Planning with Dana")
    await expect(link).to_contain_text("by lenea@contoso.com")
    await dana.check_page("27-invited")
    await link.click()
    await expect(dana.page.get_by_role("heading", name="Join the meeting")).to_be_visible()


async def test_invitation_rings_unless_sounds_are_off(come: Come) -> None:
    lene, dana = await come(), await come(DANA)
    tones = """() => {
        globalThis.tones = 0;
        const { start } = OscillatorNode.prototype;
        OscillatorNode.prototype.start = function (...times) {
            globalThis.tones += 1;
            return start.apply(this, times);
        };
    }"""
    await dana.page.evaluate(tones)
    await go_to_dana(lene)
    for heard in (2, 2):
        await lene.page.get_by_role("button", name="Start a conversation").click()
        await expect(dana.page.locator("#invitations")).to_be_visible()
        assert await dana.page.evaluate("tones") == heard
        await lene.page.get_by_role("button", name="Cancel").click()
        await expect(dana.page.locator("#invitations")).to_be_hidden()
        await dana.page.locator("a.own").click()
        await dana.page.get_by_label("Play a sound").uncheck()
    await dana.page.get_by_label("Play a sound").check()

"""The join page in Chromium, as those see it who are sent a link."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Route, expect

from tests.browser.guest import Arrive, Organizer, joined, organizer_at
from tests.process.running import RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = '<img src=x onerror="alert(1)"><b>bold</b>'
HIDDEN = "for the organizer's eyes"


@pytest_asyncio.fixture(loop_scope="session")
async def lene(server: RunningServer) -> AsyncIterator[Organizer]:
    async with organizer_at(server) as organizer:
        yield organizer


# The page


async def test_page_is_the_same_for_every_address(server: RunningServer, lene: Organizer) -> None:
    meeting = await lene.schedule()
    there = await lene.http.get(meeting["joinUrl"])
    nowhere = await lene.http.get("/meet/nobody@nowhere.example/NONE")
    assert there.status_code == nowhere.status_code == 200
    assert there.content == nowhere.content
    assert there.headers["content-type"] == "text/html; charset=utf-8"
    assert there.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert there.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("join.js", "text/javascript; charset=utf-8"),
        ("base.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
async def test_static_files_are_cached_and_revalidated(lene: Organizer, name: str, media_type: str) -> None:
    first = await lene.http.get(f"/static/{name}")
    assert first.headers["content-type"] == media_type
    assert first.headers["cache-control"] == "no-cache"
    again = await lene.http.get(f"/static/{name}", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


# Coming in


async def test_guest_joining_by_name_waits_in_the_lobby_until_admitted(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule(subject="Quarterly planning")
    await lene.enter(meeting)
    guest = await arrive(meeting)
    await expect(guest.page.get_by_label("Your name")).to_be_focused()
    await expect(guest.named("enter")).to_contain_text("Hosted by lenea@contoso.com")
    await guest.check_page("enter")
    await guest.join_by_name("Joe")
    await guest.ends_with("You are in the lobby")
    await expect(guest.named("lobby")).to_contain_text("Quarterly planning")
    await guest.check_page("lobby")
    await lene.does("admit", await lene.in_the_lobby("Joe"))
    await guest.is_in()
    await expect(guest.page.get_by_role("heading", level=1, name="Quarterly planning")).to_be_visible()
    await expect(guest.named("organizer")).to_have_text("Organized by Lene Aaling")
    await expect(guest.named("expires")).to_contain_text("Open until")
    await expect(guest.person("Lene Aaling")).to_contain_text("organizer")
    await expect(guest.person("Joe")).to_contain_text("you")
    await expect(guest.person("Joe")).to_contain_text("guest")


async def test_rejected_guest_is_notified_and_can_ask_again(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule()
    await lene.enter(meeting)
    guest = await arrive(meeting)
    await guest.join_by_name("Joe")
    await lene.does("reject", await lene.in_the_lobby("Joe"))
    await guest.ends_with("You were not let in")
    await guest.check_page("denied")
    await guest.page.get_by_role("button", name="Ask again").click()
    await lene.does("admit", await lene.in_the_lobby("Joe"))
    await guest.is_in()


async def test_rejected_guest_is_notified_even_before_the_lobby_event(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule()
    await lene.enter(meeting)
    guest = await arrive(meeting)
    rejected = asyncio.Event()

    async def hold(route: Route) -> None:
        await rejected.wait()
        await route.continue_()

    await guest.page.route("**/events?*", hold)
    await guest.join_by_name("Joe")
    await lene.does("reject", await lene.in_the_lobby("Joe"))
    rejected.set()
    await guest.ends_with("You were not let in")


async def test_wrong_password_is_reported_at_the_field_and_the_right_one_joins(lene: Organizer, arrive: Arrive) -> None:
    guest = await arrive(await lene.schedule())
    await guest.sign_in(password="wrong")
    await expect(guest.page.get_by_role("alert")).to_have_text("The user name or the password is wrong.")
    await expect(guest.page.get_by_label("Password").first).to_be_focused()
    await expect(guest.page.get_by_label("Password").first).to_have_attribute("aria-invalid", "true")
    await guest.check_page("wrong-password")
    await guest.sign_in()
    await guest.is_in()
    await expect(guest.person("Dana Birkby")).to_contain_text("you")


async def test_empty_name_is_refused(lene: Organizer, arrive: Arrive) -> None:
    guest = await arrive(await lene.schedule())
    await guest.join_by_name("  ")
    await expect(guest.page.get_by_role("alert")).to_have_text("Please enter your name.")
    await expect(guest.page.get_by_label("Your name")).to_be_focused()


async def test_missing_meeting_is_explained(server: RunningServer, lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule()
    await lene.ends(meeting)
    by_name, by_account = await arrive(meeting), await arrive(meeting)
    await by_name.join_by_name("Joe")
    await by_account.sign_in()
    for guest in (by_name, by_account):
        await guest.ends_with("This meeting does not exist")
    await by_name.check_page("no-meeting")
    nowhere = await arrive({"joinUrl": f"{server.urls[0]}/meet/lenea/{meeting['onlineMeetingId']}"})
    await nowhere.ends_with("This is not a link to a meeting")


async def test_meeting_can_be_joined_and_left_with_the_keyboard(lene: Organizer, arrive: Arrive) -> None:
    guest = await arrive(await lene.schedule(accessLevel="Everyone"))
    press, enter = guest.page.keyboard.press, guest.page.keyboard.insert_text
    await expect(guest.page.get_by_label("Your name")).to_be_focused()
    await enter("Joe")
    await press("Enter")
    await guest.is_in()
    await expect(guest.named("subject")).to_be_focused()
    for _ in range(3):  # Leave, the messages, the field
        await press("Tab")
    await expect(guest.page.get_by_label("Message to everyone")).to_be_focused()
    await enter("Hello")
    await press("Enter")
    await guest.sees_message("Hello")
    for _ in range(2):
        await press("Shift+Tab")
    await expect(guest.page.get_by_role("button", name="Leave").last).to_be_focused()
    await press("Enter")
    await guest.ends_with("You left the meeting")


# In the meeting


async def test_participants_see_their_extensions_at_once_and_the_organizers_never(
    lene: Organizer, arrive: Arrive
) -> None:
    meeting = await lene.schedule(subject="Quarterly planning", accessLevel="Everyone")
    await lene.enter(meeting)
    agenda = await lene.extend(
        meeting, id="agenda", type="RoamedParticipantData", topic="Budget", state="open", votes=3, closed=False
    )
    await lene.extend(meeting, id="early", type="RoamedOrganizerData", note=HIDDEN)
    by_name = await joined(arrive, meeting)
    by_account = await arrive(meeting)
    await by_account.sign_in()
    await by_account.is_in()
    guests = (by_name, by_account)
    for guest in guests:
        await guest.sees("agenda", "state", "open")
    agenda = await lene.changes(agenda, state="voting", minutes="Dana")
    for guest in guests:
        await guest.sees("agenda", "state", "voting")
        await expect(guest.property("agenda", "state")).to_contain_text("changed")
        await expect(guest.property("agenda", "minutes")).to_contain_text("new")
        await expect(guest.property("agenda", "topic")).not_to_contain_text("changed")
        await expect(guest.named("said")).to_contain_text("agenda: state is now voting; minutes is now Dana.")
    await lene.extend(meeting, id="late", type="RoamedOrganizerData", note=HIDDEN)
    poll = await lene.extend(meeting, id="poll/1", type="RoamedParticipantData", question="Shall we?")
    for guest in guests:
        await guest.sees("poll/1", "question", "Shall we?")
    await by_name.check_page("data")
    await lene.changes(poll, type="RoamedOrganizerData")
    for guest in guests:
        await expect(guest.page.get_by_role("article", name="poll/1")).to_have_count(0)
        everything = await guest.page.content()
        assert HIDDEN not in everything
        assert "early" not in everything
        assert "late" not in everything


async def test_every_value_is_shown_as_it_is_and_with_its_type(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    values = {
        "text": ("two\nlines", "two\nlines", "text"),
        "digits": (12345678901234567890123, "12345678901234567890123", "integer"),
        "whole": (2.0, "2.0", "number"),
        "share": (0.25, "0.25", "number"),
        "closed": (False, "false", "boolean"),
        "begins": ("/Date(1904281200000)/", "May 6, 2030, 9:00 AM", "date"),
        "speakers": (["Lene", "Dana"], "LeneDana", "list"),
        "nothing": ("", "empty", "text"),
        "__proto__": ("a name like others", "a name like others", "text"),
    }
    await lene.extend(
        meeting, id="all", type="RoamedParticipantData", **{name: value for name, (value, _, _) in values.items()}
    )
    guest = await joined(arrive, meeting)
    for name, (_, shown, kind) in values.items():
        cells = guest.property("all", name).get_by_role("cell")
        await expect(cells).to_have_text([shown, kind])


async def test_messages_and_who_is_typing_arrive(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule(subject="Quarterly planning", accessLevel="Everyone")
    await lene.enter(meeting)
    joe, dana = await joined(arrive, meeting), await arrive(meeting)
    await dana.sign_in()
    await dana.is_in()
    await lene.types()
    await expect(joe.named("typing")).to_have_text("Lene Aaling is typing…")
    await lene.says("Good morning")
    await joe.says("Hello + 100 % ü\nand a second line")
    for guest in (joe, dana):
        await guest.sees_message("Good morning")
        await guest.sees_message("Hello + 100 % ü\nand a second line")
        await expect(guest.named("typing")).to_have_text("")
    await dana.page.get_by_label("Message to everyone").press_sequentially("I am")
    await expect(joe.named("typing")).to_have_text("Dana Birkby is typing…")
    await lene.says("<p>In <b>bold</b></p>", "text/html")
    await joe.sees_message("In bold")
    senders = await joe.page.locator(".message-name").all_inner_texts()
    assert senders == ["Lene Aaling", "You", "Lene Aaling"]
    await joe.check_page("messages")
    await joe.check_parts("phone")


async def test_markup_is_shown_as_text_everywhere(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule(subject=HOSTILE, accessLevel="Everyone")
    await lene.enter(meeting)
    extension = await lene.extend(meeting, id=HOSTILE, type="RoamedParticipantData", **{HOSTILE: HOSTILE})
    guest = await joined(arrive, meeting, HOSTILE)
    other = await joined(arrive, meeting, "Joe")
    await lene.says(HOSTILE)
    await lene.says(HOSTILE, "text/html")
    # One's own message is shown at once, so the others' have to be there first.
    await expect(guest.page.locator(".message-text")).to_have_text([HOSTILE, "bold"])
    await guest.says(HOSTILE)
    await lene.changes(extension, **{HOSTILE: [HOSTILE]})
    for each in (guest, other):
        await expect(each.page.locator(".message-text")).to_have_text([HOSTILE, "bold", HOSTILE])
        await expect(each.page.get_by_role("heading", level=1, name=HOSTILE, exact=True)).to_be_visible()
        await expect(each.person(HOSTILE)).to_be_visible()
        await each.sees(HOSTILE, HOSTILE, HOSTILE)
        await expect(each.named("said")).to_contain_text(HOSTILE)
        assert await each.page.locator("#inside img:not(.face img), #inside b, #said img").count() == 0


async def test_leader_admits_promotes_and_removes_others(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule(subject="Quarterly planning")
    leader = await arrive(meeting)
    await leader.sign_in("lenea@contoso.com")
    await leader.is_in()
    dana = await arrive(meeting)
    await dana.sign_in()
    await dana.is_in()
    joe = await arrive(meeting)
    await joe.join_by_name("Joe")
    await expect(leader.named("waiting")).to_contain_text("Joe")
    await expect(leader.named("said")).to_contain_text("Joe is waiting in the lobby.")
    await leader.check_page("waiting")
    await leader.page.get_by_role("button", name="Admit Joe").click()
    await joe.is_in()
    await expect(leader.named("waiting")).to_be_hidden()
    await leader.page.get_by_role("button", name="Actions for Dana Birkby").click()
    await leader.check_page("actions")
    await leader.page.get_by_role("button", name="Make a leader").click()
    await expect(leader.person("Dana Birkby")).to_contain_text("leader")
    # Who has become a leader learns of what can be done from now on.
    await dana.page.get_by_role("button", name="Actions for Joe").click()
    await dana.page.get_by_role("button", name="Remove from the meeting").click()
    await joe.ends_with("You were removed from the meeting")
    await expect(leader.person("Joe")).to_have_count(0)
    await leader.page.get_by_role("button", name="Make an attendee").click()
    await expect(dana.page.get_by_role("button", name="Actions for")).to_have_count(0)

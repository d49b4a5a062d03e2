"""The join page in Chromium, as those see it who are sent a link."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from tests.browser.console import DESKTOP, PHONE, SOON
from tests.browser.guest import Guest, Organizer, Resource
from tests.client import PASSWORD
from tests.process.running import LENE, LIMIT, Running, command

pytestmark = pytest.mark.asyncio(loop_scope="session")

expect.set_options(timeout=LIMIT * 1000)

DANA = "sip:danab@contoso.com"
HOSTILE = '<img src=x onerror="alert(1)"><b>bold</b>'
HIDDEN = "for the organizer's eyes"

Arrive = Callable[[Resource], Awaitable[Guest]]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which Lene and Dana are, and that nobody uses but for copies."""
    data = tmp_path_factory.mktemp("join") / "prepared"
    for uri, name in ((LENE, "Lene Aaling"), (DANA, "Dana Birkby")):
        arguments = ("user", "add", uri, "--name", name, "--data", str(data), "--password-stdin")
        assert command(*arguments, stdin=PASSWORD + "\n").returncode == 0
    return data


@pytest.fixture(scope="module")
def shared(prepared: Path) -> Path:
    """The store of all servers that may have one in common."""
    return Path(shutil.copytree(prepared, prepared.with_name("shared")))


@pytest.fixture
def own(prepared: Path, tmp_path: Path) -> Path:
    """A store of the test's own."""
    return Path(shutil.copytree(prepared, tmp_path / "data"))


@pytest.fixture(scope="module")
def server(shared: Path) -> Iterator[Running]:
    with Running(shared) as running:
        yield running


@asynccontextmanager
async def organizer_at(server: Running) -> AsyncIterator[Organizer]:
    async with httpx.AsyncClient(base_url=server.urls[0], timeout=LIMIT) as http:
        organizer = Organizer(http)
        await organizer.sign_in("lenea@contoso.com")
        await organizer.open()
        yield organizer
        with suppress(httpx.TransportError):  # a server that a test has stopped has forgotten it
            await organizer.delete(organizer.app)


@pytest_asyncio.fixture(loop_scope="session")
async def lene(server: Running) -> AsyncIterator[Organizer]:
    async with organizer_at(server) as organizer:
        yield organizer


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(chromium: Browser) -> AsyncIterator[Arrive]:
    """Opens the join page of a meeting, for one more person each time."""
    guests: list[Guest] = []

    async def open_page(meeting: Resource) -> Guest:
        guest = await Guest.arrive(chromium, meeting["joinUrl"])
        guests.append(guest)
        return guest

    yield open_page
    for guest in guests:
        await guest.leave()


async def joined(arrive: Arrive, meeting: Resource, name: str = "Joe") -> Guest:
    """Somebody without an account in a meeting that is open to everybody."""
    guest = await arrive(meeting)
    await guest.join_by_name(name)
    await guest.is_in()
    return guest


# The page


async def test_the_page_is_the_same_for_every_address_and_lets_nothing_else_in(
    server: Running, lene: Organizer
) -> None:
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
async def test_what_the_page_is_made_of_is_kept_by_browsers_that_ask_whether_it_is_still_the_same(
    lene: Organizer, name: str, media_type: str
) -> None:
    first = await lene.http.get(f"/static/{name}")
    assert first.headers["content-type"] == media_type
    assert first.headers["cache-control"] == "no-cache"
    again = await lene.http.get(f"/static/{name}", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


# Coming in


async def test_who_joins_by_name_waits_in_the_lobby_until_admitted(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule(subject="Quarterly planning")
    await lene.enter(meeting)
    guest = await arrive(meeting)
    await expect(guest.page.get_by_label("Your name")).to_be_focused()
    await expect(guest.named("enter")).to_contain_text("Meeting of lenea@contoso.com")
    await guest.look("enter")
    await guest.join_by_name("Joe")
    await guest.ends_with("You are in the lobby")
    await expect(guest.named("lobby")).to_contain_text("Quarterly planning")
    await guest.look("lobby")
    await lene.does("admit", await lene.in_the_lobby("Joe"))
    await guest.is_in()
    await expect(guest.page.get_by_role("heading", level=1, name="Quarterly planning")).to_be_visible()
    await expect(guest.named("organizer")).to_have_text("Organized by Lene Aaling")
    await expect(guest.named("expires")).to_contain_text("Open until")
    await expect(guest.person("Lene Aaling")).to_contain_text("organizer")
    await expect(guest.person("Joe")).to_contain_text("you")
    await expect(guest.person("Joe")).to_contain_text("guest")


async def test_who_is_not_let_in_is_told_so_and_may_ask_again(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule()
    await lene.enter(meeting)
    guest = await arrive(meeting)
    await guest.join_by_name("Joe")
    await lene.does("reject", await lene.in_the_lobby("Joe"))
    await guest.ends_with("You were not let in")
    await guest.look("denied")
    await guest.page.get_by_role("button", name="Ask again").click()
    await lene.does("admit", await lene.in_the_lobby("Joe"))
    await guest.is_in()


async def test_who_is_not_let_in_before_hearing_of_the_lobby_is_told_so(lene: Organizer, arrive: Arrive) -> None:
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


async def test_a_wrong_password_is_told_at_the_field_and_the_right_one_leads_in(
    lene: Organizer, arrive: Arrive
) -> None:
    guest = await arrive(await lene.schedule())
    await guest.sign_in(password="wrong")
    await expect(guest.page.get_by_role("alert")).to_have_text("The user name or the password is wrong.")
    await expect(guest.page.get_by_label("Password").first).to_be_focused()
    await expect(guest.page.get_by_label("Password").first).to_have_attribute("aria-invalid", "true")
    await guest.look("wrong-password")
    await guest.sign_in()
    await guest.is_in()
    await expect(guest.person("Dana Birkby")).to_contain_text("you")


async def test_a_name_is_asked_for(lene: Organizer, arrive: Arrive) -> None:
    guest = await arrive(await lene.schedule())
    await guest.join_by_name("  ")
    await expect(guest.page.get_by_role("alert")).to_have_text("Please enter your name.")
    await expect(guest.page.get_by_label("Your name")).to_be_focused()


async def test_a_meeting_that_is_not_there_is_told_in_words(server: Running, lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule()
    await lene.ends(meeting)
    by_name, by_account = await arrive(meeting), await arrive(meeting)
    await by_name.join_by_name("Joe")
    await by_account.sign_in()
    for guest in (by_name, by_account):
        await guest.ends_with("There is no such meeting")
    await by_name.look("no-meeting")
    nowhere = await arrive({"joinUrl": f"{server.urls[0]}/meet/lenea/{meeting['onlineMeetingId']}"})
    await nowhere.ends_with("This is not the address of a meeting")


async def test_a_keyboard_is_enough(lene: Organizer, arrive: Arrive) -> None:
    guest = await arrive(await lene.schedule(accessLevel="Everyone"))
    press, enter = guest.page.keyboard.press, guest.page.keyboard.insert_text
    await expect(guest.page.get_by_label("Your name")).to_be_focused()
    await enter("Joe")
    await press("Enter")
    await guest.is_in()
    await expect(guest.named("subject")).to_be_focused()
    for _ in range(3):  # Leave, the messages, the field
        await press("Tab")
    await expect(guest.page.get_by_label("Message to everybody")).to_be_focused()
    await enter("Hello")
    await press("Enter")
    await guest.hears("Hello")
    for _ in range(2):
        await press("Shift+Tab")
    await expect(guest.page.get_by_role("button", name="Leave").last).to_be_focused()
    await press("Enter")
    await guest.ends_with("You left the meeting")


# In the meeting


async def test_what_participants_may_see_appears_at_once_and_what_is_the_organizers_never(
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
    await by_name.look("data")
    await lene.changes(poll, type="RoamedOrganizerData")
    for guest in guests:
        await expect(guest.page.get_by_role("article", name="poll/1")).to_have_count(0, timeout=SOON)
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
    await expect(joe.named("typing")).to_have_text("Lene Aaling is typing…", timeout=SOON)
    await lene.says("Good morning")
    await joe.says("Hello + 100 % ü\nand a second line")
    for guest in (joe, dana):
        await guest.hears("Good morning")
        await guest.hears("Hello + 100 % ü\nand a second line")
        await expect(guest.named("typing")).to_have_text("")
    await dana.page.get_by_label("Message to everybody").press_sequentially("I am")
    await expect(joe.named("typing")).to_have_text("Dana Birkby is typing…", timeout=SOON)
    await lene.says("<p>In <b>bold</b></p>", "text/html")
    await joe.hears("In bold")
    senders = await joe.page.locator(".message-name").all_inner_texts()
    assert senders == ["Lene Aaling", "You", "Lene Aaling"]
    await joe.look("messages")
    await joe.look_at_the_parts("phone")


async def test_markup_is_shown_as_text_wherever_somebody_typed_it(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule(subject=HOSTILE, accessLevel="Everyone")
    await lene.enter(meeting)
    extension = await lene.extend(meeting, id=HOSTILE, type="RoamedParticipantData", **{HOSTILE: HOSTILE})
    guest = await joined(arrive, meeting, HOSTILE)
    other = await joined(arrive, meeting, "Joe")
    await lene.says(HOSTILE)
    await lene.says(HOSTILE, "text/html")
    await guest.says(HOSTILE)
    await lene.changes(extension, **{HOSTILE: [HOSTILE]})
    for each in (guest, other):
        await expect(each.page.locator(".message-text")).to_have_text([HOSTILE, "bold", HOSTILE])
        await expect(each.page.get_by_role("heading", level=1, name=HOSTILE, exact=True)).to_be_visible()
        await expect(each.person(HOSTILE)).to_be_visible()
        await each.sees(HOSTILE, HOSTILE, HOSTILE)
        await expect(each.named("said")).to_contain_text(HOSTILE)
        assert await each.page.locator("#room img, #room b, #said img").count() == 0


async def test_somebody_who_leads_admits_promotes_and_removes_others(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule(subject="Quarterly planning")
    leader = await arrive(meeting)
    await leader.sign_in("lenea@contoso.com")
    await leader.is_in()
    dana = await arrive(meeting)
    await dana.sign_in()
    await dana.is_in()
    joe = await arrive(meeting)
    await joe.join_by_name("Joe")
    await expect(leader.named("waiting")).to_contain_text("Joe", timeout=SOON)
    await expect(leader.named("said")).to_contain_text("Joe waits to be let in.")
    await leader.look("waiting")
    await leader.page.get_by_role("button", name="Admit Joe").click()
    await joe.is_in()
    await expect(leader.named("waiting")).to_be_hidden()
    await leader.page.get_by_role("button", name="Actions for Dana Birkby").click()
    await leader.look("actions")
    await leader.page.get_by_role("button", name="Make a leader").click()
    await expect(leader.person("Dana Birkby")).to_contain_text("leader", timeout=SOON)
    # Who has become a leader learns of what can be done from now on.
    await dana.page.get_by_role("button", name="Actions for Joe").click()
    await dana.page.get_by_role("button", name="Remove from the meeting").click()
    await joe.ends_with("You were removed from the meeting")
    await expect(leader.person("Joe")).to_have_count(0, timeout=SOON)
    await leader.page.get_by_role("button", name="Make an attendee").click()
    await expect(dana.page.get_by_role("button", name="Actions for")).to_have_count(0, timeout=SOON)


# How it ends


async def test_the_end_of_the_meeting_is_told_in_words(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    guest = await joined(arrive, meeting)
    await lene.ends(meeting)
    await guest.ends_with("The meeting has ended")
    await guest.look("ended")


async def test_nobody_stays_behind_in_the_meeting_when_the_page_is_closed(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    await lene.enter(meeting)
    guest = await joined(arrive, meeting)
    assert await lene.who_is_in() == ["Lene Aaling", "Joe"]
    await guest.page.goto("about:blank")
    await lene.is_left_with(["Lene Aaling"])


async def test_who_left_can_join_again(lene: Organizer, arrive: Arrive) -> None:
    guest = await joined(arrive, await lene.schedule(accessLevel="Everyone"))
    await guest.page.get_by_role("button", name="Leave").last.click()
    await guest.ends_with("You left the meeting")
    await guest.look("left")
    await guest.page.get_by_role("button", name="Join again").click()
    await guest.is_in()
    await expect(guest.person("Joe")).to_contain_text("you")


async def test_a_meeting_that_is_full_is_told_in_words(shared: Path, arrive: Arrive) -> None:
    with Running(shared, OPENUCWA_MEETING_SIZE="1") as server:
        async with organizer_at(server) as lene:
            meeting = await lene.schedule(accessLevel="Everyone")
            await lene.enter(meeting)
            guest = await arrive(meeting)
            await guest.join_by_name("Joe")
            await guest.ends_with("The meeting is full")


async def test_a_server_that_takes_no_anonymous_guests_asks_for_an_account(shared: Path, arrive: Arrive) -> None:
    with Running(shared, OPENUCWA_ANONYMOUS="false") as server:
        async with organizer_at(server) as lene:
            guest = await arrive(await lene.schedule())
            await expect(guest.page.get_by_label("User name").first).to_be_focused()
            assert not await guest.page.get_by_role("button", name="Join by name instead").is_visible()


# What time and mishaps do


async def test_a_ticket_for_a_meeting_is_renewed_and_nobody_notices(shared: Path, arrive: Arrive) -> None:
    with Running(shared, OPENUCWA_ANONYMOUS_TOKEN_LIFETIME="1") as server:
        async with organizer_at(server) as lene:
            meeting = await lene.schedule(accessLevel="Everyone")
            extension = await lene.extend(meeting, id="count", type="RoamedParticipantData", number=0)
            guest = await joined(arrive, meeting)
            granted: list[str] = []
            guest.page.on("response", lambda answer: granted.append(answer.url) if "oauthtoken" in answer.url else None)
            number = 0
            async with asyncio.timeout(LIMIT):
                while not granted:
                    number += 1
                    extension = await lene.changes(extension, number=number)
                    await guest.sees("count", "number", str(number))
            await guest.says("Still here")
            await guest.hears("Still here")


async def test_who_is_signed_out_signs_in_again_and_goes_on(own: Path, arrive: Arrive) -> None:
    with Running(own) as server:
        async with organizer_at(server) as lene:
            meeting = await lene.schedule(subject="Quarterly planning")
            await lene.enter(meeting)
            guest = await arrive(meeting)
            await guest.sign_in()
            await guest.is_in()
            new = ("user", "passwd", DANA, "--data", str(own), "--password-stdin")
            assert command(*new, stdin="another password\n").returncode == 0
            field = guest.page.get_by_label("Message to everybody")
            await field.fill("Hello")
            dialog = guest.page.get_by_role("dialog", name="Your sign-in has run out")
            await expect(dialog.get_by_label("Password")).to_be_focused()
            await guest.look("signed-out", (DESKTOP, PHONE))
            for password, outcome in ((PASSWORD, "The password is wrong."), ("another password", None)):
                await dialog.get_by_label("Password").fill(password)
                await guest.page.keyboard.press("Enter")
                if outcome:
                    await expect(dialog.get_by_role("alert")).to_have_text(outcome)
            await expect(dialog).to_be_hidden()
            # Neither what was being written nor what happens meanwhile is lost.
            await expect(field).to_be_focused()
            await guest.page.keyboard.press("Enter")
            await guest.hears("Hello")
            await lene.says("Welcome back")
            await guest.hears("Welcome back")


async def test_a_server_that_is_away_for_a_while_is_waited_for(own: Path, arrive: Arrive) -> None:
    with Running(own) as server:
        port = server.port()
        async with organizer_at(server) as lene:
            meeting = await lene.schedule(subject="Quarterly planning", accessLevel="Everyone")
            guest = await joined(arrive, meeting)
            server.stop()
            await expect(guest.page.get_by_role("status")).to_have_text("The server can't be reached. Trying again…")
            await guest.look("away")
            with Running(own, "--listen", f"http://127.0.0.1:{port}"):
                await lene.extend(meeting, id="back", type="RoamedParticipantData", again=True)
                await expect(guest.property("back", "again")).to_be_visible()
                await expect(guest.named("away")).to_have_text("")
                await guest.says("Here again")
                await guest.hears("Here again")


async def test_without_a_server_there_is_nothing_to_join_but_a_way_to_try_again(own: Path, arrive: Arrive) -> None:
    with Running(own) as server:
        port = server.port()
        async with organizer_at(server) as lene:
            meeting = await lene.schedule(accessLevel="Everyone")
            guest = await arrive(meeting)
            await expect(guest.page.get_by_label("Your name")).to_be_visible()
        server.stop()
    await guest.join_by_name("Joe")
    await guest.ends_with("The server can't be reached")
    with Running(own, "--listen", f"http://127.0.0.1:{port}"):
        await guest.page.get_by_role("button", name="Try again").click()
        await guest.join_by_name("Joe")
        await guest.is_in()

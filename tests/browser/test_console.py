"""The organizer's console in Chromium, as people use it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from icalendar import Calendar
from playwright.async_api import Browser, Page, Request, Route, expect

from tests.browser.console import SOON, Console, Visitor
from tests.client import PASSWORD, UcwaClient, extensions_of, self_of
from tests.process.running import LENE, LIMIT, Running
from tests.process.server import add_user

pytestmark = pytest.mark.asyncio(loop_scope="session")

expect.set_options(timeout=LIMIT * 1000)

HOSTILE = '<img src=x onerror="alert(1)">'
EACH_TYPE = {
    "text": ("topic", ["Budget"], "Budget"),
    "integer": ("seats", ["12345678901234567890123"], 12345678901234567890123),
    "number": ("share", ["2"], 2.0),
    "boolean": ("public", ["false"], False),
    "date": ("begins", ["2030-05-06T09:00:00"], "/Date(1904281200000)/"),
    "list": ("speakers", ["Lene", "Dana"], ["Lene", "Dana"]),
}
WRONG = [
    ("integer", "n", "1.5", "Enter a whole number"),
    ("number", "n", "1,5", "Enter a number such as"),
    ("date", "n", "", "Enter a date"),
    ("text", "", "x", "Give the property a name"),
    ("text", "ID", "x", "is a name of the protocol's own"),
    ("text", "a", "x", "There is a property of this name already"),
]

Enter = Callable[..., Awaitable[Console]]
Resource = dict[str, Any]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lene(plain: Running) -> AsyncIterator[UcwaClient]:
    """Lene again, with an application of her own beside the console."""
    async with httpx.AsyncClient(base_url=plain.urls[0], timeout=LIMIT) as http:
        client = UcwaClient(http)
        await client.sign_in("lenea@contoso.com")
        await client.open("beside")
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def enter(chromium: Browser, plain: Running) -> AsyncIterator[Enter]:
    """Opens consoles on a meeting, signed in."""
    opened: list[Console] = []

    async def open_console(meeting: Resource | None = None) -> Console:
        console = await Console.enter(chromium, plain, meeting["onlineMeetingId"] if meeting else "")
        opened.append(console)
        return console

    yield open_console
    for console in opened:
        await console.leave()


@pytest.fixture(scope="session")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that allows little."""
    folder = tmp_path_factory.mktemp("narrow") / "data"
    add_user(folder, LENE)
    with Running(
        folder,
        OPENUCWA_MAX_MEETINGS="1",
        OPENUCWA_MAX_EXTENSIONS="1",
        OPENUCWA_MAX_EXTENSION_BYTES="100",
    ) as server:
        yield server


async def read(client: UcwaClient, resource: Resource) -> Resource:
    """What the server has of it now."""
    found: Resource = (await client.get(self_of(resource))).json()
    return found


def events_in(path: Path) -> list[Any]:
    """The events of a calendar program's file."""
    return Calendar.from_ical(path.read_bytes()).walk("VEVENT")


# Signed out


async def test_the_front_is_whole_and_every_link_of_it_leads_somewhere(chromium: Browser, plain: Running) -> None:
    visitor = await Visitor.come(chromium, plain.urls[0])
    await visitor.look("1-front")
    assert await visitor.page.title() == "openucwa"
    hrefs = await visitor.page.locator("#front a").evaluate_all("links => links.map(link => link.href)")
    assert len(hrefs) == 2
    for href in hrefs:
        assert (await visitor.context.request.get(href)).status == 200
    await visitor.leave()


async def test_a_wrong_password_is_said_and_the_user_name_stays(chromium: Browser, plain: Running) -> None:
    console = await Console.come(chromium, plain.urls[0])
    assert isinstance(console, Console)
    await console.sign_in("wrong")
    await expect(console.page.get_by_role("alert")).to_have_text("The user name or the password is wrong.")
    await expect(console.page.locator("#username")).to_have_value("lenea@contoso.com")
    await console.look("2-wrong-password")
    await console.leave()


async def test_signing_out_ends_the_application(enter: Enter) -> None:
    console = await enter()
    async with console.page.expect_request(lambda request: request.method == "DELETE") as ended:
        await console.page.get_by_role("button", name="Sign out").click()
    assert "/ucwa/v1/applications/" in (await ended.value).url
    await expect(console.page.get_by_role("button", name="Sign in")).to_be_visible()


# Meetings


async def test_a_meeting_is_scheduled(enter: Enter, lene: UcwaClient) -> None:
    console = await enter()
    page = console.page
    await console.look("3-list")
    await page.get_by_role("link", name="New meeting").click()
    await expect(page.get_by_label("Who comes in without")).to_have_value("SameEnterprise")
    await page.get_by_label("Subject").fill(f"Sales {HOSTILE}")
    await page.get_by_label("Description").fill("All regions.")
    await page.get_by_label("Who comes in without").select_option("Everyone")
    await page.get_by_label("Open until").fill("2030-05-06T12:30")
    await page.get_by_label("Attendees").fill("danab@contoso.com\nsip:joe@fabrikam.com")
    await console.look("4-new-meeting")
    await page.get_by_role("button", name="Schedule").click()
    await expect(page.locator("#subject")).to_have_text(f"Sales {HOSTILE}")
    await expect(page.locator("#meetings [aria-current] .meeting-subject")).to_have_text(f"Sales {HOSTILE}")
    meeting = (await lene.get(f"{lene.meetings}/{page.url.rpartition('#')[2]}")).json()
    assert (meeting["accessLevel"], meeting["expirationTime"]) == ("Everyone", "/Date(1904293800000)/")
    assert meeting["attendees"] == ["sip:danab@contoso.com", "sip:joe@fabrikam.com"]


async def test_a_change_of_a_meeting_leaves_alone_what_nobody_touched(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(
        subject="a",
        expirationTime="/Date(1904293812345)/",
        phoneUserAdmission="Enabled",
        leaders=["sip:joe@contoso.com"],
    )
    console = await enter(meeting)
    await console.page.get_by_role("button", name="Edit", exact=True).click()
    await console.page.get_by_label("Subject").fill("b")
    await console.page.get_by_role("button", name="Save").click()
    await expect(console.page.locator("#subject")).to_have_text("b")
    now = await read(lene, meeting)
    assert now["subject"] == "b"
    assert {**now, "subject": "a", "etag": meeting["etag"]} == meeting


async def test_what_is_wrong_is_said_at_its_field(enter: Enter) -> None:
    console = await enter()
    page = console.page
    await page.get_by_role("link", name="New meeting").click()
    await page.get_by_label("Subject").fill("x" * 251)
    await page.get_by_label("Attendees").fill("nobody")
    await page.get_by_role("button", name="Schedule").click()
    await expect(page.get_by_text("Subject has 251 characters")).to_be_visible()
    await expect(page.get_by_text("Attendees must be a SIP URI")).to_be_visible()
    await expect(page.get_by_label("Subject")).to_be_focused()
    await expect(page.get_by_label("Subject")).to_have_attribute("aria-invalid", "true")
    await console.look("5-wrong-fields")


async def test_a_meeting_is_deleted_when_that_is_confirmed(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Gone soon")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Delete", exact=True).click()
    await console.look("6-confirm")
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("button", name="Delete", exact=True)).to_be_focused()
    assert (await lene.get(self_of(meeting))).status_code == 200
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("heading", name="Choose a meeting")).to_be_visible()
    await expect(page.locator("#meetings").get_by_text("Gone soon")).to_have_count(0)
    assert (await lene.get(self_of(meeting))).status_code == 404


async def test_the_link_to_join_is_copied(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    console = await enter(meeting)
    await console.page.get_by_role("button", name="Copy link").click()
    await expect(console.page.get_by_role("button", name="Copied")).to_be_visible()
    assert await console.page.evaluate("navigator.clipboard.readText()") == meeting["joinUrl"]


async def test_an_invitation_is_downloaded_for_the_time_that_was_chosen(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Sales/quarterly", attendees=["sip:danab@contoso.com"])
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Invitation").click()
    await page.get_by_label("Begins").fill("2030-05-06T11:00")
    await page.get_by_label("Lasts").select_option("1½ hours")
    await console.look("7-invitation")
    async with page.expect_download() as downloaded:
        await page.get_by_role("button", name="Download").click()
    download = await downloaded.value
    assert download.suggested_filename == "Salesquarterly.ics"
    (event,) = events_in(await download.path())
    assert event["LOCATION"] == meeting["joinUrl"]
    assert event["DTSTART"].dt == datetime(2030, 5, 6, 9, tzinfo=UTC)
    assert event["DTEND"].dt == datetime(2030, 5, 6, 10, 30, tzinfo=UTC)


# Extensions


async def test_an_extension_is_added_with_a_property_of_each_type(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Quarterly budget review", description="All regions.\nRead them before.")
    console = await enter(meeting)
    page = console.page
    await console.look("8-meeting")
    await page.get_by_role("button", name="Add extension").click()
    form = page.get_by_role("form", name="New extension")
    await form.get_by_label("Id").fill("agenda")
    await form.get_by_role("button", name="Remove the new property").click()
    for kind, (name, values, _) in EACH_TYPE.items():
        await console.add_property(form, name, kind, *values)
    await console.add_property(form, HOSTILE, "text", HOSTILE)
    await console.look("9-new-extension")
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(console.card("agenda")).to_contain_text("seen by everybody in the meeting")
    await expect(console.card("agenda").locator("tbody tr")).to_have_count(7)
    await console.look("10-extension")
    extension = (await lene.get(f"{extensions_of(meeting)}/agenda")).json()
    assert extension["type"] == "RoamedParticipantData"
    assert {name: extension[name] for name, _, _ in EACH_TYPE.values()} == {
        name: value for name, _, value in EACH_TYPE.values()
    }
    assert isinstance(extension["share"], float)


async def test_an_extension_for_the_organizer_says_so(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    await lene.extend(meeting, id="notes", type="RoamedOrganizerData")
    await lene.extend(meeting, id="other")
    console = await enter(meeting)
    await expect(console.card("notes")).to_contain_text("seen by only you")
    await expect(console.card("other")).to_contain_text("seen by only you")


async def test_editing_one_property_changes_no_other_to_the_last_digit(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    kept = (
        '"long":12345678901234567890123,"one":1.0,"small":1e-7,"list":[9007199254740993,2.50],"lines":"a\\nb ",'
        '"when":"\\/Date(1904281200123)\\/","empty":[],"yes":true,"__proto__":"x","10":"ten"'
    )
    body = '{"id":"exact","text":"before",' + kept + "}"
    made = await lene.post(extensions_of(meeting), content=body, headers={"Content-Type": "application/json"})
    assert made.status_code == 201, made.text
    console = await enter(meeting)
    form = await console.edit("exact")
    await form.get_by_label("Value of text").fill("after")
    await form.get_by_role("button", name="Save").click()
    await expect(console.card("exact")).to_contain_text("after")
    text = (await lene.get(self_of(made.json()))).text

    def shape(source: str) -> Any:
        parsed = json.loads(
            source, parse_float=lambda digits: f"float {digits}", parse_int=lambda digits: f"int {digits}"
        )
        return {name: value for name, value in parsed.items() if name not in {"etag", "text"}}

    assert shape(text) == shape(made.text)
    assert json.loads(text)["text"] == "after"


async def test_a_property_is_changed_added_and_removed(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, id="agenda", a="1", b="2", type="RoamedOrganizerData")
    console = await enter(meeting)
    form = await console.edit("agenda")
    await form.get_by_label("Type of a").select_option("integer")
    await form.get_by_role("button", name="Remove b").click()
    await console.add_property(form, "c", "list", "x")
    await form.get_by_label("Who sees it").select_option("Everybody in the meeting")
    await console.look("11-edit-extension")
    await form.get_by_role("button", name="Save").click()
    await expect(console.card("agenda")).to_contain_text("everybody")
    now = await read(lene, extension)
    assert (now["type"], now["a"], now["c"], "b" in now) == ("RoamedParticipantData", 1, ["x"], False)


async def test_what_is_no_property_is_said_at_its_field(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, id="agenda", a="1")
    console = await enter(meeting)
    form = await console.edit("agenda")
    for kind, name, typed, words in WRONG:
        row = await console.add_property(form, name, kind, typed)
        await form.get_by_role("button", name="Save").click()
        await expect(row.get_by_text(words)).to_be_visible()
        await row.get_by_role("button", name="Remove the new property").click()
    assert await read(lene, extension) == extension


async def test_an_extension_is_deleted_when_that_is_confirmed(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, id="a/b %41")
    console = await enter(meeting)
    await console.card("a/b %41").get_by_role("button", name="Delete").click()
    await console.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(console.page.get_by_text("Nothing is attached to this meeting.")).to_be_visible()
    assert (await lene.get(self_of(extension))).status_code == 404


async def test_an_id_that_is_taken_is_said_at_its_field(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    await lene.extend(meeting, id="agenda")
    console = await enter(meeting)
    await console.page.get_by_role("button", name="Add extension").click()
    form = console.page.get_by_role("form", name="New extension")
    await form.get_by_label("Id").fill("agenda")
    await form.get_by_role("button", name="Remove the new property").click()
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(form.get_by_text("There is already an extension with this id")).to_be_visible()
    await expect(form.get_by_label("Id")).to_be_focused()


# Conflicts


async def in_conflict(enter: Enter, lene: UcwaClient, picture: str = "") -> tuple[Console, Resource]:
    """The console asks which version is to stay: mine or theirs."""
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, id="agenda", topic="before", seats=12)
    console = await enter(meeting)
    form = await console.edit("agenda")
    await form.get_by_label("Value of topic").fill("mine")
    assert (await lene.replace(extension, topic="theirs", extra=1)).status_code == 200
    await form.get_by_role("button", name="Save").click()
    dialog = console.page.get_by_role("dialog", name="Changed meanwhile")
    await expect(dialog.locator("tr.differs")).to_have_count(2)
    await expect(dialog.get_by_role("row", name="topic")).to_contain_text("mine")
    await expect(dialog.get_by_role("row", name="topic")).to_contain_text("theirs")
    await expect(dialog.get_by_role("row", name="extra")).to_contain_text("not there")
    if picture:
        await console.look(picture)
    return console, extension


async def test_of_two_versions_mine_can_be_kept(enter: Enter, lene: UcwaClient) -> None:
    console, extension = await in_conflict(enter, lene, "12-conflict")
    await console.page.get_by_role("button", name="Keep mine").click()
    await expect(console.card("agenda")).to_contain_text("mine")
    now = await read(lene, extension)
    assert (now["topic"], "extra" in now) == ("mine", False)


async def test_of_two_versions_the_other_can_be_taken(enter: Enter, lene: UcwaClient) -> None:
    console, extension = await in_conflict(enter, lene)
    await console.page.get_by_role("button", name="Take the other").click()
    await expect(console.card("agenda")).to_contain_text("theirs")
    assert (await read(lene, extension))["topic"] == "theirs"


async def test_between_two_versions_editing_can_go_on(enter: Enter, lene: UcwaClient) -> None:
    console, _ = await in_conflict(enter, lene)
    await console.page.keyboard.press("Escape")
    await expect(console.page.get_by_label("Value of topic")).to_have_value("mine")


async def test_a_meeting_that_changed_meanwhile_is_shown_in_both_versions(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="before")
    console = await enter(meeting)
    await console.page.get_by_role("button", name="Edit", exact=True).click()
    await console.page.get_by_label("Subject").fill("mine")
    await lene.replace(meeting, subject="theirs")
    await console.page.get_by_role("button", name="Save").click()
    row = console.page.get_by_role("dialog").get_by_role("row", name="Subject")
    await expect(row).to_contain_text("theirs")
    await console.page.get_by_role("button", name="Keep mine").click()
    await expect(console.page.locator("#subject")).to_have_text("mine")
    assert (await read(lene, meeting))["subject"] == "mine"


# What goes wrong


async def test_what_was_typed_outlasts_a_sign_in_that_runs_out(enter: Enter, lene: UcwaClient) -> None:
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
    dialog = page.get_by_role("dialog", name="Your sign-in has run out")
    await dialog.get_by_label("Password").fill(PASSWORD)
    await console.look("13-sign-in-again")
    await dialog.get_by_role("button", name="Sign in").click()
    await expect(console.card("agenda")).to_contain_text("after")
    assert (await read(lene, extension))["topic"] == "after"


async def test_what_was_typed_outlasts_the_application(enter: Enter, lene: UcwaClient) -> None:
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


async def test_what_was_typed_outlasts_the_network(enter: Enter, lene: UcwaClient) -> None:
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


async def test_the_servers_limits_are_told_in_words(chromium: Browser, narrow: Running) -> None:
    console = await Console.enter(chromium, narrow)
    page = console.page

    async def compose(subject: str) -> None:
        await page.get_by_role("link", name="New meeting").click()
        await page.get_by_label("Subject").fill(subject)
        await page.get_by_role("button", name="Schedule").click()

    await compose("first")
    await expect(page.locator("#subject")).to_have_text("first")
    await page.get_by_role("button", name="Add extension").click()
    form = page.get_by_role("form", name="New extension")
    await console.add_property(form, "b", "text", "x" * 200)
    await form.get_by_label("Name of the new property").first.fill("a")
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(form.get_by_text("That is more than this server takes")).to_be_visible()
    await form.locator(".property").last.get_by_role("textbox").last.fill("x")
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("article")).to_have_count(1)
    await page.get_by_role("button", name="Add extension").click()
    await form.get_by_role("button", name="Remove the new property").click()
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(form.get_by_text("holds as many extensions as it may")).to_be_visible()
    await compose("second")
    await expect(page.get_by_text("You have as many meetings as you may")).to_be_visible()
    await console.leave()


async def test_everything_can_be_done_with_the_keyboard(chromium: Browser, plain: Running, lene: UcwaClient) -> None:
    console = await Console.come(chromium, plain.urls[0])
    page = console.page
    press = page.keyboard.press
    await page.locator("#username").focus()
    await page.keyboard.type("lenea@contoso.com")
    await press("Tab")
    await page.keyboard.type(PASSWORD)
    await press("Enter")
    await expect(page.get_by_role("heading", name="Your meetings")).to_be_focused()
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


# While it takes place


async def join_by_name(page: Page, name: str) -> None:
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Join", exact=True).click()


async def test_who_joins_and_leaves_is_seen_live(enter: Enter, lene: UcwaClient) -> None:
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
    await expect(page.locator("#people")).to_contain_text("Joe", timeout=SOON)
    await joe.delete(joe.app)
    await expect(page.get_by_role("heading", name="People (1)")).to_be_visible(timeout=SOON)
    await page.get_by_role("button", name="Leave").click()
    await expect(page.get_by_role("button", name="Join and see")).to_be_visible()


async def test_what_others_change_is_marked_and_what_is_typed_stays(enter: Enter, lene: UcwaClient) -> None:
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
    await expect(console.card("first").locator("tr.changed")).to_contain_text("after", timeout=SOON)
    await expect(form.get_by_text("Somebody has changed it meanwhile")).to_be_visible()
    await expect(form.get_by_label("Value of topic")).to_have_value("mine")
    await expect(page.locator("#subject")).to_have_text("after")


async def test_the_whole_story_of_a_meeting(chromium: Browser, plain: Running, enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Quarterly budget review")
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Budget", seats=12)
    await lene.extend(meeting, id="notes", type="RoamedOrganizerData", remark="Ask Dana first")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Join and see").click()
    guests = [await Visitor.come(chromium, meeting["joinUrl"]) for _ in range(2)]
    joe, ann = guests
    await join_by_name(joe.page, "Joe")
    # Guests wait until they are let in; one is, the other is not yet.
    await expect(joe.page.get_by_role("heading", name="You are in the lobby")).to_be_visible()
    await page.get_by_role("button", name="Admit Joe").click(timeout=SOON)
    await expect(joe.page.locator("#extensions")).to_contain_text("Budget", timeout=SOON)
    await join_by_name(ann.page, "Ann")
    await expect(page.get_by_role("button", name="Admit Ann")).to_be_visible(timeout=SOON)
    await console.look("14-lobby")
    await expect(ann.page.get_by_role("heading", name="You are in the lobby")).to_be_visible()
    await page.get_by_role("button", name="Admit Ann").click()
    await expect(ann.page.locator("#extensions")).to_contain_text("Budget", timeout=SOON)
    # What is for the organizer alone changes before what is for everybody, so that it would be seen by then.
    form = await console.edit("notes")
    await form.get_by_label("Value of remark").fill("Ask Ann first")
    await form.get_by_role("button", name="Save").click()
    form = await console.edit("agenda")
    await form.get_by_label("Value of topic").fill("Budget 2030")
    await form.get_by_role("button", name="Save").click()
    for guest in guests:
        await expect(guest.page.locator("#extensions")).to_contain_text("Budget 2030", timeout=SOON)
        assert "Ask" not in await guest.page.content()
        assert "notes" not in await guest.page.locator("body").inner_text()
    await joe.page.get_by_label("Message to everybody").fill("Hello from Joe")
    await joe.page.get_by_role("button", name="Send").click()
    await expect(ann.page.locator("#messages")).to_contain_text("Hello from Joe", timeout=SOON)
    await expect(page.locator("#messages")).to_contain_text("Hello from Joe", timeout=SOON)
    await page.get_by_label("Message to everybody").fill("Welcome")
    await page.get_by_role("button", name="Send").click()
    await expect(joe.page.locator("#messages")).to_contain_text("Welcome", timeout=SOON)
    await console.look("15-room")
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    for guest in guests:
        await expect(guest.page.get_by_role("heading", name="The meeting has ended")).to_be_visible(timeout=SOON)
        await guest.leave()

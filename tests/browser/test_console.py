"""The organizer's console in Chromium, as people use it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from playwright.async_api import Browser, expect

from tests.browser.console import BrowserUser, Console, Enter, read
from tests.client import UcwaClient, extensions_of, self_of
from tests.process.running import RunningServer
from tests.process.server import add_user

pytestmark = pytest.mark.asyncio(loop_scope="session")

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
    ("text", "ID", "x", "is reserved by the protocol"),
    ("text", "a", "x", "There is already a property with this name"),
]


def events_in(path: Path) -> list[Any]:
    """The events of a calendar program's file."""
    return Calendar.from_ical(path.read_bytes()).walk("VEVENT")


# Signed out


async def test_every_link_of_the_front_page_works(chromium: Browser, plain: RunningServer) -> None:
    visitor = await BrowserUser.open_browser(chromium, plain.urls[0])
    await visitor.check_page("1-front")
    assert await visitor.page.title() == "openucwa"
    hrefs = await visitor.page.locator("#front a").evaluate_all("links => links.map(link => link.href)")
    assert len(hrefs) == 4
    for href in hrefs:
        assert (await visitor.context.request.get(href)).status == 200
    await visitor.leave()


async def test_mistyped_address_leads_to_a_page_with_a_link_to_the_start(
    chromium: Browser, plain: RunningServer
) -> None:
    visitor = await BrowserUser.open_browser(chromium, f"{plain.urls[0]}/meetings")
    await expect(visitor.page.get_by_role("heading", name="There is no page at this address")).to_be_visible()
    await visitor.check_page("20-not-found")
    await visitor.page.get_by_role("link", name="Go to your meetings").click()
    await expect(visitor.page.get_by_role("button", name="Sign in")).to_be_visible()
    await visitor.leave()


async def test_wrong_password_is_reported_and_the_user_name_stays(chromium: Browser, plain: RunningServer) -> None:
    console = await Console.open_browser(chromium, plain.urls[0])
    await console.sign_in("wrong")
    await expect(console.page.get_by_role("alert")).to_have_text("The user name or the password is wrong.")
    await expect(console.page.locator("#username")).to_have_value("lenea@contoso.com")
    await console.check_page("2-wrong-password")
    await console.leave()


async def test_signing_out_ends_the_application(enter: Enter) -> None:
    console = await enter()
    async with console.page.expect_request(lambda request: request.method == "DELETE") as ended:
        await console.page.get_by_role("button", name="Sign out").click()
    assert "/ucwa/v1/applications/" in (await ended.value).url
    await expect(console.page.get_by_role("button", name="Sign in")).to_be_visible()


# Meetings


async def test_meeting_is_scheduled(enter: Enter, lene: UcwaClient) -> None:
    console = await enter()
    page = console.page
    await console.check_page("3-list")
    await page.get_by_role("link", name="New meeting").click()
    await page.get_by_label("Subject").fill(f"Sales {HOSTILE}")
    await page.get_by_label("Description").fill("All regions.")
    await page.get_by_label("Who can skip").select_option("Everyone")
    await page.get_by_label("Open until").fill("2030-05-06T12:30")
    await page.get_by_label("Attendees").fill("danab@contoso.com\nsip:joe@fabrikam.com")
    await console.check_page("4-new-meeting")
    await page.get_by_role("button", name="Schedule").click()
    await expect(page.locator("#subject")).to_have_text(f"Sales {HOSTILE}")
    await expect(page.locator("#meetings [aria-current] .meeting-subject")).to_have_text(f"Sales {HOSTILE}")
    meeting = (await lene.get(f"{lene.meetings}/{page.url.rpartition('#')[2]}")).json()
    assert (meeting["accessLevel"], meeting["expirationTime"]) == ("Everyone", "/Date(1904293800000)/")
    assert meeting["attendees"] == ["sip:danab@contoso.com", "sip:joe@fabrikam.com"]


async def test_first_meeting_of_a_user_is_offered_with_the_defaults_of_the_server(
    chromium: Browser, plain: RunningServer, data: Path
) -> None:
    add_user(data, "sip:firsttimer@contoso.com")
    console = await Console.enter(chromium, plain, username="firsttimer@contoso.com")
    await console.page.get_by_role("link", name="New meeting").click()
    await expect(console.page.get_by_label("Who can skip")).to_have_value("SameEnterprise")
    await expect(console.page.get_by_role("button", name="Same people as")).to_be_hidden()
    await console.leave()


async def test_saving_a_meeting_leaves_untouched_fields_alone(enter: Enter, lene: UcwaClient) -> None:
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


async def test_invalid_input_is_explained_at_its_field(enter: Enter) -> None:
    console = await enter()
    page = console.page
    await page.get_by_role("link", name="New meeting").click()
    await page.get_by_label("Subject").fill("x" * 251)
    await page.get_by_label("Attendees").fill("nobody")
    await page.get_by_role("button", name="Schedule").click()
    await expect(page.get_by_text("The subject can have at most 250 characters. This one has 251.")).to_be_visible()
    await expect(page.get_by_text("“nobody” is not an address.")).to_be_visible()
    await expect(page.get_by_label("Subject")).to_be_focused()
    await expect(page.get_by_label("Subject")).to_have_attribute("aria-invalid", "true")
    await console.check_page("5-wrong-fields")


async def test_meeting_is_deleted_after_confirmation(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Gone soon")
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Delete", exact=True).click()
    await console.check_page("6-confirm")
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("button", name="Delete", exact=True)).to_be_focused()
    assert (await lene.get(self_of(meeting))).status_code == 200
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("heading", name="Choose a meeting")).to_be_visible()
    await expect(page.locator("#meetings").get_by_text("Gone soon")).to_have_count(0)
    assert (await lene.get(self_of(meeting))).status_code == 404


async def test_link_to_join_is_copied(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    console = await enter(meeting)
    await console.page.get_by_role("button", name="Copy link").click()
    await expect(console.page.get_by_role("button", name="Copied")).to_be_visible()
    assert await console.page.evaluate("navigator.clipboard.readText()") == meeting["joinUrl"]


async def test_invitation_is_downloaded_for_the_chosen_time(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Sales/quarterly", attendees=["sip:danab@contoso.com"])
    console = await enter(meeting)
    page = console.page
    await page.get_by_role("button", name="Invitation").click()
    await page.get_by_label("Starts").fill("2030-05-06T11:00")
    await page.get_by_label("Duration").select_option("1½ hours")
    await console.check_page("7-invitation")
    async with page.expect_download() as downloaded:
        await page.get_by_role("button", name="Download").click()
    download = await downloaded.value
    assert download.suggested_filename == "Salesquarterly.ics"
    (event,) = events_in(await download.path())
    assert event["LOCATION"] == meeting["joinUrl"]
    assert event["DTSTART"].dt == datetime(2030, 5, 6, 9, tzinfo=UTC)
    assert event["DTEND"].dt == datetime(2030, 5, 6, 10, 30, tzinfo=UTC)


# Extensions


async def test_extension_is_added_with_a_property_of_each_type(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Quarterly budget review", description="All regions.\nRead them before.")
    console = await enter(meeting)
    page = console.page
    await console.check_page("8-meeting")
    await page.get_by_role("button", name="Add extension").click()
    form = page.get_by_role("form", name="New extension")
    await form.get_by_label("Id").fill("agenda")
    await form.get_by_role("button", name="Remove the new property").click()
    for kind, (name, values, _) in EACH_TYPE.items():
        await console.add_property(form, name, kind, *values)
    await console.add_property(form, HOSTILE, "text", HOSTILE)
    await console.check_page("9-new-extension")
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(console.card("agenda")).to_contain_text("visible to everyone in the meeting")
    await expect(console.card("agenda").locator("tbody tr")).to_have_count(7)
    await console.check_page("10-extension")
    extension = (await lene.get(f"{extensions_of(meeting)}/agenda")).json()
    assert extension["type"] == "RoamedParticipantData"
    assert {name: extension[name] for name, _, _ in EACH_TYPE.values()} == {
        name: value for name, _, value in EACH_TYPE.values()
    }
    assert isinstance(extension["share"], float)


async def test_extension_for_the_organizer_alone_is_labelled(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    await lene.extend(meeting, id="notes", type="RoamedOrganizerData")
    await lene.extend(meeting, id="other")
    console = await enter(meeting)
    await expect(console.card("notes")).to_contain_text("visible to only you")
    await expect(console.card("other")).to_contain_text("visible to only you")


async def test_editing_one_property_preserves_the_others_exactly(enter: Enter, lene: UcwaClient) -> None:
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


async def test_property_is_changed_added_and_removed(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, id="agenda", a="1", b="2", type="RoamedOrganizerData")
    console = await enter(meeting)
    form = await console.edit("agenda")
    await form.get_by_label("Type of a").select_option("integer")
    await form.get_by_role("button", name="Remove b").click()
    await console.add_property(form, "c", "list", "x")
    await form.get_by_label("Who sees it").select_option("Everyone in the meeting")
    await console.check_page("11-edit-extension")
    await form.get_by_role("button", name="Save").click()
    await expect(console.card("agenda")).to_contain_text("everyone")
    now = await read(lene, extension)
    assert (now["type"], now["a"], now["c"], "b" in now) == ("RoamedParticipantData", 1, ["x"], False)


async def test_invalid_property_is_explained_at_its_field(enter: Enter, lene: UcwaClient) -> None:
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


async def test_extension_is_deleted_after_confirmation(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, id="a/b %41")
    console = await enter(meeting)
    await console.card("a/b %41").get_by_role("button", name="Delete").click()
    await console.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(console.page.get_by_text("This meeting has no extensions.")).to_be_visible()
    assert (await lene.get(self_of(extension))).status_code == 404


async def test_duplicate_id_is_explained_at_its_field(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    await lene.extend(meeting, id="agenda")
    console = await enter(meeting)
    await console.page.get_by_role("button", name="Add extension").click()
    form = console.page.get_by_role("form", name="New extension")
    await form.get_by_label("Id").fill("agenda")
    await form.get_by_role("button", name="Remove the new property").click()
    await form.get_by_role("button", name="Add", exact=True).click()
    await expect(form.get_by_text("This meeting already has an extension with this id")).to_be_visible()
    await expect(form.get_by_label("Id")).to_be_focused()

"""Two who change the same thing: the organizer in the console, and an application beside it."""

import pytest
from playwright.async_api import expect

from tests.browser.console import Console, Enter, Resource, read
from tests.client import UcwaClient

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def in_conflict(enter: Enter, lene: UcwaClient, picture: str = "") -> tuple[Console, Resource]:
    """Both have changed the topic, and each something else; the console asks about the topic alone."""
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, id="agenda", topic="before", seats=12, gone="soon", mine="before")
    console = await enter(meeting)
    form = await console.edit("agenda")
    await form.get_by_label("Value of topic").fill("mine")
    await form.get_by_label("Value of mine").fill("after")
    theirs = {name: value for name, value in extension.items() if name != "gone"}
    assert (await lene.replace(theirs, topic="theirs", extra=1)).status_code == 200
    await form.get_by_role("button", name="Save").click()
    dialog = console.page.get_by_role("dialog", name="Changed by someone else")
    await expect(dialog.get_by_role("row")).to_have_count(2)  # the titles, and the topic
    await expect(dialog.get_by_role("row", name="topic")).to_contain_text("theirs")
    if picture:
        await console.check_page(picture)
    return console, extension


@pytest.mark.parametrize(("side", "topic"), [("Yours", "mine"), ("On the server", "theirs")])
async def test_conflict_keeps_the_chosen_version_and_all_other_changes(
    enter: Enter, lene: UcwaClient, side: str, topic: str
) -> None:
    console, extension = await in_conflict(enter, lene, "12-conflict")
    await console.page.get_by_label(f"topic: {side}").check()
    await console.page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(console.card("agenda")).to_contain_text(topic)
    now = await read(lene, extension)
    assert (now["topic"], now["extra"], now["seats"], now["mine"]) == (topic, 1, 12, "after")
    assert "gone" not in now


async def test_editing_can_continue_instead_of_choosing_a_version(enter: Enter, lene: UcwaClient) -> None:
    console, _ = await in_conflict(enter, lene)
    await console.page.keyboard.press("Escape")
    await expect(console.page.get_by_label("Value of topic")).to_have_value("mine")


async def test_changes_of_different_properties_are_merged_without_a_question(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, id="agenda", topic="before", seats=12)
    console = await enter(meeting)
    form = await console.edit("agenda")
    await form.get_by_label("Value of topic").fill("mine")
    assert (await lene.replace(extension, seats=14, extra=1)).status_code == 200
    await form.get_by_role("button", name="Save").click()
    await expect(console.card("agenda")).to_contain_text("mine")
    now = await read(lene, extension)
    assert (now["topic"], now["seats"], now["extra"]) == ("mine", 14, 1)


async def test_meeting_changed_on_both_sides_is_merged(enter: Enter, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="before", description="before")
    console = await enter(meeting)
    await console.page.get_by_role("button", name="Edit", exact=True).click()
    await console.page.get_by_label("Subject").fill("mine")
    await lene.replace(meeting, subject="theirs", description="theirs", attendees=["sip:joe@fabrikam.com"])
    await console.page.get_by_role("button", name="Save").click()
    dialog = console.page.get_by_role("dialog")
    await expect(dialog.get_by_role("row")).to_have_count(2)
    await expect(dialog.get_by_role("row", name="Subject")).to_contain_text("theirs")
    await dialog.get_by_role("button", name="Save").click()
    await expect(console.page.locator("#subject")).to_have_text("mine")
    now = await read(lene, meeting)
    assert (now["subject"], now["description"], now["attendees"]) == ("mine", "theirs", ["sip:joe@fabrikam.com"])

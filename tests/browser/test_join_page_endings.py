"""How a visit to the join page ends, in Chromium, and what mishaps it outlasts."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.console import DESKTOP, PHONE
from tests.browser.guest import Arrive, Organizer, joined, organizer_at
from tests.client import PASSWORD
from tests.ports import free_port
from tests.process.running import LIMIT, RunningServer, command
from tests.users import DANA

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = '<img src=x onerror="alert(1)"><b>bold</b>'
HIDDEN = "for the organizer's eyes"


@pytest_asyncio.fixture(loop_scope="session")
async def lene(server: RunningServer) -> AsyncIterator[Organizer]:
    async with organizer_at(server) as organizer:
        yield organizer


# How it ends


async def test_end_of_the_meeting_is_explained(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    guest = await joined(arrive, meeting)
    await lene.ends(meeting)
    await guest.ends_with("The meeting has ended")
    await guest.check_page("ended")


async def test_closing_the_page_leaves_the_meeting(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    await lene.enter(meeting)
    guest = await joined(arrive, meeting)
    assert await lene.who_is_in() == ["Lene Aaling", "Joe"]
    await guest.page.goto("about:blank")
    await lene.is_left_with(["Lene Aaling"])


async def test_guest_who_left_can_join_again(lene: Organizer, arrive: Arrive) -> None:
    guest = await joined(arrive, await lene.schedule(accessLevel="Everyone"))
    await guest.page.get_by_role("button", name="Leave").last.click()
    await guest.ends_with("You left the meeting")
    await guest.check_page("left")
    await guest.page.get_by_role("button", name="Join again").click()
    await guest.is_in()
    await expect(guest.person("Joe")).to_contain_text("you")


async def test_full_meeting_is_explained(shared: Path, arrive: Arrive) -> None:
    with RunningServer(shared, OPENUCWA_MEETING_SIZE="1") as server:
        async with organizer_at(server) as lene:
            meeting = await lene.schedule(accessLevel="Everyone")
            await lene.enter(meeting)
            guest = await arrive(meeting)
            await guest.join_by_name("Joe")
            await guest.ends_with("The meeting is full")


async def test_server_without_anonymous_guests_asks_for_an_account(shared: Path, arrive: Arrive) -> None:
    with RunningServer(shared, OPENUCWA_ANONYMOUS="false") as server:
        async with organizer_at(server) as lene:
            guest = await arrive(await lene.schedule())
            await expect(guest.page.get_by_label("User name").first).to_be_focused()
            assert not await guest.page.get_by_role("button", name="Join by name instead").is_visible()


# What time and mishaps do


async def test_expired_anonymous_token_is_renewed_without_interruption(shared: Path, arrive: Arrive) -> None:
    with RunningServer(shared, OPENUCWA_ANONYMOUS_TOKEN_LIFETIME="1") as server:
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
            await guest.sees_message("Still here")


async def test_signed_out_participant_signs_in_again_and_continues(own: Path, arrive: Arrive) -> None:
    with RunningServer(own) as server:
        async with organizer_at(server) as lene:
            meeting = await lene.schedule(subject="Quarterly planning")
            await lene.enter(meeting)
            guest = await arrive(meeting)
            await guest.sign_in()
            await guest.is_in()
            # The server can't be reached for a while; the poll in flight ends with a message.
            await guest.page.route("**/ucwa/v1/**", lambda route: route.abort())
            await lene.says("Are you there?")
            away = guest.page.get_by_text("The server can't be reached. Trying again…")
            await expect(away).to_be_visible()
            new = ("user", "passwd", DANA, "--data", str(own), "--password-stdin")
            assert command(*new, stdin="another password\n").returncode == 0
            field = guest.page.get_by_label("Message to everyone")
            await field.fill("Hello")
            await guest.page.unroute("**/ucwa/v1/**")
            dialog = guest.page.get_by_role("dialog", name="Your session has expired")
            await expect(dialog.get_by_label("Password")).to_be_focused()
            await expect(away).to_have_count(0)
            await guest.check_page("signed-out", (DESKTOP, PHONE))
            for password, outcome in ((PASSWORD, "The password is wrong."), ("another password", None)):
                await dialog.get_by_label("Password").fill(password)
                await guest.page.keyboard.press("Enter")
                if outcome:
                    await expect(dialog.get_by_role("alert")).to_have_text(outcome)
            await expect(dialog).to_be_hidden()
            # Neither what was being written nor what happens meanwhile is lost.
            await expect(field).to_be_focused()
            await guest.page.keyboard.press("Enter")
            await guest.sees_message("Hello")
            await lene.says("Welcome back")
            await guest.sees_message("Welcome back")


async def test_page_waits_for_a_server_that_is_down(own: Path, arrive: Arrive) -> None:
    listen = ("--listen", f"http://127.0.0.1:{free_port()}")
    with RunningServer(own, *listen) as server:
        async with organizer_at(server) as lene:
            meeting = await lene.schedule(subject="Quarterly planning", accessLevel="Everyone")
            guest = await joined(arrive, meeting)
            server.stop()
            await expect(guest.page.get_by_role("status")).to_have_text("The server can't be reached. Trying again…")
            await guest.check_page("away")
            with RunningServer(own, *listen):
                await lene.extend(meeting, id="back", type="RoamedParticipantData", again=True)
                await expect(guest.property("back", "again")).to_be_visible()
                await expect(guest.named("away")).to_have_text("")
                await guest.says("Here again")
                await guest.sees_message("Here again")


async def test_page_offers_to_try_again_without_a_server(own: Path, arrive: Arrive) -> None:
    listen = ("--listen", f"http://127.0.0.1:{free_port()}")
    with RunningServer(own, *listen) as server:
        async with organizer_at(server) as lene:
            meeting = await lene.schedule(accessLevel="Everyone")
            guest = await arrive(meeting)
            await expect(guest.page.get_by_label("Your name")).to_be_visible()
        server.stop()
    await guest.join_by_name("Joe")
    await guest.ends_with("The server can't be reached")
    with RunningServer(own, *listen):
        await guest.page.get_by_role("button", name="Try again").click()
        await guest.join_by_name("Joe")
        await guest.is_in()


async def test_guest_whose_device_slept_is_back_with_messages_and_draft(lene: Organizer, arrive: Arrive) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    guest = await joined(arrive, meeting)
    await guest.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await guest.page.get_by_role("button", name="Messages").click()
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    await guest.page.clock.set_fixed_time(noon)
    async with guest.asleep("Good night") as application:
        await guest.page.get_by_label("Message to everyone").fill("Good mor")
        assert (await application.delete("")).status_code == 204
    await expect(guest.named("said")).to_contain_text("joined the meeting again")
    await guest.is_in()
    await expect(guest.page.get_by_label("Message to everyone")).to_have_value("Good mor")
    await guest.sees_message("Good night")
    # What ends again at once is not only asleep: that would go on for ever.
    async with guest.asleep("Good afternoon") as application:
        assert (await application.delete("")).status_code == 204
    await guest.ends_with("You are no longer in the meeting")
    await guest.page.get_by_role("button", name="Join again").click()
    await guest.is_in()
    await guest.page.clock.set_fixed_time(noon + timedelta(hours=1))
    async with guest.asleep("Good evening") as application:
        assert (await application.delete("")).status_code == 204
        await lene.ends(meeting)
    await guest.ends_with("The meeting has ended")


async def test_guest_is_back_after_a_sleep_that_the_token_did_not_outlast(shared: Path, arrive: Arrive) -> None:
    with RunningServer(shared, OPENUCWA_ANONYMOUS_TOKEN_LIFETIME="1") as server:
        async with organizer_at(server) as lene:
            meeting = await lene.schedule(accessLevel="Everyone")
            guest = await joined(arrive, meeting)
            form = {"grant_type": "urn:microsoft.rtc:anonmeeting", "password": meeting["onlineMeetingId"]}
            form |= {"ms_rtc_conferenceuri": meeting["onlineMeetingUri"]}
            async with guest.asleep("Good night"):
                # A token that is younger than the page's: once it can't be renewed, nor can that.
                form["ms_rtc_renew"] = (await lene.http.post("/WebTicket/oauthtoken", data=form)).json()["access_token"]
                end = time.monotonic() + LIMIT
                while (await lene.http.post("/WebTicket/oauthtoken", data=form)).status_code != 400:
                    assert time.monotonic() < end, "the token can still be renewed"
            # A poll that outlasted the night has something to hear.
            await lene.extend(meeting, id="morning", type="RoamedParticipantData", coffee=True)
            await expect(guest.named("said")).to_contain_text("joined the meeting again")
            await guest.is_in()
            await guest.sees_message("Good night")

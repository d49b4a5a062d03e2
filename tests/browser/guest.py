"""Somebody on the join page, and the organizer of the meeting beside it, who has no page."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from playwright.async_api import Browser, Locator, expect

from tests.browser.console import PHONE, BrowserUser, Resource
from tests.client import PASSWORD, UcwaClient, self_of
from tests.process.running import LIMIT, RunningServer


class Guest(BrowserUser):
    """Somebody with the join page open."""

    kind = "join"

    @classmethod
    async def arrive(cls, chromium: Browser, url: str) -> "Guest":
        guest = await cls.open_browser(chromium, url)
        # Markup that is taken for markup would open one.
        guest.page.on("dialog", lambda dialog: guest.errors.append(f"a dialog: {dialog.message}"))
        return guest

    def named(self, element_id: str) -> Locator:
        return self.page.locator(f"#{element_id}")

    async def join_by_name(self, name: str) -> None:
        await self.page.get_by_label("Your name").fill(name)
        await self.page.get_by_role("button", name="Join", exact=True).click()

    async def sign_in(self, username: str = "danab@contoso.com", password: str = PASSWORD) -> None:
        await self.named("enter").wait_for()
        if await self.named("by-name").is_visible():
            await self.page.get_by_role("button", name="Sign in with an account instead").click()
        await self.page.get_by_label("User name").first.fill(username)
        await self.page.get_by_label("Password").first.fill(password)
        await self.page.get_by_role("button", name="Sign in and join").click()

    async def is_in(self) -> None:
        """Returns once the page is in the meeting, and messages can be sent."""
        await expect(self.page.get_by_label("Message to everyone")).to_be_enabled()

    async def says(self, text: str) -> None:
        await self.page.get_by_label("Message to everyone").fill(text)
        await self.page.keyboard.press("Enter")

    async def sees_message(self, text: str) -> None:
        await expect(self.page.locator(".message-text", has_text=text)).to_be_visible()

    async def ends_with(self, heading: str) -> None:
        """The heading of a meeting that is over; it has the focus, so that it is read out."""
        await expect(self.page.get_by_role("heading", level=1, name=heading, exact=True)).to_be_focused()

    @asynccontextmanager
    async def asleep(self, last_words: str) -> AsyncIterator[httpx.AsyncClient]:
        """Says something, and hears nothing for a while. Gives a connection to the page's application, as the page."""
        application = re.compile(r"/ucwa/v1/applications/\d+")
        async with self.page.expect_request(application) as sent:
            await self.says(last_words)
        await self.sees_message(last_words)
        request = await sent.value
        found = application.search(request.url)
        assert found is not None
        headers = {"Authorization": (await request.all_headers())["authorization"]}
        await self.context.set_offline(True)
        async with httpx.AsyncClient(base_url=request.url[: found.end()], headers=headers, timeout=LIMIT) as http:
            yield http
        await self.context.set_offline(False)

    def person(self, name: str) -> Locator:
        return self.named("people").get_by_role("listitem").filter(has_text=name)

    def property(self, extension_id: str, name: str) -> Locator:
        """The row of a property."""
        rows = self.page.get_by_role("article", name=extension_id, exact=True).get_by_role("row")
        return rows.filter(has=self.page.get_by_role("rowheader", name=name))

    async def sees(self, extension_id: str, name: str, value: str) -> None:
        cell = self.property(extension_id, name).get_by_role("cell").first
        await expect(cell).to_have_text(value)

    async def check_parts(self, name: str) -> None:
        """Pictures of what is seen one part at a time on a phone."""
        for part in ("Messages", "People", "Data"):
            await self.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
            await self.page.get_by_role("button", name=part).click()
            await self.check_page(f"{name}-{part.lower()}", (PHONE,))


class Organizer(UcwaClient):
    """Lene, who organizes meetings and takes part in them without a page."""

    conversation = ""

    async def enter(self, meeting: Resource) -> None:
        """Joins, and connects messaging."""
        communication = f"{self.app}/communication"
        body = {"onlineMeetingUri": meeting["onlineMeetingUri"]}
        assert (await self.post(f"{communication}/joinOnlineMeeting", json=body)).status_code == 201
        links = (await self.get(f"{communication}/conversations")).json()["_links"]
        self.conversation = links["conversation"][-1]["href"]
        assert (await self.post(f"{self.conversation}/messaging/addMessaging", json={})).status_code == 201

    async def in_the_lobby(self, name: str) -> Resource:
        """Somebody who waits, once that is so."""
        end = time.monotonic() + LIMIT
        while True:
            lobby = (await self.get(f"{self.conversation}/lobby")).json()
            for person in lobby["_embedded"]["participant"]:
                if person["name"] == name:
                    found: Resource = person
                    return found
            assert time.monotonic() < end, f"{name} does not wait in the lobby"
            await asyncio.sleep(0.02)

    async def does(self, rel: str, participant: Resource) -> None:
        """Admits, rejects, ..."""
        answer = await self.post(participant["_links"][rel]["href"])
        assert answer.status_code == 204, answer.text

    async def who_is_in(self) -> list[str]:
        participants = (await self.get(f"{self.conversation}/participants")).json()
        return [link["title"] for link in participants["_links"].get("participant", [])]

    async def is_left_with(self, names: list[str]) -> None:
        """Returns once nobody else is in the meeting."""
        end = time.monotonic() + LIMIT
        while (there := await self.who_is_in()) != names:
            assert time.monotonic() < end, f"{there} are in the meeting"
            await asyncio.sleep(0.02)

    async def says(self, text: str, content_type: str = "text/plain") -> None:
        headers = {"Content-Type": content_type}
        answer = await self.post(f"{self.conversation}/messaging/messages", content=text, headers=headers)
        assert answer.status_code == 201, answer.text

    async def types(self) -> None:
        assert (await self.post(f"{self.conversation}/messaging/typing")).status_code == 204

    async def changes(self, extension: Resource, **properties: Any) -> Resource:
        """Puts an extension back with other properties; the new one."""
        answer = await self.replace(extension, **properties)
        assert answer.status_code == 200, answer.text
        changed: Resource = answer.json()
        return changed

    async def ends(self, meeting: Resource) -> None:
        assert (await self.delete(self_of(meeting))).status_code == 204


#: Opens the join page of a meeting, for one more person each time.
Arrive = Callable[[Resource], Awaitable[Guest]]


@asynccontextmanager
async def organizer_at(server: RunningServer, username: str = "lenea@contoso.com") -> AsyncIterator[Organizer]:
    async with httpx.AsyncClient(base_url=server.urls[0], timeout=LIMIT) as http:
        organizer = Organizer(http)
        await organizer.sign_in(username)
        await organizer.open()
        yield organizer
        with suppress(httpx.TransportError):  # a server that a test has stopped has forgotten it
            await organizer.delete(organizer.app)


async def joined(arrive: Arrive, meeting: Resource, name: str = "Joe") -> Guest:
    """Somebody without an account in a meeting that is open to everybody."""
    guest = await arrive(meeting)
    await guest.join_by_name(name)
    await guest.is_in()
    return guest

"""A whole day of an organizer and three guests in Chromium: on a desktop in English, on phones in German."""

import json
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.browser.console import DESKTOP, PHONE, BrowserUser
from tests.client import PASSWORD
from tests.needs import need
from tests.process.running import RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

SUBJECT = "Budget of a whole day"
TEXTS = Path(__file__).parents[2] / "src/openucwa/web/texts-de.js"


class Words:
    """The texts of the pages in one language, by their English text with {0}, {1} for the values."""

    def __init__(self, language: str) -> None:
        self._texts: dict[str, str] = {}
        if language == "de":
            script = f"import({json.dumps(TEXTS.as_uri())}).then(m => console.log(JSON.stringify(m.TEXTS)))"
            done = subprocess.run([need("nodejs"), "-e", script], check=True, capture_output=True, timeout=60)
            self._texts = json.loads(done.stdout)

    def __call__(self, text: str, *values: object) -> str:
        assert not self._texts or text in self._texts, f"the pages have no text {text!r}"
        return self._texts.get(text, text).format(*values)


class Person(BrowserUser):
    """Somebody with a browser in one language and of one size."""

    kind = "day"
    words: Words
    size: tuple[int, int]

    @classmethod
    async def come_with(cls, chromium: Browser, url: str, locale: str, size: tuple[int, int], words: Words) -> "Person":
        person = await cls.open_browser(chromium, url, locale)
        assert isinstance(person, Person)
        person.words, person.size = words, size
        await person.page.set_viewport_size({"width": size[0], "height": size[1]})
        return person

    async def sees(self, name: str) -> None:
        """Checks the page as it is and takes pictures, in its own size."""
        await self.check_page(f"{name}-{await self.page.locator('html').get_attribute('lang')}", (self.size,))
        await self.page.set_viewport_size({"width": self.size[0], "height": self.size[1]})

    def button(self, text: str, *values: object, exact: bool = True) -> Locator:
        return self.page.get_by_role("button", name=self.words(text, *values), exact=exact)

    def heading(self, text: str, *values: object) -> Locator:
        return self.page.get_by_role("heading", name=self.words(text, *values), exact=True)

    def field(self, text: str, *values: object) -> Locator:
        return self.page.get_by_label(self.words(text, *values), exact=True)

    async def shows_part(self, text: str) -> None:
        """Turns to a part of the meeting where only one at a time is shown."""
        part = self.page.locator("#parts").get_by_role("button", name=re.compile(f"^{self.words(text)}"))
        if await part.is_visible():
            await part.click()

    async def signs_in(self, username: str) -> None:
        await self.field("User name").first.fill(username)
        await self.field("Password").first.fill(PASSWORD)
        await self.button("Sign in").click()

    async def joins_as(self, name: str) -> None:
        await self.field("Your name").fill(name)
        await self.button("Join").click()
        await expect(self.heading("You are in the lobby")).to_be_focused()

    async def says(self, text: str) -> None:
        await self.shows_part("Messages")
        await self.field("Message to everyone").fill(text)
        await self.page.keyboard.press("Enter")

    async def sees_message(self, text: str) -> None:
        await self.shows_part("Messages")
        await expect(self.page.locator(".message-text", has_text=text)).to_be_visible()


@pytest_asyncio.fixture(
    params=[("en-GB", DESKTOP), ("de-DE", PHONE)], ids=["english desktop", "german phone"], loop_scope="session"
)
async def people(
    request: pytest.FixtureRequest, chromium: Browser, server: RunningServer
) -> AsyncIterator[list[Person]]:
    """The organizer and three guests, each in a browser of their own, on the console's first page."""
    locale, size = request.param
    words = Words(locale[:2])
    come = [await Person.come_with(chromium, f"{server.urls[0]}/", locale, size, words) for _ in range(4)]
    yield come
    for person in come:
        await person.leave()


async def schedule(lene: Person) -> None:
    """Lene schedules a meeting and attaches data to it."""
    await lene.sees("01-front")
    await lene.signs_in("lenea@contoso.com")
    await lene.page.get_by_role("link", name=lene.words("New meeting")).click()
    await lene.field("Subject").fill(SUBJECT)
    await lene.field("Attendees").fill("danab@contoso.com")
    # The form repeats the choices of her last meeting, which may be another test's.
    await lene.field("Who can skip the lobby").select_option("SameEnterprise")
    await lene.sees("02-new-meeting")
    await lene.button("Schedule").click()
    await expect(lene.page.locator("#subject")).to_have_text(SUBJECT)
    await lene.button("Add extension").click()
    await lene.field("Id").fill("agenda")
    await lene.field("Name of the new property").fill("topic")
    await lene.field("Value of {0}", lene.words("new property")).fill("Budget 2030")
    await lene.button("Add").click()
    await expect(lene.page.get_by_role("article", name="agenda")).to_contain_text("Budget 2030")
    await lene.sees("03-meeting")


async def follow_invitation(dana: Person) -> str:
    """Dana finds her invitation in her own console; the address of the join page."""
    await dana.signs_in("danab@contoso.com")
    invited = dana.page.get_by_role("list", name=dana.words("You are invited"))
    await invited.get_by_role("link", name=SUBJECT).first.click()
    await expect(dana.heading("Join the meeting")).to_be_visible()
    await dana.sees("04-door")
    return dana.page.url


async def gather(lene: Person, dana: Person, joe: Person, ann: Person, join_url: str) -> None:
    """Two guests without an account wait in the lobby; Dana comes with hers."""
    await lene.button("Join and see who is here").click()
    await expect(lene.heading("People ({0})", 1)).to_be_visible()
    for guest, name in ((joe, "Joe"), (ann, "Ann")):
        await guest.page.goto(join_url)
        await guest.joins_as(name)
    await expect(lene.page).to_have_title(f"(2) {SUBJECT}")
    await lene.sees("05-lobby")
    await joe.sees("06-waiting")
    await lene.button("Admit all").first.click()
    if await dana.page.locator("#by-name").is_visible():
        await dana.button("Sign in with an account instead").click()
    if await dana.field("User name").first.is_visible():
        await dana.field("User name").first.fill("danab@contoso.com")
        await dana.field("Password").first.fill(PASSWORD)
        await dana.button("Sign in and join").click()
    for guest in (dana, joe, ann):
        await expect(guest.page.locator("#extensions")).to_contain_text("Budget 2030")
    await expect(lene.heading("People ({0})", 4)).to_be_visible()


async def talk(lene: Person, dana: Person, joe: Person, ann: Person) -> None:
    """They send messages, with a link in one."""
    await lene.says("Welcome; the figures are at https://contoso.com/figures?year=2030")
    for guest in (dana, joe, ann):
        await guest.sees_message("Welcome")
        link = guest.page.get_by_role("link", name="https://contoso.com/figures?year=2030")
        await expect(link).to_have_attribute("rel", re.compile("noopener"))
    await joe.shows_part("Messages")
    await joe.field("Message to everyone").press_sequentially("Thank")
    await expect(lene.page.locator("#typing")).to_have_text(lene.words("{0} is typing…", "Joe"))
    await joe.says("Thank you")
    for person in (lene, dana, ann):
        await person.sees_message("Thank you")
    await joe.sees("07-talk")


async def change_data(lene: Person, dana: Person, joe: Person, ann: Person) -> None:
    """Lene changes the data, and the guests see it."""
    card = lene.page.get_by_role("article", name="agenda")
    await card.get_by_role("button", name=lene.words("Edit")).click()
    await lene.field("Value of {0}", "topic").fill("Budget 2031")
    await lene.page.get_by_role("form", name="agenda").get_by_role("button", name=lene.words("Save")).click()
    for guest in (dana, joe, ann):
        await guest.shows_part("Data")
        await expect(guest.page.locator("#extensions")).to_contain_text("Budget 2031")
    await dana.sees("08-data")


async def come_and_go(lene: Person, joe: Person, ann: Person) -> None:
    """Joe loads the page again and is back in; Ann is made a leader, and then removed."""
    await joe.page.reload()
    await expect(joe.page.locator("#extensions")).to_contain_text("Budget 2031")
    await expect(lene.heading("People ({0})", 4)).to_be_visible()
    await lene.button("Actions for {0}", "Ann").click()
    await lene.button("Make a leader").click()
    await expect(lene.button("Make an attendee")).to_be_visible()
    await lene.sees("09-people")
    await lene.button("Remove from the meeting").click()
    await expect(ann.heading("You were removed from the meeting")).to_be_visible()
    await ann.sees("10-removed")


async def end(lene: Person, dana: Person, joe: Person) -> None:
    """Joe leaves; Lene deletes the meeting, changes her mind, and deletes it for good."""
    await joe.button("Leave").click()
    await expect(joe.heading("You left the meeting")).to_be_visible()
    await lene.button("Delete").first.click()
    await lene.page.get_by_role("dialog").get_by_role("button", name=lene.words("Delete")).click()
    await expect(dana.heading("The meeting has ended")).to_be_visible()
    await dana.sees("11-ended")
    await lene.button("Undo").click()
    await expect(lene.page.locator("#subject")).to_have_text(SUBJECT)
    await expect(lene.page.get_by_role("article", name="agenda")).to_contain_text("Budget 2031")
    await lene.button("Delete").first.click()
    await lene.page.get_by_role("dialog").get_by_role("button", name=lene.words("Delete")).click()
    await expect(lene.page.locator("#meeting")).to_be_hidden()
    await expect(lene.page.get_by_role("link", name=SUBJECT)).to_have_count(0)
    await lene.sees("12-evening")
    await lene.button("Sign out").click()
    await expect(lene.field("User name").first).to_be_visible()


async def test_organizer_and_three_guests_have_a_whole_day(people: list[Person]) -> None:
    lene, dana, joe, ann = people
    await schedule(lene)
    await gather(lene, dana, joe, ann, await follow_invitation(dana))
    await talk(lene, dana, joe, ann)
    await change_data(lene, dana, joe, ann)
    await come_and_go(lene, joe, ann)
    await end(lene, dana, joe)

"""A whole day of an organizer and three guests in Chromium: on a desktop in English, on phones in German."""

import json
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.browser.console import DESKTOP, PHONE, SMALL, BrowserUser
from tests.client import PASSWORD
from tests.needs import need
from tests.process.running import RunningServer
from tests.process.server import add_user

pytestmark = pytest.mark.asyncio(loop_scope="session")

SUBJECT = "Budget of a whole day"
#: When the meeting is, as every language shows it in Copenhagen.
WHEN = re.compile(r"2030.*10:00\W+11:30")
NEW_PASSWORD = "another horse, correct"
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
    username = "danab@contoso.com"

    @classmethod
    async def come_with(cls, chromium: Browser, url: str, locale: str, size: tuple[int, int], words: Words) -> "Person":
        person = await cls.open_browser(chromium, url, locale)
        person.words, person.size = words, size
        await person.page.set_viewport_size({"width": size[0], "height": size[1]})
        return person

    async def narrowest(self, selector: str) -> int:
        """The width of the narrowest of these elements, in windows of all sizes, in pixels."""
        widths: list[int] = []
        for width, height in (DESKTOP, SMALL, self.size):
            await self.page.set_viewport_size({"width": width, "height": height})
            widths += await self.page.locator(selector).evaluate_all("all => all.map(each => each.clientWidth)")
        return min(widths)

    async def sees(self, name: str) -> None:
        """Checks the page as it is and takes pictures, in its own size."""
        await self.check_page(f"{name}-{await self.page.locator('html').get_attribute('lang')}", (self.size,))
        await self.page.set_viewport_size({"width": self.size[0], "height": self.size[1]})

    def button(self, text: str, *values: object, exact: bool = True) -> Locator:
        return self.page.get_by_role("button", name=self.words(text, *values), exact=exact)

    def heading(self, text: str, *values: object) -> Locator:
        return self.page.get_by_role("heading", name=self.words(text, *values), exact=True)

    def field(self, text: str, *values: object) -> Locator:
        return self.page.get_by_label(self.words(text, *values), exact=True).filter(visible=True)

    async def shows_part(self, text: str) -> None:
        """Turns to a part of the meeting where only one at a time is shown."""
        part = self.page.locator("#parts").get_by_role("button", name=re.compile(f"^{self.words(text)}"))
        if await part.is_visible():
            await part.click()

    async def signs_in(self, password: str = PASSWORD) -> None:
        await self.field("User name").first.fill(self.username)
        await self.field("Password").first.fill(password)
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
    request: pytest.FixtureRequest, chromium: Browser, server: RunningServer, shared: Path
) -> AsyncIterator[list[Person]]:
    """The organizer and three guests, each in a browser of their own, on the console's first page.

    The organizer is a user of this test alone: she changes her password.
    """
    locale, size = request.param
    words = Words(locale[:2])
    come = [await Person.come_with(chromium, f"{server.urls[0]}/", locale, size, words) for _ in range(4)]
    come[0].username = f"nora-{locale[:2]}@contoso.com"
    add_user(shared, f"sip:{come[0].username}", "--name", "Nora Holm")
    yield come
    for person in come:
        await person.leave()


async def schedule(nora: Person) -> None:
    """Nora schedules a meeting, looks at the invitation, and attaches data."""
    await nora.sees("01-front")
    await nora.signs_in()
    await nora.page.get_by_role("link", name=nora.words("New meeting")).click()
    await nora.field("Subject").fill(SUBJECT)
    await nora.field("Attendees").fill("danab@contoso.com")
    await nora.field("Who can skip the lobby").select_option("SameEnterprise")
    await nora.field("Begins").fill("2030-05-06T10:00")
    await nora.field("Ends").fill("2030-05-06T11:30")
    await nora.sees("02-new-meeting")
    await nora.button("Schedule").click()
    await expect(nora.page.locator("#subject")).to_have_text(SUBJECT)
    await expect(nora.page.locator("#facts")).to_contain_text(WHEN)
    await expect(nora.page.locator("#meetings [aria-current]")).to_contain_text(WHEN)
    await nora.button("Invitation…").click()
    await expect(nora.field("Invitation as text")).to_have_value(WHEN)
    await nora.sees("03-invitation")
    await nora.button("Close").click()
    await nora.button("Add extension").click()
    await nora.field("Id").fill("agenda")
    await nora.field("Name of the new property").fill("topic")
    await nora.field("Value of {0}", nora.words("new property")).fill("Budget 2030")
    await nora.button("Add").click()
    await expect(nora.page.get_by_role("article", name="agenda")).to_contain_text("Budget 2030")
    await nora.sees("04-meeting")


async def follow_invitation(dana: Person) -> str:
    """Dana finds her invitation in her own console; the address of the join page."""
    await dana.signs_in()
    invited = dana.page.get_by_role("list", name=dana.words("You are invited"))
    await expect(invited.get_by_role("link", name=SUBJECT)).to_contain_text(WHEN)
    await invited.get_by_role("link", name=SUBJECT).click()
    await expect(dana.heading("Join the meeting")).to_be_visible()
    await dana.sees("05-door")
    return dana.page.url


async def gather(nora: Person, dana: Person, joe: Person, ann: Person, join_url: str) -> None:
    """Two guests without an account wait in the lobby; Dana comes with hers."""
    await nora.button("Join and see who is here").click()
    await expect(nora.heading("People ({0})", 1)).to_be_visible()
    for guest, name in ((joe, "Joe"), (ann, "Ann")):
        await guest.page.goto(join_url)
        await guest.joins_as(name)
    await expect(nora.page).to_have_title(f"(2) {SUBJECT}")
    await nora.sees("06-lobby")
    assert await nora.narrowest("#waiting .person-words") >= 100
    await joe.sees("07-waiting")
    await nora.button("Admit all").first.click()
    if await dana.page.locator("#by-name").is_visible():
        await dana.button("Sign in with an account instead").click()
    if await dana.field("User name").first.is_visible():
        await dana.field("User name").first.fill("danab@contoso.com")
        await dana.field("Password").first.fill(PASSWORD)
        await dana.button("Sign in and join").click()
    for guest in (dana, joe, ann):
        await expect(guest.page.locator("#extensions")).to_contain_text("Budget 2030")
        await expect(guest.page.locator("#expires")).to_contain_text(WHEN)
    await expect(nora.heading("People ({0})", 4)).to_be_visible()


async def talk(nora: Person, dana: Person, joe: Person, ann: Person) -> None:
    """They send messages, with a link in one."""
    await nora.says("Welcome; the figures are at https://contoso.com/figures?year=2030")
    for guest in (dana, joe, ann):
        await guest.sees_message("Welcome")
        link = guest.page.get_by_role("link", name="https://contoso.com/figures?year=2030")
        await expect(link).to_have_attribute("rel", re.compile("noopener"))
    await joe.shows_part("Messages")
    await joe.field("Message to everyone").press_sequentially("Thank")
    await expect(nora.page.locator("#typing")).to_have_text(nora.words("{0} is typing…", "Joe"))
    await joe.says("Thank you")
    for person in (nora, dana, ann):
        await person.sees_message("Thank you")
    await joe.sees("08-talk")


async def change_data(nora: Person, dana: Person, joe: Person, ann: Person) -> None:
    """Nora changes the data, and the guests see it."""
    card = nora.page.get_by_role("article", name="agenda")
    await card.get_by_role("button", name=nora.words("Edit")).click()
    await nora.field("Value of {0}", "topic").fill("Budget 2031")
    await nora.page.get_by_role("form", name="agenda").get_by_role("button", name=nora.words("Save")).click()
    for guest in (dana, joe, ann):
        await guest.shows_part("Data")
        await expect(guest.page.locator("#extensions")).to_contain_text("Budget 2031")
    await dana.sees("09-data")


async def come_and_go(nora: Person, joe: Person, ann: Person) -> None:
    """Joe loads the page again and is back in; Ann is made a leader, and then removed."""
    await joe.page.reload()
    await expect(joe.page.locator("#extensions")).to_contain_text("Budget 2031")
    await expect(nora.heading("People ({0})", 4)).to_be_visible()
    await nora.button("Actions for {0}", "Ann").click()
    await nora.button("Make a leader").click()
    await expect(nora.button("Make an attendee")).to_be_visible()
    await nora.sees("10-people")
    await nora.button("Remove from the meeting").click()
    await expect(ann.heading("You were removed from the meeting")).to_be_visible()
    await ann.sees("11-removed")


async def end(nora: Person, dana: Person, joe: Person) -> None:
    """Joe leaves; Nora deletes the meeting, changes her mind, and deletes it for good."""
    await joe.button("Leave").click()
    await expect(joe.heading("You left the meeting")).to_be_visible()
    await nora.button("Delete").first.click()
    await nora.page.get_by_role("dialog").get_by_role("button", name=nora.words("Delete")).click()
    await expect(dana.heading("The meeting has ended")).to_be_visible()
    await dana.sees("12-ended")
    await nora.button("Undo").click()
    await expect(nora.page.locator("#subject")).to_have_text(SUBJECT)
    await expect(nora.page.get_by_role("article", name="agenda")).to_contain_text("Budget 2031")
    await nora.button("Delete").first.click()
    await nora.page.get_by_role("dialog").get_by_role("button", name=nora.words("Delete")).click()
    await expect(nora.page.locator("#meeting")).to_be_hidden()
    await expect(nora.page.get_by_role("link", name=SUBJECT)).to_have_count(0)
    await nora.sees("13-evening")


async def change_password(nora: Person) -> None:
    """Nora changes her password, and signs in with the new one."""
    await nora.page.locator("a.own").click()
    await nora.button("Change password…").click()
    dialog = nora.page.get_by_role("dialog", name=nora.words("Change password"))
    for name, password in (
        ("Current password", PASSWORD),
        ("New password", NEW_PASSWORD),
        ("New password, again", NEW_PASSWORD),
    ):
        await dialog.get_by_label(nora.words(name), exact=True).fill(password)
    await nora.sees("14-password")
    await dialog.get_by_role("button", name=nora.words("Change password")).click()
    await expect(dialog).to_have_count(0)
    await nora.button("Sign out").click()
    await nora.signs_in(NEW_PASSWORD)
    await expect(nora.page.locator("a.own")).to_contain_text("Nora Holm")


async def test_organizer_and_three_guests_have_a_whole_day(people: list[Person]) -> None:
    nora, dana, joe, ann = people
    await schedule(nora)
    await gather(nora, dana, joe, ann, await follow_invitation(dana))
    await talk(nora, dana, joe, ann)
    await change_data(nora, dana, joe, ann)
    await come_and_go(nora, joe, ann)
    await end(nora, dana, joe)
    await change_password(nora)

"""The organizer's console in a browser, and what a test does in it."""

import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page

from tests.client import PASSWORD, UcwaClient, self_of
from tests.process.running import LIMIT, RunningServer

Resource = dict[str, Any]

DESKTOP = (1280, 800)
PHONE = (390, 844)
SMALL = (360, 740)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
#: The checks of accessibility, which `make lint` installs.
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
#: What is wrong with a page for people who use other senses or devices: the rule, and where.
CHECK = """
    async () => (await axe.run({resultTypes: ["violations"]})).violations.map(
        ({id, nodes}) => `${id}: ${nodes.map(({target, failureSummary}) => `${target} ${failureSummary}`).join("; ")}`
    )
"""
#: Where pictures of what is tested go, for people to look at: light and dark, on a desktop and on a phone. None: no
#: pictures are taken.
SCREENSHOTS = os.environ.get("OPENUCWA_SCREENSHOTS")


class BrowserUser:
    """Somebody with a browser of their own. `errors`: errors on the console, the Content-Security-Policy's too.

    `kind`: what pictures of the page are called.
    """

    kind = "console"

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context = context
        self.page = page
        self.errors: list[str] = []
        page.on("console", self._note_error)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note_error(self, message: ConsoleMessage) -> None:
        # The browser reports every refusal; which of them are due is for the tests to say.
        if not message.text.startswith("Failed to load resource"):
            self.errors.append(message.text)

    @classmethod
    async def open_browser(
        cls, chromium: Browser, url: str, locale: str = "en-US", zone: str = "Europe/Copenhagen"
    ) -> Self:
        context = await chromium.new_context(
            locale=locale,
            viewport={"width": DESKTOP[0], "height": DESKTOP[1]},
            accept_downloads=True,
            timezone_id=zone,
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(LIMIT * 1000)
        visitor = cls(context, await context.new_page())
        await visitor.page.goto(url)
        return visitor

    async def open_tab(self, url: str) -> Self:
        """A further tab of the same browser."""
        visitor = type(self)(self.context, await self.context.new_page())
        await visitor.page.goto(url)
        return visitor

    async def leave(self) -> None:
        await self.context.close()
        assert self.errors == [], self.errors

    async def check_page(self, name: str, sizes: Sequence[tuple[int, int]] = (DESKTOP, PHONE, SMALL)) -> None:
        """Checks that nothing is wider than the window and that the page is accessible, and takes pictures where they
        are asked for."""
        page = self.page
        for width, height in sizes:
            await page.set_viewport_size({"width": width, "height": height})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
            for scheme in SCHEMES if width != SMALL[0] else ():
                await page.emulate_media(color_scheme=scheme)
                barriers = await self.barriers()
                assert not barriers, (name, width, scheme, barriers)
                if SCREENSHOTS:
                    kind = "desktop" if width == DESKTOP[0] else "phone"
                    await self.take_picture(f"{SCREENSHOTS}/{self.kind}-{name}-{kind}-{scheme}.png")
        await page.emulate_media(color_scheme="light")
        await page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})

    async def take_picture(self, path: str) -> None:
        dialog = await self.page.locator("dialog[open]").count() > 0
        await self.page.screenshot(path=path, full_page=not dialog, animations="disabled")

    async def barriers(self) -> list[str]:
        """What axe finds wrong with the page as it is; nothing where axe is not installed."""
        if not AXE.exists():
            assert os.environ.get("CI") not in {"true", "1"}, "make lint installs axe-core"
            return []
        if await self.page.evaluate("typeof axe === 'undefined'"):
            await self.page.evaluate(AXE.read_text())
        found: list[str] = await self.page.evaluate(CHECK)
        return found


class Console(BrowserUser):
    """Somebody in the console: Lene, if nothing else is said."""

    async def sign_in(self, password: str = PASSWORD, username: str = "lenea@contoso.com") -> None:
        await self.page.get_by_label("User name").first.fill(username)
        await self.page.get_by_label("Password").first.fill(password)
        await self.page.get_by_role("button", name="Sign in").click()

    @classmethod
    async def enter(
        cls, chromium: Browser, server: RunningServer, meeting_id: str = "", username: str = "lenea@contoso.com"
    ) -> "Console":
        """Signs in and goes to a meeting."""
        console = await cls.open_browser(chromium, f"{server.urls[0]}/#{meeting_id}")
        await console.sign_in(username=username)
        await console.page.locator("#meeting" if meeting_id else "#nothing").wait_for()
        return console

    def card(self, extension_id: str) -> Locator:
        return self.page.get_by_role("article", name=extension_id, exact=True)

    async def edit(self, extension_id: str) -> Locator:
        """Opens the form of an extension."""
        await self.card(extension_id).get_by_role("button", name="Edit").click()
        return self.page.get_by_role("form", name=extension_id, exact=True)

    async def add_property(self, form: Locator, name: str, kind: str, *values: str) -> Locator:
        """A further property. `values`: what is typed; of a list each item."""
        await form.get_by_role("button", name="Add property").click()
        row = form.locator(".property").last
        await row.get_by_label("Name of the new property").fill(name)
        await row.get_by_label("Type of the new property").select_option(kind)
        if kind == "list":
            for number, value in enumerate(values):
                await row.get_by_role("button", name="Add item").click()
                await row.locator(".item textarea").nth(number).fill(value)
        elif kind == "boolean":
            await row.locator(".property-value select").select_option(values[0])
        else:
            await row.locator(".property-value :is(input, textarea)").fill(values[0])
        return row


#: Opens a console on a meeting (none: on the list), signed in.
Enter = Callable[..., Awaitable[Console]]


async def read(client: UcwaClient, resource: Resource) -> Resource:
    """What the server has of it now."""
    found: Resource = (await client.get(self_of(resource))).json()
    return found

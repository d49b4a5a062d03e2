"""The landing page in Chromium, as people see it."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.process.running import LIMIT, Running

pytestmark = pytest.mark.asyncio(loop_scope="session")

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_the_landing_page_is_whole_and_breaks_none_of_its_own_rules(
    chromium: Browser, plain: Running, tmp_path: Path, size: dict[str, int], scheme: str
) -> None:
    context = await chromium.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    async with context:
        context.set_default_timeout(LIMIT * 1000)
        page = await context.new_page()
        troubles: list[str] = []
        # A breach of the Content-Security-Policy is an error on the console as well.
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("response", lambda answer: troubles.extend([answer.url] if answer.status >= 400 else []))
        answer = await page.goto(plain.urls[0], wait_until="networkidle")
        assert answer is not None
        assert answer.headers["content-type"].startswith("text/html")
        await page.screenshot(path=tmp_path / "landing.png", full_page=True)
        assert troubles == []
        assert await page.title() == "openucwa"
        assert await page.locator("html").get_attribute("lang") == "en"
        assert await page.locator("h1").count() == 1
        # Nothing is wider than the window, and the style sheets are in force.
        assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert await page.locator("body").evaluate("body => getComputedStyle(body).marginTop") == "0px"


async def test_every_link_of_the_landing_page_leads_somewhere(chromium: Browser, plain: Running) -> None:
    async with await chromium.new_context() as context:
        page = await context.new_page()
        await page.goto(plain.urls[0])
        hrefs = await page.locator("a").evaluate_all("links => links.map(link => link.href)")
        assert hrefs
        for href in hrefs:
            assert (await context.request.get(href)).status == 200

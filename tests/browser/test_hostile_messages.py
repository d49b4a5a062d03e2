"""Messages that were made to hurt whoever reads them, on the join page in Chromium."""

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.guest import Guest, Organizer
from tests.client import UcwaClient

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Characters; what others may send is for the server to limit, and that limit is a setting.
LONG = 190_000
#: How often a message's characters may be looked at.
MOST_READS = 8

FORMATTING = "<p>" + "".join(f"<b a={number}>" for number in range(6000))
HOSTILE = {
    "unclosed scripts": "<script" * (LONG // 7),
    "unclosed tags": "<a " * (LONG // 3),
    "unclosed comments": "<!--" * (LONG // 4),
    "closing tags of something else": "<style>" + "</" * (LONG // 2),
    "quotes that never close": '<a b="' * (LONG // 6),
    "formatting that is reopened in each paragraph": FORMATTING + "</p><p>x" * ((LONG - len(FORMATTING)) // 8),
    "nested elements": "<div>" * (LONG // 5),
    "references": "&amp;" * (LONG // 5),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def reader(chromium: Browser, lene: UcwaClient) -> Guest:
    """A page on which the module is loaded."""
    meeting = await lene.schedule(accessLevel="Everyone")
    return await Guest.arrive(chromium, meeting["joinUrl"])


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_message_is_read_a_few_times_and_makes_no_elements(reader: Guest, name: str) -> None:
    read = """async html => {
        const { textOfHtml } = await import("/static/message-text.js");
        const { indexOf, slice } = String.prototype;
        const parse = DOMParser.prototype.parseFromString;
        let [characters, elements] = [0, 0];
        String.prototype.indexOf = function (text, from = 0) {
            const found = indexOf.call(this, text, from);
            characters += (found === -1 ? this.length : found + text.length) - from;
            return found;
        };
        String.prototype.slice = function (...range) {
            const piece = slice.apply(this, range);
            characters += piece.length;
            return piece;
        };
        DOMParser.prototype.parseFromString = function (...given) {
            const parsed = parse.apply(this, given);
            elements += parsed.querySelectorAll("*").length;
            return parsed;
        };
        try {
            textOfHtml(html);
        } finally {
            Object.assign(String.prototype, { indexOf, slice });
            DOMParser.prototype.parseFromString = parse;
        }
        return { characters, elements };
    }"""
    work = await reader.page.evaluate(read, HOSTILE[name])
    assert work["characters"] <= MOST_READS * len(HOSTILE[name])
    assert work["elements"] <= 4  # html, head, body and the one around the text


async def test_page_works_after_a_hostile_message(chromium: Browser, lene: UcwaClient) -> None:
    organizer = Organizer(lene.http)
    await organizer.sign_in("lenea@contoso.com")
    await organizer.open("hostile")
    meeting = await organizer.schedule(accessLevel="Everyone")
    await organizer.enter(meeting)
    joe = await Guest.arrive(chromium, meeting["joinUrl"])
    await joe.join_by_name("Joe")
    await joe.is_in()
    await organizer.says(HOSTILE["unclosed scripts"][:60_000], "text/html")
    await organizer.says('<p>One<br>two &lt;three&gt; &eacute; <img src=x onerror="alert(1)"></p>', "text/html")
    await expect(joe.page.locator(".message-text").last).to_have_text("One\ntwo <three> é")
    assert await joe.page.locator(".message-text img").count() == 0
    await joe.leave()
    await organizer.delete(organizer.app)

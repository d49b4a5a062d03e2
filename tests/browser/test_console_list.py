"""The console's list of very many meetings with much data, as a slow network shows it, in Chromium."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, CDPSession, Page, expect

from openucwa.config import Config
from openucwa.model.meeting import Extension, ExtensionType
from openucwa.store.choice import store_of
from openucwa.store.contract import Store
from tests.browser.console import Console
from tests.client import UcwaClient
from tests.contract.samples import AT, MANY, OTHER_SETTINGS, meeting
from tests.process.running import LIMIT, RunningServer
from tests.users import LENE

pytestmark = pytest.mark.asyncio(loop_scope="session")

COUNT = 400
#: 2100-01-01; one meeting in two has times, from the last one to the first.
FUTURE = 4_102_444_800_000
HOUR = 3_600_000
#: What a network of 30 kB/s and 800 ms for a round trip brings in three seconds after the button is clicked: the token,
#: the application, and the first of the list.
MAX_ROUNDS = 3
MAX_BYTES = 15_000
#: The whole list, without extensions.
MAX_LIST_BYTES = 100_000
#: Pages read what has changed by themselves once a minute. Here only what is reported is read.
NO_MINUTES = """
    const real = window.setInterval;
    window.setInterval = (work, time, ...more) => (time === 60_000 ? 0 : real(work, time, ...more));
"""


async def add_meeting(store: Store, number: int) -> None:
    """A meeting of Lene's, with 5 kB of data that gzip makes little smaller."""
    chance = Random(number)  # noqa: S311  # data of a test
    name = f"MANY{number:04}"
    made = meeting(
        name,
        settings=replace(OTHER_SETTINGS, subject=f"Meeting {number:03} {chance.getrandbits(64):x}"),
        created=AT + number,
        conference_id=str(number),
        conversation_id=f"6e5d1a3e-0d26-4a4c-8b11-{number:012}",
    )
    await store.meetings.add(made, MANY)
    notes = json.dumps({"notes": [f"{chance.getrandbits(2000):x}" for _ in range(10)]})
    extensions = [Extension("crm", ExtensionType.ROAMED_ORGANIZER_DATA, "1", notes.encode())]
    if number % 2:
        begin = FUTURE - number * HOUR
        times = f'{{"begin":"\\/Date({begin})\\/","end":"\\/Date({begin + HOUR})\\/","timeZone":"UTC"}}'
        extensions.append(Extension("openucwa.schedule", ExtensionType.ROAMED_PARTICIPANT_DATA, "1", times.encode()))
    for each in extensions:
        await store.extensions.add(LENE, name, each, MANY, AT + number)


async def fill(data: Path) -> None:
    """Very many meetings of Lene's."""
    store = store_of(Config(data=str(data)))
    await store.open()
    try:
        await asyncio.gather(*(add_meeting(store, number) for number in range(COUNT)))
    finally:
        await store.close()


@pytest.fixture(scope="module")
def busy(prepared: Path) -> Iterator[RunningServer]:
    """A server on which Lene has very many meetings."""
    data = Path(shutil.copytree(prepared, prepared.with_name("busy")))
    asyncio.run(fill(data))
    with RunningServer(data) as server:
        yield server


@dataclass
class Traffic:
    """The requests of a page. `rounds`: how many round trips each is away from the beginning, by its id: it was sent
    when the answers to others were there.
    """

    urls: dict[str, str] = field(default_factory=dict)
    rounds: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)
    #: Those that were sent before the answer came.
    before: dict[str, set[str]] = field(default_factory=dict)

    async def follow(self, page: Page) -> CDPSession:
        session = await page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)
        await session.send("Network.enable")
        return session

    def begin(self) -> None:
        """What was before does not count."""
        for found in (self.urls, self.rounds, self.sizes, self.before):
            found.clear()

    def _sent(self, event: dict[str, Any]) -> None:
        self.urls[event["requestId"]] = event["request"]["url"]
        self.rounds[event["requestId"]] = 1 + max((self.rounds[each] for each in self.sizes), default=0)

    def _finished(self, event: dict[str, Any]) -> None:
        if (request := event["requestId"]) in self.urls:
            self.sizes[request] = event["encodedDataLength"]
            self.before[request] = set(self.urls)

    def named(self, text: str) -> list[str]:
        """The answered requests to addresses that contain `text`."""
        return [request for request in self.sizes if text in self.urls[request]]

    def bytes_of(self, text: str) -> float:
        return sum(self.sizes[request] for request in self.named(text))


async def test_list_of_very_many_meetings_begins_soon_and_follows_changes_one_by_one(
    chromium: Browser, busy: RunningServer
) -> None:
    console = await Console.open_browser(chromium, "about:blank")
    page = console.page
    await page.add_init_script(NO_MINUTES)
    traffic = Traffic()
    await traffic.follow(page)
    async with page.expect_request_finished(lambda request: "/oauth/user" in request.url):
        await page.goto(busy.urls[0])
    await page.get_by_label("User name").first.fill("lenea@contoso.com")
    traffic.begin()
    names = page.locator("#meetings .meeting-subject")
    async with page.expect_request("**/changes?since=*"):  # what changes from then on is reported
        await console.sign_in()
    await expect(names).to_have_count(COUNT)
    await expect(names.first).to_contain_text("Meeting 399")

    first = traffic.named("/openucwa/meetings?")[:2]
    assert max(traffic.rounds[request] for request in first) <= MAX_ROUNDS
    needed = traffic.before[first[0]] & traffic.before[first[1]] & set(traffic.sizes)
    assert sum(traffic.sizes[request] for request in needed) < MAX_BYTES
    assert traffic.bytes_of("/openucwa/meetings?") < MAX_LIST_BYTES
    assert traffic.named("/myOnlineMeetings") == []

    # The form of a new meeting repeats the last choices.
    await page.get_by_role("link", name="New meeting").click()
    await expect(page.get_by_label("Who can skip the lobby")).to_have_value("Everyone")

    await page.get_by_label("Search meetings").fill("many0000")
    await expect(names).to_have_count(1)
    await page.get_by_label("Search meetings").fill("")
    async with httpx.AsyncClient(base_url=busy.urls[0], timeout=LIMIT) as http:
        client = UcwaClient(http)
        await client.sign_in("lenea@contoso.com")
        await client.open("beside")
        traffic.begin()
        changed = (await client.get(f"{client.meetings}/MANY0007")).json()
        await client.replace(changed, subject="Meeting with another name")
        await expect(names.filter(has_text="another name")).to_have_count(1)
        await client.delete(f"{client.meetings}/MANY0009")
        await expect(names).to_have_count(COUNT - 1)
    assert traffic.named("/openucwa/meetings?")
    assert all("onlineMeetingId+in" in traffic.urls[each] for each in traffic.named("/openucwa/meetings?"))
    assert traffic.bytes_of("/openucwa/meetings?") < MAX_BYTES
    await console.leave()

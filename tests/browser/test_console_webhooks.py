"""Webhooks in the console, in Chromium, with a receiver."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from openucwa.client.webhooks import verify
from tests.browser.console import DESKTOP, PHONE, Console
from tests.process.running import RunningServer
from tests.webhooks.receiver import Receiver, answer, receiving

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def delivering(own: Path) -> Iterator[RunningServer]:
    """A server that delivers to this machine."""
    with RunningServer(own, OPENUCWA_WEBHOOK_ALLOWED_NETWORKS="127.0.0.0/8") as server:
        yield server


async def add(page: Page, receiver: Receiver) -> Locator:
    """Adds a webhook on its page; its card."""
    await page.get_by_role("link", name="Webhooks").click()
    await page.get_by_role("button", name="Add webhook").click()
    form = page.get_by_role("form", name="New webhook")
    await form.get_by_label("Address").fill(receiver.url)
    await form.get_by_role("button", name="Add").click()
    return page.get_by_role("article", name=receiver.url)


async def test_webhook_is_added_and_its_deliveries_are_shown(chromium: Browser, delivering: RunningServer) -> None:
    async with receiving() as receiver:
        console = await Console.enter(chromium, delivering)
        page = console.page
        await page.get_by_role("link", name="Webhooks").press("Enter")
        await page.get_by_role("button", name="Add webhook").press("Enter")
        form = page.get_by_role("form", name="New webhook")
        await expect(form.get_by_label("Address")).to_be_focused()
        await form.get_by_label("Address").fill(receiver.url)
        await form.get_by_label("Description").fill("CRM")
        await form.get_by_label("extension added").check()
        await form.get_by_label("Filter").fill("subject eq")
        await form.get_by_role("button", name="Add").click()
        await expect(form.get_by_role("alert")).to_contain_text("can’t be read from character 11 on")
        await console.check_page("45-webhook-form", (DESKTOP, PHONE))
        await form.get_by_label("Filter").fill("subject eq 'Budget'")
        await form.get_by_role("button", name="Add").click()
        card = page.get_by_role("article", name=receiver.url)
        await expect(card.get_by_role("button", name="Copy")).to_be_focused()
        secret = await card.get_by_label("Secret").input_value()
        await card.get_by_role("button", name="Copy").click()
        await expect(card.get_by_role("button", name="Copied")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == secret
        await console.check_page("46-secret", (DESKTOP, PHONE))
        await card.get_by_role("button", name="Send a test").click()
        delivery = card.get_by_role("list", name="Deliveries").locator("details", has_text="webhook.test")
        await expect(delivery).to_contain_text("delivered")
        await delivery.locator("summary").press("Enter")
        await expect(delivery.get_by_role("group", name="Attempts")).to_contain_text("204")
        await expect(delivery.get_by_label("Message")).to_contain_text("webhook.test")
        message = receiver.received[0]
        assert verify(secret, message.headers, message.body) == json.loads(message.body)
        await console.check_page("47-deliveries", (DESKTOP, PHONE))
        await delivery.get_by_role("button", name="Deliver again").click()
        await expect(delivery.get_by_role("group", name="Attempts").locator("tbody tr")).to_have_count(2)
        assert receiver.received[1].headers["webhook-id"] == message.headers["webhook-id"]
        await console.leave()


async def test_webhook_is_paused_given_a_new_secret_and_deleted(chromium: Browser, delivering: RunningServer) -> None:
    async with receiving(lambda _number: answer(410, b"gone")) as receiver:
        console = await Console.enter(chromium, delivering)
        page = console.page
        card = await add(page, receiver)
        secret = await card.get_by_label("Secret").input_value()
        await card.get_by_role("button", name="New secret").click()
        await page.get_by_role("dialog").get_by_role("button", name="New secret").click()
        await expect(card).to_contain_text("The old secret is valid until")
        await expect(card.get_by_label("Secret")).not_to_have_value(secret)
        await card.get_by_role("button", name="Pause").click()
        await expect(card).to_contain_text("paused")
        await expect(card.get_by_label("Secret")).to_have_count(0)
        await card.get_by_role("button", name="Activate").click()
        await expect(card.get_by_role("button", name="Pause")).to_be_visible()
        await card.get_by_role("button", name="Send a test").click()
        await expect(card.get_by_role("list", name="Deliveries")).to_contain_text("webhook.test")
        await expect(card).to_contain_text("ended by the receiver")
        await card.get_by_role("button", name="Delete").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("You have no webhooks.")).to_be_visible()
        await console.leave()


async def test_webhook_that_was_changed_elsewhere_is_not_overwritten(
    chromium: Browser, delivering: RunningServer
) -> None:
    async with receiving() as receiver:
        console = await Console.enter(chromium, delivering)
        page = console.page
        card = await add(page, receiver)
        await card.get_by_role("button", name="Edit").click()
        form = page.get_by_role("form", name="Edit webhook")
        await form.get_by_label("Description").fill("Mine")
        other = await console.open_tab(page.url)
        await other.sign_in()
        await other.page.get_by_role("button", name="Pause").click()
        await expect(other.page.get_by_role("button", name="Activate")).to_be_visible()
        await form.get_by_role("button", name="Save").click()
        await expect(form.get_by_role("alert")).to_contain_text("It has changed in the meantime.")
        await expect(form.get_by_label("Description")).to_have_value("Mine")
        await console.leave()

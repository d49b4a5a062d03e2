"""openucwa webhook."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from openucwa.model.webhook import ALL, Webhook
from openucwa.store.sqlite import SqliteStore
from tests.cli.commands import add as add_user
from tests.cli.commands import fails, run
from tests.users import LENE

URL = "https://crm.contoso.com/hook"


@pytest.fixture
def data(tmp_path: Path) -> str:
    place = str(tmp_path / "data")
    assert add_user(place).exit_code == 0
    return place


def stored(data: str) -> Sequence[Webhook]:
    async def read() -> Sequence[Webhook]:
        store = SqliteStore(Path(data), timeout=5.0)
        await store.open()
        try:
            return await store.webhooks.everybodys()
        finally:
            await store.close()

    return asyncio.run(read())


def test_webhook_for_all_users_is_added_with_a_secret(data: str) -> None:
    added = run("webhook", "add", URL, "--all", "--kind", "meeting.added", "--data", data)
    (webhook,) = stored(data)
    assert added.stdout.splitlines() == [f"added webhook {webhook.id}", f"secret {webhook.secrets[0].value}"]
    assert (webhook.owner, webhook.url, webhook.kinds) == (ALL, URL, ("meeting.added",))


def test_list_shows_webhooks_without_secrets(data: str) -> None:
    run("webhook", "add", URL, "--user", LENE, "--description", "CRM", "--data", data)
    (webhook,) = stored(data)
    listed = run("webhook", "list", "--data", data).stdout
    assert webhook.id in listed
    assert f"{LENE}  active  {URL}  CRM" in listed
    assert "whsec_" not in listed
    (row,) = json.loads(run("webhook", "list", "--json", "--data", data).stdout)
    assert row == {"webhook": webhook.id, "of": LENE, "state": "active", "url": URL, "description": "CRM"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((URL,), "exactly one of --all and --user is required"),
        ((URL, "--all", "--user", LENE), "exactly one of --all and --user is required"),
        (("http://crm.contoso.com/", "--all"), "url must begin with https://"),
        (("https://127.0.0.1/", "--all"), "url the address of the receiver is not public"),
        ((URL, "--user", "sip:nobody@contoso.com"), "no such user"),
    ],
)
def test_invalid_webhook_is_refused(data: str, arguments: tuple[str, ...], line: str) -> None:
    fails(run("webhook", "add", *arguments, "--data", data), line)
    assert stored(data) == []


def test_webhook_is_paused_resumed_and_removed_by_the_beginning_of_its_id(data: str) -> None:
    run("webhook", "add", URL, "--all", "--data", data)
    (webhook,) = stored(data)
    assert run("webhook", "pause", webhook.id[:8], "--data", data).exit_code == 0
    assert stored(data)[0].state == "Paused"
    assert run("webhook", "resume", webhook.id[:8], "--data", data).exit_code == 0
    assert stored(data)[0].state == "Active"
    assert run("webhook", "remove", webhook.id[:8], "--data", data).exit_code == 0
    assert stored(data) == []
    fails(run("webhook", "remove", "5b0e", "--data", data), "no webhooks have an id that begins with 5b0e")


def test_rotated_secret_is_printed(data: str) -> None:
    run("webhook", "add", URL, "--all", "--data", data)
    (webhook,) = stored(data)
    rotated = run("webhook", "rotate", webhook.id, "--data", data).stdout
    new, old = stored(data)[0].secrets
    assert rotated == f"secret {new.value}\n"
    assert old.value == webhook.secrets[0].value
    assert old.until is not None


def test_test_message_is_listed(data: str) -> None:
    run("webhook", "add", URL, "--all", "--data", data)
    (webhook,) = stored(data)
    message = run("webhook", "test", webhook.id, "--data", data).stdout.split()[-1]
    listed = run("webhook", "deliveries", webhook.id, "--data", data).stdout
    assert message in listed
    assert "webhook.test  pending" in listed
    assert run("webhook", "redeliver", webhook.id, message, "--data", data).exit_code == 0

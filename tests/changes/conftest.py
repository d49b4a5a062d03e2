"""Reading changes through the protocol."""

from typing import Any

from tests.client import UcwaClient


def changes_of(client: UcwaClient) -> str:
    """The href of the changes from now on."""
    return f"{client.app}/openucwa/changes"


def next_of(shown: dict[str, Any]) -> str:
    """The href of what follows."""
    href: str = shown["_links"]["next"]["href"]
    return href


def listed(shown: dict[str, Any]) -> list[dict[str, Any]]:
    """The changes of an answer."""
    found: list[dict[str, Any]] = shown["_embedded"]["openucwa:change"]
    return found


async def start(client: UcwaClient) -> str:
    """The href of the changes from now on."""
    answer = await client.get(changes_of(client))
    assert answer.status_code == 200, answer.text
    assert listed(answer.json()) == []
    return next_of(answer.json())


async def read(client: UcwaClient, href: str) -> tuple[list[dict[str, Any]], str]:
    """The changes at `href`, and the href of what follows."""
    answer = await client.get(href)
    assert answer.status_code == 200, answer.text
    return listed(answer.json()), next_of(answer.json())

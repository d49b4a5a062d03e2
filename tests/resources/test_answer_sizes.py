"""How large answers become: refused before they are made, with a way to read the same piece by piece."""

from typing import Any

import pytest

from openucwa.app import Service
from tests.client import UcwaClient, extensions_of, self_of
from tests.conftest import Make
from tests.resources.messages import assert_refused

LIMIT = 20_000
TYPE = 'multipart/batching; boundary="b"'


@pytest.fixture
async def service(make_service: Make) -> Service:
    return await make_service(max_answer_bytes=LIMIT)


@pytest.fixture
async def meeting(lene: UcwaClient) -> dict[str, Any]:
    meeting = await lene.schedule()
    for number in range(3):
        await lene.extend(meeting, id=str(number), text="x" * 8_000)
    return meeting


def part(href: str) -> str:
    return f"--b\r\nContent-Type: application/http; msgtype=request\r\n\r\nGET {href} HTTP/1.1\r\n\r\n"


async def batch(client: UcwaClient, *hrefs: str) -> list[str]:
    """The status lines of the parts."""
    content = "".join(map(part, hrefs)) + "--b--"
    answer = await client.post(f"{client.app}/batch", content=content, headers={"Content-Type": TYPE})
    assert answer.status_code == 200
    return [line for line in answer.text.split("\r\n") if line.startswith("HTTP/1.1 ")]


async def test_answer_over_the_limit_is_refused(lene: UcwaClient, meeting: dict[str, Any]) -> None:
    for href in (lene.meetings, self_of(meeting), extensions_of(meeting)):
        assert_refused(await lene.get(href), 413, "EntityTooLarge")


async def test_embedded_resources_of_a_refused_answer_can_be_read_one_by_one(
    lene: UcwaClient, meeting: dict[str, Any]
) -> None:
    for number in range(3):
        answer = await lene.get(f"{extensions_of(meeting)}/{number}")
        assert (answer.status_code, len(answer.json()["text"])) == (200, 8_000)


async def test_answer_below_the_limit_is_given(lene: UcwaClient, meeting: dict[str, Any]) -> None:
    await lene.delete(f"{extensions_of(meeting)}/0")
    assert (await lene.get(lene.meetings)).status_code == 200


async def test_further_parts_of_a_batch_whose_answer_is_large_are_refused(
    lene: UcwaClient, meeting: dict[str, Any]
) -> None:
    extension = f"{extensions_of(meeting)}/0"
    assert await batch(lene, *[extension] * 5) == ["HTTP/1.1 200 OK"] * 3 + ["HTTP/1.1 429 Too Many Requests"] * 2

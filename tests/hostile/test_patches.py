"""Patches that mean no good: refused at once, whatever is stored, and nothing of them is kept."""

import json
from typing import Any

import httpx
import pytest

from tests.client import JSON_PATCH, MERGE_PATCH, UcwaClient, self_of
from tests.hostile.test_bodies import FEW_CALLS, MEBIBYTE, MOST_CALLS
from tests.work import at_most


@pytest.fixture
async def href(lene: UcwaClient) -> str:
    """An extension that is as large as can be: a long text, and arrays of many short values."""
    extension = await lene.extend(await lene.schedule(), id="x", text="x" * 20_000, many=[1] * 20_000)
    return self_of(extension)


async def patch(
    client: UcwaClient, href: str, body: bytes, calls: int = MOST_CALLS, media_type: str = JSON_PATCH
) -> httpx.Response:
    with at_most(calls):
        return await client.request("PATCH", href, content=body, headers={"Content-Type": media_type})


def operations(*each: dict[str, Any]) -> bytes:
    """As many repetitions of the operations as fit into the largest body."""
    inner = ",".join(json.dumps(operation, separators=(",", ":")) for operation in each)
    times = (MEBIBYTE - 2) // (len(inner) + 1)
    return f"[{','.join([inner] * times)}]".encode()


COPY = {"op": "copy", "from": "/many", "path": "/a"}


@pytest.mark.parametrize(
    ("each", "status"),
    [
        ([COPY], 400),
        ([{"op": "copy", "from": "", "path": "/a"}], 400),
        ([{"op": "add", "path": "/many/0", "value": 1}], 400),
        ([{"op": "move", "from": "/many", "path": "/b"}, {"op": "move", "from": "/b", "path": "/many"}], 400),
        ([{"op": "test", "path": "/many", "value": []}], 400),
    ],
)
async def test_patch_of_the_largest_size_is_refused_before_it_is_applied(
    lene: UcwaClient, href: str, each: list[dict[str, Any]], status: int
) -> None:
    assert (await patch(lene, href, operations(*each), FEW_CALLS)).status_code == status


@pytest.mark.parametrize(
    "each",
    [
        COPY,
        {"op": "copy", "from": "", "path": "/a"},
        {"op": "copy", "from": "/text", "path": "/a"},
        {"op": "copy", "from": "/many", "path": "/many/0"},
    ],
)
async def test_copies_are_refused_once_they_are_too_large(lene: UcwaClient, href: str, each: dict[str, Any]) -> None:
    answer = await patch(lene, href, json.dumps([each] * 1_000).encode())
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "each",
    [
        {"op": "add", "path": "/many/0", "value": 1},
        {"op": "test", "path": "/many", "value": [1]},
        {"op": "replace", "path": "/many/19999", "value": 1},
    ],
)
async def test_cost_of_operations_does_not_depend_on_unchanged_parts(
    lene: UcwaClient, href: str, each: dict[str, Any]
) -> None:
    # Reading, checking and writing the array of 20,000 takes a few calls for each item, once.
    answer = await patch(lene, href, json.dumps([each] * 1_000).encode(), calls=400_000)
    assert answer.status_code in {200, 409}


async def test_deepest_moves_are_refused(lene: UcwaClient, href: str) -> None:
    deeper = [
        operation
        for number in range(250)
        for operation in (
            {"op": "add", "path": f"/{number + 1}", "value": {}},
            {"op": "add", "path": f"/{number + 1}/in", "value": [[[[[[[[]]]]]]]]},
            {"op": "move", "from": f"/{number}" if number else "/text", "path": f"/{number + 1}/in"},
        )
    ]
    assert (await patch(lene, href, json.dumps(deeper).encode())).status_code == 400
    copied = [*deeper, {"op": "copy", "from": "/250", "path": "/y"}]
    assert (await patch(lene, href, json.dumps(copied).encode())).status_code == 413


@pytest.mark.parametrize(
    "path", ["/" * 1_000_000, "/many/" + "9" * 1_000_000, "/~0" * 300_000, "/many/" + "0" * 999_999]
)
async def test_endless_pointer_is_refused(lene: UcwaClient, href: str, path: str) -> None:
    body = json.dumps([{"op": "remove", "path": path}]).encode()
    answer = await patch(lene, href, body[: MEBIBYTE - 1])
    assert answer.status_code in {400, 409}
    assert len(answer.content) < 1_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' * 30_000,
        b"[" * MEBIBYTE,
        b'{"many":[' + b"0," * 500_000 + b"0]}",
        b"{" + b",".join(b'"%d":null' % number for number in range(39_000)) + b"}",
        b"{" + b",".join(b'"%d":1' % number for number in range(39_000)) + b"}",
    ],
)
async def test_merge_patch_of_the_largest_size_is_answered_at_once(lene: UcwaClient, href: str, body: bytes) -> None:
    answer = await patch(lene, href, body[:MEBIBYTE], media_type=MERGE_PATCH)
    assert answer.status_code in {200, 400}

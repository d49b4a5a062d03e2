"""What docs/protocol.md says of aliases and of the order of checks is so."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from openucwa.resources.aliases import ALIASES
from tests.client import UcwaClient, extensions_of
from tests.conftest import Connect, Make
from tests.users import LENE

PAGE = (Path(__file__).parent.parent.parent / "docs" / "protocol.md").read_text("utf-8")
#: Bytes of a request's body here, so that one is soon too large.
MOST = 1000

Fault = dict[str, Any]
NO_TOKEN: Fault = {"token": None}
NOT_THERE: Fault = {"path": "nowhere"}
BAD_METHOD: Fault = {"method": "POST"}
BAD_ACCEPT: Fault = {"Accept": "image/png"}
TOO_LARGE: Fault = {"content": b" " * (MOST + 1)}
BAD_TYPE: Fault = {"Content-Type": "text/plain"}
NO_MATCH: Fault = {"If-Match": None}
STALE: Fault = {"If-Match": '"1"'}
BAD_BODY: Fault = {"content": b"{"}


def order() -> list[int]:
    """The documented order of checks."""
    line = next(line for line in PAGE.splitlines() if line.startswith("    401"))
    return [int(status) for status in line.split("·")]


def test_aliases_on_the_page_are_the_served_ones() -> None:
    table = PAGE.partition("## 6. Aliases")[2].partition("## 7")[0]
    rows = re.findall(r"^\| `(\w+)` \| `(.*)` \|$", table, re.MULTILINE)
    assert {name: tuple(also.split("`, `")) for name, also in rows} == ALIASES


@pytest.mark.parametrize(
    ("faults", "first"),
    [
        ((NO_TOKEN, NOT_THERE), 401),
        ((NOT_THERE, BAD_METHOD), 404),
        ((BAD_METHOD, BAD_ACCEPT), 405),
        ((BAD_ACCEPT, TOO_LARGE), 406),
        ((TOO_LARGE, BAD_TYPE), 413),
        ((BAD_TYPE, NO_MATCH), 415),
        ((NO_MATCH, BAD_BODY), 428),
        ((STALE, BAD_BODY), 412),
        ((BAD_BODY,), 400),
    ],
)
async def test_checks_come_in_the_documented_order(
    make_service: Make, connect: Connect, faults: Sequence[Fault], first: int
) -> None:
    lene = await signed_in(connect, make_service)
    extension = await lene.extend(await lene.schedule(), id="agenda")
    right: Fault = {"method": "PUT", "path": "agenda", "content": b"{}", "token": lene.token}
    right |= {"Accept": "application/json", "Content-Type": "application/json", "If-Match": extension["etag"]}
    for fault in faults:
        right |= fault
    href = extension["_links"]["self"]["href"].removesuffix("agenda") + right["path"]
    lene.token = right["token"]
    headers = {name: right[name] for name in ("Accept", "Content-Type", "If-Match") if right[name] is not None}
    answer = await lene.request(right["method"], href, content=right["content"], headers=headers)
    assert answer.status_code == first
    assert first in order()


async def test_invalid_input_comes_before_a_conflict(make_service: Make, connect: Connect) -> None:
    lene = await signed_in(connect, make_service)
    meeting = await lene.schedule()
    await lene.extend(meeting, id="agenda")
    answer = await lene.post(extensions_of(meeting), json={"id": "agenda", "list": [None]})
    assert answer.status_code == 400
    assert (await lene.post(extensions_of(meeting), json={"id": "agenda"})).status_code == 409
    assert order()[-2:] == [400, 409]


async def signed_in(connect: Connect, make_service: Make) -> UcwaClient:
    """Lene, with an application on a server that takes short bodies only."""
    client = connect(await make_service(max_body_bytes=MOST))
    await client.sign_in(LENE)
    await client.open()
    return client

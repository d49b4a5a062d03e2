"""docs/migrating.md: its commands do what the page says, and its tables are those of the code."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

from openucwa.store.sqlite import SqliteStore
from openucwa.transfer import lines
from tests.contract.samples import AT, MANY, extension, meeting, user
from tests.docs.walking import LIMIT, ROOT, walk

PAGE = (ROOT / "docs" / "migrating.md").read_text("utf-8")
LENE = "sip:lene@example.com"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in _BLOCK.findall(PAGE) if kind == language]


async def fill(folder: Path) -> None:
    """A store with a user, a meeting and an extension."""
    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    await store.users.add(user(LENE))
    own = meeting(organizer=LENE, conference_id="1", conversation_id="6e5d1a3e-0d26-4a4c-8b11-0f7b0a1c2d3e")
    await store.meetings.add(own, MANY)
    await store.extensions.add(LENE, own.id, extension("agenda"), MANY, AT)
    await store.close()


def test_commands_export_and_import_and_program_makes_requests_of_the_export(tmp_path: Path) -> None:
    asyncio.run(fill(tmp_path / "old"))
    assert walk("".join(blocks("sh")), tmp_path, {}) == blocks("text")[0]
    found = [json.loads(line)["kind"] for line in (tmp_path / "lene.jsonl").read_text().splitlines()]
    assert found[:2] == ["openucwa", "user"]
    exported = (tmp_path / "everything.jsonl").read_text()
    (agenda,) = (line for line in map(json.loads, exported.splitlines()) if line["kind"] == "extension")
    times = {"begin": "/Date(1904284800000)/", "end": "/Date(1904290200000)/", "timeZone": "Europe/Copenhagen"}
    scheduled = agenda | {"id": "openucwa.schedule", "properties": times}
    (program,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=f"{exported.rstrip()}\n{json.dumps(scheduled)}\n",
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    )
    (request,) = map(json.loads, done.stdout.splitlines())
    assert [each["extensionName"] for each in request["extensions"]] == ["agenda"]
    assert request["start"] == {"dateTime": "2030-05-06T08:00:00", "timeZone": "UTC"}
    assert request["end"] == {"dateTime": "2030-05-06T09:30:00", "timeZone": "UTC"}


def test_every_kind_of_line_has_its_row() -> None:
    listed = re.findall(r"^\| `(\w+)` \| [A-Z]", PAGE, re.MULTILINE)
    kinds = [str(kind.__struct_config__.tag) for kind in get_args(lines.AnyLine)]
    assert sorted(listed) == sorted(kinds)


def test_example_of_a_line_is_one() -> None:
    (example,) = blocks("json")
    assert lines.write(lines.read(example.encode())).decode() == example

"""Another server process on the same store: `python worker.py FOLDER|URL answer|write NAME`.

`answer` says `ready`, then does what each line of its input says and answers with one line. `write` writes as fast as
it can and names what the store has acknowledged, until it is killed.
"""

import asyncio
import sys
from itertools import count
from pathlib import Path

from openucwa.model.event import NewEvent
from openucwa.model.meeting import Extension, ExtensionType
from openucwa.model.refusals import Refusal
from openucwa.model.user import User
from openucwa.store.contract import Store
from openucwa.store.postgres import PostgresStore
from openucwa.store.sqlite import SqliteStore

WRITERS = 8


def store_at(place: str) -> Store:
    """The store in a folder, or in the database at a URL."""
    return PostgresStore(place, 20.0) if place.startswith("postgresql:") else SqliteStore(Path(place), 20.0)


async def answer(store: Store, line: str) -> str:
    match line.split():
        case ["append", topic]:
            await store.events.append(1, [NewEvent(topic, "happened")])
        case ["replace", organizer, meeting_id, extension_id, match, etag]:
            extension = Extension(extension_id, ExtensionType.UNDEFINED, etag, b"{}")
            await store.extensions.replace(organizer, meeting_id, frozenset({match}), extension, 1)
        case ["moved"]:
            assert isinstance(store, SqliteStore)
            return " ".join(sorted(await store.foreign_topics()))
        case _:
            return f"what is {line!r}?"
    return "done"


async def answer_all(store: Store) -> None:
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        try:
            print(await answer(store, line), flush=True)
        except Refusal as refusal:
            print(type(refusal).__name__, flush=True)


async def write(store: Store, name: str) -> None:
    numbers = count()

    async def write_on() -> None:
        for number in numbers:
            uri = f"sip:{name}-{number}@contoso.com"
            await store.users.add(User(uri, "", None, None, ""))
            await store.events.append(1, [NewEvent("written", uri)])
            print(uri, flush=True)

    await asyncio.gather(*(write_on() for _ in range(WRITERS)))


async def main(place: str, task: str, name: str = "") -> None:
    store = store_at(place)
    await store.open()
    if task == "write":
        await write(store, name)
    else:
        await answer_all(store)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""Random stories: the frame of the tests in which what every client knows must end as what the server shows."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from tests.postgres import PostgresServer

#: The name of a step, and what it is about.
Step = tuple[Any, ...]


class Story(Protocol):
    """A server and its clients."""

    async def begin(self) -> None:
        """Starts the server and the clients."""
        ...

    @property
    def do(self) -> Callable[..., Awaitable[None]]:
        """Takes one step."""
        ...

    async def check(self) -> None:
        """Compares what each client knows with what the server shows."""
        ...

    async def end(self) -> None:
        """Stops the server and the clients."""
        ...


def live(new_story: Callable[..., Story], steps: Sequence[Step]) -> None:
    """A story in a new store. `new_story`: makes it; its argument is the setting that names the store."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_live(new_story(data=str(Path(folder) / "data")), steps))


def live_on_postgresql(
    new_story: Callable[..., Story], steps: Sequence[Step], postgres: PostgresServer, database: str
) -> None:
    """A story in `database`, which is emptied afterwards."""
    try:
        asyncio.run(_live(new_story(store=database), steps))
    finally:
        postgres.empty(database)


async def _live(story: Story, steps: Sequence[Step]) -> None:
    await story.begin()
    try:
        for step in steps:
            await story.do(*step)
        await story.check()
    finally:
        await story.end()

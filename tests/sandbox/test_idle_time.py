"""Time in which nothing happens passes quickly; what happens in it is done in order all the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from openucwa.config import Config
from openucwa.sandbox.server import make_sandbox
from openucwa.sandbox.users import DEFAULT
from openucwa.sandbox.world import TURNS, SandboxWorld


async def turns_of(steps: Awaitable[object]) -> int:
    """The turns of the event loop that something takes."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    await steps
    counting.cancel()
    return turns


@asynccontextmanager
async def running(task: Awaitable[None]) -> AsyncIterator[None]:
    """Runs a task in the background."""
    background = asyncio.ensure_future(task)
    try:
        yield
    finally:
        background.cancel()


async def periodically(world: SandboxWorld, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        await world.sleep(seconds)
        await work()


async def nothing() -> None:
    pass


async def test_task_that_finds_nothing_to_do_costs_two_turns_of_the_event_loop() -> None:
    world = SandboxWorld(frozen=True)
    async with running(periodically(world, 5, nothing)):
        assert await turns_of(world.advance(3_600)) < 2 * 720 + 10 * TURNS


async def test_hour_of_an_idle_sandbox_takes_few_turns_of_the_event_loop() -> None:
    world = SandboxWorld(frozen=True)
    sandbox = make_sandbox(Config(), world, DEFAULT)
    await sandbox.start()
    try:
        await world.advance(60)
        assert await turns_of(world.advance(3_600)) < 10_000
    finally:
        await sandbox.stop()


async def test_everything_a_task_starts_is_done_before_time_advances() -> None:
    world = SandboxWorld(frozen=True)
    done: list[tuple[str, float]] = []
    queue: asyncio.Queue[float] = asyncio.Queue()

    async def slow() -> None:
        for _ in range(TURNS - 2):
            await asyncio.sleep(0)
        done.append(("slow", world.monotonic()))

    async def quick() -> None:
        done.append(("quick", world.monotonic()))

    async def wake_another() -> None:
        await world.sleep(2.5)
        queue.put_nowait(world.monotonic())

    async def woken() -> None:
        await queue.get()
        await slow()

    async with (
        running(periodically(world, 2, slow)),
        running(periodically(world, 1, quick)),
        running(woken()),
        running(wake_another()),
    ):
        await world.advance(4)
    assert done == [
        ("quick", 1.0),
        ("quick", 2.0),
        ("slow", 2.0),
        ("slow", 2.5),
        ("quick", 3.0),
        ("quick", 4.0),
        ("slow", 4.0),
    ]


async def test_what_a_timer_calls_is_done_before_the_next_moment() -> None:
    world = SandboxWorld(frozen=True)
    called = asyncio.Event()
    seen: list[float] = []

    async def wait() -> None:
        await called.wait()
        for _ in range(TURNS - 3):
            await asyncio.sleep(0)
        seen.append(world.monotonic())

    async with running(wait()), running(periodically(world, 1, nothing)):
        await asyncio.sleep(0)
        world.call_later(1, called.set)
        await world.advance(3)
    assert seen == [1.0]


async def test_changes_that_follow_from_changes_are_made_before_the_next_moment() -> None:
    world = SandboxWorld(frozen=True)
    made: list[float] = []
    waiting: list[asyncio.Future[None]] = []

    async def changes() -> float:
        """A store that commits each change when it is waited for."""
        while waiting:
            made.append(world.monotonic())
            waiting.pop().set_result(None)
        return len(made)

    async def change_thrice() -> None:
        for _ in range(3):
            waiting.append(asyncio.get_running_loop().create_future())
            await waiting[-1]

    world.changes = changes
    async with running(periodically(world, 10, change_thrice)), running(periodically(world, 1, nothing)):
        await asyncio.sleep(0)
        await world.advance(11)
    assert made == [10.0, 10.0, 10.0]

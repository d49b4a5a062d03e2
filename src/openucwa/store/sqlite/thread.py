"""The thread that waits for the disk.

It takes its tasks from a simple queue: an executor costs the event loop twice as much per task, and there is one per
commit.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

_Task: TypeAlias = tuple["asyncio.Future[Any]", Callable[..., Any], tuple[object, ...]]


class WriterThread:
    """A thread that runs functions for the event loop, one after the other."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._thread: Thread | None = None

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """The result of `function`, or the error that it raises."""
        if self._thread is None:
            self._thread = Thread(target=_work, args=(self._tasks,), name="store-writer", daemon=True)
            self._thread.start()
        # No variable holds the future: an exception that it raises would hold it, too, and neither would ever be freed.
        return await self._queue(function, arguments)

    def _queue(self, function: Callable[..., T], arguments: tuple[object, ...]) -> "asyncio.Future[T]":
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._tasks.put((done, function, arguments))
        return done

    def stop(self) -> None:
        """Ends the thread after its remaining tasks."""
        self._tasks.put(None)


def _work(tasks: "SimpleQueue[_Task | None]") -> None:
    while (task := tasks.get()) is not None:
        _run(*task)
        del task  # so that nothing of it lives until the next one comes


def _run(done: "asyncio.Future[Any]", function: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    try:
        _call(done.get_loop(), _succeed, done, function(*arguments))
    except Exception as error:  # noqa: BLE001  # whoever waits learns of it
        _call(done.get_loop(), _fail, done, error)
    finally:
        del done  # the error's traceback holds this frame


def _call(loop: asyncio.AbstractEventLoop, finish: Callable[..., None], *arguments: object) -> None:
    with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
        loop.call_soon_threadsafe(finish, *arguments)


def _succeed(done: "asyncio.Future[Any]", result: object) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: "asyncio.Future[Any]", error: Exception) -> None:
    if not done.done():
        done.set_exception(error)

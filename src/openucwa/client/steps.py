"""The separation of the client's logic from input and output.

An operation is a generator: it yields what is to be done (`Send`, `Pause`, `Acquire`, `Ask`), is given the result, and
returns its own. A driver does those things, with `await` or without; it decides nothing. So there is one text of every
operation, and it can be tested without a socket.
"""

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from openucwa.client.wire import Request, Response

T = TypeVar("T")


class Lock(Protocol):
    """A lock of asyncio or of threading, as `Acquire` takes it."""

    def release(self) -> object:
        """Lets the next one in."""
        ...


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; the result is its `Response`. Raises ConnectionFailed."""

    request: Request


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Acquire:
    """Wait for a lock, which the operation releases."""

    lock: Lock


@dataclass(frozen=True, slots=True)
class Ask:
    """Call a function of the application, which may be a coroutine function; the result is its result."""

    function: Callable[[], str | Awaitable[str]]


Effect: TypeAlias = Send | Pause | Acquire | Ask
Steps: TypeAlias = Generator[Effect, Any, T]


def sending(request: Request) -> Steps[Response]:
    """The response to a request."""
    response: Response = yield Send(request)
    return response


class Driver(Protocol):
    """Carries out steps: `AsyncDriver` and `SyncDriver`."""

    def run(self, steps: Steps[Any]) -> Any:
        """Carries out the steps; returns their result, or a coroutine that does."""
        ...

    def lock(self) -> Lock:
        """A new lock."""
        ...

    def close(self) -> Any:
        """Closes the connections, if they are the driver's own."""
        ...

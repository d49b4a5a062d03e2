"""The two drivers: they carry out steps with httpx, one with `await`, the other without. They decide nothing."""

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from openucwa.client.errors import ConnectionFailed
from openucwa.client.steps import Acquire, Ask, Effect, Lock, Pause, Send, Steps, T
from openucwa.client.wire import Request, Response

#: Seconds to wait for a connection.
CONNECT_TIMEOUT = 10.0

#: Called with each request and its response, for logs: `(request, response)`; the response is None if there was none.
Observer = Callable[[Request, Response | None], object]

#: What happens before a byte of the request was sent.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class AsyncDriver:
    """Carries out steps in asyncio. `http`: a client of httpx of one's own, for proxies or certificates, for example;
    it is not closed. `sleep`: how to wait.
    """

    def __init__(
        self,
        http: httpx.AsyncClient | None = None,
        observer: Observer | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._sleep = sleep
        self._http = http or httpx.AsyncClient()
        self._own = http is None
        self._observer = observer

    async def run(self, steps: Steps[T]) -> T:
        """The result of the steps."""
        try:
            effect = next(steps)
            while True:
                try:
                    result = await self._perform(effect)
                except Exception as error:  # noqa: BLE001  # the steps decide what it means
                    effect = steps.throw(error)
                else:
                    effect = steps.send(result)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # the value of a StopIteration is untyped
        finally:
            steps.close()

    def lock(self) -> Lock:
        """A lock of asyncio."""
        return asyncio.Lock()

    async def close(self) -> None:
        """Closes the connections."""
        if self._own:
            await self._http.aclose()

    async def _perform(self, effect: Effect) -> Any:
        match effect:
            case Send(request):
                try:
                    async with asyncio.timeout(request.timeout):
                        answer = await self._http.request(**_arguments(request))
                    response = _response(answer, answer.content)
                except (httpx.RequestError, TimeoutError) as error:
                    _observe(self._observer, request, None)
                    raise _failed(error) from error
                _observe(self._observer, request, response)
                return response
            case Pause(seconds):
                await self._sleep(seconds)
            case Acquire(lock):
                await lock.acquire()  # type: ignore[attr-defined]  # made by `lock`
            case Ask(function):
                given = function()
                return await given if inspect.isawaitable(given) else given
        return None


class SyncDriver:
    """Carries out steps in the calling thread. `http`, `sleep`: as for AsyncDriver."""

    def __init__(
        self,
        http: httpx.Client | None = None,
        observer: Observer | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._http = http or httpx.Client()
        self._own = http is None
        self._observer = observer

    def run(self, steps: Steps[T]) -> T:
        """The result of the steps."""
        try:
            effect = next(steps)
            while True:
                try:
                    result = self._perform(effect)
                except Exception as error:  # noqa: BLE001  # the steps decide what it means
                    effect = steps.throw(error)
                else:
                    effect = steps.send(result)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # the value of a StopIteration is untyped
        finally:
            steps.close()

    def lock(self) -> Lock:
        """A lock of threading."""
        return threading.Lock()

    def close(self) -> None:
        """Closes the connections."""
        if self._own:
            self._http.close()

    def _perform(self, effect: Effect) -> Any:
        match effect:
            case Send(request):
                try:
                    response = self._send(request)
                except (httpx.RequestError, TimeoutError) as error:
                    _observe(self._observer, request, None)
                    raise _failed(error) from error
                _observe(self._observer, request, response)
                return response
            case Pause(seconds):
                self._sleep(seconds)
            case Acquire(lock):
                lock.acquire()  # type: ignore[attr-defined]  # made by `lock`
            case Ask(function):
                given = function()
                if not isinstance(given, str):
                    raise TypeError("a provider of tokens for the synchronous client must return a str")
                return given
        return None

    def _send(self, request: Request) -> Response:
        """The response. TimeoutError: its body does not end in time; this is checked at each part of it."""
        end = time.monotonic() + request.timeout
        parts = []
        with self._http.stream(**_arguments(request)) as response:
            for part in response.iter_bytes():
                parts.append(part)
                if time.monotonic() > end:
                    raise TimeoutError("the answer did not end in time")
        return _response(response, b"".join(parts))


def _arguments(request: Request) -> dict[str, Any]:
    """The arguments for httpx. Its timeouts are for each step, such as one read, and those before a byte is sent are
    shorter than the whole."""
    timeout = httpx.Timeout(
        request.timeout, connect=min(request.timeout / 3, CONNECT_TIMEOUT), pool=request.timeout / 2
    )
    return {
        "method": request.method,
        "url": request.url,
        "headers": list(request.headers),
        "content": request.body,
        "timeout": timeout,
    }


def _response(response: httpx.Response, body: bytes) -> Response:
    headers = tuple((name.lower(), value) for name, value in response.headers.multi_items())
    return Response(response.status_code, headers, body)


def _observe(observer: Observer | None, request: Request, response: Response | None) -> None:
    if observer is not None:
        observer(request, response)


def _failed(error: httpx.RequestError | TimeoutError) -> ConnectionFailed:
    return ConnectionFailed(f"no answer: {error or type(error).__name__}", sent=not isinstance(error, _NOT_SENT))

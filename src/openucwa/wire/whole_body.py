"""Request bodies are read whole, within bounds, before the application runs.

So the application never waits for a client, and a request that breaks off changes nothing. What the body means is
not decided here, nor where in the order of checks a body that is too large is refused.
"""

import asyncio

from openucwa.wire.asgi import AsgiApp, Message, Receive, Scope, Send

#: The key of the scope with the body; its value is None where the body is too large.
BODY = "openucwa.body"


#: The key of the scope with a function that gives the body where all of it came along with the head, as most do: then
#: there is nothing to wait for, and setting a time limit would take longer than reading it. None: it did not.
ARRIVED = "openucwa.arrived"


class WholeBody:
    """An ASGI layer that puts the request's body into the scope, as bytes.

    `app` gets `scope["openucwa.body"]` (None: larger than `most` bytes, and the connection ends with the answer), and
    a `receive` that gives the body as one event and from then on waits for the client to go away.
    `too_slow` answers in place of `app` when the body is not there `timeout` seconds after the headers; it receives an
    empty one.
    A client that breaks off before its request is whole is not answered, and `app` is not run.
    """

    def __init__(self, app: AsgiApp, most: int, timeout: float, too_slow: AsgiApp) -> None:
        self._app = app
        self._most = most
        self._timeout = timeout
        self._too_slow = too_slow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = announced_length(scope)
        if announced == 0:
            scope[BODY] = b""
            await self._app(scope, receive, send)
            return
        body: bytes | None
        arrived = scope.get(ARRIVED)
        if arrived is not None and (body := arrived()) is not None and len(body) <= self._most:
            scope[BODY] = body
            await self._app(scope, replay(body, receive), send)
            return
        try:
            async with asyncio.timeout(self._timeout):
                body = None if announced is not None and announced > self._most else await self._read(receive)
        except TimeoutError:
            await self._too_slow(scope, replay(b"", receive), closing(send))
            return
        except ConnectionError:
            return
        scope[BODY] = body
        await self._app(scope, replay(body or b"", receive), send if body is not None else closing(send))

    async def _read(self, receive: Receive) -> bytes | None:
        """The body; None: it is too large. ConnectionError: the client is gone."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise ConnectionResetError
            part = message.get("body", b"")
            size += len(part)
            if size > self._most:
                return None
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)


def announced_length(scope: Scope) -> int | None:
    """The bytes of the body that the headers announce; None: some, without saying how many."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value)
        if name == b"transfer-encoding":
            return None
    return 0


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` as one event, and then `http.disconnect` when the client is gone."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        while (message := await receive())["type"] == "http.request":
            pass  # the rest of a body that is too large
        return message

    return receive_again


def closing(send: Send) -> Send:
    """A `send` whose answer says that the connection ends with it."""

    async def send_and_close(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        await send(message)

    return send_and_close

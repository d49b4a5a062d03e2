"""A handler as an ASGI application, for tests and for other servers."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from openucwa.http.message import (
    CLIENT_CLOSED_REQUEST,
    WITHOUT_BODY,
    BodyFault,
    BodyLimit,
    Connection,
    Handler,
    Request,
    Response,
)

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class ClientGone(Exception):  # not an error: there is no client left to answer
    """The client disconnected before its request was complete."""


class AsgiApp:
    """`handler` as an ASGI application. `new_id`: generates request ids. `body_timeout`: seconds until a body must be
    complete.
    """

    def __init__(self, handler: Handler, body_limit: BodyLimit, body_timeout: float, new_id: Callable[[], str]) -> None:
        self._handler = handler
        self._body_limit = body_limit
        self._body_timeout = body_timeout
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served, not {scope['type']}")
        request = _request(scope, self._new_id(), _Connection(receive))
        try:
            request = await self._with_body(request, receive)
        except ClientGone:
            return
        answer = self._handler(request)
        response = answer if isinstance(answer, Response) else await answer
        if response.status == CLIENT_CLOSED_REQUEST:
            return
        await send({"type": "http.response.start", "status": response.status, "headers": _headers(response)})
        if response.delivery is not None and response.delivery.stream is not None:
            await _stream(response.delivery.stream, request, send)
            return
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else response.body})

    async def _with_body(self, request: Request, receive: Receive) -> Request:
        announced = announced_length(request)
        if announced == 0:
            return request
        limit = self._body_limit(request)
        if announced is not None and announced > limit:
            return _replace(request, fault=BodyFault.TOO_LARGE)
        try:
            async with asyncio.timeout(self._body_timeout):
                body = await _read(receive, limit)
        except TimeoutError:
            return _replace(request, fault=BodyFault.TOO_SLOW)
        return _replace(request, fault=BodyFault.TOO_LARGE) if body is None else _replace(request, body=body)


class _Connection:
    """The connection of an ASGI request, as far as ASGI reveals it. A `Connection`."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._watching: asyncio.Task[None] | None = None

    def park(self, on_close: Callable[[], object] | None) -> None:
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        if on_close is not None:
            self._watching = asyncio.create_task(self._watch(on_close), name="openucwa ASGI client")

    async def _watch(self, on_close: Callable[[], object]) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        on_close()


def announced_length(request: Request) -> int | None:
    """The announced length of the body; None: there is a body of unknown length."""
    if b"transfer-encoding" in request.headers:
        return None
    return int(request.headers.get(b"content-length", b"0"))


def _request(scope: Scope, request_id: str, connection: Connection) -> Request:
    given: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        given.setdefault(name, []).append(value)
    client, server = scope.get("client"), scope.get("server")
    return Request(
        method=scope["method"],
        path=scope.get("raw_path") or scope["path"].encode(),
        query=scope["query_string"],
        headers={name: b", ".join(values) for name, values in given.items()},
        scheme=scope["scheme"],
        client=client[0] if client else "",
        server=(server[0], server[1] or 0) if server else ("127.0.0.1", 80),
        id=request_id,
        connection=connection,
    )


def _replace(request: Request, *, body: bytes = b"", fault: BodyFault | None = None) -> Request:
    return Request(
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        body=body,
        fault=fault,
        scheme=request.scheme,
        client=request.client,
        server=request.server,
        id=request.id,
        connection=request.connection,
    )


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The body; None: it is too large. ClientGone: the client disconnected first."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _stream(pieces: AsyncGenerator[bytes, None], request: Request, send: Send) -> None:
    async def write() -> None:
        try:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            await pieces.aclose()
        await send({"type": "http.response.body", "body": b""})

    task = asyncio.create_task(write(), name="openucwa ASGI stream")
    if request.connection is not None:
        request.connection.park(task.cancel)
    await asyncio.wait({task})
    if request.connection is not None:
        request.connection.park(None)


def _headers(response: Response) -> list[tuple[bytes, bytes]]:
    headers = [(name.lower(), value) for name, value in response.headers]
    streamed = response.delivery is not None and response.delivery.stream is not None
    if response.status not in WITHOUT_BODY and not streamed:
        headers.append((b"content-length", b"%d" % len(response.body)))
    if response.close:
        headers.append((b"connection", b"close"))
    return headers

"""The status address: what a process says of itself to those who run it, apart from what it serves.

`/healthz`: the process answers. `/readyz`: it can do its work. `/metrics`: what it has counted. No token is asked for
and nothing secret is told, but how much a server has to do is not everybody's business: so it is an address of its own.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

from openucwa.wire.asgi import Receive, Scope, Send
from openucwa.wire.readiness import Readiness, answer

#: What `/healthz` says, where it can say anything.
HEALTHY = b'{"healthy":true}'
JSON = "application/json"

#: Status, media type and body.
Answer: TypeAlias = tuple[int, str, bytes]
#: `Exposition.page`.
MetricsPage: TypeAlias = Callable[[Mapping[str, str], str], tuple[str, bytes]]


class StatusApp:
    """The ASGI application of the status address."""

    def __init__(self, readiness: Readiness, metrics_page: MetricsPage) -> None:
        self._readiness = readiness
        self._metrics_page = metrics_page
        self._pages: dict[str, Callable[[Scope], Awaitable[Answer]]] = {
            "/healthz": self._health,
            "/readyz": self._ready,
            "/metrics": self._metrics,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = self._pages.get(scope["path"])
        headers: list[tuple[bytes, bytes]] = []
        if page is None:
            status, media_type, body = 404, JSON, b'{"message":"there are /healthz, /readyz and /metrics"}'
        elif scope["method"] not in {"GET", "HEAD"}:
            status, media_type, body = 405, JSON, b'{"message":"this is to be read, by GET or HEAD"}'
            headers.append((b"allow", b"GET, HEAD"))
        else:
            status, media_type, body = await page(scope)
        headers += [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _health(self, _scope: Scope) -> Answer:
        return 200, JSON, HEALTHY

    async def _ready(self, _scope: Scope) -> Answer:
        status, body = answer(await self._readiness.reasons())
        return status, JSON, body

    async def _metrics(self, scope: Scope) -> Answer:
        accept = b",".join(value for name, value in scope["headers"] if name == b"accept").decode("latin-1")
        media_type, body = self._metrics_page(await self._readiness.reasons(), accept)
        return 200, media_type, body


def addresses(urls: Sequence[str], worker: int) -> list[str]:
    """The status addresses of the worker with this number, from 0: the port of each, and `worker` added to it.

    Port 0 stays: any that is free.
    """
    return [_address(url, worker) for url in urls]


def _address(url: str, worker: int) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port + worker if parts.port else 0}"

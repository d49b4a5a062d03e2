"""The status address: health, readiness and metrics, for operators.

`/healthz`: the process answers. `/readyz`: it can serve requests. `/metrics`: its metrics. It needs no token and
reveals no secrets, but the server's load is not public: hence an address of its own.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeAlias

from openucwa.http.message import Header, Request, Response
from openucwa.telemetry.readiness import Readiness, answer

#: The answer of `/healthz`.
HEALTHY = b'{"healthy":true}'
JSON = "application/json"

#: `Exposition.page`.
MetricsPage: TypeAlias = Callable[[Mapping[str, str], str], Awaitable[tuple[str, bytes]]]


class StatusPages:
    """The handler of the status address."""

    def __init__(self, readiness: Readiness, metrics_page: MetricsPage) -> None:
        self._readiness = readiness
        self._metrics_page = metrics_page
        self._pages: dict[bytes, Callable[[Request], Response | Coroutine[Any, Any, Response]]] = {
            b"/healthz": self._health,
            b"/readyz": self._ready,
            b"/metrics": self._metrics,
        }

    def __call__(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        page = self._pages.get(request.path)
        if page is None:
            return _page(404, b'{"message":"no such page; available: /healthz, /readyz and /metrics"}')
        if request.method not in {"GET", "HEAD"}:
            body = b'{"message":"only GET and HEAD are supported"}'
            return _page(405, body, JSON, (b"Allow", b"GET, HEAD"))
        return page(request)

    def _health(self, _request: Request) -> Response:
        return _page(200, HEALTHY)

    async def _ready(self, _request: Request) -> Response:
        return _page(*answer(await self._readiness.reasons()))

    async def _metrics(self, request: Request) -> Response:
        media_type, body = await self._metrics_page(await self._readiness.reasons(), request.header(b"accept") or "")
        return _page(200, body, media_type)


def _page(status: int, body: bytes, media_type: str = JSON, *headers: Header) -> Response:
    standard = ((b"Content-Type", media_type.encode()), (b"Cache-Control", b"no-store"))
    return Response(status=status, headers=(*headers, *standard), body=body)

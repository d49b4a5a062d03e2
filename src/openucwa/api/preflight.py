"""CORS preflight requests, answered before routing and authentication."""

from collections.abc import Coroutine
from typing import Any

from openucwa.api.answer import Answer
from openucwa.api.rendering import Renderer
from openucwa.http.cors import Cors
from openucwa.http.message import Handler, Request, Response


class Preflight:
    """Wraps a handler: answers the preflight requests of allowed origins (Fetch Standard)."""

    def __init__(self, handler: Handler, cors: Cors, renderer: Renderer) -> None:
        self._handler = handler
        self._cors = cors
        self._renderer = renderer

    def __call__(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        if request.method == "OPTIONS" and (allowed := self._cors.preflight(request)) is not None:
            return self._renderer.response(request, Answer(status=204, headers=allowed))
        return self._handler(request)

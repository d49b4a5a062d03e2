"""/openapi.json: the description of this API."""

from collections.abc import Sequence
from typing import Any

import msgspec

from openucwa.api.answer import Answer
from openucwa.api.call import Call
from openucwa.api.openapi import describe
from openucwa.api.resource import Operation, Resource
from openucwa.http.negotiation import JSON

PATH = "/openapi.json"


class OpenApi(Resource[None]):
    """The description of this API."""

    rel = "openapi"
    public = True

    def __init__(self, routes: Sequence[tuple[str, Resource[Any]]]) -> None:
        """`routes`: all other routes."""
        self._routes = routes
        #: By the base of absolute URLs: there are as many as the server has addresses.
        self._described: dict[str, bytes] = {}

    @Operation("The description of this API.", produces=(JSON,), shows={200: {"type": "object"}})
    async def get(self, call: Call[None]) -> Answer:
        # Generated on the first request at each address, to keep the start fast.
        described = self._described.get(call.base)
        if described is None:
            document = describe((*self._routes, (PATH, self)), call.base)
            described = self._described[call.base] = msgspec.json.encode(document)
        return Answer(body=described, content_type=JSON)

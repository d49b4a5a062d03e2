"""The issuers where users may sign in, for the console."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from openucwa.api.answer import Answer
from openucwa.api.call import Call
from openucwa.api.resource import Operation, Resource

if TYPE_CHECKING:
    from openucwa.identity.issuers.tokens import ConsoleSignIn

#: The issuers where the console may sign in, as far as reached.
SignIns: TypeAlias = "Callable[[], Sequence[ConsoleSignIn]]"

PATH = "/openucwa/issuers"

_SHOWN = {
    "type": "object",
    "properties": {
        "issuers": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    name: {"type": "string"}
                    for name in ("issuer", "name", "authorizationEndpoint", "tokenEndpoint", "clientId", "scope")
                }
                | {"issRequired": {"type": "boolean", "description": "Whether the response contains iss (RFC 9207)."}},
            },
        }
    },
    "required": ["issuers"],
}


class Issuers(Resource[None]):
    """openucwa:issuers. What a page needs for the authorization code grant with PKCE, for each issuer."""

    rel = "openucwa:issuers"
    public = True

    def __init__(self, sign_ins: SignIns, tried: Callable[[], Awaitable[None]]) -> None:
        """`tried` waits until each issuer was tried once since the server's start: a page asks only once."""
        self._sign_ins = sign_ins
        self._tried = tried

    @Operation(
        "The issuers where users may sign in.",
        produces=("application/json",),
        negotiated=False,
        shows={200: _SHOWN},
    )
    async def get(self, call: Call[None]) -> Answer:
        await self._tried()
        body = msgspec.json.encode({"issuers": self._sign_ins()})
        return Answer(body=body, content_type="application/json; charset=utf-8")

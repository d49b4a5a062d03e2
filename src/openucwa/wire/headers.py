"""The outermost layer: the headers that every answer bears, CORS, answers that are kept, and the end of bookkeeping."""

import platform

from openucwa.config import Config
from openucwa.model.world import World
from openucwa.wire.addresses import Addresses
from openucwa.wire.asgi import AsgiApp, Message, Receive, Scope, Send
from openucwa.wire.cors import Cors
from openucwa.wire.door import UnderWay
from openucwa.wire.kept import Kept, KeptAnswers, Key, key_of

#: The client_id and realm that Microsoft's servers name to clients that look for another token issuer.
CLIENT_ID = "00000004-0000-0ff1-ce00-000000000000"
ANONYMOUS_GRANT = "urn:microsoft.rtc:anonmeeting"


class StandardHeaders:
    """An ASGI layer. Gives each request its id (`scope["openucwa.request_id"]`), each answer the standard headers,
    a 401 its two challenges (each a line of its own, which some clients depend on)."""

    def __init__(
        self,
        app: AsgiApp,
        addresses: Addresses,
        cors: Cors,
        under_way: UnderWay,
        kept: KeptAnswers,
        config: Config,
        world: World,
    ) -> None:
        self._app = app
        self._addresses = addresses
        self._cors = cors
        self._under_way = under_way
        self._kept = kept
        self._world = world
        self._grants = f"{ANONYMOUS_GRANT},password" if config.anonymous else "password"
        self._constant = [
            (b"x-ms-ucwaversion", b"2.0"),
            (b"x-ms-server-fqdn", platform.node().encode("ascii", "replace")),
            (b"x-content-type-options", b"nosniff"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = scope["openucwa.request_id"] = self._world.random_bytes(8).hex()
        key = None
        if scope["method"] == "GET" and self._kept.keeps:
            # The connection has looked already, where it made the key. Who asked the same just before may have been
            # answered since, and of many who ask for what has just changed only one is to cost more than a look.
            key = scope.get("openucwa.key") or self._key(scope)
            if (kept := self._kept.find(key)) is not None:
                await self._answer(kept, scope, send)
                return
        headers = [*self._constant, (b"x-request-id", request_id.encode())]
        headers += self._cors.headers(scope)
        if (preflight := self._cors.preflight(scope)) is not None:
            await send({"type": "http.response.start", "status": 204, "headers": headers + preflight})
            await send({"type": "http.response.body", "body": b""})
            return

        start: Message = {}

        async def send_with_headers(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                own = message["headers"]
                own += headers
                if not any(name == b"cache-control" for name, _ in own):
                    own.append((b"cache-control", b"no-cache"))
                if message["status"] == 401:
                    own += self._challenges(scope)
            elif (
                key is not None and (claim := scope.get("openucwa.claim")) is not None and not message.get("more_body")
            ):
                self._kept.keep(key, claim, start["status"], start["headers"], message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            if (identity := scope.get("openucwa.identity")) is not None:
                self._under_way.leave(identity)

    @staticmethod
    def _key(scope: Scope) -> Key:
        url = scope.get("raw_path") or scope["path"].encode()
        if query := scope["query_string"]:
            url += b"?" + query
        client = scope.get("client")
        return key_of((scope["scheme"], client[0] if client else ""), url, scope["headers"])

    @staticmethod
    async def _answer(kept: Kept, scope: Scope, send: Send) -> None:
        scope["openucwa.identity"] = kept.claim.ticket.identity
        scope["openucwa.rel"] = kept.claim.rel
        headers = [*kept.headers, (b"x-request-id", scope["openucwa.request_id"].encode())]
        await send({"type": "http.response.start", "status": kept.status, "headers": headers})
        await send({"type": "http.response.body", "body": kept.body})

    def _challenges(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        base = self._addresses.base(scope)
        host = base.partition("://")[2]
        token = f'MsRtcOAuth href="{base}/WebTicket/oauthtoken",grant_type="{self._grants}"'
        bearer = f'Bearer trusted_issuers="00000002-0000-0ff1-ce00-000000000000@{host}", client_id="{CLIENT_ID}"'
        return [(b"www-authenticate", token.encode()), (b"www-authenticate", bearer.encode())]

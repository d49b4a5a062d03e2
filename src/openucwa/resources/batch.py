"""batch: several requests in one, each answered as if it had come alone."""

import http
from typing import Any
from urllib.parse import unquote

from openucwa.config import Config
from openucwa.model.refusals import BadRequest, CallbackChannelError, CannotRedirect, TooManyRequests
from openucwa.model.world import World, new_uuid
from openucwa.wire.asgi import AsgiApp, Message
from openucwa.wire.door import UnderWay
from openucwa.wire.multipart import PartRequest, PartResponse, build, content_type, parse
from openucwa.wire.resource import ANY_SCOPE, Request, Resource, Response, operation

BATCHING = "multipart/batching"

#: Headers of a part that say how it travels, or who sends it: that is the batch's to say.
_NOT_THE_PARTS = {b"authorization", b"host", b"accept-encoding", b"content-length", b"transfer-encoding", b"expect"}
#: Headers of a part's answer that its own length and place make superfluous.
_NOT_SHOWN = {b"content-length", b"date", b"server"}


class Batch(Resource[None]):
    """UCWA: batch. The parts run one after the other, as the batch's user, through the same door as any request."""

    rel = "batch"
    scopes = ANY_SCOPE
    batchable = False

    def __init__(self, app: AsgiApp, under_way: UnderWay, world: World, config: Config) -> None:
        self._app = app
        self._under_way = under_way
        self._world = world
        self._max_parts = config.max_batch
        self._max_headers = config.max_part_headers

    @operation(
        "Runs several requests.",
        consumes=(BATCHING,),
        produces=(BATCHING,),
        refuses=(TooManyRequests, CallbackChannelError, CannotRedirect),
    )
    async def on_post(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: batch, POST."""
        parts = parse(req.call.body, req.get_header("Content-Type") or "", self._max_parts, self._max_headers)
        if not parts:
            raise BadRequest("the batch holds no request")
        identity = req.call.caller.identity
        # The batch itself is under way already, and stands for its first part.
        self._under_way.enter(identity, len(parts) - 1)
        try:
            answers = [await self._run(req, part) for part in parts]
        finally:
            self._under_way.leave(identity, len(parts) - 1)
        boundary = new_uuid(self._world)
        resp.content_type = content_type(boundary)
        resp.data = build(answers, boundary)

    async def _run(self, req: Request, part: PartRequest) -> PartResponse:
        answer = _Answer()
        await self._app(_scope(req, part), _nothing_more, answer.send)
        return answer.part()


class _Answer:
    """Collects what the application sends for one part."""

    def __init__(self) -> None:
        self._status = 500
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = list(message["headers"])
        else:
            self._body += message.get("body", b"")

    def part(self) -> PartResponse:
        shown = [(name, value) for name, value in self._headers if name not in _NOT_SHOWN]
        if not any(name == b"cache-control" for name, _ in shown):
            shown.insert(0, (b"cache-control", b"no-cache"))
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in shown]
        return PartResponse(self._status, http.HTTPStatus(self._status).phrase, headers, bytes(self._body))


def _scope(req: Request, part: PartRequest) -> dict[str, Any]:
    outer = req.scope
    path, _, query = part.target.partition("?")
    own = [
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in part.headers
        if name.lower().encode("latin-1", "replace") not in _NOT_THE_PARTS
    ]
    inherited = [(name, value) for name, value in outer["headers"] if name in {b"authorization", b"host"}]
    return {
        **{key: outer[key] for key in ("type", "asgi", "http_version", "scheme", "client", "server") if key in outer},
        "root_path": "",
        "method": part.method,
        "path": unquote(path),
        "raw_path": path.encode("ascii", "replace"),
        "query_string": query.encode("ascii", "replace"),
        "headers": inherited + own,
        "openucwa.body": part.body,
        "openucwa.part": True,
        "openucwa.request_id": outer.get("openucwa.request_id"),
    }


async def _nothing_more() -> Message:
    # The body is in the scope; Falcon asks for a first event all the same.
    return {"type": "http.request", "body": b"", "more_body": False}

"""batch: several requests in one, each answered as if it had been sent alone."""

import asyncio

from openucwa.api.answer import Answer
from openucwa.api.call import Call
from openucwa.api.in_flight import InFlight, Refuses
from openucwa.api.resource import Operation, Resource
from openucwa.http.message import Request, Response
from openucwa.http.multipart import PartRequest, build, content_type, parse
from openucwa.model.refusals import BadRequest, CallbackChannelError, CannotRedirect, TooManyRequests
from openucwa.model.scopes import ANY_SCOPE
from openucwa.model.world import World, new_uuid

BATCHING = "multipart/batching"

#: Headers of a part that are about transport or identity: those of the batch count.
_NOT_THE_PARTS = {"authorization", "host", "accept-encoding", "content-length", "transfer-encoding", "expect"}
_INHERITED = (b"authorization", b"host")


class Batch(Resource[None]):
    """UCWA: batch.

    The parts are processed one after the other, for the batch's user, with the same checks as any request.
    """

    rel = "batch"
    scopes = ANY_SCOPE
    batchable = False

    def __init__(
        self,
        in_flight: InFlight,
        refuses: Refuses,
        world: World,
        *,
        max_parts: int,
        max_headers: int,
        max_answer_bytes: int,
    ) -> None:
        """`max_headers`: per part. `max_answer_bytes`: once the answers exceed it, further parts are refused."""
        self._in_flight = in_flight
        self._refuses = refuses
        self._world = world
        self._max_parts = max_parts
        self._max_headers = max_headers
        self._max_answer_bytes = max_answer_bytes

    @Operation(
        "Runs several requests.",
        consumes=(BATCHING,),
        produces=(BATCHING,),
        negotiated=False,
        refuses=(TooManyRequests, CallbackChannelError, CannotRedirect),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: batch, POST."""
        parts = parse(call.body, call.request.header(b"content-type") or "", self._max_parts, self._max_headers)
        if not parts:
            raise BadRequest("the batch contains no requests")
        identity = call.caller.identity
        # The batch itself is in flight already, and counts for its first part.
        self._in_flight.enter(identity, len(parts) - 1)
        responses: list[Response] = []
        size = 0
        try:
            for part in parts:
                request = _request(call.request, part)
                if size < self._max_answer_bytes:
                    response = await call.parts.part(request)
                else:
                    refusal = TooManyRequests("the answers to the previous parts are too large", retry_after=1)
                    response = self._refuses.refusal(request, refusal, identity=identity)
                size += len(response.body)
                responses.append(response)
                await asyncio.sleep(0)  # other requests get a turn between two parts
        finally:
            self._in_flight.leave(identity, len(parts) - 1)
        boundary = new_uuid(self._world)
        return Answer(body=build(responses, boundary), content_type=content_type(boundary))


def _request(batch: Request, part: PartRequest) -> Request:
    path, _, query = part.target.partition("?")
    given: dict[bytes, list[bytes]] = {}
    for name, value in part.headers:
        if name not in _NOT_THE_PARTS:
            given.setdefault(name.encode("latin-1"), []).append(value.encode("latin-1", "replace"))
    headers = {name: b", ".join(values) for name, values in given.items()}
    headers |= {name: batch.headers[name] for name in _INHERITED if name in batch.headers}
    return Request(
        method=part.method,
        path=path.encode("ascii", "replace"),
        query=query.encode("ascii", "replace"),
        headers=headers,
        body=part.body,
        scheme=batch.scheme,
        client=batch.client,
        server=batch.server,
        id=batch.id,
    )

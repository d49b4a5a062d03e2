"""`/healthz` and `/readyz` where the server listens for clients: load balancers look there.

They are no part of the API, so they are not in its description. What a process has counted is on the status address
alone (`wire/status.py`).
"""

from openucwa.wire.readiness import Readiness, answer
from openucwa.wire.resource import Request, Resource, Response, operation
from openucwa.wire.status import HEALTHY, JSON


class Health(Resource[None]):
    """Whether the process answers."""

    rel = "healthz"
    public = True
    batchable = False

    @operation("Whether the process answers.", produces=())  # whatever the client accepts
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        resp.content_type, resp.data = JSON, HEALTHY

    on_head = on_get


class Ready(Resource[None]):
    """Whether the server can do its work."""

    rel = "readyz"
    public = True
    batchable = False

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    @operation("Whether the server can do its work.", answers=(200, 503), produces=())
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        resp.status, resp.data = answer(await self._readiness.reasons())
        resp.content_type = JSON

    on_head = on_get

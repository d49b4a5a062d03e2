"""`/healthz` and `/readyz` on the public listeners, for load balancers.

They are not part of the API, so they are not in its description. Metrics are on the status address only
(`telemetry/status.py`).
"""

from openucwa.api.answer import Answer
from openucwa.api.call import Call
from openucwa.api.resource import Operation, Resource
from openucwa.telemetry.readiness import Readiness, answer, public
from openucwa.telemetry.status import HEALTHY, JSON


class Health(Resource[None]):
    """Whether the process answers."""

    rel = "healthz"
    public = True
    batchable = False

    @Operation("Whether the process answers.", produces=())  # whatever the client accepts
    async def get(self, call: Call[None]) -> Answer:
        return Answer(body=HEALTHY, content_type=JSON)

    head = get


class Ready(Resource[None]):
    """Whether the server can do its work."""

    rel = "readyz"
    public = True
    batchable = False

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    @Operation("Whether the server can do its work.", answers=(200, 503), produces=())
    async def get(self, call: Call[None]) -> Answer:
        status, body = answer(public(await self._readiness.reasons()))
        return Answer(status=status, body=body, content_type=JSON)

    head = get

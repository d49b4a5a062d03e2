"""404 resources: a missing path passes the same checks (401 first) as an existing one."""

from typing import Any

from openucwa.api.call import Context
from openucwa.api.resource import Resource
from openucwa.model.refusals import ResourceNotFound


class NotFound(Resource[Any]):
    """A path that leads to no resource."""

    rel = "none"
    public = True

    async def locate(self, call: Context, **_names: str) -> Any:
        raise ResourceNotFound("no such resource")


class ProtectedNotFound(NotFound):
    """A missing path below UCWA's prefix: only callers with a token learn which of these paths exist."""

    public = False

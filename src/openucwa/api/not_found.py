"""What is found where there is nothing, so that the checks of the pipeline come first there too."""

from typing import Any

from openucwa.api.call import Context
from openucwa.api.resource import Resource
from openucwa.model.refusals import ResourceNotFound


class NotFound(Resource[Any]):
    """An address that leads to no resource."""

    rel = "none"
    public = True

    async def locate(self, call: Context, **_names: str) -> Any:
        raise ResourceNotFound("there is nothing at this address")


class ProtectedNotFound(NotFound):
    """Such an address among UCWA's own: which of these lead somewhere is told to those who show a token."""

    public = False

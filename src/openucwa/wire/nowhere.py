"""What is found where there is nothing, so that the door's checks come first there too."""

from typing import Any

from openucwa.model.refusals import ResourceNotFound
from openucwa.wire.resource import Call, Resource


class Nowhere(Resource[Any]):
    """An address that leads to no resource."""

    rel = "nowhere"
    public = True

    async def locate(self, call: Call, **_names: str) -> Any:
        raise ResourceNotFound("there is nothing at this address")


class NowhereInUcwa(Nowhere):
    """Such an address among UCWA's own: which of these lead somewhere is told to those who show a token."""

    public = False

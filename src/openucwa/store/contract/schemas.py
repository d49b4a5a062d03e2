"""JSON Schemas of users for extensions of their meetings."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from openucwa.model.meeting import Extension
from openucwa.model.schema import SchemaVersion
from openucwa.store.contract.terms import Match


class Schemas(Protocol):
    """Schemas, by owner and the id of the extensions. They are removed with their owner."""

    async def current(self, owner: str) -> Mapping[str, SchemaVersion]:
        """The schemas in force, by the extensions' id; without the removed ones."""
        ...

    async def put(
        self,
        owner: str,
        extension_id: str,
        match: Match,
        etag: str,
        schema: bytes,
        at: int,
        limit: int,
        versions: int,
    ) -> SchemaVersion:
        """Adds a version. `limit`: how many schemas in force the owner may have; `versions`: how many versions of this
        one are kept, the newest.

        PreconditionFailed: `match` names etags, and the current one is not among them or there is none. LimitExceeded.
        """
        ...

    async def remove(self, owner: str, extension_id: str, match: Match, etag: str, at: int) -> None:
        """Ends the schema, by a version without one. ResourceNotFound, PreconditionFailed."""
        ...

    async def versions(self, owner: str, extension_id: str) -> Sequence[SchemaVersion]:
        """The versions that are kept, newest first."""
        ...

    async def extensions(
        self, owner: str, extension_id: str, after: str, limit: int
    ) -> Sequence[tuple[str, Extension]]:
        """Up to `limit` extensions with this id, in the owner's meetings whose id is above `after`, with that id."""
        ...

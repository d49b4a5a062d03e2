"""JSON Schemas of users for extensions of their meetings."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Mapping, Sequence

from openucwa.model.meeting import Extension
from openucwa.model.refusals import LimitExceeded, PreconditionFailed, ResourceNotFound
from openucwa.model.schema import SchemaVersion
from openucwa.store.contract import Match
from openucwa.store.engine import Transaction
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import EXTENSIONS, SCHEMAS

_NO_SCHEMA = "there is no schema for this id"

#: The scope of the cached read: changes of extensions leave it alone.
_SCOPE = "openucwa:schemas"

_CURRENT = f"""
    select {SCHEMAS.columns} from schemas s where owner = ?1 and schema is not null
        and version = (select max(version) from schemas t where t.owner = ?1 and t.extension_id = s.extension_id)
"""
_VERSIONS = f"select {SCHEMAS.columns} from schemas where owner = ? and extension_id = ? order by version desc"
_NEWEST = _VERSIONS + " limit 1"
_FORGET = "delete from schemas where owner = ? and extension_id = ? and version <= ?"
_EXTENSIONS = f"""
    select {EXTENSIONS.columns}, meeting_id from extensions
    where organizer = ? and id = ? and meeting_id > ? order by meeting_id limit ?
"""


class Schemas(Part):
    """`store.contract.Schemas`, where each method is described."""

    async def current(self, owner: str) -> Mapping[str, SchemaVersion]:
        return await self._cache.read("schemas", self._current, owner, scope=_SCOPE)

    async def _current(self, owner: str) -> Mapping[str, SchemaVersion]:
        found = map(SCHEMAS.record, await self._reader.rows(_CURRENT, owner))
        return {each.extension_id: each for each in found}

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
        async def work(transaction: Transaction) -> SchemaVersion:
            newest = await _newest(transaction, owner, extension_id)
            now = None if newest is None or newest.schema is None else newest
            if match is not None and (now is None or now.etag not in match):
                raise PreconditionFailed("the schema has changed: its etag does not match If-Match")
            if now is None and len(await transaction.rows(_CURRENT, owner)) >= limit:
                raise LimitExceeded(f"the user has {limit} schemas, which is the maximum")
            added = SchemaVersion(extension_id, 1 if newest is None else newest.version + 1, etag, schema, at)
            await transaction.run(SCHEMAS.insert, owner, *SCHEMAS.values(added))
            await transaction.run(_FORGET, owner, extension_id, added.version - versions)
            return added

        return await self._writer.change(work, owner)

    async def remove(self, owner: str, extension_id: str, match: Match, etag: str, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            newest = await _newest(transaction, owner, extension_id)
            if newest is None or newest.schema is None:
                raise ResourceNotFound(_NO_SCHEMA)
            if match is not None and newest.etag not in match:
                raise PreconditionFailed("the schema has changed: its etag does not match If-Match")
            removed = SchemaVersion(extension_id, newest.version + 1, etag, None, at)
            await transaction.run(SCHEMAS.insert, owner, *SCHEMAS.values(removed))

        await self._writer.change(work, owner)

    async def versions(self, owner: str, extension_id: str) -> Sequence[SchemaVersion]:
        return [SCHEMAS.record(row) for row in await self._reader.rows(_VERSIONS, owner, extension_id)]

    async def extensions(
        self, owner: str, extension_id: str, after: str, limit: int
    ) -> Sequence[tuple[str, Extension]]:
        rows = await self._reader.rows(_EXTENSIONS, owner, extension_id, after, limit)
        return [(row[EXTENSIONS.width], EXTENSIONS.record(row)) for row in rows]


async def _newest(transaction: Transaction, owner: str, extension_id: str) -> SchemaVersion | None:
    row = await transaction.row(_NEWEST, owner, extension_id)
    return None if row is None else SCHEMAS.record(row)

"""Photos of users."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence

from openucwa.model.photo import PhotoOrigin, Picture
from openucwa.model.refusals import ResourceNotFound
from openucwa.store.engine import UNCACHED, Transaction
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import PHOTOS
from openucwa.telemetry.audit import Removal

_FITTING = (
    f"select {PHOTOS.columns} from photos where owner = ?1"
    " order by case when size >= ?2 then 0 else 1 end, case when size >= ?2 then size else -size end limit 1"
)
_ORIGIN = "select source, fingerprint from photos where owner = ? limit 1"
_REMOVE = "delete from photos where owner = ?"


class Photos(Part):
    """`store.contract.Photos`, where each method is described."""

    async def get(self, owner: str, size: int) -> Picture | None:
        row = await self._reader.row(_FITTING, owner, size)
        return None if row is None else PHOTOS.record(row)

    async def origin(self, owner: str) -> PhotoOrigin | None:
        row = await self._reader.row(_ORIGIN, owner)
        return None if row is None else PhotoOrigin(*row)

    async def put(self, owner: str, pictures: Sequence[Picture], origin: PhotoOrigin) -> bool:
        async def work(transaction: Transaction) -> bool:
            if await transaction.row("select 1 from users where uri = ?", owner) is None:
                raise ResourceNotFound("no such user")
            stored = await transaction.row(_ORIGIN, owner)
            if stored is not None and stored[0] is None and origin.source is not None:
                return False
            await transaction.run(_REMOVE, owner)
            for picture in pictures:
                await transaction.run(PHOTOS.insert, owner, origin.source, origin.fingerprint, *PHOTOS.values(picture))
            return True

        return await self._writer.change(work, owner, scope=UNCACHED)

    async def remove(self, owner: str, source: str | None = None) -> bool:
        async def work(transaction: Transaction) -> bool:
            stored = await transaction.row(_ORIGIN, owner)
            if stored is None or (source is not None and stored[0] != source):
                return False
            await transaction.run(_REMOVE, owner)
            transaction.acts.append(
                Removal("photo", owner, owner, "deleted" if source is None else f"no longer in {source}")
            )
            return True

        return await self._writer.change(work, owner, scope=UNCACHED)

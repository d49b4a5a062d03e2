"""The keys that sign tokens. They have no owner, so all changes to them use one key."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence

from openucwa.model.refusals import AlreadyExists, Conflict, ResourceNotFound
from openucwa.model.user import SigningKey
from openucwa.store.engine import Transaction
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import SIGNING_KEYS

_SIGNING_KEYS = "signing keys"
_ALL = f"select {SIGNING_KEYS.columns} from signing_keys order by created desc, position desc"


class SigningKeys(Part):
    """`store.contract.SigningKeys`, where each method is described."""

    async def all(self) -> Sequence[SigningKey]:
        return [SIGNING_KEYS.record(row) for row in await self._reader.rows(_ALL)]

    async def add_first(self, key: SigningKey) -> None:
        async def work(transaction: Transaction) -> None:
            if await _last_position(transaction) is None:
                await _add(transaction, key, 1)

        await self._writer.change(work, _SIGNING_KEYS)

    async def add(self, key: SigningKey) -> None:
        async def work(transaction: Transaction) -> None:
            last = await _last_position(transaction)
            if not await _add(transaction, key, (last or 0) + 1):
                raise AlreadyExists("a signing key with that id already exists")

        await self._writer.change(work, _SIGNING_KEYS)

    async def remove(self, key_id: str) -> None:
        async def work(transaction: Transaction) -> None:
            keys = {known for (known,) in await transaction.rows("select id from signing_keys")}
            if key_id not in keys:
                raise ResourceNotFound(f"no such signing key: {key_id}")
            if len(keys) == 1:
                raise Conflict(f"{key_id} is the only signing key: rotate first")
            await transaction.run("delete from signing_keys where id = ?", key_id)

        await self._writer.change(work, _SIGNING_KEYS)


async def _add(transaction: Transaction, key: SigningKey, position: int) -> int:
    return await transaction.run(SIGNING_KEYS.insert + " on conflict do nothing", *SIGNING_KEYS.values(key), position)


async def _last_position(transaction: Transaction) -> int | None:
    """None: there is no key."""
    ((position,),) = await transaction.rows("select max(position) from signing_keys")
    return position  # type: ignore[no-any-return]

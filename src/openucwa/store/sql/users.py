"""Users and signing keys."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence
from dataclasses import astuple, replace

from openucwa.model.event import application_topic
from openucwa.model.refusals import AlreadyExists, Conflict, ResourceNotFound
from openucwa.model.user import SigningKey, User
from openucwa.store.engine import Transaction
from openucwa.store.sql import participations
from openucwa.store.sql.part import Part

_NO_USER = "there is no such user"
_SAID = (
    "name = ?, email = ?, title = ?, department = ?, work_phone = ?, mobile_phone = ?, home_phone = ?, other_phone = ?"
)
_COLUMNS = (
    "uri, name, email, pool, password_hash, generation, source, title, department, work_phone, mobile_phone,"
    " home_phone, other_phone"
)
_SELECT = f"select {_COLUMNS} from users "
_ADD_USER = f"insert into users ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing"

#: Signing keys are nobody's own; a change of them is one after the other by this name.
_SIGNING_KEYS = "signing keys"


class Users(Part):
    """`store.contract.Users`, where each method is described. URIs are stored in lower case."""

    async def add_user(self, user: User) -> None:
        uri = user.uri.lower()

        async def work(transaction: Transaction) -> None:
            if not await transaction.run(_ADD_USER, uri, *astuple(user)[1:]):
                raise AlreadyExists(f"there is a user {uri} already")
            await transaction.run("delete from removed_users where uri = ?", uri)

        await self._writer.change(work, uri)

    async def admit_user(self, user: User, *, create: bool) -> User | None:
        uri = user.uri.lower()
        known = await self.user(uri)
        if known is not None and _as_said(known, user) == known:
            return known

        async def work(transaction: Transaction) -> User | None:
            row = await transaction.row(_SELECT + "where uri = ?", uri)
            if row is not None:
                admitted = _as_said(User(*row), user)
                await transaction.run(f"update users set {_SAID} where uri = ?", *_said(admitted), uri)
                return admitted
            removed = await transaction.row("select 1 from removed_users where uri = ?", uri)
            if not create or removed is not None:
                return None
            await transaction.run(_ADD_USER, uri, *astuple(user)[1:])
            return user

        return await self._writer.change(work, uri)

    async def user(self, uri: str) -> User | None:
        row = await self._reader.row(_SELECT + "where uri = ?", uri.lower())
        return User(*row) if row else None

    async def users_with_local_part(self, local_part: str) -> Sequence[User]:
        # The character behind @ is A, so this is the range of all URIs that begin with the local part and @.
        begin = f"sip:{local_part.lower()}"
        rows = await self._reader.rows(_SELECT + "where uri >= ? and uri < ? order by uri", f"{begin}@", f"{begin}A")
        return [User(*row) for row in rows]

    async def users(self) -> Sequence[User]:
        return [User(*row) for row in await self._reader.rows(_SELECT + "order by uri")]

    async def change_password(self, uri: str, password_hash: str) -> None:
        key = uri.lower()

        async def work(transaction: Transaction) -> None:
            changed = await transaction.run(
                "update users set password_hash = ?, generation = generation + 1 where uri = ?", password_hash, key
            )
            if not changed:
                raise ResourceNotFound(_NO_USER)

        await self._writer.change(work, key)

    async def remove_user(self, uri: str, at: int) -> None:
        owner = uri.lower()
        topics = application_topic(owner, "")
        # The character behind / is 0, so this is the range of all topics of this owner's applications.
        range_of_topics = (topics, topics.rstrip("/") + "0")

        async def work(transaction: Transaction) -> None:
            if not await transaction.run("delete from users where uri = ?", owner):
                raise ResourceNotFound(_NO_USER)
            # An issuer or a directory must not bring back whom an administrator removed.
            await transaction.run("insert into removed_users (uri) values (?) on conflict do nothing", owner)
            own = await participations.find_own(transaction, "owner = ?", owner)
            await participations.end(transaction, own, at, tell_application=False)
            there = await participations.find(transaction, "organizer = ?", owner)
            await participations.end(transaction, there, at, "Ended")
            await transaction.run("delete from applications where owner = ?", owner)
            await transaction.run("delete from replaced_applications where owner = ?", owner)
            await transaction.run("delete from meetings where organizer = ?", owner)
            await transaction.run("delete from events where topic >= ? and topic < ?", *range_of_topics)
            await transaction.run("delete from topics where topic >= ? and topic < ?", *range_of_topics)

        await self._writer.change(work, owner)

    async def signing_keys(self) -> Sequence[SigningKey]:
        rows = await self._reader.rows(
            "select id, secret, created from signing_keys order by created desc, position desc"
        )
        return [SigningKey(*row) for row in rows]

    async def add_first_signing_key(self, key: SigningKey) -> None:
        async def work(transaction: Transaction) -> None:
            if await _last_position(transaction) is None:
                await _add(transaction, key, 1)

        await self._writer.change(work, _SIGNING_KEYS)

    async def add_signing_key(self, key: SigningKey) -> None:
        async def work(transaction: Transaction) -> None:
            last = await _last_position(transaction)
            if not await _add(transaction, key, (last or 0) + 1):
                raise AlreadyExists("there is a signing key with that id already")

        await self._writer.change(work, _SIGNING_KEYS)

    async def remove_signing_key(self, key_id: str) -> None:
        async def work(transaction: Transaction) -> None:
            keys = {known for (known,) in await transaction.rows("select id from signing_keys")}
            if key_id not in keys:
                raise ResourceNotFound(f"there is no signing key {key_id}")
            if len(keys) == 1:
                raise Conflict(f"{key_id} is the only signing key: rotate first")
            await transaction.run("delete from signing_keys where id = ?", key_id)

        await self._writer.change(work, _SIGNING_KEYS)


def _as_said(known: User, user: User) -> User:
    """`known`, with what `user` says where both are from the same source."""
    if known.source is None or known.source != user.source:
        return known
    return replace(user, uri=known.uri, pool=known.pool, password_hash=known.password_hash, generation=known.generation)


def _said(user: User) -> tuple[str | None, ...]:
    return (
        *(user.name, user.email, user.title, user.department),
        *(user.work_phone, user.mobile_phone, user.home_phone, user.other_phone),
    )


async def _add(transaction: Transaction, key: SigningKey, position: int) -> int:
    return await transaction.run(
        "insert into signing_keys (id, secret, created, position) values (?, ?, ?, ?) on conflict do nothing",
        key.id,
        key.secret,
        key.created,
        position,
    )


async def _last_position(transaction: Transaction) -> int | None:
    """None: there is no key."""
    ((position,),) = await transaction.rows("select max(position) from signing_keys")
    return position  # type: ignore[no-any-return]

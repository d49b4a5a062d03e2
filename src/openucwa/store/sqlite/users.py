"""Users and signing keys."""

from collections.abc import Sequence

from openucwa.model.event import application_topic
from openucwa.model.refusals import AlreadyExists, ResourceNotFound
from openucwa.model.user import SigningKey, User
from openucwa.store.sqlite import participations
from openucwa.store.sqlite.reader import Reader
from openucwa.store.sqlite.writer import Transaction, Writer

_NO_USER = "there is no such user"


class Users:
    """`store.contract.Users`, where each method is described. URIs are stored in lower case."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    async def add_user(self, user: User) -> None:
        def work(transaction: Transaction) -> None:
            added = transaction.run(
                "insert into users (uri, name, email, pool, password_hash, generation) values (?, ?, ?, ?, ?, ?)"
                " on conflict do nothing",
                user.uri.lower(),
                user.name,
                user.email,
                user.pool,
                user.password_hash,
                user.generation,
            )
            if not added:
                raise AlreadyExists(f"there is a user {user.uri.lower()} already")

        await self._writer.change(work)

    async def user(self, uri: str) -> User | None:
        row = self._reader.row(
            "select uri, name, email, pool, password_hash, generation from users where uri = ?", uri.lower()
        )
        return User(*row) if row else None

    async def users_with_local_part(self, local_part: str) -> Sequence[User]:
        # The character behind @ is A, so this is the range of all URIs that begin with the local part and @.
        rows = self._reader.rows(
            "select uri, name, email, pool, password_hash, generation from users"
            " where uri >= 'sip:' || ?1 || '@' and uri < 'sip:' || ?1 || 'A' order by uri",
            local_part.lower(),
        )
        return [User(*row) for row in rows]

    async def users(self) -> Sequence[User]:
        rows = self._reader.rows("select uri, name, email, pool, password_hash, generation from users order by uri")
        return [User(*row) for row in rows]

    async def change_password(self, uri: str, password_hash: str) -> None:
        def work(transaction: Transaction) -> None:
            changed = transaction.run(
                "update users set password_hash = ?, generation = generation + 1 where uri = ?",
                password_hash,
                uri.lower(),
            )
            if not changed:
                raise ResourceNotFound(_NO_USER)

        await self._writer.change(work)

    async def remove_user(self, uri: str, at: int) -> None:
        owner = uri.lower()
        topics = application_topic(owner, "")

        def work(transaction: Transaction) -> None:
            if not transaction.run("delete from users where uri = ?", owner):
                raise ResourceNotFound(_NO_USER)
            own = participations.find(transaction, "owner = ?", owner)
            participations.end(transaction, own, at, tell_application=False)
            there = participations.find(transaction, "organizer = ?", owner)
            participations.end(transaction, there, at, "Ended")
            transaction.run("delete from applications where owner = ?", owner)
            transaction.run("delete from replaced_applications where owner = ?", owner)
            transaction.run("delete from meetings where organizer = ?", owner)
            # The character behind / is 0, so this is the range of all topics of this owner's applications.
            transaction.run("delete from events where topic >= ?1 and topic < rtrim(?1, '/') || '0'", topics)
            transaction.run("delete from topics where topic >= ?1 and topic < rtrim(?1, '/') || '0'", topics)

        await self._writer.change(work)

    async def signing_keys(self) -> Sequence[SigningKey]:
        rows = self._reader.rows("select id, secret, created from signing_keys order by created desc, rowid desc")
        return [SigningKey(*row) for row in rows]

    async def add_first_signing_key(self, key: SigningKey) -> None:
        def work(transaction: Transaction) -> None:
            transaction.run(
                "insert into signing_keys (id, secret, created) "
                "select ?, ?, ? where not exists (select 1 from signing_keys)",
                key.id,
                key.secret,
                key.created,
            )

        await self._writer.change(work)

    async def add_signing_key(self, key: SigningKey) -> None:
        def work(transaction: Transaction) -> None:
            added = transaction.run(
                "insert into signing_keys (id, secret, created) values (?, ?, ?) on conflict do nothing",
                key.id,
                key.secret,
                key.created,
            )
            if not added:
                raise AlreadyExists("there is a signing key with that id already")

        await self._writer.change(work)

"""Users. URIs are stored in lower case."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter

from openucwa.model.contact import contacts_topic
from openucwa.model.event import application_topic
from openucwa.model.presence import person_topic
from openucwa.model.refusals import AlreadyExists, Conflict, ResourceNotFound, Unauthorized
from openucwa.model.user import DISABLED, REVOKED, User
from openucwa.store.contract.users import Ending
from openucwa.store.engine import Transaction
from openucwa.store.sql import applications, contact_lists, participations, presence, words
from openucwa.store.sql.events import continue_topic, end_topic_of_poll
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import USERS
from openucwa.telemetry.audit import Removal, UserAdded

_NO_USER = "no such user"
_SELECT = f"select {USERS.columns} from users "

#: No generation that a removed user had: tokens of that user must not be good for this one.
_GENERATION = "cast(? as bigint) + coalesce((select value from counters where name = 'generation'), 0)"
_VALUES = ", ".join(_GENERATION if column == "generation" else "?" for column in USERS.columns.split(", "))
_ADD_USER = f"insert into users ({USERS.columns}) values ({_VALUES}) on conflict do nothing"
_SAID = (
    "name",
    "email",
    "title",
    "department",
    "work_phone",
    "mobile_phone",
    "home_phone",
    "other_phone",
    "company",
    "office",
)
_said = attrgetter(*_SAID)
_TAKE_OVER = f"update users set {', '.join(f'{column} = ?' for column in _SAID)} where uri = ?"
_REMEMBER_GENERATION = """
    insert into counters (name, value) values ('generation', ?)
    on conflict (name) do update set value = excluded.value where counters.value < excluded.value
"""

_MEETINGS = """
    select id, (select count(*) from extensions e where e.organizer = m.organizer and e.meeting_id = m.id)
    from meetings m where organizer = ? order by created, position
"""


class Users(Part):
    """`store.contract.Users`, where each method is described."""

    async def add(self, user: User) -> None:
        uri = user.uri.lower()

        async def work(transaction: Transaction) -> None:
            added = await transaction.run(
                _ADD_USER,
                *USERS.values(replace(user, uri=uri)),
            )
            if not added:
                raise AlreadyExists(f"user {uri} already exists")
            await transaction.run("delete from removed_users where uri = ?", uri)
            # Who subscribed to an earlier user of this URI goes on from where the topic is.
            await continue_topic(transaction, person_topic(uri))
            await words.write(transaction, replace(user, uri=uri))

        await self._writer.change(work, uri)

    async def admit(self, user: User, *, create: bool) -> User | None:
        uri = user.uri.lower()
        known = await self.get(uri)
        if known is not None and known.disabled:
            return None
        if known is not None and _as_said(known, user) == known:
            return known

        async def work(transaction: Transaction) -> User | None:
            row = await transaction.row(_SELECT + "where uri = ?", uri)
            if row is not None:
                admitted = _as_said(USERS.record(row), user)
                if admitted.disabled:
                    return None
                await transaction.run(_TAKE_OVER, *_said(admitted), uri)
                await words.write(transaction, admitted)
                return admitted
            if not create or await transaction.row("select 1 from removed_users where uri = ?", uri) is not None:
                return None
            if await transaction.run(_ADD_USER, *USERS.values(replace(user, uri=uri))):
                transaction.acts.append(UserAdded(user.source or "", uri))
            await words.write(transaction, replace(user, uri=uri))
            added = await transaction.row(_SELECT + "where uri = ?", uri)
            return None if added is None else USERS.record(added)

        return await self._writer.change(work, uri)

    async def get(self, uri: str) -> User | None:
        return await self._cache.read("user", self._get, uri.lower())

    async def _get(self, uri: str) -> User | None:
        row = await self._reader.row(_SELECT + "where uri = ?", uri)
        return USERS.record(row) if row else None

    async def with_local_part(self, local_part: str) -> Sequence[User]:
        # The character behind @ is A, so this is the range of all URIs that begin with the local part and @.
        begin = f"sip:{local_part.lower()}"
        rows = await self._reader.rows(_SELECT + "where uri >= ? and uri < ? order by uri", f"{begin}@", f"{begin}A")
        return [USERS.record(row) for row in rows]

    async def all(self) -> Sequence[User]:
        return [USERS.record(row) for row in await self._reader.rows(_SELECT + "order by uri")]

    async def change_password(
        self, uri: str, password_hash: str, was: str | None = None, ending: Ending | None = None
    ) -> int:
        key = uri.lower()

        async def work(transaction: Transaction) -> int:
            row = await transaction.row("select password_hash, disabled from users where uri = ?", key)
            if row is None:
                raise ResourceNotFound(_NO_USER)
            if was is not None:
                if row[0] != was:
                    raise Conflict("the password was changed by another request")
                if row[1]:
                    raise Unauthorized(DISABLED)
            await transaction.run("update users set password_hash = ? where uri = ?", password_hash, key)
            return await _revoke(transaction, key, "the password was changed", ending)

        return await self._writer.change(work, key, must_notify=False)

    async def revoke(self, uri: str, ending: Ending, generation: int | None = None) -> int:
        key = uri.lower()

        async def work(transaction: Transaction) -> int:
            return await _revoke(transaction, key, "its user signed out everywhere", ending, generation)

        return await self._writer.change(work, key, must_notify=False)

    async def disable(self, uri: str, at: int) -> bool:
        key = uri.lower()

        async def work(transaction: Transaction) -> bool:
            if not await _switch(transaction, key, disabled=True):
                return False
            await _revoke(transaction, key, "its user was disabled", Ending(at))
            return True

        return await self._writer.change(work, key, must_notify=False)

    async def enable(self, uri: str) -> bool:
        key = uri.lower()

        async def work(transaction: Transaction) -> bool:
            return await _switch(transaction, key, disabled=False)

        return await self._writer.change(work, key)

    async def remove(self, uri: str, at: int) -> None:
        owner = uri.lower()
        topics = application_topic(owner, "")
        # The character behind / is 0, so this is the range of all topics of this owner's applications.
        range_of_topics = (topics, topics.rstrip("/") + "0")
        conversations = (f"conversation/{owner}/", f"conversation/{owner}0")

        async def work(transaction: Transaction) -> None:
            generation = await transaction.row("select generation from users where uri = ?", owner)
            if generation is None:
                raise ResourceNotFound(_NO_USER)
            contacts = await contact_lists.leave(transaction, owner, at)
            await transaction.run("delete from users where uri = ?", owner)
            # An issuer or a directory must not bring back whom an administrator removed.
            await transaction.run("insert into removed_users (uri) values (?) on conflict do nothing", owner)
            await transaction.run(_REMEMBER_GENERATION, generation[0])
            own = await participations.find_own(transaction, "owner = ?", owner)
            await participations.end(transaction, own, at, notify_application=False)
            there = await participations.find(transaction, "organizer = ?", owner)
            await participations.end(transaction, there, at, "Ended")
            await self._log.record_removed_user(transaction, owner, at)
            await _delete_all(transaction, owner, at)
            await presence.remove(transaction, owner, at)
            transaction.acts += contacts
            await transaction.run("update topics set ended = ? where topic >= ? and topic < ?", at, *conversations)
            await transaction.run("delete from events where topic = ?", contacts_topic(owner))
            await transaction.run("delete from topics where topic = ?", contacts_topic(owner))
            await transaction.run("delete from events where topic >= ? and topic < ?", *range_of_topics)

        await self._writer.change(work, owner, must_notify=False)


async def _switch(transaction: Transaction, uri: str, *, disabled: bool) -> bool:
    """Whether the user was enabled or disabled by this. ResourceNotFound."""
    row = await transaction.row("select disabled from users where uri = ?", uri)
    if row is None:
        raise ResourceNotFound(_NO_USER)
    if bool(row[0]) is disabled:
        return False
    await transaction.run("update users set disabled = ? where uri = ?", int(disabled), uri)
    return True


async def _revoke(
    transaction: Transaction, uri: str, reason: str, ending: Ending | None, generation: int | None = None
) -> int:
    """Revokes all tokens that were issued to a user; returns the generation of the next ones.

    `generation`: that of the token of the request; None: there is none. ResourceNotFound. Unauthorized: that token was
    revoked after the request was admitted; otherwise who signs out others could not get rid of them.
    """
    row = await transaction.row("update users set generation = generation + 1 where uri = ? returning generation", uri)
    if row is None:
        raise ResourceNotFound(_NO_USER)
    if generation is not None and row[0] != generation + 1:
        raise Unauthorized(REVOKED)
    if ending is not None:
        await applications.end_all(transaction, uri, ending.at, reason, ending.keep)
    return int(row[0])


def _as_said(known: User, user: User) -> User:
    """`known`, with what `user` says where both are from the same source."""
    if known.source is None or known.source != user.source:
        return known
    return replace(known, **dict(zip(_SAID, _said(user), strict=True)))


async def _delete_all(transaction: Transaction, owner: str, at: int) -> None:
    """Removes everything that a user has, in which nobody takes part any more, and ends the user's waiting polls."""
    reason = "its user was removed"
    opened = await transaction.rows("select id from applications where owner = ?", owner)
    meetings = await transaction.rows(_MEETINGS, owner)
    await transaction.run("delete from applications where owner = ?", owner)
    await transaction.run("delete from replaced_applications where owner = ?", owner)
    await transaction.run("delete from meetings where organizer = ?", owner)
    await transaction.run("delete from schemas where owner = ?", owner)
    await transaction.run("delete from conversation_logs where owner = ?", owner)
    await transaction.run("delete from stored_bytes where owner = ?", owner)
    await transaction.run("delete from findable_state where organizer = ?", owner)
    await transaction.run("delete from handed_over where successor = ?", owner)
    transaction.acts.append(Removal("user", owner, owner, "removed by an administrator"))
    for (application_id,) in opened:
        await end_topic_of_poll(transaction, application_topic(owner, application_id), at)
        transaction.acts.append(Removal("application", application_id, owner, reason))
    for meeting_id, extensions in meetings:
        transaction.acts.append(Removal.of_meeting(meeting_id, owner, reason, extensions))

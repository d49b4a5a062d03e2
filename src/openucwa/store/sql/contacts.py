"""Contacts, groups and privacy relationships; the changes of lists are in `contact_lists.py`."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Mapping, Sequence

from openucwa.model.contact import (
    DELEGATORS_GROUP,
    GROUP_ADDED,
    GROUP_UPDATED,
    NEVER_SET,
    SUBSCRIPTION_UPDATED,
    SYSTEM_GROUPS,
    ContactCard,
    ContactsSubscription,
    Group,
    GroupKind,
    Membership,
    Person,
    Relationship,
    about_group,
    about_relationship,
    contacts_topic,
)
from openucwa.model.event import NewEvent, application_topic
from openucwa.model.privacy import PrivacyLevel
from openucwa.model.refusals import (
    AlreadyExists,
    ApplicationNotFound,
    LimitExceeded,
    PreconditionFailed,
    ResourceNotFound,
    TooManyGroups,
)
from openucwa.model.user import User
from openucwa.store.contract.contacts import ContactLimits
from openucwa.store.contract.terms import Match
from openucwa.store.engine import Row, Transaction
from openucwa.store.sql import contact_lists
from openucwa.store.sql.contact_lists import NO_GROUP, SELECT_GROUPS
from openucwa.store.sql.events import append
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import CONTACT_GROUPS, CONTACTS, USERS
from openucwa.store.sql.words import level_of, person_of

#: A contact as stored, as a user, and what they let the owner see; only those who are no users have nulls for the user.
_CONTACTS = f"""
    select {CONTACTS.columns_of("c")}, {USERS.columns_of("u")}, p.level from contacts c
    left join users u on u.uri = c.uri
    left join privacy_relationships p on p.owner = c.uri and p.uri = c.owner
    where c.owner = ?
"""
_IN_GROUP = " and c.uri in (select uri from contact_memberships where owner = ? and group_id = ?)"
#: The users who have the owner among their delegates.
_DELEGATORS = f"""
    select {USERS.columns_of("u")}, p.level from contact_memberships m join users u on u.uri = m.owner
    left join privacy_relationships p on p.owner = m.owner and p.uri = m.uri
    where m.uri = ? and m.group_id = 'delegatesGroup' order by u.uri
"""
_USER = f"""
    select {USERS.columns_of("u")}, p.level from users u
    left join privacy_relationships p on p.owner = u.uri and p.uri = ? where u.uri = ?
"""
_MEMBERSHIPS = "select uri, group_id from contact_memberships where owner = ?"
_NAME_TAKEN = """
    select 1 from contact_groups where owner = ? and id <> ? and kind = 'group' and lower(name) = lower(?)
"""
_RELATIONSHIP = "select uri, level, etag from privacy_relationships where owner = ?"
_SET_RELATIONSHIP = """
    insert into privacy_relationships (owner, uri, level, etag) values (?, ?, ?, ?)
    on conflict (owner, uri) do update set level = excluded.level, etag = excluded.etag
"""
_SUBSCRIPTION = "select since, expires from contact_subscriptions where owner = ? and application_id = ?"
_SUBSCRIBE = """
    insert into contact_subscriptions (owner, application_id, since, expires) values (?, ?, ?, ?)
    on conflict (owner, application_id) do update set since = excluded.since, expires = excluded.expires, warned = 0
"""
_EXPIRING = """
    select owner, application_id, expires from contact_subscriptions
    where expires < ? and (warned = 0 or expires <= ?) order by expires limit ?
"""


class Contacts(Part):
    """`store.contract.Contacts`, where each method is described."""

    async def all(self, owner: str, group_id: str | None = None) -> Sequence[Person]:
        if group_id is None:
            return [_listed(row) for row in await self._reader.rows(_CONTACTS + " order by c.uri", owner)]
        if group_id == DELEGATORS_GROUP.id:
            return [person_of(row) for row in await self._reader.rows(_DELEGATORS, owner)]
        group, members = await self._reader.read(
            (SELECT_GROUPS + " and id = ?", (owner, group_id)),
            (_CONTACTS + _IN_GROUP + " order by c.uri", (owner, owner, group_id)),
        )
        if not group and group_id not in SYSTEM_GROUPS:
            raise ResourceNotFound(NO_GROUP)
        return [_listed(row) for row in members]

    async def find(self, owner: str, uri: str) -> Person | None:
        uri = uri.lower()
        found, listed = await self._reader.read((_USER, (owner, uri)), (_CONTACTS + " and c.uri = ?", (owner, uri)))
        if found:
            return person_of(found[0])
        return _listed(listed[0]) if listed else None

    async def members(self, owner: str, group_id: str) -> Sequence[str]:
        return [person.user.uri for person in await self.all(owner, group_id)]

    async def memberships(self, owner: str, group_id: str | None = None) -> Sequence[Membership]:
        if group_id == DELEGATORS_GROUP.id:
            return [Membership(uri, DELEGATORS_GROUP.id) for uri in await self.members(owner, group_id)]
        if group_id is None:
            rows = await self._reader.rows(_MEMBERSHIPS + " order by uri, group_id", owner)
        else:
            group, rows = await self._reader.read(
                (SELECT_GROUPS + " and id = ?", (owner, group_id)),
                (_MEMBERSHIPS + " and group_id = ? order by uri", (owner, group_id)),
            )
            if not group and group_id not in SYSTEM_GROUPS:
                raise ResourceNotFound(NO_GROUP)
        return [Membership(*row) for row in rows]

    async def add(self, owner: str, card: ContactCard, group_id: str, limits: ContactLimits, at: int) -> None:
        await self._writer.change(
            lambda transaction: contact_lists.add(transaction, owner, card, group_id, limits, at), owner
        )

    async def remove(self, owner: str, uri: str, group_id: str, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            group = await contact_lists.find_group(transaction, owner, group_id)
            if not await transaction.row(_MEMBERSHIPS + " and uri = ? and group_id = ?", owner, uri, group_id):
                raise ResourceNotFound("the contact is not in this group")
            await contact_lists.remove(transaction, owner, uri, group, at, "removed from its last group")

        await self._writer.change(work, owner)

    async def remove_from_all(self, owner: str, uri: str, at: int) -> None:
        await self._writer.change(lambda transaction: contact_lists.remove_from_all(transaction, owner, uri, at), owner)

    async def groups(self, owner: str) -> Sequence[Group]:
        rows = await self._reader.rows(SELECT_GROUPS + " order by position", owner)
        return [CONTACT_GROUPS.record(row) for row in rows]

    async def group(self, owner: str, group_id: str) -> Group:
        if (system := SYSTEM_GROUPS.get(group_id)) is not None:
            return system
        row = await self._reader.row(SELECT_GROUPS + " and id = ?", owner, group_id)
        if row is None:
            raise ResourceNotFound(NO_GROUP)
        return CONTACT_GROUPS.record(row)

    async def add_group(self, owner: str, group: Group, limit: int, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            ids = await transaction.rows("select id, position from contact_groups where owner = ?", owner)
            if group.id in {group_id for group_id, _ in ids} or await _is_taken(transaction, owner, group):
                raise AlreadyExists("a group with that name or address already exists")
            if len(ids) >= limit:
                raise TooManyGroups(f"a user may have {limit} groups")
            position = max((position for _, position in ids), default=0) + 1
            await transaction.run(CONTACT_GROUPS.insert, owner, *CONTACT_GROUPS.values(group), position)
            await contact_lists.notify(transaction, owner, at, about_group(owner, GROUP_ADDED, group))

        await self._writer.change(work, owner)

    async def rename_group(self, owner: str, match: Match, group: Group, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            await _matching(transaction, owner, group.id, match)
            if await _is_taken(transaction, owner, group):
                raise AlreadyExists("a group with that name already exists")
            await transaction.run(
                "update contact_groups set name = ?, etag = ? where owner = ? and id = ?",
                group.name,
                group.etag,
                owner,
                group.id,
            )
            await contact_lists.notify(transaction, owner, at, about_group(owner, GROUP_UPDATED, group))

        await self._writer.change(work, owner)

    async def remove_group(self, owner: str, group_id: str, match: Match, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            group = await _matching(transaction, owner, group_id, match)
            await contact_lists.remove_group(transaction, owner, group, at)

        await self._writer.change(work, owner)

    async def relationship(self, owner: str, viewer: str) -> PrivacyLevel | None:
        return await self._cache.read("relationship", self._relationship, owner, viewer)

    async def _relationship(self, owner: str, viewer: str) -> PrivacyLevel | None:
        row = await self._reader.row(
            "select level from privacy_relationships where owner = ? and uri = ?", owner, viewer
        )
        return None if row is None else level_of(row[0])

    async def relationships(self, owners: Sequence[str], viewer: str) -> Mapping[str, PrivacyLevel]:
        if not owners:
            return {}
        places = ", ".join("?" * len(owners))
        rows = await self._reader.rows(
            f"select owner, level from privacy_relationships where uri = ? and owner in ({places})", viewer, *owners
        )
        return {owner: PrivacyLevel(level) for owner, level in rows if level is not None}

    async def own_relationships(self, owner: str) -> Sequence[Relationship]:
        rows = await self._reader.rows(_RELATIONSHIP + " order by uri", owner)
        return [_relationship_of(row) for row in rows if row[1] is not None]

    async def own_relationship(self, owner: str, uri: str) -> Relationship:
        row = await self._reader.row(_RELATIONSHIP + " and uri = ?", owner, uri)
        return Relationship(uri, None, NEVER_SET) if row is None else _relationship_of(row)

    async def set_relationship(
        self, owner: str, match: Match, relationship: Relationship, limit: int, at: int, events: Sequence[NewEvent] = ()
    ) -> None:
        async def work(transaction: Transaction) -> None:
            row = await transaction.row(_RELATIONSHIP + " and uri = ?", owner, relationship.uri)
            if match is not None and (NEVER_SET if row is None else row[2]) not in match:
                raise PreconditionFailed("the privacy relationship has changed: its etag does not match If-Match")
            if row is None:
                ((count,),) = await transaction.rows(
                    "select count(*) from privacy_relationships where owner = ?", owner
                )
                if count >= limit:
                    raise LimitExceeded(f"a user may set {limit} privacy relationships")
            level = None if relationship.level is None else relationship.level.value
            await transaction.run(_SET_RELATIONSHIP, owner, relationship.uri, level, relationship.etag)
            await contact_lists.notify(transaction, owner, at, about_relationship(owner, relationship.uri))
            await append(transaction, at, *events)

        await self._writer.change(work, owner)

    async def subscribe(
        self, owner: str, application_id: str, duration: int, longest: int, now: int
    ) -> tuple[ContactsSubscription, bool]:
        key = (owner, application_id)

        async def work(transaction: Transaction) -> tuple[ContactsSubscription, bool]:
            if not await transaction.row("select 1 from applications where owner = ? and id = ?", *key):
                raise ApplicationNotFound("no such application; it may have expired")
            row = await transaction.row(_SUBSCRIPTION, *key)
            if row is not None and row[1] > now:
                since, expires = row
                subscription = ContactsSubscription(since, max(expires, min(expires + duration, now + longest)))
            else:
                last = await transaction.row("select last from topics where topic = ?", contacts_topic(owner))
                subscription = ContactsSubscription(last[0] if last else 0, now + duration)
            is_new = row is None or row[1] <= now
            await transaction.run(_SUBSCRIBE, *key, subscription.since, subscription.expires)
            if is_new:
                # A poll that waits starts to listen.
                await append(transaction, now, NewEvent(application_topic(*key), SUBSCRIPTION_UPDATED))
            return subscription, is_new

        return await self._writer.change(work, owner)

    async def unsubscribe(self, owner: str, application_id: str) -> None:
        await self._writer.run(
            owner, "delete from contact_subscriptions where owner = ? and application_id = ?", owner, application_id
        )

    async def subscription(self, owner: str, application_id: str) -> ContactsSubscription | None:
        return await self._cache.read("contacts subscription", self._subscription, owner, application_id)

    async def _subscription(self, owner: str, application_id: str) -> ContactsSubscription | None:
        row = await self._reader.row(_SUBSCRIPTION, owner, application_id)
        return None if row is None else ContactsSubscription(*row)

    async def sweep_subscriptions(self, soon: int, now: int, limit: int) -> int:
        async def work(transaction: Transaction) -> int:
            found = await transaction.rows(_EXPIRING, soon, now, limit)
            for owner, application_id, _ in sorted(tuple(row) for row in found):
                await transaction.lock(owner)
                row = await transaction.row(_SUBSCRIPTION, owner, application_id)
                if row is not None and row[1] < soon:
                    await _expire(transaction, owner, application_id, now, over=row[1] <= now)
            return len(found)

        if not await self._reader.rows(_EXPIRING, soon, now, 1):
            return 0
        return await self._writer.change(work, must_notify=False)


async def _expire(transaction: Transaction, owner: str, application_id: str, now: int, *, over: bool) -> None:
    """Removes a subscription, or notifies its application that it expires soon."""
    if over:
        await transaction.run(
            "delete from contact_subscriptions where owner = ? and application_id = ?", owner, application_id
        )
        return
    await transaction.run(
        "update contact_subscriptions set warned = 1 where owner = ? and application_id = ?", owner, application_id
    )
    await append(transaction, now, NewEvent(application_topic(owner, application_id), SUBSCRIPTION_UPDATED))


async def _matching(transaction: Transaction, owner: str, group_id: str, match: Match) -> Group:
    """The owner's own group, if its etag is in `match`."""
    if group_id in SYSTEM_GROUPS:
        raise ResourceNotFound(NO_GROUP)
    group = await contact_lists.find_group(transaction, owner, group_id)
    if match is not None and group.etag not in match:
        raise PreconditionFailed("the group has changed: its etag does not match If-Match")
    return group


async def _is_taken(transaction: Transaction, owner: str, group: Group) -> bool:
    """Whether another group that the owner made has this name."""
    if group.kind != GroupKind.GROUP:
        return False
    return bool(await transaction.row(_NAME_TAKEN, owner, group.id, group.name))


def _listed(row: Row) -> Person:
    """From the columns of `_CONTACTS`."""
    stored = CONTACTS.record(row)
    user = row[CONTACTS.width :]
    if user[0] is not None:
        return person_of(user)
    return Person(User(uri=stored.uri, name=stored.name, email=stored.email, pool=None, password_hash=""), None)


def _relationship_of(row: Row) -> Relationship:
    uri, level, etag = row
    return Relationship(uri, level_of(level), etag)

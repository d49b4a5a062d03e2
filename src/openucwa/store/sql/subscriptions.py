"""Presence subscriptions of applications, and their members."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Mapping, Sequence
from dataclasses import replace

from openucwa.model.event import NewEvent, application_topic
from openucwa.model.presence import (
    SUBSCRIBED_CHANGED,
    SUBSCRIPTION_ADDED,
    SUBSCRIPTION_DELETED,
    SUBSCRIPTION_ENDING,
    Membership,
    Subscription,
    SubscriptionLimits,
    person_topic,
)
from openucwa.model.refusals import ApplicationNotFound, ResourceNotFound, TooManySubscriptions
from openucwa.store.engine import UNCACHED, Transaction
from openucwa.store.sql.events import append
from openucwa.store.sql.part import Part
from openucwa.store.sql.table import insert
from openucwa.store.sql.tables import SUBSCRIBED, SUBSCRIPTIONS

_OF_APPLICATION = f"select {SUBSCRIPTIONS.columns} from subscriptions where owner = ? and application_id = ?"
_ONE = _OF_APPLICATION + " and id = ?"
_LIVE = _OF_APPLICATION + " and expires > ? order by added, id"

_MEMBERSHIPS = """
    select m.subscription, m.uri from subscribed m
    join subscriptions s on s.owner = m.owner and s.application_id = m.application_id and s.id = m.subscription
    join users u on u.uri = m.uri
    where m.owner = ?1 and s.owner = ?1 and m.application_id = ?2 and s.expires > ?3
    order by s.added, m.subscription, m.uri
"""

#: Contacts, each from the first subscription that has it: what happened since is not to be missed.
_SUBSCRIBED = "select uri, min(since) from subscribed where owner = ? and application_id = ? group by uri"
_MEMBERS = "select uri from subscribed where owner = ? and application_id = ? and subscription = ?"
_SINCE = "select coalesce((select last from topics where topic = ?), 0)"
_ADD_MEMBER = insert("subscribed", SUBSCRIBED) + " on conflict do nothing"

_ENDING = (
    f"select {SUBSCRIPTIONS.columns} from subscriptions where expires <= ? and announced = 0 order by expires limit ?"
)
_EXPIRED = f"select {SUBSCRIPTIONS.columns} from subscriptions where expires <= ? order by expires limit ?"

_NO_SUBSCRIPTION = "no such presence subscription; it may have expired"


class Subscriptions(Part):
    """`store.contract.Subscriptions`, where each method is described."""

    async def add(self, draft: Subscription, uris: Sequence[str], limits: SubscriptionLimits, at: int) -> None:
        key = (draft.owner, draft.application_id)

        async def work(transaction: Transaction) -> None:
            if await transaction.row("select 1 from applications where owner = ? and id = ?", *key) is None:
                raise ApplicationNotFound("no such application; it may have expired")
            before = await _subscribed(transaction, *key)
            was = await transaction.row(_ONE, *key, draft.id)
            if was is None:
                ((count,),) = await transaction.rows(
                    "select count(*) from subscriptions where owner = ? and application_id = ?", *key
                )
                if count >= limits.subscriptions:
                    raise TooManySubscriptions(f"the application has {count} presence subscriptions already")
            else:
                await transaction.run(
                    "delete from subscriptions where owner = ? and application_id = ? and id = ?", *key, draft.id
                )
            await transaction.run(SUBSCRIPTIONS.insert, *SUBSCRIPTIONS.values(draft), at)
            await _add_members(transaction, draft, uris, limits, before)
            after = await _subscribed(transaction, *key)
            if was is None:
                await _notify(transaction, draft, SUBSCRIPTION_ADDED, sorted(after.keys() - before.keys()), at)
            else:
                await _notify_of_contacts(transaction, draft, before, after, at)

        await self._writer.change(work, draft.owner, scope=UNCACHED)

    async def all(self, owner: str, application_id: str, now: int) -> Sequence[Subscription]:
        rows = await self._reader.rows(_LIVE, owner, application_id, now)
        return [SUBSCRIPTIONS.record(row) for row in rows]

    async def get(self, owner: str, application_id: str, subscription: str, now: int) -> Subscription:
        row = await self._reader.row(_ONE, owner, application_id, subscription)
        return _live(SUBSCRIPTIONS.record(row) if row else None, now)

    async def memberships(self, owner: str, application_id: str, now: int) -> Sequence[Membership]:
        return [Membership(*row) for row in await self._reader.rows(_MEMBERSHIPS, owner, application_id, now)]

    async def subscribed(self, owner: str, application_id: str) -> Mapping[str, int]:
        return {uri: since for uri, since in await self._reader.rows(_SUBSCRIBED, owner, application_id)}  # noqa: C416

    async def add_members(
        self,
        owner: str,
        application_id: str,
        subscription: str,
        uris: Sequence[str],
        limits: SubscriptionLimits,
        at: int,
    ) -> None:
        async def work(transaction: Transaction) -> None:
            own = await _find(transaction, owner, application_id, subscription, at)
            before = await _subscribed(transaction, owner, application_id)
            await _add_members(transaction, own, uris, limits, before)
            after = await _subscribed(transaction, owner, application_id)
            await _notify_of_contacts(transaction, own, before, after, at)

        await self._writer.change(work, owner, scope=UNCACHED)

    async def remove_member(self, owner: str, application_id: str, membership: Membership, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            own = await _find(transaction, owner, application_id, membership.subscription, at)
            before = await _subscribed(transaction, owner, application_id)
            removed = await transaction.run(
                "delete from subscribed where owner = ? and application_id = ? and subscription = ? and uri = ?",
                owner,
                application_id,
                membership.subscription,
                membership.uri,
            )
            if not removed:
                raise ResourceNotFound("the contact is not in that presence subscription")
            after = await _subscribed(transaction, owner, application_id)
            await _notify_of_contacts(transaction, own, before, after, at)

        await self._writer.change(work, owner, scope=UNCACHED, must_notify=False)

    async def extend(
        self, owner: str, application_id: str, subscription: str, by: int, longest: int, at: int
    ) -> Subscription:
        async def work(transaction: Transaction) -> Subscription:
            own = await _find(transaction, owner, application_id, subscription, at)
            extended = replace(own, expires=min(own.expires + by, at + longest), announced=False)
            await transaction.run(
                "update subscriptions set expires = ?, announced = 0 where owner = ? and application_id = ? and id = ?",
                extended.expires,
                owner,
                application_id,
                subscription,
            )
            return extended

        return await self._writer.change(work, owner, scope=UNCACHED)

    async def remove(self, owner: str, application_id: str, subscription: str, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            await _end(transaction, await _find(transaction, owner, application_id, subscription, at), at)

        await self._writer.change(work, owner, scope=UNCACHED, must_notify=False)

    async def announce_ending(self, before: int, limit: int, at: int) -> int:
        ending = [SUBSCRIPTIONS.record(row) for row in await self._reader.rows(_ENDING, before, limit)]

        async def work(transaction: Transaction) -> None:
            for each in ending:
                announced = await transaction.run(
                    "update subscriptions set announced = 1"
                    " where owner = ? and application_id = ? and id = ? and announced = 0 and expires <= ?",
                    *_key(each),
                    before,
                )
                if announced:
                    await _notify(transaction, each, SUBSCRIPTION_ENDING, (), at)

        if ending:
            await self._writer.change(work, *_owners(ending), scope=UNCACHED, must_notify=False)
        return len(ending)

    async def expire(self, now: int, limit: int) -> int:
        expired = [SUBSCRIPTIONS.record(row) for row in await self._reader.rows(_EXPIRED, now, limit)]

        async def work(transaction: Transaction) -> None:
            for each in expired:
                row = await transaction.row(_ONE, *_key(each))
                if row is not None and SUBSCRIPTIONS.record(row).expires <= now:
                    await _end(transaction, each, now)

        if expired:
            await self._writer.change(work, *_owners(expired), scope=UNCACHED, must_notify=False)
        return len(expired)


def _owners(subscriptions: Sequence[Subscription]) -> list[str]:
    return sorted({each.owner for each in subscriptions})


def _key(subscription: Subscription) -> tuple[str, str, str]:
    return subscription.owner, subscription.application_id, subscription.id


def _live(found: Subscription | None, now: int) -> Subscription:
    if found is None or found.expires <= now:
        raise ResourceNotFound(_NO_SUBSCRIPTION)
    return found


async def _find(transaction: Transaction, owner: str, application_id: str, subscription: str, now: int) -> Subscription:
    row = await transaction.row(_ONE, owner, application_id, subscription)
    return _live(SUBSCRIPTIONS.record(row) if row else None, now)


async def _subscribed(transaction: Transaction, owner: str, application_id: str) -> Mapping[str, int]:
    rows = await transaction.rows(_SUBSCRIBED, owner, application_id)
    return {uri: since for uri, since in rows}  # noqa: C416  # not every engine's row is a pair


async def _add_members(
    transaction: Transaction,
    to: Subscription,
    uris: Sequence[str],
    limits: SubscriptionLimits,
    before: Mapping[str, int],
) -> None:
    wanted = sorted({uri.lower() for uri in uris})
    members = {uri for (uri,) in await transaction.rows(_MEMBERS, *_key(to))}
    if len(members.union(wanted)) > limits.uris:
        raise TooManySubscriptions(f"a presence subscription may have {limits.uris} contacts")
    if len(before.keys() | wanted) > limits.contacts:
        raise TooManySubscriptions(f"an application may subscribe to {limits.contacts} contacts")
    for uri in wanted:
        since = before.get(uri)
        if since is None:
            ((since,),) = await transaction.rows(_SINCE, person_topic(uri))
        await transaction.run(_ADD_MEMBER, *_key(to), uri, since)


async def _end(transaction: Transaction, subscription: Subscription, at: int) -> None:
    key = _key(subscription)
    before = await _subscribed(transaction, *key[:2])
    await transaction.run("delete from subscriptions where owner = ? and application_id = ? and id = ?", *key)
    after = await _subscribed(transaction, *key[:2])
    await _notify(transaction, subscription, SUBSCRIPTION_DELETED, sorted(before.keys() - after.keys()), at)


async def _notify(transaction: Transaction, about: Subscription, kind: str, uris: Sequence[str], at: int) -> None:
    facts = {"subscription": about.id, "of_group": about.of_group, "uris": list(uris)}
    await append(transaction, at, NewEvent(application_topic(about.owner, about.application_id), kind, facts))


async def _notify_of_contacts(
    transaction: Transaction, about: Subscription, before: Mapping[str, int], after: Mapping[str, int], at: int
) -> None:
    facts = {"added": sorted(after.keys() - before.keys()), "removed": sorted(before.keys() - after.keys())}
    if facts["added"] or facts["removed"]:
        topic = application_topic(about.owner, about.application_id)
        await append(transaction, at, NewEvent(topic, SUBSCRIBED_CHANGED, facts))

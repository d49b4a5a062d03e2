"""Applications and their activity. Their event channels are in `channels.py`."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Mapping, Sequence
from dataclasses import replace

from openucwa.model.application import Application, Communication, Session
from openucwa.model.event import NewEvent, application_topic
from openucwa.model.presence import AWAY_AFTER, INACTIVE_AFTER, Endpoint
from openucwa.model.refusals import (
    AlreadyExists,
    ApplicationNotFound,
    PreconditionFailed,
    ResourceNotFound,
    TooManyApplications,
)
from openucwa.store.contract import Match
from openucwa.store.engine import Row, Transaction
from openucwa.store.sql import columns, participations, presence
from openucwa.store.sql.events import append, end_topic_of_poll
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import APPLICATIONS
from openucwa.telemetry.audit import Removal

NO_APPLICATION = "no such application; it may have expired"

_OPENED = f"select {APPLICATIONS.columns} from applications where owner = ? and endpoint_id = ?"

_OPEN_AGAIN = """
    update applications set culture = ?, user_agent = ?, type = ?, instances = ?, last_request = ?
    where owner = ? and id = ?
"""

#: An application, and what `Session` has besides.
_SESSIONS = (
    f"select {APPLICATIONS.columns_of('a')}, u.generation, u.pool, u.name, u.email, a.last_request, a.last_poll,"
    " u.title, u.department, u.work_phone, u.mobile_phone, u.home_phone, u.other_phone, u.company, u.office,"
    " u.disabled"
    " from applications a left join users u on u.uri = a.owner where a.owner = ?"
)
_SESSION = _SESSIONS + " and a.id = ?"

#: All the owner's applications but the one just opened, the most recently used first.
_OTHERS = """
    select id from applications where owner = ? and id <> ?
    order by case when last_poll > last_request then last_poll else last_request end desc, created desc
"""

_REPLACED = """
    insert into replaced_applications (owner, id, at) values (?, ?, ?)
    on conflict (owner, id) do update set at = excluded.at
"""

#: How many of an owner's replaced applications are remembered.
REMEMBERED_REPLACED = 100
_KEEP_LATEST_REPLACED = """
    delete from replaced_applications where owner = ?1 and id not in
        (select id from replaced_applications where owner = ?1 order by at desc, id limit ?2)
"""

_REPLACED_BEFORE = "select owner, id from replaced_applications where at < ? order by at limit ?"
_FORGET_REPLACED = f"delete from replaced_applications where (owner, id) in ({_REPLACED_BEFORE})"
_IDLE = """
    select owner, id from applications where coalesce(last_poll, last_request) < ?
    order by coalesce(last_poll, last_request) limit ?
"""


#: Many rows at a time: on PostgreSQL a statement for each would keep the lane from others for most of a second.
_TOUCHED = 100
_REQUESTED = """
    with touched (owner, id, at) as (values {values})
    update applications set last_request = touched.at from touched
    where applications.owner = touched.owner and applications.id = touched.id and last_request < touched.at
"""
_POLLED = """
    with touched (owner, id, at) as (values {values})
    update applications set last_poll = touched.at from touched
    where applications.owner = touched.owner and applications.id = touched.id
        and (last_poll is null or last_poll < touched.at)
"""


class Applications(Part):
    """`store.contract.Applications`, where each method is described."""

    async def open(self, draft: Application, instance: str | None, now: int, limit: int) -> tuple[Application, bool]:
        async def work(transaction: Transaction) -> tuple[Application, bool]:
            found = await transaction.row(_OPENED, draft.owner, draft.endpoint_id)
            existing = APPLICATIONS.record(found) if found else None
            instances = existing.instances if existing else draft.instances
            new_instance = instance is not None and instance not in instances
            if instance is not None and new_instance:
                instances = (*instances, instance)
            if existing:
                opened = replace(
                    existing,
                    culture=draft.culture,
                    user_agent=draft.user_agent,
                    type=draft.type,
                    instances=instances,
                )
                await _open_again(transaction, opened, now)
            else:
                opened = replace(draft, instances=instances)
                await _add(transaction, opened, now)
            await _end_idlest(transaction, opened, now, limit)
            return opened, existing is None if instance is None else new_instance

        return await self._writer.change(work, draft.owner, must_notify=False)

    async def session(self, owner: str, application_id: str) -> Session:
        return await self._cache.read("session", self._session, owner, application_id)

    async def _session(self, owner: str, application_id: str) -> Session:
        row = await self._reader.row(_SESSION, owner, application_id)
        if row is not None:
            return _session(row)
        replaced = "select at from replaced_applications where owner = ? and id = ?"
        if await self._reader.row(replaced, owner, application_id):
            raise TooManyApplications("the application was ended because its user opened too many others")
        raise ApplicationNotFound(NO_APPLICATION)

    async def all(self, owner: str) -> Sequence[Session]:
        rows = await self._reader.rows(_SESSIONS + " order by a.created, a.id", owner)
        return [_session(row) for row in rows]

    async def close(self, owner: str, application_id: str, at: int, reason: str = "closed by its client") -> None:
        async def work(transaction: Transaction) -> None:
            await end(transaction, owner, application_id, at, reason)

        await self._writer.change(work, owner, must_notify=False)

    async def close_instance(self, owner: str, application_id: str, instance: str, at: int) -> None:
        key = (owner, application_id)

        async def work(transaction: Transaction) -> None:
            found = await transaction.row("select instances from applications where owner = ? and id = ?", *key)
            instances = columns.strings(found[0]) if found else ()
            if instance not in instances:
                raise ResourceNotFound("no such instance of this application")
            left = tuple(other for other in instances if other != instance)
            if left:
                await transaction.run(
                    "update applications set instances = ? where owner = ? and id = ?", columns.json(left), *key
                )
                await transaction.run(
                    "delete from channels where owner = ? and application_id = ? and instance = ?", *key, instance
                )
            else:
                await end(transaction, *key, at, "its last instance was closed")

        await self._writer.change(work, owner, must_notify=False)

    async def make_available(
        self,
        owner: str,
        application_id: str,
        communication: Communication,
        etag: str,
        at: int,
        events: Sequence[NewEvent],
        *,
        inactive: int = INACTIVE_AFTER,
        away: int = AWAY_AFTER,
        preferred: str | None = None,
    ) -> None:
        endpoint = Endpoint(owner, application_id, inactive, away, at)

        async def work(transaction: Transaction) -> None:
            made = await transaction.run(
                "update applications set available = 1, communication = ?, etag = ? where owner = ? and id = ?",
                columns.json(communication),
                etag,
                owner,
                application_id,
            )
            if not made:
                raise ApplicationNotFound(NO_APPLICATION)
            await append(transaction, at, *events)
            await presence.begin(transaction, endpoint, preferred)

        await self._writer.change(work, owner)

    async def replace_communication(
        self,
        owner: str,
        application_id: str,
        match: Match,
        communication: Communication,
        etag: str,
        at: int,
        events: Sequence[NewEvent],
    ) -> None:
        key = (owner, application_id)

        async def work(transaction: Transaction) -> None:
            row = await transaction.row("select communication, etag from applications where owner = ? and id = ?", *key)
            if row is None:
                raise ApplicationNotFound(NO_APPLICATION)
            text, was = row
            replaced = (match is None or columns.communication(text).etag in match) and await transaction.run(
                "update applications set communication = ?, etag = ? where owner = ? and id = ? and etag = ?",
                columns.json(communication),
                etag,
                *key,
                was,
            )
            if not replaced:
                raise PreconditionFailed("the communication has changed: its etag does not match If-Match")
            await append(transaction, at, *events)
            if columns.communication(text).supported_modalities != communication.supported_modalities:
                await presence.publish(transaction, owner, at)

        await self._writer.change(work, owner, must_notify=False)

    async def touch(self, requests: Mapping[tuple[str, str], int], polls: Mapping[tuple[str, str], int]) -> None:
        async def work(transaction: Transaction) -> None:
            for sql, times in ((_REQUESTED, requests), (_POLLED, polls)):
                rows = [(*key, at) for key, at in sorted(times.items())]
                for slice_ in (rows[begin : begin + _TOUCHED] for begin in range(0, len(rows), _TOUCHED)):
                    values = ", ".join(["(?, ?, cast(? as bigint))"] * len(slice_))
                    await transaction.run(sql.format(values=values), *(value for row in slice_ for value in row))

        await self._writer.change(work, owners={owner for owner, _ in (*requests, *polls)})

    async def remove_idle(self, polled_before: int, limit: int, at: int) -> Sequence[tuple[str, str]]:
        async def work(transaction: Transaction) -> Sequence[tuple[str, str]]:
            idle = await transaction.rows(_IDLE, polled_before, limit)
            ended = []
            for owner, application_id in sorted(tuple(row) for row in idle):
                await transaction.lock(owner)
                still_idle = await transaction.row(
                    "select 1 from applications where owner = ? and id = ? and coalesce(last_poll, last_request) < ?",
                    owner,
                    application_id,
                    polled_before,
                )
                if still_idle:
                    await end(transaction, owner, application_id, at, "idle for too long")
                    ended.append((owner, application_id))
            return ended

        if not await self._reader.rows(_IDLE, polled_before, 1):
            return []
        return await self._writer.change(work, owners=(), must_notify=False)

    async def available(self, owner: str, modality: str | None = None) -> Sequence[str]:
        rows = await self._reader.rows(
            "select id, communication from applications where owner = ? and available = 1 order by created", owner
        )
        return [
            application_id
            for application_id, text in rows
            if modality is None or modality in columns.communication(text).supported_modalities
        ]

    async def forget_replaced(self, before: int, limit: int) -> int:
        if not await self._reader.rows(_REPLACED_BEFORE, before, 1):
            return 0
        return await self._writer.change(
            lambda transaction: transaction.run(_FORGET_REPLACED, before, limit), owners=()
        )


def _session(row: Row) -> Session:
    session = Session(APPLICATIONS.record(row), *row[APPLICATIONS.width : -1])
    return replace(session, disabled=True) if row[-1] else session


async def _add(transaction: Transaction, application: Application, now: int) -> None:
    values = APPLICATIONS.values(application)
    if not await transaction.run(APPLICATIONS.insert + " on conflict do nothing", *values, now, None):
        raise AlreadyExists("another endpoint of this owner has an application with that id")


async def _open_again(transaction: Transaction, application: Application, now: int) -> None:
    await transaction.run(
        _OPEN_AGAIN,
        application.culture,
        application.user_agent,
        application.type,
        columns.json(application.instances),
        now,
        application.owner,
        application.id,
    )


async def end(transaction: Transaction, owner: str, application_id: str, at: int, reason: str) -> None:
    """Removes an application and all that is its own; its participants leave their meetings. `reason`: for the log."""
    own = await participations.find_own(transaction, "owner = ? and application_id = ?", owner, application_id)
    await participations.end(transaction, own, at, notify_application=False)
    was_available = await presence.end(transaction, owner, application_id)
    if await transaction.run("delete from applications where owner = ? and id = ?", owner, application_id):
        await end_topic_of_poll(transaction, application_topic(owner, application_id), at)
        transaction.acts.append(Removal("application", application_id, owner, reason))
        if was_available:
            await presence.publish(transaction, owner, at)


async def end_all(transaction: Transaction, owner: str, at: int, reason: str, keep: str | None = None) -> None:
    """Ends the owner's applications but `keep` (an id), as `end` does. Opening one needs the owner's key, too."""
    for (application_id,) in await transaction.rows("select id from applications where owner = ? order by id", owner):
        if application_id != keep:
            await end(transaction, owner, application_id, at, reason)


async def _end_idlest(transaction: Transaction, opened: Application, now: int, limit: int) -> None:
    """Ends the owner's applications over `limit`, and remembers them as replaced; never the one just opened."""
    others = await transaction.rows(_OTHERS, opened.owner, opened.id)
    for (application_id,) in others[max(limit - 1, 0) :]:
        reason = f"its owner opened application {opened.id}; at most {limit} are allowed"
        await end(transaction, opened.owner, application_id, now, reason)
        await transaction.run(_REPLACED, opened.owner, application_id, now)
    if len(others) >= limit:
        await transaction.run(_KEEP_LATEST_REPLACED, opened.owner, REMEMBERED_REPLACED)

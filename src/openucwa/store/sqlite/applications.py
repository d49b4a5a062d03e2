"""Applications, and when they were last heard of. Their event channels are in `channels.py`."""

from collections.abc import Mapping, Sequence

from openucwa.model.application import Application, Communication, Session
from openucwa.model.event import NewEvent
from openucwa.model.refusals import (
    AlreadyExists,
    ApplicationNotFound,
    PreconditionFailed,
    ResourceNotFound,
    TooManyApplications,
)
from openucwa.store.contract import Match
from openucwa.store.sqlite import columns, participations
from openucwa.store.sqlite.database import Row
from openucwa.store.sqlite.events import append
from openucwa.store.sqlite.reader import Reader
from openucwa.store.sqlite.writer import Transaction, Writer

NO_APPLICATION = "there is no such application, or it has expired"

_OPEN = """
    insert into applications (owner, id, endpoint_id, culture, user_agent, type, created, communication, available,
        meeting, name, etag, instances, last_request)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (owner, endpoint_id) do update set culture = excluded.culture, user_agent = excluded.user_agent,
        type = excluded.type, instances = excluded.instances, last_request = excluded.last_request
    on conflict do nothing
    returning owner, id, endpoint_id, culture, user_agent, type, created, communication, available, meeting, name, etag,
        instances
"""

_SESSION = """
    select a.owner, a.id, a.endpoint_id, a.culture, a.user_agent, a.type, a.created, a.communication, a.available,
        a.meeting, a.name, a.etag, a.instances, u.generation, u.pool, u.name, u.email, a.last_request, a.last_poll
    from applications a left join users u on u.uri = a.owner
    where a.owner = ? and a.id = ?
"""

#: The owner's applications but the one just opened, beyond the `limit` most recently heard of.
_IDLEST = """
    select id from applications where owner = ? and id <> ?
    order by max(last_request, coalesce(last_poll, last_request)) desc, created desc limit -1 offset ?
"""


def _application(row: Row) -> Application:
    """From the first columns of the statements above, which are in the order of the record's fields."""
    return Application(
        owner=row[0],
        id=row[1],
        endpoint_id=row[2],
        culture=row[3],
        user_agent=row[4],
        type=row[5],
        created=row[6],
        communication=columns.communication(row[7]),
        available=bool(row[8]),
        meeting=row[9],
        name=row[10],
        etag=row[11],
        instances=columns.strings(row[12]),
    )


class Applications:
    """`store.contract.Applications` but for the channels; each method is described there."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    async def open_application(
        self, draft: Application, instance: str | None, now: int, most: int
    ) -> tuple[Application, bool]:
        def work(transaction: Transaction) -> tuple[Application, bool]:
            found = transaction.row(
                "select id, instances from applications where owner = ? and endpoint_id = ?",
                draft.owner,
                draft.endpoint_id,
            )
            instances = columns.strings(found[1]) if found else draft.instances
            new_instance = instance is not None and instance not in instances
            opened = transaction.row(
                _OPEN,
                draft.owner,
                draft.id,
                draft.endpoint_id,
                draft.culture,
                draft.user_agent,
                draft.type,
                draft.created,
                columns.json(draft.communication),
                draft.available,
                draft.meeting,
                draft.name,
                draft.etag,
                columns.json((*instances, instance) if instance is not None and new_instance else instances),
                now,
            )
            if opened is None:
                raise AlreadyExists("another endpoint of this owner has an application with that id")
            application = _application(opened)
            _end_idlest(transaction, application, now, most)
            return application, found is None if instance is None else new_instance

        return await self._writer.change(work)

    async def session(self, owner: str, application_id: str) -> Session:
        row = self._reader.row(_SESSION, owner, application_id)
        if row is not None:
            return Session(_application(row), *row[13:])
        replaced = "select at from replaced_applications where owner = ? and id = ?"
        if self._reader.row(replaced, owner, application_id):
            raise TooManyApplications("the application was ended because its user opened too many others")
        raise ApplicationNotFound(NO_APPLICATION)

    async def close_application(self, owner: str, application_id: str, at: int) -> None:
        def work(transaction: Transaction) -> None:
            _end(transaction, owner, application_id, at)

        await self._writer.change(work)

    async def close_instance(self, owner: str, application_id: str, instance: str, at: int) -> None:
        key = (owner, application_id)

        def work(transaction: Transaction) -> None:
            found = transaction.row("select instances from applications where owner = ? and id = ?", *key)
            instances = columns.strings(found[0]) if found else ()
            if instance not in instances:
                raise ResourceNotFound("the application has no such instance")
            left = tuple(other for other in instances if other != instance)
            if left:
                transaction.run(
                    "update applications set instances = ? where owner = ? and id = ?", columns.json(left), *key
                )
                transaction.run(
                    "delete from channels where owner = ? and application_id = ? and instance = ?", *key, instance
                )
            else:
                _end(transaction, *key, at)

        await self._writer.change(work)

    async def make_available(
        self,
        owner: str,
        application_id: str,
        communication: Communication,
        etag: str,
        at: int,
        events: Sequence[NewEvent],
    ) -> None:
        def work(transaction: Transaction) -> None:
            made = transaction.run(
                "update applications set available = 1, communication = ?, etag = ? where owner = ? and id = ?",
                columns.json(communication),
                etag,
                owner,
                application_id,
            )
            if not made:
                raise ApplicationNotFound(NO_APPLICATION)
            append(transaction, at, events)

        await self._writer.change(work)

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

        def work(transaction: Transaction) -> None:
            replaced = transaction.run(
                "update applications set communication = ?1, etag = ?2 where owner = ?3 and id = ?4 and"
                " (?5 is null or json_extract(communication, '$.etag') in (select value from json_each(?5)))",
                columns.json(communication),
                etag,
                *key,
                columns.matching(match),
            )
            if not replaced:
                if transaction.row("select 1 from applications where owner = ? and id = ?", *key):
                    raise PreconditionFailed("the communication is no longer what If-Match says")
                raise ApplicationNotFound(NO_APPLICATION)
            append(transaction, at, events)

        await self._writer.change(work)

    async def touch(self, requests: Mapping[tuple[str, str], int], polls: Mapping[tuple[str, str], int]) -> None:
        requested, polled = dict(requests), dict(polls)

        def work(transaction: Transaction) -> None:
            for (owner, application_id), at in requested.items():
                transaction.run(
                    "update applications set last_request = ?1 where owner = ?2 and id = ?3 and last_request < ?1",
                    at,
                    owner,
                    application_id,
                )
            for (owner, application_id), at in polled.items():
                transaction.run(
                    "update applications set last_poll = ?1"
                    " where owner = ?2 and id = ?3 and (last_poll is null or last_poll < ?1)",
                    at,
                    owner,
                    application_id,
                )

        await self._writer.change(work)

    async def remove_idle_applications(
        self, polled_before: int, replaced_before: int, at: int
    ) -> Sequence[tuple[str, str]]:
        def work(transaction: Transaction) -> Sequence[tuple[str, str]]:
            transaction.run("delete from replaced_applications where at < ?", replaced_before)
            idle = transaction.rows(
                "select owner, id from applications where coalesce(last_poll, last_request) < ?", polled_before
            )
            for owner, application_id in idle:
                _end(transaction, owner, application_id, at)
            return [(owner, application_id) for owner, application_id in idle]

        return await self._writer.change(work)


def _end(transaction: Transaction, owner: str, application_id: str, at: int) -> None:
    """Removes an application and all that is its own; its participants leave their meetings."""
    own = participations.find(transaction, "owner = ? and application_id = ?", owner, application_id)
    participations.end(transaction, own, at, tell_application=False)
    transaction.run("delete from applications where owner = ? and id = ?", owner, application_id)


def _end_idlest(transaction: Transaction, opened: Application, now: int, most: int) -> None:
    """Ends the owner's applications over `most`, and remembers them as replaced; never the one just opened."""
    for (application_id,) in transaction.rows(_IDLEST, opened.owner, opened.id, max(most - 1, 0)):
        _end(transaction, opened.owner, application_id, now)
        transaction.run(
            "insert into replaced_applications (owner, id, at) values (?1, ?2, ?3)"
            " on conflict do update set at = excluded.at",
            opened.owner,
            application_id,
            now,
        )

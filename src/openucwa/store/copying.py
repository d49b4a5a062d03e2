"""From the embedded default to a database: every row of a SQLite store, as it is, in a new store of any engine."""
# ruff: noqa: S608 -- statements are put together from constants alone

import asyncio
from collections.abc import Callable, Mapping
from itertools import islice

from openucwa.model.refusals import Conflict
from openucwa.store.engine import Reader, Writer

#: What there is to copy: table -> columns, those that refer to others behind them. The last to come are the users: to
#: a copy that broke off none of them can sign in.
TABLES: Mapping[str, str] = {
    "applications": "owner, id, endpoint_id, culture, user_agent, type, created, communication, available, meeting,"
    " name, etag, instances, last_request, last_poll",
    "replaced_applications": "owner, id, at",
    "channels": "owner, application_id, instance, served, acknowledged, delivered, low, medium, timeout",
    "meetings": "organizer, id, position, rel, etag, conference_id, conversation_id, created, access_level, attendees,"
    " automatic_leader_assignment, description, entry_exit_announcement, expiration_time, leaders,"
    " lobby_bypass_for_phone_users, phone_user_admission, subject",
    "conference_ids": "id, organizer, meeting_id",
    "extensions": "organizer, meeting_id, id, position, type, etag, properties",
    "participations": "organizer, meeting_id, id, position, owner, application_id, uri, name, anonymous, role,"
    " in_lobby, messaging, joined, since, invitation, thread_id, subject, importance, typing, hears",
    "invitations": "owner, application_id, id, kind, outgoing, state, organizer, meeting_id, conversation,"
    " operation_id, thread_id, subject, importance, from_uri, from_name, to_uri, expires, reason,"
    " anonymous_display_name, by_leader",
    "topics": "topic, last",
    "events": "topic, number, at, kind, facts",
    "signing_keys": "id, secret, created, position",
    "removed_users": "uri",
    "users": "uri, name, email, pool, password_hash, generation, source, title, department, work_phone, mobile_phone,"
    " home_phone, other_phone",
}

#: Rows that are on their way at a time.
_AT_A_TIME = 1_000


async def copy_rows(source: Reader, reader: Reader, writer: Writer, told: Callable[[str, int], None]) -> None:
    """Copies all that is in the store that `source` reads, as of one moment, to the one of `reader` and `writer`.

    `told` is called for each table when it is copied, with the number of its rows.
    Conflict: there is something in the new store already, and nothing was copied. Whatever else is raised leaves a new
    store that is not whole, and that has to be removed.
    """
    for table in TABLES:
        if await reader.rows(f"select 1 from {table} limit 1"):
            raise Conflict(f"the store to copy to is not new: there are {table.replace('_', ' ')} in it")
    contents = await source.read(*((f"select {columns} from {table}", ()) for table, columns in TABLES.items()))
    for (table, columns), rows in zip(TABLES.items(), contents, strict=True):
        places = ", ".join("?" * (columns.count(",") + 1))
        insert = f"insert into {table} ({columns}) values ({places})"
        left = iter(rows)
        while some := list(islice(left, _AT_A_TIME)):
            # The first column is what a row belongs to, or is found by, so it does for the key of the change.
            await asyncio.gather(*(writer.run(row[0], insert, *row) for row in some))
        told(table, len(rows))

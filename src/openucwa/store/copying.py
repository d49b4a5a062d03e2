"""From the embedded default to a database: every row of a SQLite store, as it is, in a new store of any engine."""
# ruff: noqa: S608 -- statements are put together from constants alone

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from openucwa.model.refusals import Conflict
from openucwa.store.sql import SqlStore, tables
from openucwa.store.sql.table import insert

#: What there is to copy: table -> columns, those that refer to others behind them. The last to come are the users: to
#: a copy that broke off none of them can sign in.
TABLES: Mapping[str, Sequence[str]] = {
    "applications": tables.APPLICATIONS.all_columns,
    "replaced_applications": tables.REPLACED_APPLICATIONS,
    "counters": tables.COUNTERS,
    "channels": tables.CHANNELS.all_columns,
    "meetings": tables.MEETINGS.all_columns,
    "conference_ids": tables.CONFERENCE_IDS,
    "extensions": tables.EXTENSIONS.all_columns,
    "participations": tables.PARTICIPATIONS.all_columns,
    "invitations": tables.INVITATIONS.all_columns,
    "topics": tables.TOPICS,
    "events": tables.EVENTS.all_columns,
    "signing_keys": tables.SIGNING_KEYS.all_columns,
    "removed_users": tables.REMOVED_USERS,
    "users": tables.USERS.all_columns,
}

#: Rows that are on their way at a time.
_AT_A_TIME = 1_000


async def copy_store(source: SqlStore, target: SqlStore, progress: Callable[[str, int], None]) -> None:
    """Copies all that is in `source`, as of one moment, to `target`, which is open and new.

    `progress` is called for each table when it is copied, with the number of its rows.
    Conflict: there is something in the new store already, and nothing was copied. Whatever else is raised leaves a new
    store that is not whole, and that has to be removed.
    """
    for table in TABLES:
        if await target.reader.rows(f"select 1 from {table} limit 1"):
            raise Conflict(f"the store to copy to is not new: there are {table.replace('_', ' ')} in it")
    contents = await source.reader.read(
        *((f"select {', '.join(columns)} from {table}", ()) for table, columns in TABLES.items())
    )
    for (table, columns), rows in zip(TABLES.items(), contents, strict=True):
        statement = insert(table, columns)
        left = iter(rows)
        while some := list(islice(left, _AT_A_TIME)):
            # The first column is what a row belongs to, or is found by, so it does for the key of the change.
            await asyncio.gather(*(target.writer.run(row[0], statement, *row) for row in some))
        progress(table, len(rows))

"""Copies a SQLite store, row by row, to a new store of any engine."""
# ruff: noqa: S608 -- statements are put together from constants alone

import asyncio
from collections.abc import Callable, Mapping, Sequence

from openucwa.model.refusals import Conflict
from openucwa.store.snapshots import pages
from openucwa.store.sql import SqlStore, tables
from openucwa.store.sql.table import insert
from openucwa.store.sqlite import SqliteStore

#: The tables to copy with their columns, referenced ones first. Users come last: nobody can sign in to an incomplete
#: copy.
TABLES: Mapping[str, Sequence[str]] = {
    "applications": tables.APPLICATIONS.all_columns,
    "replaced_applications": tables.REPLACED_APPLICATIONS,
    "counters": tables.COUNTERS,
    "channels": tables.CHANNELS.all_columns,
    "meetings": tables.MEETINGS.all_columns,
    "conference_ids": tables.CONFERENCE_IDS,
    "handed_over": tables.HANDED_OVER,
    "extensions": tables.EXTENSIONS.all_columns,
    "changes": tables.CHANGES.all_columns,
    "invitees": tables.INVITEES.all_columns,
    "forgotten_changes": tables.FORGOTTEN_CHANGES,
    "change_log": tables.CHANGE_LOG,
    "schemas": tables.SCHEMAS.all_columns,
    "webhooks": tables.WEBHOOKS.all_columns,
    "deliveries": tables.DELIVERIES.all_columns,
    "participations": tables.PARTICIPATIONS.all_columns,
    "invitations": tables.INVITATIONS.all_columns,
    "conversation_logs": tables.CONVERSATION_LOGS.all_columns,
    "log_messages": tables.LOG_MESSAGES.all_columns,
    "presences": tables.PRESENCES.all_columns,
    "endpoints": tables.ENDPOINTS.all_columns,
    "subscriptions": tables.SUBSCRIPTIONS.all_columns,
    "subscribed": tables.SUBSCRIBED,
    "topics": tables.TOPICS,
    "events": tables.EVENTS.all_columns,
    "contacts": tables.CONTACTS.all_columns,
    "contact_groups": tables.CONTACT_GROUPS.all_columns,
    "contact_memberships": tables.CONTACT_MEMBERSHIPS,
    "privacy_relationships": tables.PRIVACY_RELATIONSHIPS,
    "contact_subscriptions": tables.CONTACT_SUBSCRIPTIONS,
    "user_words": tables.USER_WORDS,
    "photos": tables.PHOTOS.all_columns,
    "signing_keys": tables.SIGNING_KEYS.all_columns,
    "removed_users": tables.REMOVED_USERS,
    "users": tables.USERS.all_columns,
}

#: What a new store has a row of, which the copied one replaces.
_INITIAL = frozenset({"change_log"})

#: The columns of a table's primary key, in their order.
_KEY = "select name from pragma_table_info(?) where pk > 0 order by pk"
#: Rows per batch.
_AT_A_TIME = 500


async def copy_store(source: SqliteStore, target: SqlStore, progress: Callable[[str, int], None]) -> None:
    """Copies everything in `source`, as of one moment, to `target`, which is open and new.

    `progress` is called after each table, with the number of its rows. Conflict: the target is not new; nothing was
    copied. Any other error leaves an incomplete target, which must be removed.
    """
    for table in (name for name in TABLES if name not in _INITIAL):
        if await target.reader.rows(f"select 1 from {table} limit 1"):
            raise Conflict(f"the target store is not empty: it contains {table.replace('_', ' ')}")
    async with source.snapshot() as snapshot:
        for table, columns in TABLES.items():
            statement, count = insert(table, columns), 0
            if table in _INITIAL:
                await target.writer.run(table, f"delete from {table}")
            key = [name for (name,) in await snapshot.rows(_KEY, table)] or columns
            async for rows in pages(snapshot, table, columns, key, size=_AT_A_TIME):
                # The first column is the owner or the key of a row, so it serves as the key of the change.
                await asyncio.gather(*(target.writer.run(row[0], statement, *row) for row in rows))
                count += len(rows)
            progress(table, count)

"""A store as lines: all of it, or what is stored of one user."""

import base64
from collections.abc import AsyncIterator, Sequence
from typing import Any

from openucwa import __version__
from openucwa.model.schema import SchemaVersion
from openucwa.store.snapshots import Snapshot, pages
from openucwa.store.sql import tables
from openucwa.store.sql.table import Table
from openucwa.transfer import lines
from openucwa.transfer.lines import DataLine, HandoverLine, Header, Line, RemovedUserLine, moment

#: Rows that are read at a time: extensions and photos may be large.
_FEW = 32
#: What a user's webhook is shown with.
WEBHOOK = ("owner", "id", "url", "description", "kinds", "filter", "state", "reason", "created", "changed")
#: What is stored of a user besides meetings and their extensions, with the keys of the tables. Channels, events and the
#: like last for minutes, and are left out.
OF_USER: Sequence[tuple[Table[Any] | str, Sequence[str], Sequence[str]]] = (
    (tables.APPLICATIONS, (), ("owner", "id")),
    (tables.CONTACTS, (), ("owner", "uri")),
    (tables.CONTACT_GROUPS, (), ("owner", "id")),
    ("contact_memberships", tables.CONTACT_MEMBERSHIPS, ("owner", "uri", "group_id")),
    ("privacy_relationships", tables.PRIVACY_RELATIONSHIPS, ("owner", "uri")),
    (tables.PRESENCES, (), ("owner",)),
    (tables.CONVERSATION_LOGS, (), ("owner", "id")),
    (tables.LOG_MESSAGES, (), ("owner", "log_id", "number")),
    (tables.PHOTOS, (), ("owner", "size")),
    # Without their secrets.
    ("webhooks", WEBHOOK, ("owner", "id")),
)


async def export(
    snapshot: Snapshot, now: int, *, user: str | None = None, passwords: bool = True, history: bool = True
) -> AsyncIterator[Line]:
    """The lines, in the order in which an import needs them: what comes first does not refer to what follows.

    `user`: only this user's data (a SIP URI in lower case), and all of them, but no password. `passwords`: whether the
    hashes of passwords are in it; `history`: whether the change log is.
    """
    yield Header(lines.VERSION, __version__, moment(now), user)
    own = None if user is None else ("organizer", user)
    table = tables.USERS
    columns = table.columns.split(", ")
    async for rows in pages(snapshot, table.name, columns, ["uri"], of=None if user is None else ("uri", user)):
        for row in rows:
            yield lines.line_of_user(table.record(row), password=passwords and user is None)
    async for line in _removed_users(snapshot) if user is None else _of_user(snapshot, user):
        yield line
    async for line in _schemas(snapshot, None if user is None else ("owner", user)):
        yield line
    if history:
        names = tables.CHANGES.columns.split(", ")
        async for rows in pages(snapshot, "changes", names, ["number"], of=own, size=_FEW):
            for row in rows:
                yield lines.line_of_change(tables.CHANGES.record(row))
    names = tables.MEETINGS.columns.split(", ")
    async for rows in pages(snapshot, "meetings", names, ["organizer", "id"], of=own):
        for row in rows:
            yield lines.line_of_meeting(tables.MEETINGS.record(row))
    key = ["organizer", "meeting_id"]
    of = None if user is None else ("successor", user)
    async for rows in pages(snapshot, "handed_over", tables.HANDED_OVER, key, of=of):
        for row in rows:
            yield HandoverLine(*row)
    names = ["organizer", "meeting_id", *tables.EXTENSIONS.columns.split(", "), "position"]
    key = ["organizer", "meeting_id", "position", "id"]
    async for rows in pages(snapshot, "extensions", names, key, of=own, size=_FEW):
        for organizer, meeting_id, *rest in map(tuple, rows):
            yield lines.line_of_extension(organizer, meeting_id, tables.EXTENSIONS.record(rest))


async def _schemas(snapshot: Snapshot, own: tuple[str, str] | None) -> AsyncIterator[Line]:
    """The schemas in force: of each the newest version, if it was not removed."""
    names, key = tables.SCHEMAS.all_columns, ("owner", "extension_id", "version")
    newest: tuple[str, SchemaVersion] | None = None
    async for rows in pages(snapshot, "schemas", names, key, of=own):
        for owner, *rest in map(tuple, rows):
            version = tables.SCHEMAS.record(rest)
            if newest is not None and (newest[0], newest[1].extension_id) != (owner, version.extension_id):
                for line in lines.lines_of_schema(*newest):
                    yield line
            newest = owner, version
    for line in lines.lines_of_schema(*newest) if newest is not None else ():
        yield line


async def _removed_users(snapshot: Snapshot) -> AsyncIterator[Line]:
    async for rows in pages(snapshot, "removed_users", tables.REMOVED_USERS, ["uri"]):
        for (uri,) in rows:
            yield RemovedUserLine(uri)


async def _of_user(snapshot: Snapshot, user: str) -> AsyncIterator[Line]:
    for table, columns, key in OF_USER:
        name, names = (table, columns) if isinstance(table, str) else (table.name, table.all_columns)
        async for line in _rows(snapshot, name, names, key, ("owner", user)):
            yield line
    # Where links to this user's former meetings lead: they are others' now.
    names = tables.HANDED_OVER
    async for line in _rows(snapshot, "handed_over", names, ("organizer", "meeting_id"), ("organizer", user)):
        yield line


async def _rows(
    snapshot: Snapshot, name: str, names: Sequence[str], key: Sequence[str], of: tuple[str, str]
) -> AsyncIterator[Line]:
    async for rows in pages(snapshot, name, names, key, of=of, size=_FEW):
        for row in rows:
            yield DataLine(name, {column: _shown(value) for column, value in zip(names, row, strict=True)})


def _shown(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value

"""Entries of the change log of another store, which are added to this one's."""

from collections.abc import Sequence
from dataclasses import replace

from openucwa.model.change import Change
from openucwa.store.engine import UNCACHED, Transaction
from openucwa.store.sql import SqlStore

_SAME = """
    select number from changes where organizer = ? and meeting_id = ? and extension_id = ? and kind = ? and at = ?
        and etag_before = ? and etag = ?
"""
_ADD = """
    insert into changes (organizer, meeting_id, extension_id, kind, at, actor, application, user_agent, change_set,
        etag_before, etag, type_before, type, contents)
    values (?, ?, ?, ?, cast(? as bigint), ?, ?, ?, cast(? as bigint), ?, ?, ?, ?, ?) returning number
"""


async def add_changes(store: SqlStore, organizer: str, changes: Sequence[Change], sets: dict[int, int]) -> int:
    """Adds the changes of one organizer, in their order, unless they are there; returns how many were added.

    They get new numbers, behind those of all others. `sets`: the new numbers of change sets that began before; those of
    these changes are added.
    """

    async def work(transaction: Transaction) -> tuple[int, dict[int, int]]:
        added, found = 0, dict(sets)
        for change in changes:
            row = await transaction.row(
                _SAME,
                organizer,
                change.meeting_id,
                change.extension_id,
                str(change.kind),
                change.at,
                change.etag_before,
                change.etag,
            )
            if row is None:
                row = await transaction.row(_ADD, *_values(replace(change, organizer=organizer), found))
                added += 1
            if row is not None:
                found.setdefault(change.change_set, row[0])
        return added, found

    added, found = await store.writer.change(work, organizer, scope=UNCACHED, must_notify=False)
    sets.update(found)
    return added


def _values(change: Change, sets: dict[int, int]) -> list[object]:
    return [
        change.organizer,
        change.meeting_id,
        change.extension_id,
        str(change.kind),
        change.at,
        change.actor,
        change.application,
        change.user_agent,
        sets.get(change.change_set),
        change.etag_before,
        change.etag,
        change.type_before,
        change.type,
        change.contents,
    ]

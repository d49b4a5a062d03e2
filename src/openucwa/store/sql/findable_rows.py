"""The index of queries: the rows of `findable`, brought up to date from the change log in bounded steps.

A change of a meeting costs nothing here: the log is its only trace, and a query reads what came after the position of
its organizer's index. Without a position, of another log, or if the log has forgotten what came after it, everything of
the organizer is walked through once.
"""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from openucwa.model.filters import Comparable
from openucwa.store.engine import Transaction
from openucwa.store.findable import extension_values, meeting_values, text_of
from openucwa.store.sql.table import insert
from openucwa.store.sql.tables import EXTENSIONS, FINDABLE, FINDABLE_STATE, MEETINGS

#: Changed by the version of `store/findable.py`: an index of another version is made again.
VERSION = "1"
#: Rows of a step, approximately, and things that it reads at a time.
_ROWS = 500
_CHANGES = 100
_MEETINGS = 50
_EXTENSIONS = 10
#: Rows of one statement.
_TOGETHER = 50

_STATE = """
    select s.identity, s.number, s.walked from findable_state s where s.organizer = ?
"""
_LOG = "select identity from change_log"
_FORGOTTEN = "select number from forgotten_changes where organizer = ?"
_LAST = "select coalesce(max(number), 0) from changes where organizer = ?"
_BEGIN = (
    insert("findable_state", FINDABLE_STATE)
    + " on conflict (organizer) do update set identity = excluded.identity, number = excluded.number,"
    " walked = excluded.walked"
)
_ADVANCE = "update findable_state set number = ?, walked = ? where organizer = ?"

_CHANGED = """
    select number, meeting_id, extension_id from changes where organizer = ? and number > ? order by number limit ?
"""
_MEETING = f"select {MEETINGS.columns} from meetings where organizer = ? and id = ?"
_EXTENSION = f"select {EXTENSIONS.columns} from extensions where organizer = ? and meeting_id = ? and id = ?"
_NEXT_MEETINGS = f"select {MEETINGS.columns} from meetings where organizer = ? and id > ? order by id limit ?"
_NEXT_EXTENSIONS = f"""
    select {EXTENSIONS.columns}, meeting_id from extensions
    where organizer = ? and (meeting_id, id) > (?, ?) order by meeting_id, id limit ?
"""
_FORGET = "delete from findable where organizer = ? and meeting_id = ? and extension_id = ?"
_FORGET_MEETING = "delete from findable where organizer = ? and meeting_id = ?"

#: Where a walk is: among the meetings, behind an id; or among the extensions, behind the ids of meeting and extension.
_walk = msgspec.json.Decoder(tuple[str, ...]).decode
_encode = msgspec.json.Encoder().encode


async def step(transaction: Transaction, organizer: str, max_values: int) -> bool:
    """Brings the index of `organizer`, whose key the change holds, closer to the present; whether it is there now.

    `max_values`: as `QueryLimits.values`.
    """
    ((log,),) = await transaction.rows(_LOG)
    identity = identity_of(log, max_values)
    state = await transaction.row(_STATE, organizer)
    forgotten = await transaction.row(_FORGOTTEN, organizer)
    lost = 0 if forgotten is None else forgotten[0]
    if state is None or state[0] != identity or state[1] < lost:
        ((last,),) = await transaction.rows(_LAST, organizer)
        number, walked = max(last, lost), _place("")
        await transaction.run(_BEGIN, organizer, identity, number, walked)
    else:
        _, number, walked = state
    if walked:
        walked = await _walk_on(transaction, organizer, _walk(walked), max_values)
        await transaction.run(_ADVANCE, number, walked, organizer)
        return False
    reached, more = await _catch_up(transaction, organizer, number, max_values)
    await transaction.run(_ADVANCE, reached, "", organizer)
    return not more


def identity_of(log: str, max_values: int) -> str:
    """The identity of an index: the log and the way that it was built from."""
    return log + suffix(max_values)


def suffix(max_values: int) -> str:
    """What follows the identity of the log in that of an index."""
    return f"/{VERSION}/{max_values}"


async def _catch_up(transaction: Transaction, organizer: str, number: int, max_values: int) -> tuple[int, bool]:
    """Indexes what was changed after `number`; up to where, and whether there is more."""
    changes = await transaction.rows(_CHANGED, organizer, number, _CHANGES)
    done: set[tuple[str, str]] = set()
    written = 0
    for number, meeting_id, extension_id in changes:  # noqa: PLR1704  # as far as it has come
        if (meeting_id, extension_id) in done:
            continue
        if written >= _ROWS:
            return number - 1, True
        done.add((meeting_id, extension_id))
        written += await _renew(transaction, organizer, meeting_id, extension_id, max_values)
    return number, len(changes) == _CHANGES


async def _renew(transaction: Transaction, organizer: str, meeting_id: str, extension_id: str, max_values: int) -> int:
    """Indexes one meeting or extension as it is now; the number of its rows."""
    await transaction.run(_FORGET, organizer, meeting_id, extension_id)
    if not extension_id:
        row = await transaction.row(_MEETING, organizer, meeting_id)
        values = {} if row is None else meeting_values(MEETINGS.record(row))
    else:
        row = await transaction.row(_EXTENSION, organizer, meeting_id, extension_id)
        values = {} if row is None else extension_values(EXTENSIONS.record(row), max_values)
    return await _add(transaction, _rows(organizer, meeting_id, extension_id, values))


async def _walk_on(transaction: Transaction, organizer: str, walked: Sequence[str], max_values: int) -> str:
    """Indexes what follows `walked`; where the walk is then, empty: at the end."""
    if len(walked) == 1:
        meetings = [
            MEETINGS.record(row) for row in await transaction.rows(_NEXT_MEETINGS, organizer, *walked, _MEETINGS)
        ]
        for meeting in meetings:
            await transaction.run(_FORGET_MEETING, organizer, meeting.id)
        await _add(
            transaction,
            [row for each in meetings for row in _rows(organizer, each.id, "", meeting_values(each))],
        )
        return _place("", "") if len(meetings) < _MEETINGS else _place(meetings[-1].id)
    written = 0
    place: Sequence[str] = walked
    while written < _ROWS:
        found = await transaction.rows(_NEXT_EXTENSIONS, organizer, *place, _EXTENSIONS)
        rows: list[tuple[str, ...]] = []
        for row in found:
            extension, meeting_id = EXTENSIONS.record(row), row[EXTENSIONS.width]
            rows += _rows(organizer, meeting_id, extension.id, extension_values(extension, max_values))
            place = (meeting_id, extension.id)
        written += await _add(transaction, rows)
        if len(found) < _EXTENSIONS:
            return ""
    return _place(*place)


def _place(*ids: str) -> str:
    return _encode(ids).decode()


def _rows(
    organizer: str, meeting_id: str, extension_id: str, values: Mapping[str, Iterable[Comparable]]
) -> list[tuple[str, ...]]:
    return [
        (organizer, meeting_id, extension_id, name, text_of(value)) for name, found in values.items() for value in found
    ]


async def _add(transaction: Transaction, rows: Sequence[tuple[str, ...]]) -> int:
    """The number of rows."""
    for begin in range(0, len(rows), _TOGETHER):
        some = rows[begin : begin + _TOGETHER]
        places = ", ".join(["(?, ?, ?, ?, ?)"] * len(some))
        columns = ", ".join(FINDABLE)
        await transaction.run(
            f"insert into findable ({columns}) values {places} on conflict do nothing",
            *(value for row in some for value in row),
        )
    return len(rows)

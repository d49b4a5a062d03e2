"""Rows of the change log and of invitees, as parts of the changes that they are about."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from openucwa.model.change import ROW_BYTES, Author, ChangeKind, Position
from openucwa.model.meeting import Extension, Meeting, MeetingSettings
from openucwa.model.refusals import ServiceUnavailable
from openucwa.store.engine import UNCACHED, Query, Transaction, Writer
from openucwa.store.sql.lists import list_size
from openucwa.store.sql.tables import CHANGES

#: A user's limit in parts: after as much as one a process measures the log, and two are left free if it was full.
_PARTS = 64
#: How many organizers are counted at once.
_ORGANIZERS = 10_000
#: Rows that are read or written at a time.
_ROWS = 500

#: The columns of a change, as they are read.
COLUMNS = CHANGES.columns.replace("change_set", "coalesce(change_set, number) as change_set")
SELECT_CHANGES = f"select {COLUMNS} from changes "

_INSERT = """
    insert into changes (organizer, meeting_id, extension_id, kind, at, actor, application, user_agent, change_set,
        etag_before, etag, type_before, type, contents)
"""
_RECORD = _INSERT + "select ?, ?, ?, ?, cast(? as bigint), ?, ?, ?, cast(? as bigint), ?, ?, ?, ?, ?"

_RECORD_REMOVED = (
    _INSERT
    + """
    select organizer, meeting_id, id, 'removed', cast(?3 as bigint), ?4, ?5, ?6, cast(?7 as bigint), etag, '', type, '',
        properties
    from extensions where organizer = ?1 and meeting_id = ?2
"""
)
_ONE = "and id = ?8"
_IN_ORDER = "order by position"

#: Of a user who is removed: that a meeting or an extension has gone, and nothing else.
_RECORD_GONE_MEETINGS = (
    _INSERT
    + """
    select organizer, id, '', 'removed', cast(?2 as bigint), '', '', '', null, etag, '', '', '', null
    from meetings where organizer = ?1 order by position
"""
)
_RECORD_GONE_EXTENSIONS = (
    _INSERT
    + """
    select organizer, meeting_id, id, 'removed', cast(?2 as bigint), '', '', '', null, etag, '', type, '', null
    from extensions where organizer = ?1 order by meeting_id, position
"""
)
_FORGET_ALL = "delete from changes where organizer = ?"
_END_ALL = """
    update invitees set until = (
        select max(c.number) from changes c
        where c.organizer = invitees.organizer and c.meeting_id = invitees.meeting_id and c.extension_id = ''
    ) where organizer = ? and until is null
"""

_INVITED = "select uri from invitees where organizer = ? and meeting_id = ? and until is null"
_INVITE = "insert into invitees (organizer, meeting_id, uri, since) values "
_UNINVITE = """
    update invitees set until = ? where organizer = ? and meeting_id = ? and until is null and uri in
"""
_UNINVITE_ALL = "update invitees set until = ? where organizer = ? and meeting_id = ? and until is null"
_FORGET_INVITED = "delete from invitees where organizer = ? and meeting_id = ?"

#: Of the changes behind number `?2`: how many, how large, and the last number.
_SIZE = """
    select count(*), coalesce(sum(length(contents)), 0), coalesce(max(number), ?2) from changes
    where organizer = ?1 and number > ?2
"""
#: How far whatever shortens an organizer's log has come: two sweeps, and the removal of its first changes.
_SHORTENED = """
    select swept_transaction, swept, trimmed_transaction, trimmed, (
        select number from shown_changes where organizer = ? order by transaction_id, number limit 1
    ) from change_log
"""
_OLDEST = """
    select transaction_id, number, coalesce(length(contents), 0) from shown_changes
    where organizer = ? order by transaction_id, number limit ?
"""
#: Up to position `?2, ?3`. `?4`: no change up to it has a higher number, which helps an engine without transactions.
_FORGET_OLDEST = "delete from changes where organizer = ?1 and (transaction_id, number) <= (?2, ?3) and number <= ?4"
_FORGOTTEN = """
    insert into forgotten_changes (organizer, transaction_id, number) values (?, ?, ?)
    on conflict (organizer) do update set transaction_id = excluded.transaction_id, number = excluded.number
"""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class LogLimits:
    """`enabled`: whether changes are logged. `user_bytes`: the maximum size of an organizer's changes."""

    enabled: bool = True
    user_bytes: int = 33_554_432


class State(NamedTuple):
    """An extension or a meeting before or after a change, as the log names it. `type`: empty for a meeting."""

    etag: str = ""
    type: str = ""


#: Before something was added, and after it was removed.
NOTHING = State()


class _Measured(NamedTuple):
    """An organizer's log when measured: its `size` in bytes up to number `last`, and the result of _SHORTENED."""

    size: int = 0
    last: int = 0
    shortened: tuple[object, ...] = ()


class Log:
    """Writes the change log. One for all parts of a store: it knows how much was added to it since it last measured."""

    def __init__(self, writer: Writer, limits: LogLimits) -> None:
        self._writer = writer
        self._limits = limits
        self._added: dict[str, int] = {}
        self._measured: dict[str, _Measured] = {}

    @property
    def enabled(self) -> bool:
        """Whether changes are logged."""
        return self._limits.enabled

    def extension_changed(
        self,
        kind: ChangeKind,
        organizer: str,
        meeting_id: str,
        before: State,
        extension: Extension,
        at: int,
        by: Author,
        change_set: int | None = None,
    ) -> Query | None:
        """The statement that logs that `extension` was added or replaced; None: nothing is logged.

        `change_set`: the number of the first change of the request; None: this is the first.
        """
        if not self._limits.enabled:
            return None
        after = (extension.etag, before.type, str(extension.type), extension.properties)
        return _RECORD, (organizer, meeting_id, extension.id, str(kind), at, *by, change_set, before.etag, *after)

    async def record_extension(
        self,
        transaction: Transaction,
        kind: ChangeKind,
        organizer: str,
        meeting_id: str,
        before: State,
        extension: Extension,
        at: int,
        by: Author,
        change_set: int | None = None,
    ) -> int:
        """Logs that `extension` was added or replaced; returns the number of the change, 0 if nothing is logged."""
        query = self.extension_changed(kind, organizer, meeting_id, before, extension, at, by, change_set)
        return 0 if query is None else await _numbered(transaction, query)

    async def record_meeting(
        self,
        transaction: Transaction,
        kind: ChangeKind,
        before: Meeting | None,
        after: Meeting | None,
        at: int,
        by: Author,
        change_set: int | None = None,
    ) -> int:
        """Logs a change of a meeting itself, and keeps its invitees up to date; as `record_extension`."""
        meeting = after or before
        if meeting is None:
            raise ValueError("a change is of something")
        number = 0
        if self._limits.enabled:
            etags = ("" if before is None else before.etag, "" if after is None else after.etag)
            values = (
                meeting.organizer,
                meeting.id,
                "",
                str(kind),
                at,
                *by,
                change_set,
                *etags,
                "",
                "",
                _encode(meeting),
            )
            number = await _numbered(transaction, (_RECORD, values))
        if after is None:
            await self._uninvite_all(transaction, meeting, number)
        elif before is None or _lists(before.settings) != _lists(after.settings):
            await self._invite(transaction, after, number)
        return number

    async def record_removed_extensions(
        self,
        transaction: Transaction,
        organizer: str,
        meeting_id: str,
        at: int,
        by: Author,
        change_set: int | None = None,
        extension_id: str | None = None,
    ) -> int:
        """Logs the removal of this extension, or of all of the meeting's, which are still there; returns the number of
        the first change, 0 if nothing is logged.
        """
        if not self._limits.enabled:
            return 0
        values = [organizer, meeting_id, at, *by, change_set]
        values += [] if extension_id is None else [extension_id]
        sql = _RECORD_REMOVED + (_IN_ORDER if extension_id is None else _ONE) + " returning number"
        return min((int(number) for (number,) in await transaction.rows(sql, *values)), default=0)

    async def record_removed_user(self, transaction: Transaction, organizer: str, at: int) -> None:
        """Forgets what a user's meetings were, and logs that they are removed; they are still there."""
        await transaction.run(_FORGET_ALL, organizer)
        if self._limits.enabled:
            await transaction.run(_RECORD_GONE_MEETINGS, organizer, at)
            await transaction.run(_RECORD_GONE_EXTENSIONS, organizer, at)
            await transaction.run(_END_ALL, organizer)
        else:
            await transaction.run("delete from invitees where organizer = ?", organizer)

    async def _invite(self, transaction: Transaction, meeting: Meeting, number: int) -> None:
        wanted = {uri.lower() for uri in _lists(meeting.settings)} - {meeting.organizer}
        key = (meeting.organizer, meeting.id)
        invited = {uri for (uri,) in await transaction.rows(_INVITED, *key)}
        for some in _some(sorted(wanted - invited)):
            values = [value for uri in some for value in (*key, uri, number)]
            places = ", ".join(["(?, ?, ?, ?)"] * len(some))
            await transaction.run(f"{_INVITE}{places} on conflict do nothing", *values)
        for some in _some(sorted(invited - wanted)):
            uris = f"({', '.join('?' * len(some))})"
            if self._limits.enabled:
                await transaction.run(_UNINVITE + uris, number, *key, *some)
            else:
                await transaction.run(f"{_FORGET_INVITED} and uri in {uris}", *key, *some)

    async def _uninvite_all(self, transaction: Transaction, meeting: Meeting, number: int) -> None:
        key = (meeting.organizer, meeting.id)
        if self._limits.enabled:
            await transaction.run(_UNINVITE_ALL, number, *key)
        else:
            await transaction.run(_FORGET_INVITED, *key)

    def full(self, organizer: str, size: int) -> bool:
        """Whether the log of `organizer` has to be measured, now that a change with `size` bytes was committed."""
        if not self._limits.enabled:
            return False
        if len(self._added) >= _ORGANIZERS and organizer not in self._added:
            self._added.clear()
            self._measured.clear()
        added = self._added.get(organizer, 0) + size + ROW_BYTES
        self._added[organizer] = added
        return added * _PARTS > self._limits.user_bytes

    async def shrink(self, organizer: str) -> None:
        """Forgets the oldest changes of `organizer` if they exceed the limit. A failure is left to the next time.

        Only what was added since the last time is measured, unless something else has shortened the log meanwhile.
        """
        known, limit = self._measured.pop(organizer, _Measured()), self._limits.user_bytes

        async def work(transaction: Transaction) -> _Measured:
            shortened = await _shortened(transaction, organizer)
            size, last, _ = known if shortened == known.shortened else _Measured()
            ((rows, added, last),) = await transaction.rows(_SIZE, organizer, last)
            size += rows * ROW_BYTES + added
            if size > limit:
                size -= await self._forget(transaction, organizer, size - limit + 2 * limit // _PARTS)
                shortened = await _shortened(transaction, organizer)
            return _Measured(size, last, shortened)

        self._added.pop(organizer, None)
        try:
            self._measured[organizer] = await self._writer.change(work, organizer, scope=UNCACHED)
        except ServiceUnavailable:
            # The change that filled the log is made; the next one measures again.
            self._added[organizer] = limit

    async def _forget(self, transaction: Transaction, organizer: str, surplus: int) -> int:
        """Forgets the oldest changes of `organizer`, of at least `surplus` bytes if there are as many; returns how many
        bytes that were.
        """
        forgotten = 0
        while forgotten < surplus and (oldest := await transaction.rows(_OLDEST, organizer, _ROWS)):
            highest = 0
            for transaction_id, number, length in oldest:
                last, highest = Position(transaction_id, number), max(highest, number)
                forgotten += length + ROW_BYTES
                if forgotten >= surplus:
                    break
            await transaction.run(_FORGET_OLDEST, organizer, *last, highest)
            await transaction.run(_FORGOTTEN, organizer, *last)
        return forgotten


async def _shortened(transaction: Transaction, organizer: str) -> tuple[object, ...]:
    (row,) = await transaction.rows(_SHORTENED, organizer)
    return tuple(row)


async def _numbered(transaction: Transaction, query: Query) -> int:
    statement, values = query
    ((number,),) = await transaction.rows(f"{statement} returning number", *values)
    return int(number)


def _lists(settings: MeetingSettings) -> tuple[str, ...]:
    """All who are named in a meeting."""
    return settings.attendees + settings.leaders


def _some(uris: Sequence[str]) -> list[list[str]]:
    """`uris` in lists of few different lengths, filled up with their last one."""
    found = []
    for begin in range(0, len(uris), _ROWS):
        some = list(uris[begin : begin + _ROWS])
        found.append([*some, *some[-1:] * (list_size(len(some)) - len(some))])
    return found

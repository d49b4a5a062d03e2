"""The change log, read; and its sweeps. `change_rows.py` writes it."""
# ruff: noqa: S608 -- statements are put together from constants alone

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from openucwa.model.change import Change, ChangeKind, Changes, Invitee, Position
from openucwa.model.meeting import ExtensionType
from openucwa.model.refusals import ChangesForgotten, ResourceNotFound
from openucwa.store.engine import UNCACHED, Query, Row, Transaction
from openucwa.store.sql import handing_over
from openucwa.store.sql.change_rows import COLUMNS, SELECT_CHANGES
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import CHANGES, INVITEES

_NO_VERSION = "no such version, or the change log has forgotten it"

_OF_EXTENSION = "where organizer = ? and meeting_id = ? and extension_id = ? "
#: Without contents, which may be large.
_HEADS = f"select {COLUMNS.replace('contents', 'null')} from changes "

#: The newest changes of what they are about, of those that are removals.
_REMOVED_EXTENSIONS = (
    _HEADS
    + """
    where organizer = ?1 and kind = 'removed' and contents is not null and number in (
        select max(number) from changes where organizer = ?1 and meeting_id = ?2 and extension_id <> ''
        group by extension_id
    )
    order by number desc limit ?3
"""
)
_REMOVED_MEETINGS = (
    SELECT_CHANGES
    + """
    where organizer = ?1 and kind = 'removed' and contents is not null and number in (
        select max(number) from changes where organizer = ?1 and extension_id = '' group by meeting_id
    ) and not exists (select 1 from handed_over h where h.organizer = ?1 and h.meeting_id = changes.meeting_id)
    order by number desc limit ?2
"""
)

#: Behind position `?1, ?2`. `?3`: no change behind it has a lower number, which helps an engine without transactions.
_BEHIND = "(transaction_id, number) > (?1, ?2) and number > ?3"
_IN_ORDER = "order by transaction_id, number limit ?4"
_FEED = f"select {CHANGES.columns} from shown_changes where {_BEHIND} "
_ALL = _FEED + _IN_ORDER
_OWN = f"{_FEED} and organizer = ?5 {_IN_ORDER}"

#: Of others' meetings: what a participant sees, and whether it is the first or the last of an invitation.
_OTHERS = f"""
    select {CHANGES.columns_of("c")}, {{bound}} from {{source}}
    join shown_changes c on c.organizer = s.organizer and c.meeting_id = s.meeting_id
    where (c.transaction_id, c.number) > (?1, ?2) and c.number > ?3 and {{condition}}
        and (c.extension_id = '' or c.type = 'RoamedParticipantData' or c.type_before = 'RoamedParticipantData')
    order by c.transaction_id, c.number limit ?4
"""
_INVITED = _OTHERS.format(
    bound="case c.number when s.until then 'removed' when s.since then 'added' else '' end",
    source="invitees s",
    condition="s.uri = ?5 and c.number >= s.since and (s.until is null or c.number <= s.until)",
)
_IN_IT = _OTHERS.format(
    bound="''",
    source="""(
        select organizer, meeting_id, min(joined) as joined from participations
        where owner = ?5 and organizer <> ?5 and in_lobby = 0 and form = 'meeting' group by organizer, meeting_id
    ) s""",
    condition="c.at >= s.joined",
)

_LAST = "select transaction_id, number from shown_changes order by transaction_id desc, number desc limit 1"
_SWEPT = "select swept_transaction, swept from change_log"
_FORGOTTEN = "select transaction_id, number from forgotten_changes "
_FORGOTTEN_OF_ANY = _FORGOTTEN + "order by transaction_id desc, number desc limit 1"
_FORGOTTEN_OF = _FORGOTTEN + "where organizer = ?"
_FORGOTTEN_OF_SEEN = (
    _FORGOTTEN
    + """
    where organizer = ?1 or organizer in (select organizer from invitees where uri = ?1)
        or organizer in (select organizer from participations where owner = ?1)
"""
)

_VERSIONS = _HEADS + _OF_EXTENSION + "and number < ? and contents is not null order by number desc limit ?"
_VERSION = SELECT_CHANGES + _OF_EXTENSION + "and number = ? and contents is not null"
_CHANGE_SET = (
    SELECT_CHANGES + "where organizer = ?1 and number >= ?2 and coalesce(change_set, number) = ?2 order by number"
)

#: Of a sweep: without contents.
_NEXT = _ALL.replace("contents", "null")
_TRIMMED = "select trimmed_transaction, trimmed from change_log"
_SWEPT_TO = "update change_log set swept_transaction = ?, swept = ?"
_TRIMMED_TO = "update change_log set trimmed_transaction = ?, trimmed = ?"
#: Up to `?2`, but for the newest one of each that is not removed.
_FORGET = """
    delete from changes where organizer = ?1 and number <= ?2 and (kind = 'removed' or number not in (
        select max(number) from changes where organizer = ?1 and number <= ?2 group by meeting_id, extension_id
    ))
"""
_FORGET_INVITEES = "delete from invitees where organizer = ? and until <= ?"
_NO_LONGER_FULL = "delete from forgotten_changes where (transaction_id, number) <= (?, ?)"
_TRIM = """
    update changes set contents = null where organizer = ?1 and contents is not null and number in (
        select number from (
            select number, row_number() over (partition by meeting_id, extension_id order by number desc) as place
            from changes where organizer = ?1
        ) as ranked where place > ?2
    )
"""
_LAST_OF = "select max(number) from changes where organizer = ?"
_MANY = "select number from changes where organizer = ?1 order by number limit 1 offset ?2"

#: The key under which sweeps run one after the other.
_LOCK = "change log"
#: Above the number of any change.
_MAX = 2**63 - 1
_SHARED = ExtensionType.ROAMED_PARTICIPANT_DATA
_PLACES = [CHANGES.columns.split(", ").index(name) for name in ("transaction_id", "number")]

_AUDIENCE = """
    select uri from invitees where organizer = ?1 and meeting_id = ?2 and (until is null or until >= ?3)
    union select owner from participations where organizer = ?1 and meeting_id = ?2 and in_lobby = 0
"""
_INVITEES = f"select {INVITEES.columns} from invitees "


class ChangeLog(Part):
    """`store.contract.ChangeLog`, where each method is described."""

    #: Of the organizers whose whole logs this sweep has trimmed: the last change of each at that time.
    _trimmed: Mapping[str, int] = {}

    async def open(self) -> None:
        """Gives the log an identity if it has none, or takes it away if nothing is logged."""
        identity = await self.identity()
        if bool(identity) == self._log.enabled:
            return
        new = secrets.token_hex(16) if self._log.enabled else ""

        async def work(transaction: Transaction) -> None:
            await transaction.run("update change_log set identity = ? where identity = ?", new, identity)

        await self._writer.change(work, _LOCK, scope=UNCACHED)

    async def versions(
        self, organizer: str, meeting_id: str, extension_id: str, before: int | None, limit: int
    ) -> Sequence[Change]:
        key = (organizer, meeting_id, extension_id)
        rows = await self._reader.rows(_VERSIONS, *key, _MAX if before is None else before, limit)
        return [CHANGES.record(row) for row in rows]

    async def version(self, organizer: str, meeting_id: str, extension_id: str, number: int) -> Change:
        row = await self._reader.row(_VERSION, organizer, meeting_id, extension_id, number)
        if row is None:
            raise ResourceNotFound(_NO_VERSION)
        return CHANGES.record(row)

    async def removed_extensions(self, organizer: str, meeting_id: str, limit: int) -> Sequence[Change]:
        meeting, removed = await self._reader.read(
            ("select 1 from meetings where organizer = ? and id = ?", (organizer, meeting_id)),
            (_REMOVED_EXTENSIONS, (organizer, meeting_id, limit)),
        )
        if not meeting:
            raise ResourceNotFound("no such online meeting")
        return [CHANGES.record(row) for row in removed]

    async def removed_meetings(self, organizer: str, limit: int) -> Sequence[Change]:
        return [CHANGES.record(row) for row in await self._reader.rows(_REMOVED_MEETINGS, organizer, limit)]

    async def change_set(self, organizer: str, change_set: int) -> Sequence[Change]:
        rows = await self._reader.rows(_CHANGE_SET, organizer, change_set)
        return [CHANGES.record(row) for row in rows]

    async def after(self, reader: str, position: Position, limit: int) -> Changes:
        others = [(sql, _feed(position, limit, reader)) for sql in (_INVITED, _IN_IT)]
        own = (_OWN, _feed(position, limit, reader))
        return await self._after(position, limit, (_FORGOTTEN_OF_SEEN, (reader,)), own, *others)

    async def after_all(self, position: Position, limit: int) -> Changes:
        return await self._after(position, limit, (_FORGOTTEN_OF_ANY, ()), (_ALL, _feed(position, limit)))

    async def after_of(self, organizer: str, position: Position, limit: int) -> Changes:
        feed = (_OWN, _feed(position, limit, organizer))
        return await self._after(position, limit, (_FORGOTTEN_OF, (organizer,)), feed)

    async def _after(self, position: Position, limit: int, forgotten: Query, *feeds: Query) -> Changes:
        """The first `limit` changes of all feeds; those of a feed after the first are of others' meetings."""
        swept, beyond, last, *found = await self._reader.read((_SWEPT, ()), forgotten, (_LAST, ()), *feeds)
        horizon = max(Position(*row) for row in (*swept, *beyond))
        if horizon > position:
            raise ChangesForgotten("the change log has forgotten changes behind this position")
        changes = {change.position: change for rows in found[1:] for change in map(_as_others_see, rows)}
        changes |= {change.position: change for change in map(CHANGES.record, found[0])}
        # Behind the last change of a feed that has more there may be changes that are not read yet.
        ends = [Position(*_position(rows[-1])) for rows in found if len(rows) > limit]
        seen = sorted(place for place in changes if all(place <= end for end in ends))
        shown = tuple(changes[place] for place in seen[:limit])
        more = bool(ends) or len(seen) > limit
        if more:
            return Changes(shown, shown[-1].position, more)
        return Changes(shown, max(position, horizon, *(Position(*row) for row in last)), more)

    async def last(self) -> Position:
        swept, last = await self._reader.read((_SWEPT, ()), (_LAST, ()))
        return max(Position(*row) for row in (*swept, *last))

    async def identity(self) -> str:
        ((identity,),) = await self._reader.rows("select identity from change_log")
        return str(identity)

    async def invitees(self, organizer: str, meeting_id: str) -> Sequence[Invitee]:
        rows = await self._reader.rows(
            _INVITEES + "where organizer = ? and meeting_id = ? and until is null order by uri", organizer, meeting_id
        )
        return [INVITEES.record(row) for row in rows]

    async def audience(self, organizer: str, meeting_id: str, number: int) -> Sequence[str]:
        return [uri for (uri,) in await self._reader.rows(_AUDIENCE, organizer, meeting_id, number)]

    async def invited_to(self, uri: str, limit: int) -> Sequence[Invitee]:
        rows = await self._reader.rows(
            _INVITEES + "where uri = ? and until is null order by organizer, meeting_id limit ?", uri, limit
        )
        return [INVITEES.record(row) for row in rows]

    async def _next(self, swept: str) -> Change | None:
        """The first change behind the place that a sweep has come to, so that it need not begin in vain."""
        ((transaction_id, number),) = await self._reader.rows(swept)
        row = await self._reader.row(_NEXT, *_feed(Position(transaction_id, number), 0))
        return None if row is None else CHANGES.record(row)

    async def forget(self, before: int, limit: int) -> int:
        async def work(transaction: Transaction) -> int:
            ((transaction_id, number),) = await transaction.rows(_SWEPT)
            swept = Position(transaction_id, number)
            changes = [CHANGES.record(row) for row in await transaction.rows(_NEXT, *_feed(swept, limit - 1))]
            old = list(takewhile(lambda change: change.at < before, changes))
            last = {change.organizer: change.number for change in old}
            for organizer, last_number in last.items():
                await transaction.run(_FORGET, organizer, last_number)
                await transaction.run(_FORGET_INVITEES, organizer, last_number)
                await handing_over.forget_gone(transaction, organizer)
            if old:
                await transaction.run(_SWEPT_TO, *old[-1].position)
                await transaction.run(_NO_LONGER_FULL, *old[-1].position)
            return len(old)

        first = await self._next(_SWEPT)
        if first is None or first.at >= before:
            return 0
        return await self._writer.change(work, _LOCK, scope=UNCACHED, must_notify=False)

    async def trim(self, versions: int, limit: int) -> int:
        async def work(transaction: Transaction) -> tuple[int, dict[str, int]]:
            ((transaction_id, number),) = await transaction.rows(_TRIMMED)
            trimmed = Position(transaction_id, number)
            changes = [CHANGES.record(row) for row in await transaction.rows(_NEXT, *_feed(trimmed, limit - 1))]
            found: dict[str, int] = {}
            for organizer, last in sorted({change.organizer: change.number for change in changes}.items()):
                if last <= self._trimmed.get(organizer, 0):
                    continue
                if await transaction.row(_MANY, organizer, versions) is not None:
                    ((found[organizer],),) = await transaction.rows(_LAST_OF, organizer)
                    await transaction.run(_TRIM, organizer, versions)
            if changes:
                await transaction.run(_TRIMMED_TO, *changes[-1].position)
            return len(changes), found

        count, found = 0, dict[str, int]()
        if await self._next(_TRIMMED) is not None:
            count, found = await self._writer.change(work, _LOCK, scope=UNCACHED, must_notify=False)
        self._trimmed = {**self._trimmed, **found} if count == limit else {}
        return count


def _feed(position: Position, limit: int, *who: str) -> tuple[object, ...]:
    """The parameters of a feed behind `position`; one change more than `limit` shows whether there are further ones."""
    return (*position, position.number if position.transaction == 0 else 0, limit + 1, *who)


def _position(row: Row) -> tuple[int, int]:
    return row[_PLACES[0]], row[_PLACES[1]]


def _as_others_see(row: Row) -> Change:
    """The change of another's meeting, in a row of _OTHERS."""
    change, bound = CHANGES.record(row), row[CHANGES.width]
    change = replace(change, application="", user_agent="")
    if change.of_meeting:
        kind = ChangeKind(bound) if bound else change.kind
        return replace(change, kind=kind, contents=None) if kind == ChangeKind.REMOVED else replace(change, kind=kind)
    if change.type != _SHARED:
        return replace(change, kind=ChangeKind.REMOVED, etag="", type="", contents=None)
    if change.type_before != _SHARED:
        kind = change.kind if change.kind == ChangeKind.RESTORED else ChangeKind.ADDED
        return replace(change, kind=kind, etag_before="", type_before="")
    return change

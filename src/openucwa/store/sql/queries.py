"""Finding meetings. What is looked up, `findable_rows.py` writes; conditions come from `filter_statements.py`."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from openucwa.model.filters import Order, matches, terms
from openucwa.model.meeting import Extension, ExtensionType, Meeting
from openucwa.model.refusals import ServiceUnavailable
from openucwa.store.contract.queries import FoundMeetings, MeetingQuery, Place, QueryLimits
from openucwa.store.engine import UNCACHED, Query, Row, Transaction
from openucwa.store.findable import filterable
from openucwa.store.sql import findable_rows
from openucwa.store.sql.filter_statements import COMMON, candidates, condition, order_key
from openucwa.store.sql.filter_statements import Part as Clause
from openucwa.store.sql.lists import padded
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import EXTENSIONS, MEETINGS

#: Properties that every meeting has.
_ALWAYS = {"accessLevel", "creationTime", "onlineMeetingId", "organizerUri", "subject"}
#: Behind every id.
_LAST = "\U0010ffff"
_INCOMPLETE = "the index of the meetings is not complete yet; try again"
#: Organizers whose indexes are found to be behind at a time.
_BEHIND = 20

#: The meetings of others that a user (twice) may see.
_VISIBLE = """
    select i.organizer, i.meeting_id from invitees i where i.uri = ? and i.until is null
    union
    select p.organizer, p.meeting_id from participations p
    where p.owner = ? and p.in_lobby = 0 and p.ended is null and p.form = 'meeting'
"""

#: The organizers of meetings that a user may see, the user (first) among them, whose index has not got all changes.
_STALE = f"""
    select v.organizer from (select cast(? as text) as organizer union select organizer from ({_VISIBLE}) as seen) as v
    cross join change_log l left join findable_state s on s.organizer = v.organizer
    where s.organizer is null or s.walked <> '' or s.identity <> l.identity || cast(? as text)
        or exists (select 1 from changes c where c.organizer = v.organizer and c.number > s.number)
        or exists (select 1 from forgotten_changes g where g.organizer = v.organizer and g.number > s.number)
    order by v.organizer limit ?
"""

_SIZE = """
    length(m.description) + length(m.subject) + length(m.attendees) + length(m.leaders) + (
        select coalesce(sum(length(e.properties)), 0) from extensions e
        where e.organizer = m.organizer and e.meeting_id = m.id{only}
    )
"""
_ONLY = " and e.id = ?"

_MEETINGS = (
    f"select {MEETINGS.columns_of('m')} from (values {{values}}) as page"
    " join meetings m on m.organizer = page.column1 and m.id = page.column2"
)
_EXTENSIONS = (
    f"select {EXTENSIONS.columns_of('e')}, e.organizer, e.meeting_id from (values {{values}}) as page"
    " join extensions e on e.organizer = page.column1 and e.meeting_id = page.column2{only}"
    " order by e.organizer, e.meeting_id, e.position"
)


class Queries(Part):
    """`store.contract.Queries`, where the method is described."""

    async def find(self, query: MeetingQuery, limits: QueryLimits) -> FoundMeetings:
        steps = limits.steps
        statements = [_stale(query, limits), *_pages(query, limits)]
        for _ in range(limits.attempts):
            stale, *found = await self._reader.read(*statements)
            if not stale:
                page, after = _page(query, limits, found)
                stale, *rows = await self._reader.read(statements[0], *_contents(query, page))
                if not stale:
                    return FoundMeetings(_meetings(query, page, rows), after)
            for (organizer,) in stale:
                work = partial(findable_rows.step, organizer=organizer, max_values=limits.values)
                done = False
                while not done:
                    if steps <= 0:
                        raise ServiceUnavailable(_INCOMPLETE, retry_after=1)
                    steps -= 1
                    done = await self._writer.change(work, organizer, scope=UNCACHED, must_notify=False)
        return await self._writer.change(partial(self._find_alone, query, limits), query.user, scope=UNCACHED)

    async def _find_alone(self, query: MeetingQuery, limits: QueryLimits, transaction: Transaction) -> FoundMeetings:
        """While those who change the meetings are kept out."""
        steps = limits.steps
        sql, parameters = _stale(query, limits)
        while stale := await transaction.rows(sql, *parameters):
            for (organizer,) in stale:
                await transaction.lock(organizer)
                while not await findable_rows.step(transaction, organizer, limits.values):
                    steps -= 1
                    if steps <= 0:
                        raise ServiceUnavailable(_INCOMPLETE, retry_after=1)
        whole = replace(query, extension=None)  # all of them are needed to compare
        page, after = _page(whole, limits, await _rows(transaction, _pages(whole, limits)))
        found = _meetings(whole, page, await _rows(transaction, _contents(whole, page)))
        if query.wanted is not None:
            # Others' meetings may have changed in between.
            wanted = query.wanted
            found = [
                (meeting, extensions)
                for meeting, extensions in found
                if matches(wanted, filterable(meeting, extensions, limits.values))
            ]
        if query.extension is not None:
            found = [(each, [one for one in extensions if one.id == query.extension]) for each, extensions in found]
        return FoundMeetings(found, after)


async def _rows(transaction: Transaction, queries: Sequence[Query]) -> Sequence[Sequence[Row]]:
    return [await transaction.rows(sql, *parameters) for sql, parameters in queries]


def _stale(query: MeetingQuery, limits: QueryLimits) -> Query:
    return _STALE, (query.user, query.user, query.user, findable_rows.suffix(limits.values), _BEHIND)


def _pages(query: MeetingQuery, limits: QueryLimits) -> Sequence[Query]:
    """The next meetings of the user's own, and of others, in order, with their sizes; -1: they do not match."""
    most = _most(query, limits)
    others = Clause(
        f"({_VISIBLE}) as v join meetings m on m.organizer = v.organizer and m.id = v.meeting_id"
        " where m.organizer <> ?",
        (query.user, query.user, query.user),
    )
    return (
        _compared(query, _own(query, most), organizer=True),
        _compared(query, _sorted(query, others, most, organizer=False), organizer=False),
    )


def _most(query: MeetingQuery, limits: QueryLimits) -> int:
    """How many meetings are compared for one answer, at most, of the user's own and of others."""
    if query.wanted is None:
        # All of them match: one more than the answer has shows whether there are further ones.
        return min(query.limit + 1, max(limits.comparisons, 1))
    return max(limits.comparisons // max(terms(query.wanted), 1), 1)


def _own(query: MeetingQuery, most: int) -> Clause:
    """The places of the next `most` own meetings that may match: from those few that may match at all, or in the order
    of the index.
    """
    few = None if query.wanted is None else candidates(query.wanted, query.user)
    order = query.order
    if order.extension is None and order.name in _ALWAYS and (few is None or few.rank >= COMMON):
        row = Clause(
            "select f.value as place, f.organizer, f.meeting_id as id from findable f"
            " where f.organizer = ? and f.name = ? and f.extension_id = ''",
            (query.user, order.name),
        )
        if query.after is not None:
            # Of meetings with the same text those of other organizers come before or after all of one's own.
            text, organizer, meeting_id = query.after
            if organizer != query.user:
                meeting_id = _LAST if query.user < organizer else ""
            row = row + Clause(f" and (f.value, f.meeting_id) {_sign(order)} (?, ?)", (text, meeting_id))
        way = _way(order)
        return row + Clause(f" order by f.value{way}, f.meeting_id{way} limit ?", (most,))
    own = Clause("meetings m where m.organizer = ?", (query.user,))
    if few is not None:
        own = own + " and m.id in (" + few.part + ")"
    return _sorted(query, own, most, organizer=True)


def _sorted(query: MeetingQuery, found: Clause, most: int, *, organizer: bool) -> Clause:
    """`found`: what stands behind `from`."""
    order = query.order
    key = order_key(order.name, order.extension, descending=order.descending, organizer=organizer)
    some = (
        Clause("select k.place, k.organizer, k.id from (select m.organizer, m.id, ") + key + " as place from " + found
    )
    some = some + ") as k"
    if query.after is not None:
        some = some + Clause(f" where (k.place, k.organizer, k.id) {_sign(order)} (?, ?, ?)", tuple(query.after))
    way = _way(order)
    return some + Clause(f" order by k.place{way}, k.organizer{way}, k.id{way} limit ?", (most,))


def _compared(query: MeetingQuery, places: Clause, *, organizer: bool) -> Query:
    """Places, with the sizes of the meetings that match."""
    wanted = Clause("1 = 1") if query.wanted is None else condition(query.wanted, organizer=organizer)
    if not query.assigned:
        wanted = wanted + " and m.rel <> 'myAssignedOnlineMeeting'"
    only, ids = ("", ()) if query.extension is None else (_ONLY, (query.extension,))
    size = Clause(f" then {_SIZE.format(only=only)} else -1 end from (", ids)
    compared = Clause("select p.place, p.organizer, p.id, case when ") + wanted + size
    compared = compared + places + ") as p join meetings m on m.organizer = p.organizer and m.id = p.id"
    return compared.sql, compared.parameters


def _sign(order: Order) -> str:
    return "<" if order.descending else ">"


def _way(order: Order) -> str:
    return " desc" if order.descending else ""


def _page(
    query: MeetingQuery, limits: QueryLimits, found: Sequence[Sequence[Row]]
) -> tuple[Sequence[Place], Place | None]:
    """The places of an answer's meetings, in order; and where the query continues, if it does."""
    most = _most(query, limits)
    descending = query.order.descending
    # Behind the last one that was compared of either kind, there may be others of that kind.
    ordered = [[(Place(*row[:3]), row[3]) for row in rows] for rows in found]
    ends = [(min if descending else max)(place for place, _ in rows) for rows in ordered if len(rows) == most]
    end = (max if descending else min)(ends) if ends else None
    places: list[Place] = []
    size = 0
    for place, more in sorted((row for rows in ordered for row in rows), reverse=descending):
        if end is not None and (place < end if descending else place > end):
            break
        if more < 0:
            continue
        size += more
        if len(places) == query.limit or (places and size > limits.bytes):
            return places, places[-1]
        places.append(place)
    return places, end


def _contents(query: MeetingQuery, page: Sequence[Place]) -> Sequence[Query]:
    """Meetings and extensions of `page`."""
    if not page:
        return ()
    keys = padded([(place.organizer, place.meeting_id) for place in page], ("", ""))
    values = ", ".join(["(?, ?)"] * len(keys))
    parameters = tuple(value for key in keys for value in key)
    only, ids = ("", ()) if query.extension is None else (_ONLY, (query.extension,))
    return (
        (_MEETINGS.format(values=values), parameters),
        (_EXTENSIONS.format(values=values, only=only), (*parameters, *ids)),
    )


def _meetings(
    query: MeetingQuery, page: Sequence[Place], rows: Sequence[Sequence[Row]]
) -> list[tuple[Meeting, Sequence[Extension]]]:
    """In the order of `page`."""
    if not page:
        return []
    meetings, extensions = rows
    known = {(meeting.organizer, meeting.id): meeting for meeting in map(MEETINGS.record, meetings)}
    of_meeting: dict[tuple[str, str], list[Extension]] = {}
    for row in extensions:
        extension, organizer, meeting_id = EXTENSIONS.record(row), row[EXTENSIONS.width], row[EXTENSIONS.width + 1]
        if organizer == query.user or extension.type == ExtensionType.ROAMED_PARTICIPANT_DATA:
            of_meeting.setdefault((organizer, meeting_id), []).append(extension)
    return [
        (known[place.organizer, place.meeting_id], of_meeting.get((place.organizer, place.meeting_id), ()))
        for place in page
        if (place.organizer, place.meeting_id) in known
    ]

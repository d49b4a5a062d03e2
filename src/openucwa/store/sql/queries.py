"""Finding meetings. What is looked up, `findable_rows.py` writes; conditions come from `filter_statements.py`."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence
from functools import partial

from openucwa.model.filters import matches
from openucwa.model.meeting import Extension, ExtensionType, Meeting
from openucwa.model.refusals import ServiceUnavailable
from openucwa.store.contract.queries import FoundMeetings, MeetingQuery, Place, QueryLimits
from openucwa.store.engine import UNCACHED, Query, Row, Transaction
from openucwa.store.findable import filterable
from openucwa.store.sql import findable_rows
from openucwa.store.sql.filter_statements import Part as Clause
from openucwa.store.sql.filter_statements import candidates, condition, order_key
from openucwa.store.sql.lists import padded
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import EXTENSIONS, MEETINGS

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
        where e.organizer = m.organizer and e.meeting_id = m.id
    )
"""

_MEETINGS = (
    f"select {MEETINGS.columns_of('m')} from (values {{values}}) as page"
    " join meetings m on m.organizer = page.column1 and m.id = page.column2"
)
_EXTENSIONS = (
    f"select {EXTENSIONS.columns_of('e')}, e.organizer, e.meeting_id from (values {{values}}) as page"
    " join extensions e on e.organizer = page.column1 and e.meeting_id = page.column2"
    " order by e.organizer, e.meeting_id, e.position"
)


class Queries(Part):
    """`store.contract.Queries`, where the method is described."""

    async def find(self, query: MeetingQuery, limits: QueryLimits) -> FoundMeetings:
        steps = limits.steps
        statements = [_stale(query, limits), *_pages(query)]
        for _ in range(limits.attempts):
            stale, *found = await self._reader.read(*statements)
            if not stale:
                page, after = _page(query, limits, found)
                stale, *rows = await self._reader.read(statements[0], *_contents(page))
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
        page, after = _page(query, limits, await _rows(transaction, _pages(query)))
        found = _meetings(query, page, await _rows(transaction, _contents(page)))
        if query.wanted is not None:
            # Others' meetings may have changed in between.
            wanted = query.wanted
            found = [
                (meeting, extensions)
                for meeting, extensions in found
                if matches(wanted, filterable(meeting, extensions, limits.values))
            ]
        return FoundMeetings(found, after)


async def _rows(transaction: Transaction, queries: Sequence[Query]) -> Sequence[Sequence[Row]]:
    return [await transaction.rows(sql, *parameters) for sql, parameters in queries]


def _stale(query: MeetingQuery, limits: QueryLimits) -> Query:
    return _STALE, (query.user, query.user, query.user, findable_rows.suffix(limits.values), _BEHIND)


def _pages(query: MeetingQuery) -> Sequence[Query]:
    """The user's own meetings, and those of others."""
    own = Clause("meetings m where m.organizer = ?", (query.user,))
    if query.wanted is not None and (few := candidates(query.wanted, query.user)) is not None:
        own = own + " and m.id in (" + few.part + ")"
    others = Clause(
        f"({_VISIBLE}) as v join meetings m on m.organizer = v.organizer and m.id = v.meeting_id"
        " where m.organizer <> ?",
        (query.user, query.user, query.user),
    )
    return _ordered(query, own, organizer=True), _ordered(query, others, organizer=False)


def _ordered(query: MeetingQuery, found: Clause, *, organizer: bool) -> Query:
    """`found`: what stands behind `from`."""
    if query.wanted is not None:
        found = found + " and " + condition(query.wanted, organizer=organizer)
    if not query.assigned:
        found = found + " and m.rel <> 'myAssignedOnlineMeeting'"
    order = query.order
    key = order_key(order.name, order.extension, descending=order.descending, organizer=organizer)
    ordered = Clause("select m.organizer, m.id, ") + key + " as place from " + found
    behind = Clause("")
    if query.after is not None:
        sign = "<" if order.descending else ">"
        behind = Clause(f" where (k.place, k.organizer, k.id) {sign} (?, ?, ?)", tuple(query.after))
    way = " desc" if order.descending else ""
    some = Clause("select k.place, k.organizer, k.id from (") + ordered + ") as k" + behind
    some = some + Clause(f" order by k.place{way}, k.organizer{way}, k.id{way} limit ?", (query.limit + 1,))
    sized = Clause(f"select p.place, p.organizer, p.id, {_SIZE} from (") + some
    sized = sized + ") as p join meetings m on m.organizer = p.organizer and m.id = p.id"
    return sized.sql, sized.parameters


def _page(
    query: MeetingQuery, limits: QueryLimits, found: Sequence[Sequence[Row]]
) -> tuple[Sequence[Place], Place | None]:
    """The places of an answer's meetings, in order; and the last of them, if there are more."""
    rows = sorted((row for rows in found for row in rows), key=lambda row: tuple(row[:3]))
    if query.order.descending:
        rows.reverse()
    places: list[Place] = []
    size = 0
    for *place, more in rows:
        size += more
        if len(places) == query.limit or (places and size > limits.bytes):
            return places, places[-1]
        places.append(Place(*place))
    return places, None


def _contents(page: Sequence[Place]) -> Sequence[Query]:
    """Meetings and extensions of `page`."""
    if not page:
        return ()
    keys = padded([(place.organizer, place.meeting_id) for place in page], ("", ""))
    values = ", ".join(["(?, ?)"] * len(keys))
    parameters = tuple(value for key in keys for value in key)
    return tuple((sql.format(values=values), parameters) for sql in (_MEETINGS, _EXTENSIONS))


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

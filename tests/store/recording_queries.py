"""The part of the walk through the contract that runs the statements of queries."""

from dataclasses import replace

from openucwa.meetings.filter_syntax import FilterLimits, read_filter
from openucwa.model.filters import Order
from openucwa.store.contract import MeetingQuery, Place, QueryLimits
from openucwa.store.sql import SqlStore
from tests.contract.samples import AT, MANY, MEETING, SETTINGS, extension
from tests.users import LENE

FILTERS = (
    "subject eq 'a' and not (accessLevel in ('Everyone', 'Invited')) or startswith(subject, 'b')",
    "extensions('crm')/case gt 1 or extensions/any(e: e/case eq 1 and e/tags/any(t: t le 'a'))",
    "not (extensions('crm') ne null)",
)


async def queries(store: SqlStore) -> None:
    limits = QueryLimits(values=MANY, bytes=MANY, steps=MANY, comparisons=MANY)
    filters = [None, *(read_filter(text, FilterLimits(1_000, 10, 50)) for text in FILTERS)]
    orders = (Order("subject"), Order("case", "crm", descending=True))
    for wanted in filters:
        for order in orders:
            query = MeetingQuery(LENE, wanted, order, None, MANY, assigned=True)
            await store.queries.find(query, limits)
            after = replace(query, after=Place("s", LENE, MEETING), assigned=False)
            await store.queries.find(after, limits)
    await store.meetings.replace(LENE, MEETING, None, SETTINGS, "2", AT)
    await store.queries.find(query, limits)
    await store.extensions.add(LENE, MEETING, extension("found"), MANY, AT)
    await store.queries.find(query, replace(limits, attempts=0))
    await store.extensions.remove(LENE, MEETING, "found", None, AT)
    await store.queries.find(query, limits)

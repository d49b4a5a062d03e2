"""Random meetings, changes and filters, and the scan that a query's result has to equal."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from openucwa.model.filters import And, AnyExtension, Compare, Filter, Has, Not, Operator, Or, Order, matches
from openucwa.model.meeting import Extension, ExtensionType, Meeting
from openucwa.model.values import Instant, Scalar
from openucwa.representation.custom import encode
from openucwa.store.contract import MeetingQuery, Place, QueryLimits, Store
from openucwa.store.findable import filterable, text_of
from tests.contract.samples import AT

LIMITS = QueryLimits(values=12, bytes=1_048_576, steps=1_000, comparisons=10_000)
BY_TIME = Order("creationTime")

#: Few of each, so that filters find something.
SUBJECTS = ("", "a", "ab", "b", "Ünïcödé", "\U0010ffff", "a" * 130 + "b", "a" * 200 + "b", "a" * 200 + "c")
NUMBERS: tuple[Scalar, ...] = (0, 1, -1, 1.5, -1.5, 1e300, 0.1, 10**70, -(10**70) - 1, 12)
SCALARS: tuple[Scalar, ...] = (*SUBJECTS, *NUMBERS, True, False, Instant(0), Instant(-1), Instant(AT))
NAMES = ("a", "b", "order id")
IDS = ("crm", "com.contoso.crm", "x")
TIMES = (None, AT, AT + 1)

literals = st.one_of(
    st.sampled_from(["", "a", "ab", "b", "a" * 128, "\U0010ffff"]),
    st.sampled_from([Decimal(0), Decimal(1), Decimal("-1.5"), Decimal("0.1"), Decimal(10) ** 63, Decimal("1e300")]),
    st.sampled_from([Instant(0), Instant(AT)]),
)
equal = st.one_of(literals, st.booleans(), st.sampled_from(SUBJECTS))
ordered = st.sampled_from([Operator.GT, Operator.GE, Operator.LT, Operator.LE])
compares: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Compare, st.just(Operator.EQ), equal),
    st.builds(Compare, ordered, literals),
    st.builds(Compare, st.just(Operator.STARTSWITH), st.sampled_from(["", "a", "ab", "a" * 128, "\U0010ffff"])),
)


def joined(of: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    parts = st.lists(of, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(And, parts), st.builds(Or, parts), st.builds(Not, of))


tests = st.recursive(compares, joined, max_leaves=4)
of_extension = st.recursive(st.builds(Has, st.sampled_from([*NAMES, "id", "type"]), st.none() | tests), joined)
meeting_names = st.sampled_from(["subject", "accessLevel", "expirationTime", "creationTime", "onlineMeetingId"])
leaves: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Has, meeting_names, st.none() | tests),
    st.builds(AnyExtension, st.none() | st.sampled_from(IDS), st.none() | of_extension),
)
filters = st.recursive(leaves, joined, max_leaves=5)
orders = st.one_of(
    st.builds(Order, meeting_names, st.none(), st.booleans()),
    st.builds(Order, st.sampled_from(NAMES), st.sampled_from(IDS), st.booleans()),
)

values = st.one_of(st.sampled_from(SCALARS), st.lists(st.sampled_from(NUMBERS), max_size=14))
properties = st.dictionaries(st.sampled_from(NAMES), values, max_size=3).map(encode)
extensions = st.builds(Extension, st.sampled_from(IDS), st.sampled_from(ExtensionType), st.just("1"), properties)


@dataclass(frozen=True)
class Step:
    """A change of one of a few meetings. `number`: of the meeting; `how`: what is done to it or its extension."""

    how: str
    number: int
    subject: str
    access: str
    expires: int | None
    invited: bool
    extension: Extension


steps = st.builds(
    Step,
    st.sampled_from(["meeting", "meeting", "extension", "extension", "extension", "drop meeting", "drop extension"]),
    st.integers(0, 4),
    st.sampled_from(SUBJECTS),
    st.sampled_from(["Everyone", "Invited"]),
    st.sampled_from(TIMES),
    st.booleans(),
    extensions,
)


async def everything(store: Store, organizer: str) -> list[tuple[Meeting, Sequence[Extension]]]:
    return list(await store.meetings.all(organizer))


def place(order: Order, meeting: Meeting, seen: Any) -> Place:
    found = seen.values.get(order.name, ()) if order.extension is None else ()
    if order.extension in seen.extensions:
        found = seen.extensions[order.extension].get(order.name, ())
    texts = sorted(map(text_of, found), reverse=order.descending)
    return Place(texts[0] if texts else "", meeting.organizer, meeting.id)


def scan(
    meetings: Sequence[tuple[Meeting, Sequence[Extension]]], user: str, wanted: Filter | None, order: Order
) -> list[str]:
    """The ids of the matching meetings, in order."""
    found = []
    for meeting, attached in meetings:
        seen = filterable(meeting, attached, LIMITS.values, organizer=meeting.organizer == user)
        if wanted is None or matches(wanted, seen):
            found.append(place(order, meeting, seen))
    return [each.meeting_id for each in sorted(found, reverse=order.descending)]


async def find(
    store: Store,
    user: str,
    wanted: Filter | None,
    order: Order = BY_TIME,
    limits: QueryLimits = LIMITS,
    page: int = 3,
) -> list[str]:
    """The ids of what a query finds, page by page."""
    ids: list[str] = []
    after = None
    while True:
        found = await store.queries.find(MeetingQuery(user, wanted, order, after, page, assigned=True), limits)
        ids += [meeting.id for meeting, _ in found.meetings]
        after = found.after
        if after is None:
            return ids

"""Finding meetings by what they and their extensions contain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from openucwa.model.filters import Filter, Order
from openucwa.model.meeting import Extension, Meeting


class Place(NamedTuple):
    """A meeting's place in an order: the text that it is ordered by (`store/findable.py`), then its key."""

    text: str
    organizer: str
    meeting_id: str


@dataclass(frozen=True, slots=True)
class MeetingQuery:
    """A query over the meetings that `user` organizes, is invited to, or takes part in.

    `wanted`: is evaluated on what the user may see: of others' meetings only RoamedParticipantData. None: all.
    `after`: the place where the query before
    stopped. `limit`: of meetings. `assigned`: whether assigned
    meetings are among them. `extension`: the id of the only extension to be returned; None: all.
    """

    user: str
    wanted: Filter | None
    order: Order
    after: Place | None
    limit: int
    assigned: bool
    extension: str | None = None


@dataclass(frozen=True, slots=True)
class FoundMeetings:
    """Part of the meetings that a query finds, in its order, with the extensions that the user may see.

    `after`: where the query continues; None: there are no further meetings. There may be none here, and yet further
    ones: where many meetings had to be compared.
    """

    meetings: Sequence[tuple[Meeting, Sequence[Extension]]]
    after: Place | None


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """`values`: of an extension, that can be found; the same on all servers of a store. `bytes`: approximate size of
    the meetings of one answer. `steps`: of bringing the index up to date, for one query. `comparisons`: with
    meetings for one answer, approximately. `attempts`: to find it up to
    date while others change meetings; after these, the query keeps their changes out for a moment.
    """

    values: int
    bytes: int
    steps: int
    comparisons: int
    attempts: int = 3


class Queries(Protocol):
    """Finds meetings by an index, which a query first brings up to date from the change log."""

    async def find(self, query: MeetingQuery, limits: QueryLimits) -> FoundMeetings:
        """The meetings as of one moment between call and return.

        ServiceUnavailable: the index is not complete yet; the next query continues where this one stopped.
        """
        ...

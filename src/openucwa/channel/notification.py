"""Events as one application sees them, and their grouping by sender."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby
from typing import TypeAlias

from openucwa.model.event import Event
from openucwa.representation.document import EventEntry, Sender


class Priority(IntEnum):
    """How urgent an event is, as its resource's page says (UCWA: Events in UCWA, Aggregation).

    `HIGH` stands for UCWA's real-time too: both release the poll at once.
    """

    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True, slots=True)
class Notification:
    """An event in the terms of the application that is notified of it.

    `sender_rel`, `sender_href`: the resource that it comes from.
    `resource`: where given, an `updated` is left out that is followed, in the same answer, by another `updated` of the
    same resource and by nothing else of that resource in between. None: never left out.
    """

    sender_rel: str
    sender_href: str
    entry: EventEntry
    priority: Priority
    resource: str | None = None


#: The topics that an application listens to, each with the number of the last event that is none of its business: 0
#: for its own topic, and for a conversation the last event before it joined. Their order settles that of events of
#: one millisecond. May refuse with ApplicationNotFound.
Topics: TypeAlias = Callable[[], Awaitable[Mapping[str, int]]]

#: The notifications of a row of the log: none, one or more. For the same row the same, as far as it can: a set that is
#: delivered again is rendered again.
Render: TypeAlias = Callable[[Event], Awaitable[Sequence[Notification]]]


def senders(notifications: Sequence[Notification]) -> Sequence[Sender]:
    """The answer's senders: neighbours of one sender together, the order kept, superseded updates left out."""
    return tuple(
        Sender(rel, href, tuple(each.entry for each in events))
        for (rel, href), events in groupby(_merged(notifications), key=lambda each: (each.sender_rel, each.sender_href))
    )


def _merged(notifications: Sequence[Notification]) -> Sequence[Notification]:
    kept: list[Notification] = []
    superseded: set[str] = set()
    for each in reversed(notifications):
        if each.resource is not None:
            if each.entry.relation != "updated":
                superseded.discard(each.resource)
            elif each.resource in superseded:
                continue
            else:
                superseded.add(each.resource)
        kept.append(each)
    kept.reverse()
    return kept

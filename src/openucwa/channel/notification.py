"""Events as one application sees them, and their grouping by sender."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby
from typing import TypeAlias

from openucwa.model.event import Event
from openucwa.representation.document import EventEntry, Sender


class Priority(IntEnum):
    """How urgent an event is, according to its resource's page (UCWA: Events in UCWA, Aggregation).

    `HIGH` includes UCWA's real-time: both end the poll at once.
    """

    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True, slots=True)
class Notification:
    """An event, rendered for one application.

    `sender_rel`, `sender_href`: the resource that it comes from. `resource`: if given, an `updated` is left out if the
    same answer has a later `updated` of the same resource with no other event of it in between. None: never left out.
    """

    sender_rel: str
    sender_href: str
    entry: EventEntry
    priority: Priority
    resource: str | None = None


#: The topics of an application, each with the number of the last event before its time: 0 for its own topic, and for a
#: conversation the last event before it joined. Their order decides between events of the same millisecond. May refuse
#: with ApplicationNotFound.
Topics: TypeAlias = Callable[[], Awaitable[Mapping[str, int]]]

#: The notifications of a row of the log: none, one or more. Deterministic as far as possible: a set that is delivered
#: again is rendered again.
Render: TypeAlias = Callable[[Event], Awaitable[Sequence[Notification]]]


def senders(notifications: Sequence[Notification]) -> Sequence[Sender]:
    """The answer's senders: adjacent events of one sender grouped, in order, without superseded updates.

    A conversation is there once, with all its events where its first ones are: some clients read the first only.
    """
    grouped: list[tuple[tuple[str, str], list[EventEntry]]] = []
    conversations: dict[str, list[EventEntry]] = {}
    for sender, events in groupby(_merged(notifications), key=lambda each: (each.sender_rel, each.sender_href)):
        entries = [each.entry for each in events]
        rel, href = sender
        if rel == "conversation" and href in conversations:
            conversations[href] += entries
            continue
        if rel == "conversation":
            conversations[href] = entries
        if grouped and grouped[-1][0] == sender:
            grouped[-1][1].extend(entries)
        else:
            grouped.append((sender, entries))
    return tuple(Sender(rel, href, tuple(entries)) for (rel, href), entries in grouped)


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

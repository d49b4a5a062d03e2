"""Events as one application sees them, and their grouping by sender."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from openucwa.model.event import Event
from openucwa.representation.document import EventEntry, Sender


class Priority(IntEnum):
    """The urgency of an event, according to its resource's page (UCWA: Events in UCWA, Aggregation).

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
    """The answer's senders: events of one sender grouped, in order, without superseded updates.

    Only adjacent events are, but those of a conversation that follow what concerns other things join its events before:
    some clients read the first of its senders only.
    """
    grouped: list[tuple[tuple[str, str], list[EventEntry]]] = []
    open_conversations: dict[str, list[EventEntry]] = {}
    for each in _merged(notifications):
        sender = (each.sender_rel, each.sender_href)
        if each.entry.rel == "conversation":
            # Events after this one depend on it.
            open_conversations.pop(each.entry.link.href, None)
        entries = open_conversations.get(each.sender_href)
        if entries is None and grouped and grouped[-1][0] == sender:
            entries = grouped[-1][1]
        if entries is None:
            entries = []
            grouped.append((sender, entries))
        if each.sender_rel == "conversation":
            open_conversations[each.sender_href] = entries
        entries.append(each.entry)
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

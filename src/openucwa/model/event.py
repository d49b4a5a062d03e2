"""The event log's rows, and where an event channel stands in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A fact that those who read `topic` are to learn.

    `topic`: `application/OWNER/ID` for what concerns one application alone; a conversation has its own.
    `kind`: what happened; `facts`: JSON-able details. Both are put in the reader's own terms when they are read.
    """

    topic: str
    kind: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the log. `number`: 1, 2, 3, ... within its topic, without a gap. `at`: ms since 1970."""

    topic: str
    number: int
    at: int
    kind: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ChannelState:
    """Where one event channel (an application's, or one instance's of it) stands.

    `served`: the number of the set of events that was handed out last, 0 before the first.
    `acknowledged`: topic -> number of the last event whose receipt the client confirmed.
    `delivered`: topic -> number of the last event in set `served`.
    `low`, `medium`, `timeout`: the timers that the client asked for, in seconds; None: the default.
    """

    served: int = 0
    acknowledged: Mapping[str, int] = field(default_factory=dict)
    delivered: Mapping[str, int] = field(default_factory=dict)
    low: int | None = None
    medium: int | None = None
    timeout: int | None = None


def application_topic(owner: str, application_id: str) -> str:
    """The topic of what concerns one application alone."""
    return f"application/{owner}/{application_id}"

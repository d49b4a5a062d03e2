"""The rows of the event log, and the state of event channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event for the readers of `topic`.

    `topic`: `application/OWNER/ID` for a single application; a conversation has its own. `kind`: what happened;
    `facts`: JSON-able details. Both are rendered for each reader when they are read.
    """

    topic: str
    kind: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the log. `number`: 1, 2, 3, ... within its topic, without gaps. `at`: ms since 1970."""

    topic: str
    number: int
    at: int
    kind: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ChannelState:
    """The state of an event channel (an application's, or one instance's of it).

    `served`: the number of the set of events that was delivered last, 0 before the first. `acknowledged`: topic ->
    number of the last event that the client acknowledged. `delivered`: topic -> number of the last event in set
    `served`. `low`, `medium`, `timeout`: the timers requested by the client, in seconds; None: the default.
    """

    served: int = 0
    acknowledged: Mapping[str, int] = field(default_factory=dict)
    delivered: Mapping[str, int] = field(default_factory=dict)
    low: int | None = None
    medium: int | None = None
    timeout: int | None = None


def application_topic(owner: str, application_id: str) -> str:
    """The topic of a single application."""
    return f"application/{owner}/{application_id}"

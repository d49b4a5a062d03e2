"""What a load asks of nodes, PostgreSQL and the bus, reckoned from what things cost; and which of them is full first.

How long anybody waits is not reckoned but simulated, in `fanout.py`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, TypeAlias

from bench.fanout_inputs import Costs, Load, Machines
from openucwa.channel.activity import APPLICATIONS_IN_A_WRITE, INTERVAL
from openucwa.channel.postgres import MESSAGE_BYTES
from openucwa.config import Config

SETTINGS = Config()

Bus: TypeAlias = Literal["NOTIFY", "NATS"]

#: Rows that are written when an extension is changed: itself, the topic's count, the event; when a message is sent:
#: the last two; when somebody joins: application, channel, participation, invitation, two events with their topics;
#: when somebody leaves: the same, removed, but for what is told. Then those of the log that are forgotten.
EXTENSION_ROWS, MESSAGE_ROWS, JOIN_ROWS, LEAVE_ROWS = 3, 2, 8, 6
#: Rows of the log among them.
EXTENSION_EVENTS, MESSAGE_EVENTS, JOIN_EVENTS, LEAVE_EVENTS = 1, 1, 2, 1
#: Users between which it is looked for the number that fills something.
FEWEST, MOST = 1e3, 1e9
#: Users whose meetings are looked at to see what one is told: enough to have a large one among them.
TYPICAL = 100_000


@lru_cache
def each_user(load: Load) -> tuple[float, float]:
    """How often a user is told of a change, and how often its poll is answered, in a second; on the average.

    A poll is answered because of a change, or because there was none for `events_timeout` seconds.
    """
    steady = load.extension_changes + load.messages
    notified = answered = 0.0
    for size in load.sizes:
        # Everybody who comes or goes is told of to everybody, so who is in larger meetings is told more.
        rate = steady + 2 * size / load.stay
        notified += size * rate
        answered += size * rate / -math.expm1(-rate * SETTINGS.events_timeout)
    return notified / load.users, answered / load.users


@dataclass(frozen=True)
class Needs:
    """Of `load`, with `bus`. Rates are for a second; CPU is in cores."""

    load: Load
    costs: Costs
    machines: Machines
    bus: Bus

    # What happens

    @property
    def comings(self) -> float:
        """Participants who join; as many leave."""
        return self.load.users / self.load.stay

    @property
    def changes(self) -> float:
        """Changes that the participants of a meeting are told of."""
        steady = self.load.meetings * (self.load.extension_changes + self.load.messages)
        return steady + 2 * self.comings

    @property
    def notified(self) -> float:
        """Participants who are told of a change, each for itself: who is in larger meetings sees more coming."""
        return self.load.users * each_user(self.load.of(TYPICAL))[0]

    @property
    def polls(self) -> float:
        """Polls that are answered: because of a change, or because there was none for `events_timeout` seconds."""
        return self.load.users * each_user(self.load.of(TYPICAL))[1]

    @property
    def kept_alive(self) -> float:
        """Those of them that tell nothing."""
        return self.polls - self.notified

    @property
    def topics(self) -> float:
        """Topics that go over the bus to every process: those that moved, and a takeover for each poll that waits."""
        return self.changes + self.comings + self.polls * self.costs.takeovers

    # PostgreSQL

    @property
    def activity_records(self) -> float:
        """Rows that record when an application polled last: at each interval, and before each sweep."""
        return self.load.users * (1 / INTERVAL + 1 / SETTINGS.application_sweep_interval)

    @property
    def rows(self) -> float:
        """Rows that are written, those of the log that are removed after their time included."""
        meetings = self.load.meetings
        return (
            self.polls
            + self.activity_records
            + meetings * (self.load.extension_changes * EXTENSION_ROWS + self.load.messages * MESSAGE_ROWS)
            + self.comings * (JOIN_ROWS + LEAVE_ROWS)
            + self.events
        )

    @property
    def events(self) -> float:
        """Rows that the log gets."""
        meetings = self.load.meetings
        steady = meetings * (self.load.extension_changes * EXTENSION_EVENTS + self.load.messages * MESSAGE_EVENTS)
        return steady + self.comings * (JOIN_EVENTS + LEAVE_EVENTS)

    @property
    def events_stored(self) -> float:
        """Rows of the log after a day."""
        return self.events * SETTINGS.events_kept * self.load.busy

    @property
    def topics_left(self) -> float:
        """Rows of `topics` that the applications of a day leave behind."""
        return self.comings * 86_400 * self.load.busy

    @property
    def commits(self) -> float:
        """Transactions that write, if none shares its commit: answers to polls, changes, two more for each joining."""
        return self.polls + self.changes + 2 * self.comings + self.activity_records / APPLICATIONS_IN_A_WRITE

    @property
    def database(self) -> float:
        """Cores of PostgreSQL, without what NOTIFY takes."""
        costs = self.costs
        return (
            self.polls * costs.notified_database
            + self.load.users * costs.wait_database
            + self.comings * costs.join_database
            + self.changes / costs.raw_commits
            + self.load.users * self.load.reads * costs.notified_database / 2
        )

    # The bus

    def messages(self, processes: float) -> float:
        """Messages of the bus, of all processes."""
        if self.bus == "NATS":
            return self.topics / self.costs.nats_topics
        return min(self.topics, processes / self._notify_turn(processes))

    def _notify_turn(self, processes: float) -> float:
        """Seconds until a process has sent a message by NOTIFY, if all want to: only one at a time commits."""
        return max(self.machines.round_trip + self.machines.flush, processes * self.machines.flush)

    def bus_delay(self, processes: float) -> tuple[float, float]:
        """The minimum and maximum seconds from a commit to its message in other processes."""
        if self.bus == "NATS":
            return self.machines.bus_delay, self.machines.bus_delay
        if self.messages(processes) >= self.topics:
            return (self.machines.round_trip + self.machines.flush,) * 2
        # What moves while a message is on its way goes with the next one.
        turn = self._notify_turn(processes)
        return turn, 2 * turn

    def receiving(self, processes: float) -> float:
        """The part of its core that a process spends on receiving bus messages."""
        costs = self.costs
        message = costs.nats_message if self.bus == "NATS" else costs.notify_message
        return (self.messages(processes) * message + self.topics * costs.topic) * (processes - 1) / processes

    def notifying(self, processes: float) -> float:
        """Cores of PostgreSQL that NOTIFY takes."""
        if self.bus == "NATS":
            return 0.0
        return self.messages(processes) * (self.costs.notify_database + processes * self.costs.notify_listener)

    # Nodes

    @property
    def work(self) -> float:
        """Cores of all processes, without what the bus takes."""
        costs = self.costs
        return (
            self.polls * costs.notified
            + self.load.users * costs.wait
            + self.comings * costs.join
            + self.changes * costs.change
            + self.load.users * self.load.reads * costs.read
        )

    @property
    def by_cpu(self) -> float:
        """Processes for the work and for receiving messages; infinite: receiving alone takes more than a core."""
        processes = 1.0
        for _ in range(1_000):
            room = self.machines.planned - self.receiving(processes)
            more = self.work / room if room > 0 else math.inf
            if more <= processes or more == math.inf:
                return max(processes, more)
            processes = math.ceil(more)
        return math.inf

    @property
    def by_connections(self) -> float:
        """Processes for the connections of clients."""
        return self.load.users * self.load.connections / SETTINGS.max_connections

    @property
    def processes(self) -> float:
        """Processes, one for each core of a node."""
        return math.ceil(max(self.by_cpu, self.by_connections)) if self.by_cpu < math.inf else math.inf

    def nodes(self, processes: float) -> float:
        """Machines for so many processes."""
        return math.ceil(processes / self.machines.cores) if processes < math.inf else math.inf

    @property
    def by_memory(self) -> float:
        """Machines for the memory of all polls, a process on each core."""
        each = self.machines.memory * self.machines.planned - self.machines.cores * self.costs.process_bytes
        return math.ceil(self.load.users * self.costs.poll_bytes / each)

    @property
    def alone(self) -> float:
        """Processes, if receiving messages cost nothing: for computing the limits of other parts, one at a time."""
        return max(self.work / self.machines.planned, self.by_connections, 1)

    @property
    def connections_each(self) -> int:
        """Connections of a process to PostgreSQL."""
        return SETTINGS.store_read_connections + SETTINGS.store_write_connections + (self.bus == "NOTIFY")

    @property
    def recording(self) -> float:
        """The part of the time in which a process's first write connection is taken up by activity records."""
        return self.activity_records / self.alone * self.costs.record_trips * self.machines.round_trip

    @property
    def longest_recording(self) -> float:
        """Maximum seconds of one transaction with activity records."""
        each = min(APPLICATIONS_IN_A_WRITE, self.load.users / self.alone)
        return each * self.costs.record_trips * self.machines.round_trip


@dataclass(frozen=True)
class Part:
    """Something that can be full. `filled`: how much is used of what is planned with, 1 being all."""

    name: str
    filled: Callable[[Needs], float]


def _database(needs: Needs) -> float:
    machines = needs.machines
    # NOTIFY is of one machine, however many there are.
    here = needs.database / machines.databases + needs.notifying(needs.alone)
    return here / (machines.database_cores * machines.planned)


def _database_connections(needs: Needs) -> float:
    machines = needs.machines
    return needs.alone * needs.connections_each / (machines.database_connections * machines.databases)


def _notify(needs: Needs) -> float:
    """Messages as full as can be, a commit each."""
    if needs.bus == "NATS":
        return 0.0
    return needs.topics * needs.costs.topic_bytes / MESSAGE_BYTES * needs.machines.flush / needs.machines.planned


def _nats(needs: Needs) -> float:
    if needs.bus == "NOTIFY":
        return 0.0
    return needs.messages(needs.alone) * needs.alone / needs.machines.nats_messages


PARTS: tuple[Part, ...] = (
    Part("PostgreSQL's CPU", _database),
    Part(
        "PostgreSQL's commits",
        lambda needs: needs.commits / (needs.machines.database_commits * needs.machines.databases),
    ),
    Part("PostgreSQL's connections", _database_connections),
    Part("processes receiving messages", lambda needs: needs.receiving(needs.alone) / needs.machines.planned),
    Part("NOTIFY's commits", _notify),
    Part("the NATS server", _nats),
)


def full_at(needs: Needs, part: Part) -> float:
    """The number of users at which a part is full, on the same machines; infinite: never."""
    low, high = FEWEST, MOST
    if part.filled(replace(needs, load=needs.load.of(high))) < 1:
        return math.inf
    while high / low > 1.01:
        middle = math.sqrt(low * high)
        if part.filled(replace(needs, load=needs.load.of(middle))) < 1:
            low = middle
        else:
            high = middle
    return low

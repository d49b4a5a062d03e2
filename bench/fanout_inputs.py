"""What the figures in docs/scale.md are reckoned from: what users do, what things cost, what machines there are.

What `make bench` measured is read from docs/performance.md, so that the two pages can't drift apart. What it does not
measure was measured by `python -m bench.fanout_costs`; what nobody measured is in `Machines` and `Load`, assumed.
"""

import math
import re
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import NormalDist

from bench.page import BEGIN, END, PAGE

KIB, MIB, GIB = 2**10, 2**20, 2**30


@dataclass(frozen=True)
class Load:
    """What users do, all of them at once. Rates are for a second, in the busiest hour. Assumed.

    Each user is in one meeting, by one application, with one poll. Sizes of meetings are log-normal, `spread` the
    standard deviation of their logarithm; one in `large_one_in` has `large` participants.
    """

    users: int
    meeting: float = 10.0
    spread: float = 1.0
    large: int = 500
    large_one_in: int = 10_000
    #: In each meeting: changes of an extension that all may see, and messages.
    extension_changes: float = 1 / 60
    messages: float = 1 / 60
    #: Seconds that a participant stays; coming and going are changes that all are told of.
    stay: float = 2_400.0
    #: Of each user: other requests that read.
    reads: float = 1 / 300
    #: Open connections: the poll's, and for some of the time another.
    connections: float = 1.25
    #: The busiest hour goes on for this part of the day.
    busy: float = 1 / 3

    @property
    def meetings(self) -> int:
        """How many go on at once."""
        return max(1, round(self.users / self.meeting))

    @property
    def sizes(self) -> list[int]:
        """Of each meeting, the number of its participants, one at least; together they are all users."""
        large = self.meetings // self.large_one_in
        count = self.meetings - large
        others = self.users - large * self.large - count
        normal = NormalDist()
        parts = [math.exp(self.spread * normal.inv_cdf((number + 0.5) / count)) for number in range(count)]
        whole = sum(parts)
        ends = [round(others * part / whole) for part in accumulate(parts)]
        return [1 + end - begin for begin, end in pairwise([0, *ends])] + [self.large] * large

    def of(self, users: float) -> "Load":
        """The same of another number of users."""
        return replace(self, users=round(users))


@dataclass(frozen=True)
class Costs:
    """What things cost: CPU in seconds of the server's process and of PostgreSQL's machine, memory in bytes."""

    # Of docs/performance.md
    #: A read that is not answered from what is kept, and a change: (a) and (d) on PostgreSQL.
    read: float
    change: float
    #: Memory of a waiting poll, and of a process: (g), idle.
    poll_bytes: float
    process_bytes: float
    #: Commits of one row that PostgreSQL made in a second on one core: raw asyncpg.
    raw_commits: float

    # Of `python -m bench.fanout_costs`: for the server, and for PostgreSQL. Of people, means of two runs, up to a fifth
    # apart, on a machine that did other things too; of the bus, one run. All of it is rough.
    #: A participant who is told: its poll is woken, reads, is written down, answered, and asks anew; in meetings of 10
    #: of which one changes at a time, less the change's own part. Where 200 participants are told at once, they share
    #: round trips and commits: 1.0 ms, and 0.25 ms of PostgreSQL.
    notified: float = 1_350e-6
    notified_database: float = 620e-6
    #: A second of a poll that waits: reads of the log and of its application, and activity records.
    wait: float = 27e-6
    wait_database: float = 21e-6
    #: A participant who signs in as a guest, opens an application, joins, and polls for the first time.
    join: float = 10.2e-3
    join_database: float = 4.8e-3
    #: A message of the bus for a process that receives it, by NATS and by NOTIFY, and each topic in it: from messages
    #: of 1 and of 50 topics.
    nats_message: float = 6.1e-6
    notify_message: float = 41e-6
    topic: float = 1.4e-6
    #: A message of NOTIFY for PostgreSQL, and again for each connection that listens; bytes of a topic in it.
    notify_database: float = 97e-6
    notify_listener: float = 23e-6
    topic_bytes: int = 74
    #: A row of the log with its index; WAL of an answer to a poll, and of a second of a poll that waits.
    event_bytes: int = 440
    notified_wal: int = 500
    wait_wal: int = 93
    #: Consecutive statements for one activity record: one for a hundred, for requests and for polls.
    record_trips: float = 0.02
    #: Topics that a process puts into a message of NATS. Assumed: 31 were observed with 200 notified at once; 1 is the
    #: minimum.
    nats_topics: float = 2.0
    #: Of the polls that wait, those that send a takeover. All of them.
    takeovers: float = 1.0


@dataclass(frozen=True)
class Machines:
    """What it runs on. Assumed: of this nothing was measured."""

    #: Of a node; and of the part of its CPU and memory that is planned with, the rest being for peaks.
    cores: int = 8
    memory: int = 32 * GIB
    planned: float = 0.6
    #: The largest machine that PostgreSQL runs on, commits that it makes durable in a second, its connections; and over
    #: how many of those the tables are distributed.
    database_cores: int = 64
    database_commits: int = 30_000
    database_connections: int = 1_000
    databases: int = 1
    #: Seconds: of a statement from node to database and back, of a commit to the disk, of a message through the bus.
    round_trip: float = 0.2e-3
    flush: float = 0.5e-3
    bus_delay: float = 0.3e-3
    #: Messages that a NATS server hands out in a second.
    nats_messages: int = 2_000_000


def measured(page: Path = PAGE) -> Costs:
    """What things cost, with what `make bench` wrote to docs/performance.md. ValueError: it lacks a figure."""
    written = page.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    return Costs(
        read=_row(written, "(a) GET", "openucwa, PostgreSQL")["CPU µs"] * 1e-6,
        change=_row(written, "(d) PUT", "openucwa, PostgreSQL")["CPU µs"] * 1e-6,
        poll_bytes=_goal(written, "g-memory") * KIB,
        process_bytes=_goal(written, "idle") * MIB,
        raw_commits=_row(written, "(c) POST", "raw asyncpg")["requests/s"],
    )


def _goal(written: str, name: str) -> float:
    """The measured figure of a goal, in the goal's unit."""
    for line in written.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if line.startswith(f"| `{name}` |") and (found := re.match(r"[\d,.]+", cells[4])):
            return _number(found[0])
    raise ValueError(f"docs/performance.md has no figure {name}: make bench")


def _row(written: str, work: str, name: str) -> dict[str, float]:
    """The figures of a contestant in the table of a work, by the heads of their columns."""
    table = written.partition(f"\n{work}")[2].partition("\n(")[0].splitlines()
    heads: list[str] = []
    for line in table:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| |"):
            heads = cells
        elif cells[0] == name:
            return {head: _number(cell) for head, cell in zip(heads[1:], cells[1:], strict=True) if cell != "-"}
    raise ValueError(f"docs/performance.md has no row {name} of {work}: make bench")


def _number(text: str) -> float:
    return float(text.replace(",", ""))

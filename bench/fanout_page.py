"""docs/scale.md: what is between its markers is written here, and nothing else of it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from bench.fanout_inputs import GIB, KIB, Costs, Load, Machines
from bench.fanout_needs import PARTS, Bus, Needs, full_at
from bench.fanout_simulation import Delivery

PAGE = Path(__file__).parent.parent / "docs" / "scale.md"
BEGIN = "<!-- written by python -m bench.fanout: from here -->"
END = "<!-- written by python -m bench.fanout: to here -->"

Figures: TypeAlias = dict[str, Callable[[Needs], float]]
#: The simulated delays with some needs, and without those by activity records; None: the needs cannot be met.
Simulated: TypeAlias = tuple[Needs, Delivery | None, Delivery | None]

#: What happens in a second, whatever carries it.
_RATES: Figures = {
    "meetings at once": lambda needs: needs.load.meetings,
    "changes/s": lambda needs: needs.changes,
    "participants notified/s": lambda needs: needs.notified,
    "polls/s that return empty": lambda needs: needs.kept_alive,
    "topics/s on the bus": lambda needs: needs.topics,
    "transactions/s that write": lambda needs: needs.commits,
    "rows/s written": lambda needs: needs.rows,
    "of them: activity records of polls": lambda needs: needs.activity_records,
    "MB/s of WAL": lambda needs: (
        (needs.polls * needs.costs.notified_wal + needs.load.users * needs.costs.wait_wal) / 1e6
    ),
    "PostgreSQL, cores": lambda needs: needs.database,
    "of them: for polls that only wait": lambda needs: needs.load.users * needs.costs.wait_database,
    "million rows of the log, after a day": lambda needs: needs.events_stored / 1e6,
    "GiB of the log, after a day": lambda needs: needs.events_stored * needs.costs.event_bytes / GIB,
    "million rows of `topics` that a day leaves": lambda needs: needs.topics_left / 1e6,
}

_NODES: Figures = {
    "processes, by CPU": lambda needs: needs.by_cpu,
    "processes, by clients' connections": lambda needs: math.ceil(needs.by_connections),
    "nodes, by processes": lambda needs: needs.nodes(needs.processes),
    "nodes, by memory": lambda needs: needs.by_memory,
    "GiB of waiting polls": lambda needs: needs.load.users * needs.costs.poll_bytes / GIB,
    "connections to PostgreSQL": lambda needs: needs.processes * needs.connections_each,
    "machines for PostgreSQL": lambda needs: needs.machines.databases,
    "bus messages/s out of a process": lambda needs: needs.messages(needs.processes) / needs.processes,
    "bus messages/s into a process": lambda needs: (
        needs.messages(needs.processes) * (needs.processes - 1) / needs.processes
    ),
    "% of a process's core for receiving messages": lambda needs: 100 * needs.receiving(needs.processes),
    "PostgreSQL's cores for NOTIFY": lambda needs: needs.notifying(needs.processes),
}

#: What could be done about it, as other inputs.
_REMEDIES: dict[str, tuple[Bus, Callable[[Costs], Costs], int]] = {
    "NOTIFY, one PostgreSQL machine": ("NOTIFY", lambda costs: costs, 1),
    "NATS, one PostgreSQL machine": ("NATS", lambda costs: costs, 1),
    "NOTIFY, tables distributed over 8": ("NOTIFY", lambda costs: costs, 8),
    "NATS, tables distributed over 8": ("NATS", lambda costs: costs, 8),
    "the same, 10 topics in a message": ("NATS", lambda costs: replace(costs, nats_topics=10.0), 8),
    "the same, and 1 poll in 20 announces that it waits": (
        "NATS",
        lambda costs: replace(costs, nats_topics=10.0, takeovers=0.05),
        8,
    ),
}


def write(text: str) -> None:
    """Puts the tables between the markers."""
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, behind = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{behind}", "utf-8")


def written() -> str:
    """What is between the markers."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def tables(needs: Sequence[Needs], notified: Sequence[Simulated]) -> str:
    """All of them. `needs` of each bus by each number of users; `notified`: what was simulated of each."""
    some = [each for each in needs if each.bus == needs[0].bus]
    parts = [
        "### Inputs\n",
        *inputs(some[0].load, some[0].costs, some[0].machines),
        "\n### Rates\n",
        *table(_RATES, some),
    ]
    for bus in dict.fromkeys(each.bus for each in needs):
        of_bus = [each for each in needs if each.bus == bus]
        simulated = [each for each in notified if each[0].bus == bus]
        parts += [f"\n### Resources, with {bus}\n", *table(_NODES, of_bus), *delays(simulated)]
    parts += ["\n### First bottleneck\n", *first(some[-1])]
    return "\n".join(parts)


def table(rows: Figures, needs: Sequence[Needs]) -> Iterator[str]:
    """A row for each figure, a column for each of `needs`."""
    yield "| | " + " | ".join(f"{each.load.users:,} users" for each in needs) + " |"
    yield "| --- |" + " --: |" * len(needs)
    for name, figure in rows.items():
        yield f"| {name} | " + " | ".join(shown(figure(each)) for each in needs) + " |"


def delays(notified: Sequence[Simulated]) -> Iterator[str]:
    """Rows of how long it takes until the last participant is told."""
    rows: Sequence[tuple[str, Callable[[Simulated], str]]] = (
        ("p50", lambda one: ms(one[1], 0.5)),
        ("p99", lambda one: ms(one[1], 0.99)),
        ("p50, in the largest meeting", lambda one: _in_largest(one[0], one[1])),
        ("p50, without delays by activity records", lambda one: ms(one[2], 0.5)),
        ("p99, without delays by activity records", lambda one: ms(one[2], 0.99)),
        ("p50, in the largest meeting, without delays by activity records", lambda one: _in_largest(one[0], one[2])),
    )
    for name, cell in rows:
        yield f"| ms until the last is notified: {name} | " + " | ".join(cell(each) for each in notified) + " |"


def _in_largest(needs: Needs, delivery: Delivery | None) -> str:
    largest = max(needs.load.sizes)
    return f"{ms(delivery, 0.5, largest)} (of {largest})"


def ms(delivery: Delivery | None, part: float, least: int = 0) -> str:
    """As `Delivery.quantile`, in milliseconds."""
    return "-" if delivery is None else shown(1000 * delivery.quantile(part, least))


def first(needs: Needs) -> Iterator[str]:
    """What is full first, next and third, by the number of users, as it is and with remedies."""
    yield "| | first | next | then |"
    yield "| --- | --- | --- | --- |"
    for name, (bus, costs, databases) in _REMEDIES.items():
        here = Needs(needs.load, costs(needs.costs), replace(needs.machines, databases=databases), bus)
        full = sorted((full_at(here, part), part.name) for part in PARTS)[:3]
        yield f"| {name} | " + " | ".join(f"{part}: {shown(users, 2)}" for users, part in full) + " |"


def inputs(load: Load, costs: Costs, machines: Machines) -> Iterator[str]:
    """What was put in, and where it is from."""
    ours, asked, thought = "docs/performance.md", "`python -m bench.fanout_costs`", "assumed"
    rows: Sequence[tuple[str, str, str]] = (
        ("participants of a meeting, on average; log-normal, the deviation of its logarithm",
         f"{load.meeting:g}; {load.spread:g}", thought),
        (f"meetings of {load.large}", f"1 in {load.large_one_in:,}", thought),
        ("in each meeting, changes of an extension; messages",
         f"every {shown(1 / load.extension_changes)} s; every {shown(1 / load.messages)} s", thought),
        ("minutes for which a participant stays", shown(load.stay / 60), thought),
        ("other reads of each user", f"every {shown(1 / load.reads)} s", thought),
        ("open connections of a user", f"{load.connections:g}", thought),
        ("busy hours per day", shown(24 * load.busy), thought),
        ("CPU of a read; of a change, on PostgreSQL", f"{us(costs.read)}; {us(costs.change)}", ours),
        ("memory of a waiting poll; of a process",
         f"{shown(costs.poll_bytes / KIB)} KiB; {shown(costs.process_bytes / KIB**2)} MiB", ours),
        ("commits of one row that a core of PostgreSQL makes", f"{shown(costs.raw_commits)}/s", ours),
        ("CPU per notification: process; PostgreSQL", f"{us(costs.notified)}; {us(costs.notified_database)}", asked),
        ("CPU of a second of waiting: process; PostgreSQL", f"{us(costs.wait)}; {us(costs.wait_database)}", asked),
        ("CPU of signing in, joining and the first poll: process; PostgreSQL",
         f"{us(costs.join)}; {us(costs.join_database)}", asked),
        ("CPU of receiving a message by NATS; by NOTIFY; and of each topic in it",
         f"{us(costs.nats_message)}; {us(costs.notify_message)}; {us(costs.topic)}", asked),
        ("CPU of PostgreSQL for a NOTIFY; for each connection that listens",
         f"{us(costs.notify_database)}; {us(costs.notify_listener)}", asked),
        ("bytes of a row of the log with its index; of a topic in a message",
         f"{costs.event_bytes}; {costs.topic_bytes}", asked),
        ("WAL per notification; per second of waiting", f"{costs.notified_wal} bytes; {costs.wait_wal} bytes", asked),
        ("topics in a message of NATS", f"{costs.nats_topics:g}", f"{thought}; from 1 to 31 were observed"),
        ("consecutive statements for one activity record", f"{costs.record_trips:g}", "the source"),
        ("a node", f"{machines.cores} cores, {machines.memory // GIB} GiB", thought),
        ("planned utilization of CPU and memory", f"{machines.planned:g}", thought),
        ("PostgreSQL's machine: cores; durable commits/s; connections",
         f"{machines.database_cores}; {machines.database_commits:,}; {machines.database_connections:,}", thought),
        ("round trip of a statement; commit to the disk; a message of NATS",
         f"{machines.round_trip * 1e3:g} ms; {machines.flush * 1e3:g} ms; {machines.bus_delay * 1e3:g} ms", thought),
        ("messages delivered by a NATS server", f"{machines.nats_messages:,}/s", thought),
    )  # fmt: skip
    yield "| | | from |"
    yield "| --- | --- | --- |"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def us(seconds: float) -> str:
    """Microseconds, or milliseconds where there are many."""
    return f"{shown(seconds * 1e3)} ms" if seconds >= 1e-3 else f"{shown(seconds * 1e6)} µs"


def shown(value: float, digits: int = 3) -> str:
    """With so many significant digits; infinite: what can't be had."""
    if math.isnan(value):
        return "-"
    if value == math.inf:
        return "never"
    if value == round(value) and value < 10**digits:
        return f"{value:.0f}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, places):,.{max(0, places)}f}"

"""docs/performance.md: what is between its markers is written here, and nothing else of it."""

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.goals import GOALS, RAW_ASYNCPG, RAW_SQLITE, SERVER, WORKS, Goal, Ratio
from bench.http_rows import Bench, Rounds
from bench.load import CONNECTIONS

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN = "<!-- written by make bench: from here -->"
END = "<!-- written by make bench: to here -->"


def write(bench: Bench) -> None:
    """Puts what was measured between the markers."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, behind = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables(bench)}\n{END}{behind}", "utf-8")


def tables(bench: Bench) -> str:
    """The goals, and the rows that they are taken from."""
    parts = [
        "### Goals\n",
        *goal_rows(bench),
        "\n### Rows\n",
        (
            f"{CONNECTIONS} connections; medians of {bench.rounds} rounds of {bench.seconds} s, in turn; errors: "
            f"{bench.errors}. `ratio`: {SERVER}'s requests a second divided by the row's. `CPU`: of the server (not "
            "of a database server) for a request, in microseconds; its ratio is what counts where something else "
            "disturbed the machine.\n"
        ),
        f"The machine: {machine()}\n",
        *work_rows(bench),
    ]
    return "\n".join(parts) + "\n"


def goal_rows(bench: Bench) -> Iterator[str]:
    """A line of the table for each goal."""
    yield "| goal | figure | to reach | measured | met | |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for goal in GOALS:
        value = value_of(bench, goal)
        told = ("not measured", "-") if value is None else (goal.shown(value), "yes" if goal.met(value) else "no")
        yield f"| `{goal.id}` | {goal.figure} | {goal.text} | {told[0]} | {told[1]} | {bench.notes.get(goal.id, '')} |"


def value_of(bench: Bench, goal: Goal) -> float | None:
    """What was measured; None: nothing."""
    if isinstance(goal, Ratio):
        return bench.ratio(goal.work, goal.of, goal.beside, by_cpu=goal.by_cpu)
    return bench.figures.get(goal.id)


def work_rows(bench: Bench) -> Iterator[str]:
    """A table for each work."""
    for work, rounds in bench.measured.items():
        letter = f"({work}) " if len(work) == 1 else ""
        yield f"\n{letter}{WORKS[work]}\n"
        yield "| | requests/s | p50 ms | p99 ms | CPU µs | ratio | by CPU |"
        yield "| --- | --: | --: | --: | --: | --: | --: |"
        for name in rounds:
            yield f"| {name} | {cells(bench, work, rounds, name)} |"


def cells(bench: Bench, work: str, rounds: Rounds, name: str) -> str:
    """The figures of one contestant."""
    told = [each for each in rounds[name] if each is not None]
    rate, cost = median(each.rate for each in told), median(each.cost for each in told)
    raw = name in {RAW_SQLITE, RAW_ASYNCPG}
    p50, p99 = (median(each.p50 for each in told), median(each.p99 for each in told))
    latencies = ["-", "-"] if raw else [f"{p50:.2f}", f"{p99:.2f}"]
    ratio = bench.ratio(work, SERVER, name)
    own = median(each.cost for each in rounds[SERVER] if each is not None)
    ratios = [f"{ratio:.2f}" if ratio is not None else "-", f"{cost / own:.2f}"]
    return " | ".join([f"{rate:,.0f}", *latencies, f"{cost:.1f}", *ratios])


def summary(bench: Bench) -> Iterator[str]:
    """The goals, for a terminal."""
    for goal in GOALS:
        value = value_of(bench, goal)
        met = "not measured" if value is None else f"{goal.shown(value)}, {'met' if goal.met(value) else 'NOT met'}"
        yield f"  {goal.id:<16}{goal.figure:<66}{goal.text:<20}{met}"


def machine() -> str:
    """In a sentence."""
    model = ""
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores ({model or platform.machine()}), {platform.system()}, {python}."

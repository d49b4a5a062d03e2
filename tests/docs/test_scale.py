"""docs/scale.md shows what the simulation gives with what docs/performance.md says; and the simulation's arithmetic."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench import fanout_page
from bench.fanout import USERS, fitted, tables
from bench.fanout_inputs import KIB, Costs, Load, Machines, measured
from bench.fanout_needs import PARTS, Bus, Needs, full_at
from bench.fanout_simulation import deliver

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
#: What rounding, and other machines' logarithms, may change of a figure.
ROUNDING = 0.03


@pytest.fixture
def costs() -> Costs:
    """Some that don't change when something is measured anew."""
    return Costs(read=350e-6, change=550e-6, poll_bytes=30 * KIB, process_bytes=40_000 * KIB, raw_commits=6_000)


def needs(costs: Costs, users: int, bus: Bus = "NATS") -> Needs:
    return fitted(Load(users), costs, Machines(), bus)


def numbers(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in _NUMBER.findall(text)]


# The page


def test_page_shows_the_results_of_the_simulation() -> None:
    given, written = tables(USERS, Load(0), measured(), Machines()).strip(), fanout_page.written()
    for shown, simulated in zip(written.splitlines(), given.splitlines(), strict=True):
        assert _NUMBER.sub("N", shown) == _NUMBER.sub("N", simulated), "python -m bench.fanout writes the page anew"
        assert numbers(shown) == pytest.approx(numbers(simulated), rel=ROUNDING), simulated


def test_measurements_are_read_from_the_performance_page(tmp_path: Path) -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "performance.md"
    other = tmp_path / "performance.md"
    other.write_text(
        re.sub(r"(\| `g-memory` \|.*?\|.*?\|) [\d.]+ KiB", r"\1 12.5 KiB", page.read_text("utf-8")), "utf-8"
    )
    assert measured(other).poll_bytes == 12.5 * KIB
    assert replace(measured(other), poll_bytes=measured().poll_bytes) == measured()


def test_missing_measurement_is_named(tmp_path: Path) -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "performance.md"
    other = tmp_path / "performance.md"
    other.write_text(page.read_text("utf-8").replace("| raw asyncpg |", "| something else |"), "utf-8")
    with pytest.raises(ValueError, match="no row raw asyncpg"):
        measured(other)


# What happens


@pytest.mark.parametrize("users", [7, 1_000, 123_456])
def test_each_user_is_in_one_meeting(users: int) -> None:
    sizes = Load(users).sizes
    assert sum(sizes) == users
    assert min(sizes) >= 1


def test_simulation_notifies_as_many_as_computed(costs: Costs) -> None:
    reckoned = needs(costs, 200_000)
    delivery = deliver(reckoned)
    assert delivery.notified / delivery.seconds == pytest.approx(reckoned.notified, rel=0.1)
    assert len(delivery.sizes) / delivery.seconds == pytest.approx(reckoned.changes, rel=0.1)


def test_every_participant_is_notified_of_each_change(costs: Costs) -> None:
    load = Load(3_000, meeting=30, spread=0, large_one_in=1_000_000)
    delivery = deliver(Needs(load, costs, Machines(), "NATS"), notified=6_000)
    assert set(delivery.sizes) == {30}
    assert len(delivery.sizes) == 200
    assert all(last > 0 for last in delivery.last)


def test_twice_the_users_need_twice_the_rows_and_rates(costs: Costs) -> None:
    one, two = needs(costs, 400_000), needs(costs, 800_000)
    for rate in (
        "changes",
        "notified",
        "polls",
        "topics",
        "commits",
        "rows",
        "activity_records",
        "events_stored",
        "database",
        "work",
    ):
        assert getattr(two, rate) == pytest.approx(2 * getattr(one, rate)), rate


def test_empty_polls_are_those_that_timed_out(costs: Costs) -> None:
    quiet = replace(Load(90_000, extension_changes=0, messages=0, stay=1e9))
    assert Needs(quiet, costs, Machines(), "NATS").kept_alive == pytest.approx(90_000 / 180, rel=0.01)


# What it takes


@pytest.mark.parametrize("bus", ["NOTIFY", "NATS"])
def test_number_of_processes_is_the_smallest_that_does_the_work(costs: Costs, bus: Bus) -> None:
    here = needs(costs, 500_000, bus)
    planned = here.machines.planned

    def enough(processes: float) -> bool:
        return processes * planned >= here.work + processes * here.receiving(processes) - 1e-9

    assert enough(here.by_cpu)
    assert not enough(0.98 * here.by_cpu)


@pytest.mark.parametrize("bus", ["NOTIFY", "NATS"])
def test_more_processes_take_more_cpu_only_for_the_bus(costs: Costs, bus: Bus) -> None:
    few, many = (Needs(Load(100_000), costs, Machines(planned=planned), bus) for planned in (0.6, 0.3))
    assert many.processes > few.processes
    assert many.work == few.work
    assert many.database == few.database


def test_receiving_alone_can_exceed_any_number_of_processes(costs: Costs) -> None:
    loud = replace(costs, nats_topics=1.0)
    assert Needs(Load(10_000_000), loud, Machines(), "NATS").processes == math.inf


def test_bottleneck_is_reached_at_the_computed_number_of_users(costs: Costs) -> None:
    here = needs(costs, 100_000)
    for part in PARTS:
        if (users := full_at(here, part)) < math.inf:
            assert part.filled(replace(here, load=here.load.of(users))) == pytest.approx(1, rel=0.05), part.name


# How long it takes


def test_process_notifies_participants_one_after_the_other(costs: Costs) -> None:
    load = Load(200, meeting=200, spread=0, large_one_in=1_000_000)
    here = Needs(load, costs, Machines(), "NATS")
    assert here.processes == 1
    assert deliver(here, notified=2_000).quantile(0) >= 200 * costs.notified


def test_large_meeting_is_notified_sooner_by_more_processes(costs: Costs) -> None:
    quick = replace(costs, record_trips=0)
    few, many = (deliver(Needs(Load(100_000), quick, Machines(planned=part), "NATS")) for part in (0.6, 0.2))
    assert many.quantile(0.5, least=500) < few.quantile(0.5, least=500)


def test_same_seed_gives_the_same_figures(costs: Costs) -> None:
    here = needs(costs, 10_000)
    assert deliver(here, notified=5_000) == deliver(here, notified=5_000)
    assert deliver(here, notified=5_000) != deliver(here, notified=5_000, seed=1)

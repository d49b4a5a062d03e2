"""The event fan-out of many users, simulated: how long it takes until those in a meeting are told of a change.

    python -m bench.fanout             # prints what docs/scale.md shows, and writes it there
    python -m bench.fanout --no-write --users 200000 --set messages=0.1 --set database_cores=32

Each change of a meeting is told to each of its participants. They wait on processes by chance, and a process does one
thing after the other. What it does besides (waiting, joining, reading, hearing of other processes) slows it down
evenly. PostgreSQL is a delay that grows with its load. See `fanout_needs.py` for the loads, `fanout_inputs.py` for all
that goes in. The same seed gives the same figures.
"""

import argparse
import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import accumulate
from typing import get_args

from bench import fanout_page
from bench.fanout_inputs import Costs, Load, Machines, measured
from bench.fanout_needs import SETTINGS, Bus, Needs

USERS = (10_000, 100_000, 1_000_000)
#: Participants who are told in a simulation, and what chance begins with.
TOLD = 200_000
SEED = 20_261_122
#: Statements, one after the other, of a change and of a participant who is told (a poll's beginning comes later).
CHANGE_TRIPS, TOLD_TRIPS = 5, 9


@dataclass(frozen=True)
class Delivery:
    """What came of a simulation. `seconds`: that passed in it. `sizes`: of the meeting of each change, so how many were
    told of it; `last`: seconds until the last of them was."""

    seconds: float
    sizes: Sequence[int]
    last: Sequence[float]

    @property
    def notified(self) -> int:
        """Participants who were told."""
        return sum(self.sizes)

    def quantile(self, part: float, least: int = 0) -> float:
        """Within how many seconds that part of the changes was told to all, in meetings of `least` participants."""
        found = sorted(last for size, last in zip(self.sizes, self.last, strict=True) if size >= least)
        return found[min(len(found) - 1, int(part * len(found)))] if found else math.nan


class Delays:
    """How long things take that are not done by the process that is waited for."""

    def __init__(self, needs: Needs, chance: random.Random) -> None:
        self._needs = needs
        self._chance = chance
        self._bus = needs.bus_delay(needs.processes)
        machines = needs.machines
        load = (needs.database / machines.databases + needs.notifying(needs.processes)) / machines.database_cores
        self._database = needs.costs.notified_database / (1 - load) + machines.flush
        self._noting = needs.noting / SETTINGS.store_write_connections

    def database(self, trips: int) -> float:
        """Of something that is written."""
        waiting = 0.0
        if self._chance.random() < self._noting:
            # Its lane is at work on when applications were heard of.
            waiting = self._needs.noting_at_a_time * self._chance.random()
        return waiting + self._database + trips * self._needs.machines.round_trip

    def bus(self) -> float:
        """Until another process hears."""
        least, most = self._bus
        return least + (most - least) * self._chance.random()


def deliver(needs: Needs, notified: int = TOLD, seed: int = SEED) -> Delivery:
    """Simulates changes until so many participants were told. `needs` have to fit: see `fitted`."""
    chance = random.Random(seed)  # noqa: S311  # a simulation
    delays = Delays(needs, chance)
    processes = round(needs.processes)
    sizes = needs.load.sizes
    meeting_of = list(accumulate(sizes))
    places: dict[int, list[int]] = {}
    other_work = needs.work - needs.notified * needs.costs.notified
    speed = 1 - other_work / processes - needs.heard(processes)
    change, telling = needs.costs.change / speed, needs.costs.notified / speed
    free = [0.0] * processes
    coming = 2 * needs.comings / needs.changes
    now, count = 0.0, 0
    told_of: list[int] = []
    last: list[float] = []
    while count < notified:
        now += chance.expovariate(needs.changes)
        if chance.random() < coming:
            meeting = bisect_right(meeting_of, chance.randrange(needs.load.users))
        else:
            meeting = chance.randrange(len(sizes))
        size = sizes[meeting]
        if meeting not in places:
            places[meeting] = chance.choices(range(processes), k=size)
        heard = now + change + delays.database(CHANGE_TRIPS) + delays.bus()
        latest = 0.0
        for place in places[meeting]:
            done = free[place] = max(free[place], heard) + telling
            latest = max(latest, done + delays.database(TOLD_TRIPS))
        count += size
        told_of.append(size)
        last.append(latest - now)
    return Delivery(now, told_of, last)


def fitted(load: Load, costs: Costs, machines: Machines, bus: Bus) -> Needs:
    """The needs, with PostgreSQL on as many machines as its CPU and its commits take."""
    needs = Needs(load, costs, machines, bus)
    room = machines.database_cores * machines.planned - needs.notifying(needs.processes)
    by_cpu, by_commits = needs.database / room, needs.commits / machines.database_commits
    return replace(needs, machines=replace(machines, databases=max(1, math.ceil(max(by_cpu, by_commits)))))


def tables(users: Sequence[int], load: Load, costs: Costs, machines: Machines) -> str:
    """What docs/scale.md shows."""
    needs = [fitted(load.of(each), costs, machines, bus) for bus in get_args(Bus) for each in users]
    return fanout_page.tables(needs, [simulated(each) for each in needs])


def simulated(needs: Needs) -> fanout_page.Simulated:
    """What becomes of these needs; as it is, and with notes that hold nothing up."""
    if needs.processes == math.inf:
        return needs, None, None
    return needs, deliver(needs), deliver(replace(needs, costs=replace(needs.costs, note_trips=0)))


def main() -> None:
    """Prints, and writes."""
    parser = argparse.ArgumentParser(prog="python -m bench.fanout", description=__doc__.partition("\n")[0])
    parser.add_argument("--users", type=int, action="append", help="how many there are, instead of " + str(USERS))
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="an input of another value")
    parser.add_argument("--no-write", action="store_true", help="leave docs/scale.md as it is")
    arguments = parser.parse_args()
    inputs: list[Load | Costs | Machines] = [Load(0), measured(), Machines()]
    for name, _, value in (setting.partition("=") for setting in arguments.set):
        if not any(name == field.name for part in inputs for field in fields(part)):
            parser.error(f"there is no input {name}")
        inputs = [
            replace(part, **{name: type(getattr(part, name))(float(value))}) if hasattr(part, name) else part
            for part in inputs
        ]
    load, costs, machines = inputs
    text = tables(arguments.users or USERS, load, costs, machines)  # type: ignore[arg-type]
    print(text)
    if not (arguments.no_write or arguments.set or arguments.users):
        fanout_page.write(text)
        print(f"written: {fanout_page.PAGE}")


if __name__ == "__main__":
    main()

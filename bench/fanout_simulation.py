"""The simulation of the event fan-out.

Each change of a meeting is sent to each of its participants. They wait on processes at random, and a process does one
thing after the other. Its other work (waiting, joining, reading, messages of other processes) slows it down evenly.
PostgreSQL is a delay that grows with its load. The same seed gives the same figures.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from bench.fanout_needs import SETTINGS, Needs

#: Participants notified in a simulation, and the seed of its random numbers.
NOTIFIED = 200_000
SEED = 20_261_122
#: Statements, one after the other, of a change and of notifying one participant (without the next poll).
CHANGE_TRIPS, NOTIFIED_TRIPS = 5, 9


@dataclass(frozen=True)
class Delivery:
    """The result of a simulation. `seconds`: simulated time. For each change, `sizes`: the number of participants
    notified; `last`: seconds until the last of them was."""

    seconds: float
    sizes: Sequence[int]
    last: Sequence[float]

    @property
    def notified(self) -> int:
        """Participants who were notified, over all changes."""
        return sum(self.sizes)

    def quantile(self, part: float, least: int = 0) -> float:
        """Seconds until everybody was notified, for that part of the changes, in meetings of `least` or more."""
        found = sorted(last for size, last in zip(self.sizes, self.last, strict=True) if size >= least)
        return found[min(len(found) - 1, int(part * len(found)))] if found else math.nan


class Delays:
    """The delays outside the process: PostgreSQL and the bus, in seconds."""

    def __init__(self, needs: Needs, chance: random.Random) -> None:
        self._needs = needs
        self._chance = chance
        self._bus = needs.bus_delay(needs.processes)
        machines = needs.machines
        load = (needs.database / machines.databases + needs.notifying(needs.processes)) / machines.database_cores
        self._database = needs.costs.notified_database / (1 - load) + machines.flush
        self._recording = needs.recording / SETTINGS.store_write_connections

    def database(self, trips: int) -> float:
        """The delay of a transaction of so many statements that writes."""
        waiting = 0.0
        if self._chance.random() < self._recording:
            # Its connection is busy writing when applications last polled.
            waiting = self._needs.longest_recording * self._chance.random()
        return waiting + self._database + trips * self._needs.machines.round_trip

    def bus(self) -> float:
        """Until a message reaches another process."""
        least, most = self._bus
        return least + (most - least) * self._chance.random()


def deliver(needs: Needs, notified: int = NOTIFIED, seed: int = SEED) -> Delivery:
    """Simulates changes until so many participants were notified. `needs` must fit: see `fanout.fitted`."""
    chance = random.Random(seed)  # noqa: S311  # a simulation
    delays = Delays(needs, chance)
    processes = round(needs.processes)
    sizes = needs.load.sizes
    meeting_of = list(accumulate(sizes))
    processes_of: dict[int, list[int]] = {}
    other_work = needs.work - needs.notified * needs.costs.notified
    speed = 1 - other_work / processes - needs.receiving(processes)
    change, notifying = needs.costs.change / speed, needs.costs.notified / speed
    free = [0.0] * processes
    coming = 2 * needs.comings / needs.changes
    now, count = 0.0, 0
    notified_of: list[int] = []
    last: list[float] = []
    while count < notified:
        now += chance.expovariate(needs.changes)
        if chance.random() < coming:
            meeting = bisect_right(meeting_of, chance.randrange(needs.load.users))
        else:
            meeting = chance.randrange(len(sizes))
        size = sizes[meeting]
        if meeting not in processes_of:
            processes_of[meeting] = chance.choices(range(processes), k=size)
        published = now + change + delays.database(CHANGE_TRIPS) + delays.bus()
        latest = 0.0
        for process in processes_of[meeting]:
            done = free[process] = max(free[process], published) + notifying
            latest = max(latest, done + delays.database(NOTIFIED_TRIPS))
        count += size
        notified_of.append(size)
        last.append(latest - now)
    return Delivery(now, notified_of, last)

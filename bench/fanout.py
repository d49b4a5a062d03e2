"""The event fan-out of many users, simulated: how long it takes until the participants of a meeting are notified.

    python -m bench.fanout             # prints what docs/scale.md shows, and writes it there
    python -m bench.fanout --no-write --users 200000 --set messages=0.1 --set database_cores=32

See `fanout_simulation.py` for what is simulated, `fanout_needs.py` for the loads, `fanout_inputs.py` for the inputs.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import get_args

from bench import fanout_page
from bench.fanout_inputs import Costs, Load, Machines, measured
from bench.fanout_needs import Bus, Needs
from bench.fanout_simulation import deliver

USERS = (10_000, 100_000, 1_000_000)


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
    """The delays with these needs; and without the delays by activity records."""
    if needs.processes == math.inf:
        return needs, None, None
    return needs, deliver(needs), deliver(replace(needs, costs=replace(needs.costs, record_trips=0)))


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

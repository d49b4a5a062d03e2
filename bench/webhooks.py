"""Changes with a webhook while servers, the receiver and PostgreSQL are killed with SIGKILL, again and again.

    python -m bench.webhooks                                  # 10,000 changes on each store
    python -m bench.webhooks --changes 1000 --store sqlite --kills 10

Fails if a change was not delivered, was delivered out of order within its meeting, or was signed wrongly.
`tests/webhooks/test_kill.py` does the same with few changes.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tests.ports import free_port
from tests.postgres import PostgresServer
from tests.webhooks.killing import Kill, Outcome, Servers, prepare, storm
from tests.webhooks.receiver_process import ReceiverProcess

#: Seconds without progress after which it fails.
PATIENCE = 900.0


def main() -> None:
    """Runs and prints a line for each store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--store", choices=("sqlite", "postgres", "both"), default="both")
    arguments = parser.parse_args()
    for store in ("sqlite", "postgres"):
        if arguments.store in {store, "both"}:
            with tempfile.TemporaryDirectory() as folder:
                run = _on_sqlite if store == "sqlite" else _on_postgres
                outcome = run(Path(folder), arguments.changes, arguments.kills)
            outcome.check()
            print(f"{store}: {_report(outcome)}", flush=True)


def _on_sqlite(folder: Path, changes: int, kills: int) -> Outcome:
    prepare(folder / "data")
    return _run(Servers(folder / "data", 1), folder, changes, kills, [])


def _on_postgres(folder: Path, changes: int, kills: int) -> Outcome:
    with PostgresServer() as database:
        url = database.new_database()
        prepare(url)

        def restart() -> None:
            database.kill()
            database.start()

        return _run(Servers(url, 2), folder, changes, kills, [("database", restart)])


def _run(servers: Servers, folder: Path, changes: int, kills: int, more: Sequence[tuple[str, Kill]]) -> Outcome:
    receiver = ReceiverProcess(free_port(), folder / "received")

    def restart() -> None:
        receiver.kill()
        receiver.start()

    nodes: list[tuple[str, Kill]] = [
        (f"server {index + 1}", lambda index=index: servers.kill(index))  # type: ignore[misc]
        for index in range(len(servers.urls))
    ]
    kinds = [*nodes, ("receiver", restart), *more]
    try:
        receiver.start()
        servers.start()
        chosen = [kinds[number % len(kinds)] for number in range(kills)]
        return asyncio.run(storm(servers, receiver, changes, chosen, PATIENCE))
    finally:
        servers.stop()
        receiver.kill()


def _report(outcome: Outcome) -> str:
    first: dict[str, float] = {}
    for message in outcome.messages:
        said = datetime.fromisoformat(json.loads(message["body"])["timestamp"]).timestamp()
        first.setdefault(message["webhook-id"], float(message["received"]) - said)
    lags = sorted(first.values())
    killed = ", ".join(f"{name} {count} times" for name, count in sorted(outcome.kills.items()))
    return (
        f"{outcome.changes} changes in {outcome.seconds:.0f} s, each delivered at least once, in order, signed;"
        f" {len(outcome.messages) - len(first)} delivered again; killed: {killed};"
        f" from change to delivery {lags[len(lags) // 2]:.2f} s (median), {lags[-1]:.1f} s (maximum)"
    )


if __name__ == "__main__":
    main()

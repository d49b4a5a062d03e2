"""The order in which test files begin, for several workers."""

from collections import Counter
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

#: Files that take longest. They begin first, so that no worker is left alone with one at the end of the run; those that
#: compute and those that wait take turns.
LONGEST = (
    "browser/test_tabs.py",
    "cluster/test_presence.py",
    "process/test_kill.py",
    "browser/test_people.py",
    "cluster/test_store_that_goes.py",
    "process/test_serving.py",
    "hostile/test_generated_requests.py",
    "store/postgres/test_away.py",
    "conversations/test_two_party_convergence.py",
    "webhooks/test_kill.py",
    "browser/test_whole_day.py",
    "cluster/test_upgrades.py",
    "browser/test_developer_pages.py",
    "hostile/test_connections.py",
    "conversations/test_convergence.py",
    "process/test_postgres.py",
    "samples/test_events.py",
    "docs/test_operating_installed.py",
    "docs/test_ci.py",
    "cluster/test_nodes_that_go.py",
    "docs/test_first_request.py",
    "docs/test_operating_walks.py",
    "testing/test_plugin.py",
    "cluster/test_events.py",
    "people/test_convergence.py",
    "browser/test_console_webhooks.py",
    "browser/test_console_account.py",
    "docs/test_sandbox.py",
    "docs/test_data_on_meetings.py",
    "testing/test_wheel.py",
)


def sort(items: list[pytest.Item]) -> None:
    """Puts the tests of the longest files first, then those of the files with most tests."""
    longest = {TESTS / name: place for place, name in enumerate(LONGEST)}
    counts = Counter(item.path for item in items)
    found = {path: place for place, path in enumerate(counts)}
    items.sort(key=lambda item: (longest.get(item.path, len(longest)), -counts[item.path], found[item.path]))

"""`docs/compliance.md` as data, so that tests can hold it true.

Its tables are told apart by the name of their first column: `resource` (operations and their state), `not offered`,
`shown without` (members that are absent), `besides` (what no page documents), `event`, `never
raised`.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PATH = Path(__file__).parents[2] / "docs" / "compliance.md"
STATES = {"done", "partly", "not"}
ALWAYS = "always"

Operations = dict[tuple[str, str], str]


def rows(kind: str) -> Iterator[list[str]]:
    """The rows of all tables whose first column has this name: the text of each cell."""
    head: list[str] | None = None
    for line in PATH.read_text("utf-8").splitlines():
        if not line.startswith("|"):
            head = None
            continue
        cells = [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        if head is None:
            head = cells
        elif head[0] == kind and not set(cells[0]) <= set(":-"):
            assert len(cells) == len(head), f"{line}: the table has {len(head)} columns"
            yield cells


def listed(cell: str) -> list[str]:
    """The names in a cell; a dash is none."""
    return [] if cell == "-" else [name.strip() for name in cell.split(",")]


def operations() -> Operations:
    """The state of each documented operation: by resource and method. AssertionError: one is there twice."""
    found: Operations = {}

    def add(resource: str, cell: str, state: str) -> None:
        for method in listed(cell):
            assert (resource, method) not in found, f"{resource}, {method}: is there twice"
            found[resource, method] = state

    for several, methods, state, _remarks in rows("resource"):
        assert state in STATES, f"{several}: {state} is no state"
        for resource in listed(several):
            add(resource, methods, state)
    for several, methods in rows("not offered"):
        for resource in listed(several):
            add(resource, methods, "not")
    return found


def resources() -> set[str]:
    """All documented resources that have a row, those without operations too."""
    return {name for kind in ("resource", "not offered") for cells in rows(kind) for name in listed(cells[0])}


def offered() -> set[tuple[str, str]]:
    """The operations that are done or partly done."""
    return {operation for operation, state in operations().items() if state != "not"}


def besides() -> set[tuple[str, str]]:
    """The operations that no page of the reference documents."""
    return {
        (name, method)
        for several, methods, _what in rows("besides")
        for name in listed(several)
        for method in listed(methods)
    }


def absent() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """By resource, the documented members that are never shown, and those that are shown at times only."""
    never: dict[str, set[str]] = defaultdict(set)
    at_times: dict[str, set[str]] = defaultdict(set)
    for resources, members, when, _why in rows("shown without"):
        for resource in listed(resources):
            (never if when == ALWAYS else at_times)[resource] |= set(listed(members))
    return never, at_times


def never_raised() -> set[tuple[str, str]]:
    """The documented events that are never raised: resource and type."""
    return {(*event.split(),) for several, _why in rows("never raised") for event in listed(several)}  # type: ignore[misc]


def events() -> set[tuple[str, str, str, str]]:
    """The events that are raised: resource, type, sender, priority."""
    return {(*event.split(), sender, priority) for event, sender, priority, _when in rows("event")}  # type: ignore[misc]

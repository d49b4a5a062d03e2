"""A sandbox for tests: `with server() as ucwa:`, and fixtures for pytest (`plugin.py`).

What it needs is imported when a server starts, so that the plugin costs nothing where no test uses it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openucwa.testing.running import SandboxServer


@contextmanager
def server(
    *,
    seed: str | Path | None = None,
    random_seed: int | None = 1,
    now: str | None = None,
    frozen: bool = False,
    process: bool = False,
    arguments: Sequence[str] = (),
) -> Iterator["SandboxServer"]:
    """A sandbox on a free port of this machine, until the block ends.

    `seed`: the file with its users; by default there are two. `random_seed`: its ids, etags and tokens are the same in
    each run; None: they are random. `now`: its time of day at the start, ISO 8601. `frozen`: whether its clock stands.
    `process`: whether it is a process of its own; otherwise it is a thread of this one. `arguments`: further arguments
    of `openucwa sandbox`, for a process.
    """
    from openucwa.testing.running import SandboxServer, in_process, in_thread  # noqa: PLC0415

    file = None if seed is None else Path(seed)
    running = (
        in_process(file, random_seed, now, arguments, frozen=frozen)
        if process
        else in_thread(file, random_seed, now, frozen=frozen)
    )
    with running as (url, users):
        yield SandboxServer(url, users)

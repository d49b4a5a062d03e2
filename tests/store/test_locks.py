"""SQLite's locks, by which a process that comes knows that others are there."""

import os
from pathlib import Path

import pytest

from openucwa.store.sqlite import SqliteStore

LOCKS = Path("/proc/locks")


def held(file: Path) -> int:
    """How many locks this process holds on `file`."""
    inode = f":{file.stat().st_ino}"
    lines = (line.split() for line in LOCKS.read_text().splitlines())
    return sum(line[4] == str(os.getpid()) and line[5].endswith(inode) for line in lines if len(line) > 5)


@pytest.mark.skipif(not LOCKS.exists(), reason="this system does not tell who holds locks")
async def test_open_store_locks_its_index(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, timeout=5.0)
    await store.open()
    try:
        await store.users.all()
        assert held(tmp_path / "openucwa.sqlite3-shm") >= 1
    finally:
        await store.close()

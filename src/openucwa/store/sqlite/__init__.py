"""The store in one SQLite file, for one machine: read in the event loop, written by one thread in groups."""

from openucwa.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]

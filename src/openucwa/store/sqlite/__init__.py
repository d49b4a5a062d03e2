"""The store in one SQLite file, for one machine. Statements run in the event loop, commits in a thread."""

from openucwa.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]

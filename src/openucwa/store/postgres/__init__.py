"""The store in a PostgreSQL database, which any number of servers may share.

This package has the connections, runs the statements of `store/sql/` over them, and creates the tables; the statements
themselves are the same for every engine.
"""

from openucwa.store.postgres.connection import place_of
from openucwa.store.postgres.store import PostgresStore

__all__ = ["PostgresStore", "place_of"]

"""The store in a PostgreSQL database, which any number of servers on any number of machines may share.

What is here is how connections are made, how the statements of `store/sql/` are run over them, and what makes the
tables; the statements themselves are the same for every engine.
"""

from openucwa.store.postgres.connection import place_of
from openucwa.store.postgres.store import PostgresStore

__all__ = ["PostgresStore", "place_of"]

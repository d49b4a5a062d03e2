"""The statements, one set for every engine, and the meaning of their rows.

They use only what SQLite 3.37 and PostgreSQL 13 both support: a flag is an integer, `on conflict ... do update` names
its columns, a list is as many parameters as it has values. Parameters are text, integers, bytes or None; an enumeration
gives its value. Statements on a meeting's rows name the organizer, on an application's its owner, on events their
topic, so that the tables can be distributed by these.
"""

from openucwa.store.sql.store import SqlStore, contents

__all__ = ["SqlStore", "contents"]

"""Reading whole tables as of one moment, in pages, so that memory does not grow with the store."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from openucwa.store.engine import Row

#: Rows per page.
PAGE = 200


class Snapshot(Protocol):
    """The store as it is at one moment, whatever is changed meanwhile."""

    async def rows(self, sql: str, *parameters: object) -> Sequence[Row]:
        """All rows that the statement finds. ServiceUnavailable, InvalidExchangeServerVersion."""
        ...


async def pages(
    snapshot: Snapshot,
    table: str,
    columns: Sequence[str],
    key: Sequence[str],
    *,
    of: tuple[str, str] | None = None,
    size: int = PAGE,
) -> AsyncIterator[Sequence[Row]]:
    """The rows of a table by its unique `key`, which is among `columns`, up to `size` at a time. `of`: a column and its
    value: only such rows.
    """
    places = [columns.index(name) for name in key]
    own = [] if of is None else [f"{of[0]} = ?"]
    owned = [] if of is None else [of[1]]
    after: list[object] = []
    while True:
        behind = [f"({', '.join(key)}) > ({', '.join('?' * len(key))})"] if after else []
        where = " and ".join([*own, *behind])
        statement = f"select {', '.join(columns)} from {table}{f' where {where}' if where else ''}"
        rows = await snapshot.rows(f"{statement} order by {', '.join(key)} limit ?", *owned, *after, size)
        if rows:
            yield rows
        if len(rows) < size:
            return
        after = [rows[-1][place] for place in places]

"""The number of bytes stored for a user: properties of extensions, and texts and lists of meetings.

Triggers of the engines maintain `stored_bytes`, whatever adds, replaces or removes the rows.
"""

from openucwa.model.refusals import EntityTooLarge
from openucwa.store.engine import Transaction

#: Of owner `?1`, in a statement.
STORED = "coalesce((select bytes from stored_bytes where owner = ?1), 0)"


async def check(transaction: Transaction, owner: str, more: int, limit: int) -> None:
    """EntityTooLarge: `more` further bytes for `owner` would exceed `limit`."""
    if more <= 0:
        return
    row = await transaction.row("select bytes from stored_bytes where owner = ?", owner)
    stored = row[0] if row else 0
    if stored + more > limit:
        raise EntityTooLarge(
            f"the organizer's data takes {stored} bytes; {more} more would exceed the maximum of {limit}"
        )

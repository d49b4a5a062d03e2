"""Types that the parts of the contract have in common."""

from typing import TypeAlias

#: The etags that a change accepts (If-Match); None accepts any.
Match: TypeAlias = frozenset[str] | None

#: What a commit makes outdated: rows of this owner or organizer, and of them only extensions of this meeting (None:
#: any).
Outdated: TypeAlias = tuple[str, str | None]

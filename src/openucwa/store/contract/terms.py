"""Types shared by the parts of the contract."""

from typing import TypeAlias

#: The etags that a change accepts (If-Match); None accepts any.
Match: TypeAlias = frozenset[str] | None

#: Rows that a commit makes outdated: those of this owner or organizer, and if given, only extensions of this meeting.
Outdated: TypeAlias = tuple[str, str | None]

"""The change log: what was changed of meetings and extensions, by whom, and what they were afterwards.

It is an addition to UCWA; `docs/protocol.md` describes the resources that show it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import msgspec

from openucwa.model.meeting import Extension, ExtensionType, Meeting

_meeting = msgspec.json.Decoder(Meeting).decode

#: How a change is counted against the limit of a user's log besides its contents, in bytes: row and indexes.
ROW_BYTES = 400


class ChangeKind(StrEnum):
    """The kind of a change of a meeting or an extension."""

    ADDED = "added"
    REPLACED = "replaced"
    PATCHED = "patched"
    REMOVED = "removed"
    RESTORED = "restored"


class Author(NamedTuple):
    """The author of a change. `user`: a SIP URI; empty: the server itself, or its administrator. `application`: the id
    of the user's application, and `user_agent` its userAgent; empty if there is none.
    """

    user: str = ""
    application: str = ""
    user_agent: str = ""


#: The author of what the server does itself, such as removing expired meetings.
SERVER = Author()


class Position(NamedTuple):
    """A place in the log: a reader who continues after it misses nothing and reads nothing twice.

    `transaction`: the store's number of the transaction; 0 on an engine that commits changes in the order of their
    numbers. `number`: that of a change.
    """

    transaction: int
    number: int


#: Before every change.
BEGINNING = Position(0, 0)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a meeting or of an extension.

    `extension_id`: empty: the meeting itself. `number`: ascending for each organizer, never reused; `transaction_id`:
    see `Position`. `at`: ms since 1970. `actor`, `application`, `user_agent`: those of `Author`. `change_set`: the same
    for all changes of one request: the number of the first of them. `etag_before`, `etag`: empty: there was or is
    nothing. `type_before`, `type`: values of ExtensionType; empty for a meeting, and where there was or is nothing.
    `contents`: of an extension its properties, as `Extension.properties`; of a meeting the whole `Meeting` as JSON
    (`Change.meeting`). Of a removal: what was removed. None: the log has forgotten them, or the reader may not
    see them.
    """

    organizer: str
    meeting_id: str
    extension_id: str
    number: int
    transaction_id: int
    kind: ChangeKind
    at: int
    actor: str
    application: str
    user_agent: str
    change_set: int
    etag_before: str
    etag: str
    type_before: str
    type: str
    contents: bytes | None

    @property
    def position(self) -> Position:
        """The place behind this change."""
        return Position(self.transaction_id, self.number)

    @property
    def of_meeting(self) -> bool:
        """Whether it is a change of the meeting itself."""
        return not self.extension_id

    @property
    def meeting(self) -> Meeting | None:
        """The meeting as it was afterwards, or as it was removed; None: an extension's change, or no contents."""
        return _meeting(self.contents) if self.of_meeting and self.contents is not None else None

    @property
    def extension(self) -> Extension | None:
        """The extension as it was afterwards, or as it was removed; None: a meeting's change, or forgotten contents."""
        if self.of_meeting or self.contents is None:
            return None
        removed = self.kind == ChangeKind.REMOVED
        kind = ExtensionType(self.type_before if removed else self.type)
        return Extension(self.extension_id, kind, self.etag_before if removed else self.etag, self.contents)


@dataclass(frozen=True, slots=True)
class Invitee:
    """A user who is named in a meeting's attendees or leaders.

    `uri`: in lower case. `since`: the number of the change by which the user was invited; 0: before the log began.
    `until`: that of the change by which the invitation or the meeting ended; None: the user is invited.
    """

    organizer: str
    meeting_id: str
    uri: str
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes after a position. `changes`: in order. `position`: where to continue, also if there are no
    changes. `more`: whether there are further changes already.
    """

    changes: tuple[Change, ...]
    position: Position
    more: bool

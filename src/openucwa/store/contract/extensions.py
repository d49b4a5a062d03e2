"""Extensions of meetings, one at a time; see `Meetings` for all extensions of a meeting."""

from typing import Protocol

from openucwa.model.change import SERVER, Author, ChangeKind
from openucwa.model.meeting import Extension
from openucwa.store.contract.terms import Match


class Extensions(Protocol):
    """Extensions. Participants of their meeting are notified of changes, as described in `Meetings`.

    `by`: who makes a change, for the change log; `kind`: what it is there.
    """

    async def get(self, organizer: str, meeting_id: str, extension_id: str) -> Extension:
        """ResourceNotFound: no such meeting of this organizer, or no such extension in it."""
        ...

    async def add(
        self,
        organizer: str,
        meeting_id: str,
        extension: Extension,
        limit: int,
        at: int,
        by: Author = SERVER,
        kind: ChangeKind = ChangeKind.ADDED,
    ) -> None:
        """Adds `extension` after the meeting's others.

        ResourceNotFound: no such meeting. AlreadyExists: its id is taken in this meeting. TooManyGroups: the meeting
        has `limit` already.
        """
        ...

    async def replace(
        self,
        organizer: str,
        meeting_id: str,
        match: Match,
        extension: Extension,
        at: int,
        by: Author = SERVER,
        kind: ChangeKind = ChangeKind.REPLACED,
    ) -> None:
        """Replaces type, properties and etag of the extension with `extension.id`; it keeps its position.

        ResourceNotFound, PreconditionFailed.
        """
        ...

    async def remove(
        self, organizer: str, meeting_id: str, extension_id: str, match: Match, at: int, by: Author = SERVER
    ) -> None:
        """ResourceNotFound, PreconditionFailed."""
        ...

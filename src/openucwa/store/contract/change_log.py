"""The change log: one row for each change of a meeting or an extension, written in the transaction of the change."""

from collections.abc import Sequence
from typing import Protocol

from openucwa.model.change import Change, Changes, Invitee, Position


class ChangeLog(Protocol):
    """The log, read. `Meetings`, `Extensions` and the others that change meetings write it.

    Changes are in the order of their `Position`. A change is shown once every change before it is committed, so that
    none ever appears before a position that a reader has passed. Contents of versions beyond `change_log_versions`
    are forgotten (None). Rows are forgotten `change_log_days` after a later version replaced them, removals that long
    after themselves, and the oldest of an organizer when they exceed `change_log_user_bytes`. A removed user's are
    forgotten but for the removals, whose contents are None.
    """

    async def versions(
        self, organizer: str, meeting_id: str, extension_id: str, before: int | None, limit: int
    ) -> Sequence[Change]:
        """The changes of an extension (of the meeting itself: extension_id is empty), newest first, without contents.

        `before`: only those with a lower number. Removals, and what came before them under the same id, are included.
        """
        ...

    async def version(self, organizer: str, meeting_id: str, extension_id: str, number: int) -> Change:
        """One of them, with its contents. ResourceNotFound: there is none of this number, or it was forgotten."""
        ...

    async def removed_extensions(self, organizer: str, meeting_id: str, limit: int) -> Sequence[Change]:
        """The removals whose extensions can be restored, newest first: at most one for each id that is not taken.

        ResourceNotFound: there is no such meeting.
        """
        ...

    async def removed_meetings(self, organizer: str, limit: int) -> Sequence[Change]:
        """The removals whose meetings can be restored, newest first: at most one for each id."""
        ...

    async def change_set(self, organizer: str, change_set: int) -> Sequence[Change]:
        """The changes of one request, in order, with contents."""
        ...

    async def after(self, reader: str, position: Position, limit: int) -> Changes:
        """Up to `limit` changes that the user `reader` may see, behind `position`.

        These are all changes of the reader's own meetings. Of others' meetings: since and as long as the reader is
        invited (`invitees`) or takes part, not in the lobby, changes of the meeting, and of extensions whose type
        was or is RoamedParticipantData. Changes of the type to and from it are seen as additions and removals; and so
        are, of the meeting, the changes that begin and end an invitation. Of others' meetings removals have no
        contents, and changes no application.
        ChangesForgotten: the log has forgotten changes behind `position`, of meetings that the reader may see.
        """
        ...

    async def after_all(self, position: Position, limit: int) -> Changes:
        """Up to `limit` changes of all organizers, behind `position`. ChangesForgotten."""
        ...

    async def after_of(self, organizer: str, position: Position, limit: int) -> Changes:
        """Up to `limit` changes of this organizer's meetings, behind `position`. ChangesForgotten."""
        ...

    async def last(self) -> Position:
        """The position behind all changes that are shown now."""
        ...

    async def identity(self) -> str:
        """A random id of this log. It is renewed when positions become meaningless: the database was restored into
        another cluster, or the log was switched off in the meantime. Positions of another identity are worthless.
        """
        ...

    async def invitees(self, organizer: str, meeting_id: str) -> Sequence[Invitee]:
        """The users who are invited to this meeting, by URI."""
        ...

    async def audience(self, organizer: str, meeting_id: str, number: int) -> Sequence[str]:
        """The URIs of others who may see changes of this meeting from `number` on: users who are invited, or were when
        it was made, and those who take part.
        """
        ...

    async def invited_to(self, uri: str, limit: int) -> Sequence[Invitee]:
        """The meetings that the user is invited to."""
        ...

    async def forget(self, before: int, limit: int) -> int:
        """Forgets what up to `limit` changes made before `before` (ms) have replaced, and removals; returns the number
        of these changes.

        The newest change of what is still there is kept, so that it has a version to return to.
        """
        ...

    async def trim(self, versions: int, limit: int) -> int:
        """Forgets the contents of versions beyond the newest `versions` of what the next `limit` changes, which no call
        has been given yet, are about; returns the number of these changes.
        """
        ...

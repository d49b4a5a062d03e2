"""Meetings."""

from collections.abc import Callable, Sequence
from typing import Protocol

from openucwa.model.change import SERVER, Author, ChangeKind
from openucwa.model.meeting import Extension, Meeting, MeetingSettings
from openucwa.store.contract.terms import Match


class Meetings(Protocol):
    """Meetings. `organizer` is always the organizer's SIP URI, first in every key.

    Participants are notified of changes in the same transaction (`model/conversation_events.py`): of changes of the
    meeting, and of extensions that participants can see before or after, by one event of the meeting's topic; of other
    extensions only the organizer's own conversations. Without participants there is no event.
    """

    async def add(self, meeting: Meeting, limit: int, by: Author = SERVER) -> None:
        """Adds `meeting`.

        TooManyOnlineMeetings: the organizer has `limit` already (assigned ones don't count). AlreadyExists: its id or
        its conference id is taken (the caller generates new ones and tries again).
        """
        ...

    async def assigned(self, draft: Meeting) -> Meeting:
        """The organizer's assigned meeting; the first time `draft` is stored and returned. AlreadyExists as above."""
        ...

    async def get(self, organizer: str, meeting_id: str) -> Meeting:
        """ResourceNotFound: this organizer has no such meeting."""
        ...

    async def find(self, organizer: str, meeting_id: str) -> Meeting:
        """As `get`; also a meeting that this organizer had and that was handed over to another one.

        That is forgotten once the meeting is removed and cannot be restored, or with its present organizer.
        """
        ...

    async def hand_over(
        self,
        organizer: str,
        meeting_id: str,
        successor: str,
        limit: int,
        new_etag: Callable[[], str],
        at: int,
        by: Author = SERVER,
    ) -> Meeting:
        """Makes `successor` the organizer of a meeting, with its extensions; returns it as it is then.

        Ids, the conference id and `created` stay, etags are new. To the change log, the meeting is removed from those
        of `organizer`, who cannot restore it, and added to those of `successor`, who is no attendee or leader of it any
        more; its conversations end with the reason Ended. ResourceNotFound: no such meeting or user. Conflict: the
        meeting is the organizer's assigned one, or the successor is disabled. AlreadyExists: the successor has a
        meeting with that id. TooManyOnlineMeetings, EntityTooLarge: the successor's limits.
        """
        ...

    async def all(self, organizer: str) -> Sequence[tuple[Meeting, Sequence[Extension]]]:
        """All meetings of the organizer, including the assigned one, oldest first, each with its extensions."""
        ...

    async def get_with_extensions(self, organizer: str, meeting_id: str) -> tuple[Meeting, Sequence[Extension]]:
        """A meeting and its extensions, oldest first, in one consistent read. ResourceNotFound."""
        ...

    async def replace(
        self,
        organizer: str,
        meeting_id: str,
        match: Match,
        settings: MeetingSettings,
        etag: str,
        at: int,
        by: Author = SERVER,
        kind: ChangeKind = ChangeKind.REPLACED,
    ) -> Meeting:
        """Replaces the settings if the meeting's etag is in `match`; returns the new meeting.

        ResourceNotFound, PreconditionFailed.
        """
        ...

    async def remove(self, organizer: str, meeting_id: str, match: Match, at: int, by: Author = SERVER) -> None:
        """Removes the meeting with its extensions; its conversations end with the reason Ended.

        ResourceNotFound, PreconditionFailed.
        """
        ...

    async def restore(
        self,
        organizer: str,
        removal: int,
        limit: int,
        new_etag: Callable[[], str],
        at: int,
        by: Author = SERVER,
    ) -> Meeting:
        """Adds a removed meeting again, with the extensions that went with it, under the same ids and with new etags.

        `removal`: the number of its removal in the change log. ResourceNotFound: there is no such removal, its contents
        were forgotten, or the meeting was handed over. AlreadyExists: a meeting has its id or its conference id.
        TooManyOnlineMeetings, EntityTooLarge as for `add`.
        """
        ...

    async def remove_expired(self, before: int, limit: int, at: int) -> int:
        """Removes up to `limit` meetings, with their extensions, whose expirationTime and whose last change, that of an
        extension included, are before `before`; returns their number.
        """
        ...

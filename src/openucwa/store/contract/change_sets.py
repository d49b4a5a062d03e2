"""Several changes of one meeting, made together or not at all."""

from typing import Protocol

from openucwa.model.change import SERVER, Author
from openucwa.model.change_set import ChangeSet


class ChangeSets(Protocol):
    """Changes of a meeting and its extensions in one transaction. Participants are notified as described in `Meetings`,
    by one event for all of them.
    """

    async def apply(
        self, organizer: str, meeting_id: str, change_set: ChangeSet, limit: int, at: int, by: Author = SERVER
    ) -> None:
        """Makes all changes. `limit`: the number of extensions that the meeting may have then.

        ResourceNotFound: no such meeting. EntityTooLarge. A refusal of one change names it, by a JSON Pointer such as
        `/changes/2` or `/meeting` (`of_part`): AlreadyExists, TooManyGroups, ResourceNotFound, PreconditionFailed.
        """
        ...

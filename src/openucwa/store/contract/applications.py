"""Applications and their event channels."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from openucwa.model.application import Application, Communication, Session
from openucwa.model.event import ChannelState, NewEvent
from openucwa.model.presence import AWAY_AFTER, INACTIVE_AFTER
from openucwa.store.contract.terms import Match


class Applications(Protocol):
    """Applications, and their activity."""

    async def open(self, draft: Application, instance: str | None, now: int, limit: int) -> tuple[Application, bool]:
        """Opens the application of `draft.owner` and `draft.endpoint_id`; a missing one is created from `draft`.

        `instance`: the instanceId to add to its instances, if any. The second value is whether something is new: the
        instance if one is given, else the application. An existing application keeps its id; its culture, user agent
        and type become the draft's; `last_request` becomes `now`. If the owner then has more than `limit` applications,
        those idle longest (`max(last_poll, last_request)`) end, never the one just opened, and are remembered as
        replaced. AlreadyExists: `draft.id` is taken by the application of another endpoint (the caller generates a new
        one).
        """
        ...

    async def session(self, owner: str, application_id: str) -> Session:
        """The application with its user, in one read.

        TooManyApplications: it was ended by `open`. ApplicationNotFound: there is none.
        """
        ...

    async def all(self, owner: str) -> Sequence[Session]:
        """The owner's applications, each with its user, oldest first."""
        ...

    async def close(self, owner: str, application_id: str, at: int, reason: str = "closed by its client") -> None:
        """Removes the application, its channels and invitations; its participants leave their meetings.

        `reason`: for the audit trail. A missing application is not an error.
        """
        ...

    async def close_instance(self, owner: str, application_id: str, instance: str, at: int) -> None:
        """Ends one instance and its channel; with the last one the application ends.

        ResourceNotFound: no such instance.
        """
        ...

    async def make_available(
        self,
        owner: str,
        application_id: str,
        communication: Communication,
        etag: str,
        at: int,
        events: Sequence[NewEvent],
        *,
        inactive: int = INACTIVE_AFTER,
        away: int = AWAY_AFTER,
        preferred: str | None = None,
    ) -> None:
        """Marks the application as available, and replaces its communication and its own etag.

        `events` are appended with `at`. The application becomes a source of its user's presence, which is made known
        (`Presences`). `inactive`, `away`: ms without activity until the user is idle, and from then until away.
        `preferred`: as what the user signs in; Online: as follows from activity; None: as before. ApplicationNotFound.
        """
        ...

    async def replace_communication(
        self,
        owner: str,
        application_id: str,
        match: Match,
        communication: Communication,
        etag: str,
        at: int,
        events: Sequence[NewEvent],
    ) -> None:
        """Replaces it if its etag is in `match`, and the application's own etag by `etag`; appends `events`.

        ApplicationNotFound, PreconditionFailed.
        """
        ...

    async def touch(self, requests: Mapping[tuple[str, str], int], polls: Mapping[tuple[str, str], int]) -> None:
        """Stores the last activity of applications (owner, id); a time never moves back. Unknown ones are ignored."""
        ...

    async def remove_idle(self, polled_before: int, limit: int, at: int) -> Sequence[tuple[str, str]]:
        """Ends up to `limit` applications without activity since `polled_before`; returns them (owner, id).

        The activity is the last poll, or the last request if it never polled.
        """
        ...

    async def forget_replaced(self, before: int, limit: int) -> int:
        """Forgets up to `limit` applications that were replaced before `before`; returns their number."""
        ...

    async def available(self, owner: str, modality: str | None = None) -> Sequence[str]:
        """The ids of an owner's applications that called makeMeAvailable, and support `modality` if it is given."""
        ...


class Channels(Protocol):
    """The state of event channels."""

    async def get(self, owner: str, application_id: str, instance: str) -> ChannelState:
        """The state of a channel; a fresh `ChannelState` if nothing was stored.

        `instance` '' is the only channel of an application without instances.
        """
        ...

    async def write(
        self, owner: str, application_id: str, instance: str, expected_served: int, state: ChannelState
    ) -> bool:
        """Stores `state` if the channel is still at `expected_served`; False: another poll came first.

        ApplicationNotFound: the application has ended.
        """
        ...

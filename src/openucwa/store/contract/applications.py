"""Applications and their event channels."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from openucwa.model.application import Application, Communication, Session
from openucwa.model.event import ChannelState, NewEvent
from openucwa.store.contract.terms import Match


class Applications(Protocol):
    """Applications, and when they were last heard of."""

    async def open(self, draft: Application, instance: str | None, now: int, limit: int) -> tuple[Application, bool]:
        """The application of `draft.owner` and `draft.endpoint_id`, made from `draft` where there is none.

        `instance`: the instanceId to add to its instances, if any. The second value tells whether something is new:
        the instance where one is given, else the application. An existing application keeps its id; its culture, user
        agent and type become the draft's; `last_request` becomes `now`.
        When the owner then has more than `limit` applications, those not heard of for longest (`max(last_poll,
        last_request)`) end, never the one just opened, and are remembered as replaced.
        AlreadyExists: `draft.id` is taken by the application of another endpoint (the caller draws a new one).
        """
        ...

    async def session(self, owner: str, application_id: str) -> Session:
        """The application with what belongs to it, in one read.

        TooManyApplications: it was ended by `open`. ApplicationNotFound: there is none.
        """
        ...

    async def close(self, owner: str, application_id: str, at: int) -> None:
        """Removes the application, its channels and invitations; its participants leave their meetings. No error where
        there is none."""
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
    ) -> None:
        """Marks the application as available, and replaces its communication and its own etag.

        `events` are appended with `at`. ApplicationNotFound.
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
        """Writes down when applications (owner, id) were last heard of; a time never goes back.

        Unknown ones are ignored.
        """
        ...

    async def remove_idle(self, polled_before: int, limit: int, at: int) -> Sequence[tuple[str, str]]:
        """Ends up to `limit` applications that were last heard of before `polled_before` and names them (owner, id).

        Last heard of: the last poll if it ever polled, else the last request.
        """
        ...

    async def forget_replaced(self, before: int, limit: int) -> int:
        """Forgets up to `limit` of the applications that were ended as too many before `before`; how many."""
        ...

    async def available(self, owner: str) -> Sequence[str]:
        """The ids of an owner's applications that made the owner available."""
        ...


class Channels(Protocol):
    """Where event channels stand."""

    async def get(self, owner: str, application_id: str, instance: str) -> ChannelState:
        """Where a channel stands; a fresh `ChannelState` where nothing was written. `instance` '' is the only channel
        of an application without instances."""
        ...

    async def write(
        self, owner: str, application_id: str, instance: str, expected_served: int, state: ChannelState
    ) -> bool:
        """Writes `state` if the channel still stands at `expected_served`; False: another poll was faster.

        ApplicationNotFound: the application is gone.
        """
        ...

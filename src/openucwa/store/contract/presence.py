"""Presence of users, and subscriptions to it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from openucwa.model.presence import Membership, Presence, Subscription, SubscriptionLimits


class Presences(Protocol):
    """Presence, note and location of users, over all their applications.

    Every change that shows appends one `person_changed` to the person's topic. Applications become sources of presence
    by `Applications.make_available`, and cease to be when they end.
    """

    async def get(self, owner: str) -> Presence:
        """That of one user; an Offline one if nothing was stored."""
        ...

    async def of(self, uris: Sequence[str]) -> Mapping[str, Presence]:
        """By URI; those who are no users of this server are left out."""
        ...

    async def set_availability(self, owner: str, application_id: str, preferred: str | None, at: int) -> None:
        """Sets what the user wants to be shown as, or lets it follow from activity (None).

        It is activity of the application's user, too.
        """
        ...

    async def set_note(self, owner: str, note: str, at: int) -> None:
        """Sets the personal note; '' removes it."""
        ...

    async def set_location(self, owner: str, location: str, at: int) -> None:
        """Sets the location; '' removes it."""
        ...

    async def report_activity(self, owner: str, application_id: str, at: int) -> None:
        """The user was active in the application. One that is not available is ignored."""
        ...

    async def update_due(self, now: int, limit: int) -> int:
        """Makes known of up to `limit` users that they became idle or away because time passed; returns their number.

        Of several servers that do this at the same time, one makes each change.
        """
        ...

    async def since(self, owner: str, application_id: str) -> int | None:
        """The number in the user's own topic from which on the application is notified; None: it is not available."""
        ...


class Subscriptions(Protocol):
    """Presence subscriptions of applications; they end with it, or when they expire.

    Changes append events to the application's topic: `SUBSCRIPTION_ADDED` and `SUBSCRIPTION_DELETED` with the
    subscription's id, its `of_group`, and the `uris` that were not subscribed to before, or are not any more.
    `SUBSCRIBED_CHANGED` has such `added` and `removed` URIs alone. URIs are stored in lower case; those of nobody on
    this server are kept, and take effect when there is such a user.
    """

    async def add(self, draft: Subscription, uris: Sequence[str], limits: SubscriptionLimits, at: int) -> None:
        """Adds a subscription. One of a group that is there is replaced.

        ApplicationNotFound. TooManySubscriptions: one of the limits would be exceeded.
        """
        ...

    async def all(self, owner: str, application_id: str, now: int) -> Sequence[Subscription]:
        """The application's subscriptions that have not expired, oldest first."""
        ...

    async def get(self, owner: str, application_id: str, subscription: str, now: int) -> Subscription:
        """ResourceNotFound: there is none, or it has expired."""
        ...

    async def memberships(self, owner: str, application_id: str, now: int) -> Sequence[Membership]:
        """Those of all subscriptions, by subscription and URI, as far as they are users of this server."""
        ...

    async def subscribed(self, owner: str, application_id: str) -> Mapping[str, int]:
        """The URIs subscribed to, each with the number of the last event in its topic before that."""
        ...

    async def add_members(
        self,
        owner: str,
        application_id: str,
        subscription: str,
        uris: Sequence[str],
        limits: SubscriptionLimits,
        at: int,
    ) -> None:
        """Adds contacts. ResourceNotFound: no such subscription. TooManySubscriptions."""
        ...

    async def remove_member(self, owner: str, application_id: str, membership: Membership, at: int) -> None:
        """Removes a contact from a subscription. ResourceNotFound: it is not in it."""
        ...

    async def extend(
        self, owner: str, application_id: str, subscription: str, by: int, longest: int, at: int
    ) -> Subscription:
        """Adds `by` ms to the rest of its time, which then is at most `longest` ms. ResourceNotFound."""
        ...

    async def remove(self, owner: str, application_id: str, subscription: str, at: int) -> None:
        """Ends a subscription. ResourceNotFound: there is none."""
        ...

    async def announce_ending(self, before: int, limit: int, at: int) -> int:
        """Appends SUBSCRIPTION_ENDING for up to `limit` subscriptions that expire before `before`, once for each unless
        it is extended; returns their number.
        """
        ...

    async def expire(self, now: int, limit: int) -> int:
        """Ends up to `limit` subscriptions that expired at `now`; returns their number."""
        ...

"""The store: its parts, and opening and closing."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from openucwa.store.contract.applications import Applications, Channels
from openucwa.store.contract.change_log import ChangeLog
from openucwa.store.contract.change_sets import ChangeSets
from openucwa.store.contract.contacts import Contacts, People
from openucwa.store.contract.conversations import Conversations
from openucwa.store.contract.events import EventLog
from openucwa.store.contract.extensions import Extensions
from openucwa.store.contract.history import History
from openucwa.store.contract.invitations import Invitations
from openucwa.store.contract.meetings import Meetings
from openucwa.store.contract.photos import Photos
from openucwa.store.contract.presence import Presences, Subscriptions
from openucwa.store.contract.queries import Queries
from openucwa.store.contract.schemas import Schemas
from openucwa.store.contract.terms import Outdated
from openucwa.store.contract.two_party import TwoParty
from openucwa.store.contract.users import SigningKeys, Users
from openucwa.store.contract.webhooks import Webhooks
from openucwa.store.engine import Announcer


class Store(Protocol):
    """All parts. Classes that need only some parts take those and not the store."""

    @property
    def users(self) -> Users: ...

    @property
    def signing_keys(self) -> SigningKeys: ...

    @property
    def applications(self) -> Applications: ...

    @property
    def channels(self) -> Channels: ...

    @property
    def meetings(self) -> Meetings: ...

    @property
    def extensions(self) -> Extensions: ...

    @property
    def change_log(self) -> ChangeLog: ...

    @property
    def change_sets(self) -> ChangeSets: ...

    @property
    def schemas(self) -> Schemas: ...

    @property
    def conversations(self) -> Conversations: ...

    @property
    def invitations(self) -> Invitations: ...

    @property
    def contacts(self) -> Contacts: ...

    @property
    def people(self) -> People: ...

    @property
    def two_party(self) -> TwoParty: ...

    @property
    def history(self) -> History: ...

    @property
    def events(self) -> EventLog: ...

    @property
    def photos(self) -> Photos: ...

    @property
    def presence(self) -> Presences: ...

    @property
    def subscriptions(self) -> Subscriptions: ...

    @property
    def queries(self) -> Queries: ...

    @property
    def webhooks(self) -> Webhooks: ...

    async def open(self) -> None:
        """Opens the store and migrates its schema.

        Refuses a store that is newer than this server supports (`InvalidExchangeServerVersion`) or cannot be read or
        written (`ServiceUnavailable`).
        """
        ...

    async def close(self) -> None:
        """Finishes changes in progress and closes. Nothing may be called afterwards."""
        ...

    def announce_by(self, announcer: Announcer) -> None:
        """Makes changes that others must be notified of only while `announcer` is reachable.

        Otherwise they are refused (CallbackChannelError) after the timeout of a call, and nothing is stored.
        """
        ...

    def on_commit(self, listener: Callable[[frozenset[str]], None]) -> None:
        """Calls `listener` in the event loop, after each commit of this process that appended events, with their
        topics. There may be several listeners.
        """
        ...

    def on_invalidate(self, listener: Callable[[frozenset[Outdated] | None], None]) -> None:
        """Calls `listener` in the event loop whenever rows were changed, before any caller learns that its change was
        made; None: any rows. Other processes' changes are reported in `refresh`. There may be several listeners.
        """
        ...

    def refresh(self, owner: str) -> bool | Awaitable[bool]:
        """Reports other processes' changes of `owner`'s rows to the listeners of `on_invalidate`: those committed
        before this turn of the event loop, or if it returns an awaitable, those committed before that is awaited.

        False: they are not known, so nothing cached may be used. True is good until the task suspends; a task counts as
        one request until then.
        """
        ...

    @property
    def waiting(self) -> int:
        """The number of changes that wait to be made."""
        ...

    async def row_counts(self) -> Mapping[str, int]:
        """The number of rows of each table, at little cost: of a PostgreSQL store, an estimate. ServiceUnavailable."""
        ...

    async def describe(self) -> Mapping[str, str]:
        """For `openucwa check`: engine, location, version, counts."""
        ...

"""Tracing of a store: each call of a part has a span."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from openucwa.store.contract import Outdated, Store
from openucwa.store.engine import Announcer

P = TypeVar("P")

#: Makes the span of one call, by its name; None: nothing is being traced.
Span: TypeAlias = Callable[[str], AbstractContextManager[object] | None]


class TracedStore:
    """`store`, with a span around each call of its parts."""

    def __init__(self, store: Store, span: Span) -> None:
        self._store = store
        self.users = _traced(store.users, "users", span)
        self.signing_keys = _traced(store.signing_keys, "signing_keys", span)
        self.applications = _traced(store.applications, "applications", span)
        self.channels = _traced(store.channels, "channels", span)
        self.meetings = _traced(store.meetings, "meetings", span)
        self.extensions = _traced(store.extensions, "extensions", span)
        self.change_log = _traced(store.change_log, "change_log", span)
        self.change_sets = _traced(store.change_sets, "change_sets", span)
        self.schemas = _traced(store.schemas, "schemas", span)
        self.conversations = _traced(store.conversations, "conversations", span)
        self.invitations = _traced(store.invitations, "invitations", span)
        self.contacts = _traced(store.contacts, "contacts", span)
        self.people = _traced(store.people, "people", span)
        self.two_party = _traced(store.two_party, "two_party", span)
        self.history = _traced(store.history, "history", span)
        self.events = _traced(store.events, "events", span)
        self.photos = _traced(store.photos, "photos", span)
        self.presence = _traced(store.presence, "presence", span)
        self.subscriptions = _traced(store.subscriptions, "subscriptions", span)
        self.queries = _traced(store.queries, "queries", span)
        self.webhooks = _traced(store.webhooks, "webhooks", span)

    async def open(self) -> None:
        """As `Store.open`."""
        await self._store.open()

    async def close(self) -> None:
        """As `Store.close`."""
        await self._store.close()

    def announce_by(self, announcer: Announcer) -> None:
        """As `Store.announce_by`."""
        self._store.announce_by(announcer)

    def on_commit(self, listener: Callable[[frozenset[str]], None]) -> None:
        """As `Store.on_commit`."""
        self._store.on_commit(listener)

    def on_invalidate(self, listener: Callable[[frozenset[Outdated] | None], None]) -> None:
        """As `Store.on_invalidate`."""
        self._store.on_invalidate(listener)

    @property
    def waiting(self) -> int:
        """As `Store.waiting`."""
        return self._store.waiting

    async def row_counts(self) -> Mapping[str, int]:
        """As `Store.row_counts`."""
        return await self._store.row_counts()

    def refresh(self, owner: str) -> bool | Awaitable[bool]:
        """As `Store.refresh`."""
        return self._store.refresh(owner)

    async def describe(self) -> Mapping[str, str]:
        """As `Store.describe`."""
        return await self._store.describe()


def _traced(part: P, name: str, span: Span) -> P:
    """`part`, whose calls have spans named `store NAME.METHOD`."""
    return cast("P", _TracedPart(part, name, span))


class _TracedPart:
    """A part whose methods are wrapped when they are first asked for."""

    def __init__(self, part: object, name: str, span: Span) -> None:
        self._part = part
        self._name = name
        self._span = span

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if iscoroutinefunction(found):
            found = self._traced(f"store {self._name}.{name}", found)
        setattr(self, name, found)
        return found

    def _traced(self, name: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def traced(*arguments: Any, **named: Any) -> Any:
            span = self._span(name)
            if span is None:
                return await method(*arguments, **named)
            with span:
                return await method(*arguments, **named)

        return traced


if TYPE_CHECKING:

    def _fits(store: TracedStore) -> Store:
        return store

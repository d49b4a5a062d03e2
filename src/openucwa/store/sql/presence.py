"""Presence, note and location of users. Applications begin and end as sources of it through `begin` and `end`."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from openucwa.model.presence import (
    LOCATION,
    MODALITIES,
    NOTE,
    ONLINE,
    PRESENCE,
    UNKNOWN_DEVICE,
    Endpoint,
    Presence,
    derive,
    device_of,
    person_changed,
    person_topic,
)
from openucwa.store.engine import UNCACHED, Transaction
from openucwa.store.sql import columns
from openucwa.store.sql.events import append, end_topic
from openucwa.store.sql.lists import list_size, padded
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import ENDPOINTS, PRESENCES

_PRESENCE = f"select {PRESENCES.columns} from presences where owner = ?"
_STORE = f"{PRESENCES.insert} on conflict (owner) do update set {PRESENCES.from_excluded}"

#: Endpoints, and of their applications the type and what they can do.
_ENDPOINTS = (
    f"select {ENDPOINTS.columns_of('e')}, a.type, a.communication from endpoints e"
    " join applications a on a.owner = e.owner and a.id = e.application_id where e.owner = ?1 and a.owner = ?1"
)

_DUE = "select owner from presences where due <= ? order by due limit ?"
_ACTIVE = "update endpoints set active_at = ? where owner = ? and application_id = ? and active_at < ?"


class Presences(Part):
    """`store.contract.Presences`, where each method is described."""

    async def get(self, owner: str) -> Presence:
        row = await self._reader.row(_PRESENCE, owner)
        return Presence(owner) if row is None else PRESENCES.record(row)

    async def of(self, uris: Sequence[str]) -> Mapping[str, Presence]:
        if not uris:
            return {}
        places = ", ".join("?" * list_size(len(uris)))
        rows = await self._reader.rows(
            f"select u.uri, {PRESENCES.columns_of('p')} from users u left join presences p on p.owner = u.uri"
            f" where u.uri in ({places})",
            *padded(uris, ""),
        )
        return {uri: Presence(uri) if row[0] is None else PRESENCES.record(row) for uri, *row in rows}

    async def set_availability(self, owner: str, application_id: str, preferred: str | None, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            await transaction.run(_ACTIVE, at, owner, application_id, at)
            await publish(transaction, owner, at, preferred=preferred)

        await self._writer.change(work, owner, scope=UNCACHED)

    async def set_note(self, owner: str, note: str, at: int) -> None:
        await self._writer.change(lambda transaction: publish(transaction, owner, at, note=note), owner, scope=UNCACHED)

    async def set_location(self, owner: str, location: str, at: int) -> None:
        await self._writer.change(
            lambda transaction: publish(transaction, owner, at, location=location), owner, scope=UNCACHED
        )

    async def report_activity(self, owner: str, application_id: str, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            if await transaction.run(_ACTIVE, at, owner, application_id, at):
                await publish(transaction, owner, at)

        await self._writer.change(work, owner, scope=UNCACHED)

    async def update_due(self, now: int, limit: int) -> int:
        rows = await self._reader.rows(_DUE, now, limit)
        owners = sorted(owner for (owner,) in rows)
        if not owners:
            return 0

        async def work(transaction: Transaction) -> None:
            for owner in owners:
                row = await transaction.row(_PRESENCE, owner)
                if row is not None and (due := PRESENCES.record(row).due) is not None and due <= now:
                    await publish(transaction, owner, now)

        await self._writer.change(work, *owners, scope=UNCACHED, must_notify=False)
        return len(owners)

    async def since(self, owner: str, application_id: str) -> int | None:
        row = await self._reader.row(
            "select since from endpoints where owner = ? and application_id = ?", owner, application_id
        )
        return None if row is None else row[0]


async def publish(transaction: Transaction, owner: str, at: int, **changes: Any) -> None:
    """Applies `changes` to what a user has set, derives what is shown, and notifies those who see it, if it changes."""
    row = await transaction.row(_PRESENCE, owner)
    was = Presence(owner) if row is None else PRESENCES.record(row)
    rows = await transaction.rows(_ENDPOINTS, owner)
    endpoints = [ENDPOINTS.record(each) for each in rows]
    now = replace(was, **changes)
    # What a user wants to be shown as ends with the last application.
    now = replace(now, preferred=now.preferred if endpoints else None)
    availability, due = derive(now.preferred, endpoints, at)
    device, last_active = UNKNOWN_DEVICE, was.last_active
    if endpoints:
        latest = max(range(len(endpoints)), key=lambda place: (endpoints[place].active_at, place))
        device = device_of(rows[latest][ENDPOINTS.width])
        last_active = max(endpoints[latest].active_at, last_active or 0)
    now = replace(
        now,
        availability=availability,
        due=due,
        device=device,
        last_active=last_active,
        modalities=_modalities(text for *_, text in rows),
    )
    if now == was:
        return
    await transaction.run(_STORE, *PRESENCES.values(now))
    if changed := _changed(was, now):
        await append(transaction, at, person_changed(owner, changed))


def _modalities(communications: Any) -> tuple[str, ...]:
    return tuple(sorted({each for text in communications for each in columns.communication(text).supported_modalities}))


def _changed(was: Presence, now: Presence) -> Sequence[str]:
    """What others see of `now` that is not as it was."""

    def shown(one: Presence) -> Mapping[str, object]:
        return {
            PRESENCE: (one.availability, one.activity, one.device),
            NOTE: one.note,
            LOCATION: one.location,
            MODALITIES: one.modalities,
        }

    before, after = shown(was), shown(now)
    return [what for what, value in after.items() if value != before[what]]


async def begin(transaction: Transaction, draft: Endpoint, preferred: str | None) -> None:
    """An application becomes a source of its user's presence. `preferred`: as `Applications.make_available`."""
    await transaction.run(
        f"{ENDPOINTS.insert} on conflict (owner, application_id) do update set {ENDPOINTS.from_excluded}",
        *ENDPOINTS.values(draft),
    )
    changes = {} if preferred is None else {"preferred": None if preferred == ONLINE else preferred}
    await publish(transaction, draft.owner, draft.active_at, **changes)
    # The application itself need not be notified of the change that it makes.
    last = await transaction.row("select last from topics where topic = ?", person_topic(draft.owner))
    if last is not None:
        await transaction.run(
            "update endpoints set since = ? where owner = ? and application_id = ?",
            last[0],
            draft.owner,
            draft.application_id,
        )


async def end(transaction: Transaction, owner: str, application_id: str) -> bool:
    """An application is no source of its user's presence any more; whether it was one. `publish` is to follow."""
    return bool(
        await transaction.run("delete from endpoints where owner = ? and application_id = ?", owner, application_id)
    )


async def remove(transaction: Transaction, owner: str, at: int) -> None:
    """A user is removed, whose applications are gone already: all who see the user are notified."""
    await publish(transaction, owner, at, note="", location="")
    await transaction.run("delete from presences where owner = ?", owner)
    await end_topic(transaction, person_topic(owner), at)

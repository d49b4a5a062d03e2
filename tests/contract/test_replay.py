"""The change log tells all and nothing else: replayed it gives the state, and each reader sees what it may see."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openucwa.model.change import BEGINNING, Author, Change, ChangeKind
from openucwa.model.meeting import Extension, ExtensionType, Meeting
from openucwa.model.refusals import Refusal
from openucwa.store.contract import Store
from tests.contract.samples import AT, MANY, SETTINGS, extension, meeting

READER = "sip:reader@contoso.com"
SHARED = ExtensionType.ROAMED_PARTICIPANT_DATA

_examples = itertools.count(1)
_etags = itertools.count(1)

#: What is done to which meeting, to which extension of it, with an extension of which type, or with the reader invited.
Step = tuple[str, int, str, ExtensionType, bool]

_KINDS = [
    "schedule",
    "change",
    "cancel",
    "expire",
    "restore",
    "remove",
    "re-add",
    "add",
    "replace",
    "patch",
    "replace",
    "patch",
]
_STEP = st.tuples(
    st.sampled_from(_KINDS),
    st.integers(0, 1),
    st.sampled_from("ab"),
    st.sampled_from([SHARED, ExtensionType.ROAMED_ORGANIZER_DATA]),
    st.sampled_from([True, True, False]),
)
#: Steps at the same time, on two servers.
_ROUNDS = st.lists(st.lists(_STEP, min_size=1, max_size=4), min_size=4, max_size=12)
#: What every example begins with: two meetings, each with two extensions, and the reader invited to one of them.
_BEGINNING: list[list[Step]] = [
    [("schedule", number, "", SHARED, number == 0) for number in (0, 1)],
    [("add", number, name, SHARED, False) for number in (0, 1) for name in "ab"],
]


class Writers:
    """Two servers that change the meetings of one organizer."""

    def __init__(self, stores: Sequence[Store], example: int) -> None:
        self._stores = stores
        self.organizer = f"sip:organizer{example}@contoso.com"
        self._example = example
        self._by = Author(self.organizer, "101", "agent")

    async def make(self, steps: Sequence[Step]) -> None:
        await asyncio.gather(
            *(self._make(self._stores[place % len(self._stores)], step) for place, step in enumerate(steps))
        )

    async def _make(self, store: Store, step: Step) -> None:
        kind, number, extension_id, extension_type, invited = step
        key = (self.organizer, f"M{number}")
        etag = str(next(_etags))
        named = replace(SETTINGS, attendees=(READER.upper(),) if invited else (), subject=etag, expiration_time=AT)
        made = extension(extension_id, type=extension_type, etag=etag, properties=f'{{"n":{etag}}}'.encode())
        work: dict[str, Callable[[], Awaitable[object]]] = {
            "schedule": lambda: store.meetings.add(
                meeting(key[1], organizer=key[0], conference_id=f"{key}", etag=etag, settings=named), MANY, self._by
            ),
            "change": lambda: store.meetings.replace(*key, None, named, etag, AT, self._by),
            "cancel": lambda: store.meetings.remove(*key, None, AT, self._by),
            "expire": lambda: store.meetings.remove_expired(AT + 1, 1, AT),
            "restore": lambda: self._restore(store),
            "add": lambda: store.extensions.add(*key, made, MANY, AT, self._by),
            "replace": lambda: store.extensions.replace(*key, None, made, AT, self._by),
            "patch": lambda: self._patch(store, key, made),
            "remove": lambda: store.extensions.remove(*key, extension_id, None, AT, self._by),
            "re-add": lambda: self._add_again(store, key, made),
        }
        with suppress(Refusal):
            await work[kind]()

    async def _patch(self, store: Store, key: tuple[str, str], made: Extension) -> None:
        was = await store.extensions.get(*key, made.id)
        await store.extensions.replace(*key, frozenset({was.etag}), made, AT, self._by, ChangeKind.PATCHED)

    async def _add_again(self, store: Store, key: tuple[str, str], made: Extension) -> None:
        for removed in await store.change_log.removed_extensions(*key, 1):
            again = replace(made, id=removed.extension_id)
            await store.extensions.add(*key, again, MANY, AT, self._by, ChangeKind.RESTORED)

    async def _restore(self, store: Store) -> None:
        for removed in await store.change_log.removed_meetings(self.organizer, 1):
            new_etag = map(str, _etags).__next__
            await store.meetings.restore(self.organizer, removed.number, MANY, new_etag, AT, self._by)


def replayed(changes: Sequence[Change]) -> dict[str, tuple[Meeting, dict[str, Extension]]]:
    """The meetings with their extensions that the changes lead to."""
    state: dict[str, tuple[Meeting, dict[str, Extension]]] = {}
    for change in changes:
        if change.meeting is not None:
            if change.kind == ChangeKind.REMOVED:
                del state[change.meeting_id]
                continue
            before = state.get(change.meeting_id)
            assert change.etag_before == ("" if before is None else before[0].etag)
            state[change.meeting_id] = (change.meeting, {} if before is None else before[1])
        elif change.meeting_id in state and change.extension is not None:
            extensions = state[change.meeting_id][1]
            was = extensions.pop(change.extension_id, None)
            assert (change.etag_before, change.type_before) == (("", "") if was is None else (was.etag, was.type))
            if change.kind != ChangeKind.REMOVED:
                extensions[change.extension_id] = change.extension
    return state


def seen_by_reader(changes: Sequence[Change]) -> list[tuple[int, str, bool]]:
    """Number and kind of what the reader may see, and whether its contents."""
    invited: set[str] = set()
    seen: list[tuple[int, str, bool]] = []
    for change in changes:
        kind = str(change.kind)
        if change.meeting is not None:
            was = change.meeting_id in invited
            named = [uri.lower() for uri in change.meeting.settings.attendees]
            now = kind != "removed" and READER in named
            (invited.add if now else invited.discard)(change.meeting_id)
            if was or now:
                seen.append((change.number, kind if was and now else "added" if now else "removed", now))
        elif change.meeting_id in invited and SHARED in (change.type_before, change.type):
            if change.type != SHARED:
                kind = "removed"
            elif change.type_before != SHARED and kind != "restored":
                kind = "added"
            seen.append((change.number, kind, change.type == SHARED))
    return seen


async def read(store: Store, reader: str, page: int) -> list[Change]:
    """All that a reader is shown, in pages."""
    position, found = BEGINNING, list[Change]()
    while True:
        changes = await store.change_log.after(reader, position, page)
        found += changes.changes
        assert changes.position >= position
        position = changes.position
        if not changes.more:
            assert (await store.change_log.after(reader, position, page)).changes == ()
            return found


@given(rounds=_ROUNDS, page=st.integers(1, 7))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_replayed_log_gives_the_state_and_shows_each_reader_what_it_may_see(
    store: Store, other: Store, rounds: list[list[Step]], page: int
) -> None:
    writers = Writers((store, other), next(_examples))
    for steps in _BEGINNING + rounds:
        await writers.make(steps)
    changes = await read(store, writers.organizer, page)
    assert [each.number for each in changes] == sorted({each.number for each in changes})
    stored = {
        found.id: (found, {each.id: each for each in extensions})
        for found, extensions in await store.meetings.all(writers.organizer)
    }
    assert replayed(changes) == stored
    expected = seen_by_reader(changes)
    shown = [each for each in await read(other, READER, page) if each.organizer == writers.organizer]
    assert [(each.number, str(each.kind), each.contents is not None) for each in shown] == expected
    assert await read(store, "sip:stranger@contoso.com", page) == []
    # So that later examples have less to read.
    await store.meetings.remove_expired(AT + 1, MANY, AT)

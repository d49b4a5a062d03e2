"""Any reader sees each change that it may see, in order, none twice, and nothing else: on each engine, at random.

Several writers on two servers change meetings while the readers follow the log.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from openucwa.model.change import Change, ChangeKind, Position
from openucwa.model.meeting import ExtensionType, Meeting
from openucwa.model.refusals import Refusal
from openucwa.store.contract import Store
from tests.contract.conftest import ENGINES, Engine
from tests.contract.samples import AT, DAN, MANY, SETTINGS, extension, meeting, user
from tests.users import ALEX, LENE

SECRET, SHARED = ExtensionType.ROAMED_ORGANIZER_DATA, ExtensionType.ROAMED_PARTICIPANT_DATA
#: An id for each example, so that examples may share a store.
EXAMPLES = count()


@dataclass(frozen=True)
class Step:
    """One change by one writer: of which meeting and extension, what, and with which type or invitation."""

    writer: int
    meeting: int
    extension: int
    what: str
    shared: bool


STEPS = st.lists(
    st.builds(
        Step,
        writer=st.integers(0, 2),
        meeting=st.integers(0, 1),
        extension=st.integers(0, 1),
        what=st.sampled_from(["add", "replace", "remove", "invite", "schedule", "cancel"]),
        shared=st.booleans(),
    ),
    min_size=8,
    max_size=40,
)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param](request)


@pytest.fixture
async def stores(engine: Engine) -> AsyncIterator[tuple[Store, Store]]:
    """Two servers on one store."""
    first, second = engine(), engine()
    await first.open()
    await second.open()
    for uri in (LENE, DAN, ALEX):
        await first.users.add(user(uri))
    yield first, second
    await second.close()
    await first.close()


async def write(store: Store, example: int, steps: list[Step], name: int) -> None:
    for number, step in enumerate(steps):
        meeting_id = f"{example}m{step.meeting}"
        extension_id = f"e{step.extension}"
        etag = f"{example}/{name}/{number}"
        kind = SHARED if step.shared else SECRET
        text = b'{"text":"%s"}' % (b"shared" if step.shared else b"secret")
        attendees = (DAN,) if step.shared else ()
        with suppress(Refusal):
            match step.what:
                case "schedule":
                    await store.meetings.add(
                        meeting(
                            meeting_id,
                            conference_id=meeting_id,
                            etag=etag,
                            settings=replace(SETTINGS, attendees=attendees, leaders=()),
                        ),
                        MANY,
                    )
                case "cancel":
                    await store.meetings.remove(LENE, meeting_id, None, AT)
                case "invite":
                    changed = replace(SETTINGS, attendees=attendees, leaders=())
                    await store.meetings.replace(LENE, meeting_id, None, changed, etag, AT)
                case "add":
                    one = extension(extension_id, type=kind, etag=etag, properties=text)
                    await store.extensions.add(LENE, meeting_id, one, MANY, AT)
                case "replace":
                    one = extension(extension_id, type=kind, etag=etag, properties=text)
                    await store.extensions.replace(LENE, meeting_id, None, one, AT)
                case "remove":
                    await store.extensions.remove(LENE, meeting_id, extension_id, None, AT)
        await asyncio.sleep(0)


async def follow(store: Store, reader: str, position: Position, limit: int, done: asyncio.Event) -> list[Change]:
    """What the reader sees until nothing more comes after `done`."""
    seen: list[Change] = []
    while True:
        last = done.is_set()
        found = await store.change_log.after(reader, position, limit)
        assert len(found.changes) <= limit
        seen += found.changes
        position = found.position
        if last and not found.more:
            return seen
        await asyncio.sleep(0)


def expected_of_invited(log: list[Change]) -> list[tuple[int, str]]:
    """The numbers and kinds that an invited user sees, by the contents of the organizer's log."""
    invited: dict[str, bool] = defaultdict(bool)
    shown: list[tuple[int, str]] = []
    for change in log:
        was = invited[change.meeting_id]
        if change.of_meeting:
            assert change.contents is not None
            named = msgspec.json.decode(change.contents, type=Meeting).settings.attendees
            now = DAN in named and change.kind is not ChangeKind.REMOVED
            invited[change.meeting_id] = now
            if was or now:
                kind = "removed" if not now else "added" if not was else str(change.kind)
                shown.append((change.number, kind))
        elif was and SHARED in {change.type, change.type_before}:
            kind = "removed" if change.type != SHARED else str(change.kind)
            shown.append((change.number, "added" if change.type_before != SHARED else kind))
    return shown


#: The invitation that each example begins with.
INVITED = Change(
    organizer=LENE,
    meeting_id="",
    extension_id="",
    number=0,
    transaction_id=0,
    kind=ChangeKind.ADDED,
    at=AT,
    actor="",
    application="",
    user_agent="",
    change_set=0,
    etag_before="",
    etag="",
    type_before="",
    type="",
    contents=msgspec.json.encode(meeting(settings=replace(SETTINGS, attendees=(DAN,), leaders=()))),
)


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
@given(steps=STEPS, limits=st.tuples(st.integers(1, 5), st.integers(1, 5)))
async def test_each_reader_sees_what_it_may_see_in_order_and_once(
    stores: tuple[Store, Store], steps: list[Step], limits: tuple[int, int]
) -> None:
    first, second = stores
    example = next(EXAMPLES)
    await write(first, example, [Step(0, number, 0, "schedule", True) for number in (0, 1)], 9)
    start = await first.change_log.last()
    done = asyncio.Event()
    readers = [
        asyncio.create_task(follow(store, reader, start, limit, done))
        for store, reader, limit in (
            (first, LENE, limits[0]),
            (second, LENE, limits[1]),
            (second, DAN, limits[0]),
            (first, ALEX, limits[1]),
        )
    ]
    writers = [
        write((first, second, first)[name], example, [step for step in steps if step.writer == name], name)
        for name in range(3)
    ]
    await asyncio.gather(*writers)
    done.set()
    own, own_elsewhere, invited, stranger = await asyncio.gather(*readers)

    everything = (await first.change_log.after_of(LENE, start, MANY)).changes
    assert own == list(everything)
    assert own_elsewhere == own
    assert stranger == []
    assert [change.position for change in own] == sorted({change.position for change in own})
    state = {change.meeting_id for change in invited}
    assert all(meeting_id.startswith(f"{example}m") for meeting_id in state)
    assert b"secret" not in b"".join(change.contents or b"" for change in invited)
    begin = [replace(INVITED, meeting_id=f"{example}m{number}") for number in (0, 1)]
    assert [(change.number, str(change.kind)) for change in invited] == expected_of_invited([*begin, *own])[2:]

"""The change log: what every change of meetings and extensions leaves in it, and who may read it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from openucwa.model.change import BEGINNING, Author, Change, ChangeKind, Changes
from openucwa.model.meeting import ExtensionType
from openucwa.model.refusals import AlreadyExists, ChangesForgotten, ResourceNotFound
from openucwa.store.contract import Store
from openucwa.store.sql.change_rows import LogLimits
from tests.contract.conftest import Engine
from tests.contract.samples import (
    AT,
    DAN,
    MANY,
    MEETING,
    OTHER_SETTINGS,
    SETTINGS,
    application,
    assigned,
    extension,
    invitation,
    meeting,
    participation,
    user,
    with_meeting,
)
from tests.users import LENE

BY = Author(LENE, "101", "agent")
KEY = (LENE, MEETING)
INVITED = "sip:a@contoso.com"
HIDDEN = ExtensionType.ROAMED_ORGANIZER_DATA


async def of_lene(store: Store) -> Sequence[Change]:
    return (await store.change_log.after_of(LENE, BEGINNING, MANY)).changes


async def add_versions(store: Store, first: int, end: int) -> None:
    """Versions of 5 KB of the extension `slides`, whose etags are `first` and so on."""
    for number in range(first, end):
        version = extension(etag=str(number), properties=b'{"x":"' + b"y" * 5_000 + b'"}')
        await store.extensions.replace(*KEY, frozenset({str(number - 1)}), version, AT)


def said(changes: Changes | Sequence[Change]) -> list[str]:
    """Kind and extension of each change."""
    found = changes.changes if isinstance(changes, Changes) else changes
    return [f"{change.kind} {change.extension_id}".strip() for change in found]


async def test_each_change_of_an_extension_is_logged_with_author_and_contents(store: Store) -> None:
    await store.meetings.add(meeting(), MANY, BY)
    await store.extensions.add(*KEY, extension(), MANY, AT + 1, BY)
    second = extension(etag="2", properties=b'{"page":2}')
    await store.extensions.replace(*KEY, frozenset({"1"}), second, AT + 2, BY)
    third = extension(etag="3", type=HIDDEN)
    await store.extensions.replace(*KEY, None, third, AT + 3, BY, ChangeKind.PATCHED)
    await store.extensions.remove(*KEY, "slides", None, AT + 4, BY)
    added_meeting, added, replaced, patched, removed = await of_lene(store)
    assert added_meeting.meeting == meeting()
    assert [each.extension for each in (added, replaced, patched, removed)] == [extension(), second, third, third]
    assert said([added, replaced, patched, removed]) == [
        "added slides",
        "replaced slides",
        "patched slides",
        "removed slides",
    ]
    assert [each.at - AT for each in (added, replaced, patched, removed)] == [1, 2, 3, 4]
    assert {(each.actor, each.application, each.user_agent) for each in (added, replaced, patched, removed)} == {BY}
    assert [(each.etag_before, each.etag) for each in (added, replaced, patched, removed)] == [
        ("", "1"),
        ("1", "2"),
        ("2", "3"),
        ("3", ""),
    ]
    shared = ExtensionType.ROAMED_PARTICIPANT_DATA
    assert [(each.type_before, each.type) for each in (added, replaced, patched, removed)] == [
        ("", shared),
        (shared, shared),
        (shared, HIDDEN),
        (HIDDEN, ""),
    ]


async def test_refused_change_is_not_logged(store: Store) -> None:
    await with_meeting(store, "slides")
    before = await of_lene(store)
    with pytest.raises(AlreadyExists):
        await store.extensions.add(*KEY, extension(), MANY, AT, BY)
    with pytest.raises(ResourceNotFound):
        await store.extensions.replace(*KEY, frozenset({"1"}), extension("another"), AT, BY)
    assert await of_lene(store) == before


async def test_changes_of_a_meeting_with_participants_are_logged(store: Store) -> None:
    await with_meeting(store)
    await store.applications.open(application(), None, AT, MANY)
    await store.conversations.join(participation(), invitation(), "1", MANY, AT)
    await store.extensions.add(*KEY, extension(), MANY, AT, BY)
    await store.extensions.replace(*KEY, frozenset({"1"}), extension(etag="2"), AT, BY)
    assert said(await of_lene(store)) == ["added", "added slides", "replaced slides"]


async def test_replaced_meeting_is_logged_with_its_new_settings(store: Store) -> None:
    await store.meetings.add(meeting(), MANY, BY)
    now = await store.meetings.replace(*KEY, None, OTHER_SETTINGS, "2", AT + 1, BY)
    _, change = await of_lene(store)
    assert change.meeting == now
    assert (change.kind, change.etag_before, change.etag, change.actor) == (ChangeKind.REPLACED, "1", "2", LENE)


async def test_removed_meeting_is_logged_with_its_extensions_as_one_change_set(store: Store) -> None:
    await with_meeting(store, "a", "b")
    await store.meetings.remove(*KEY, None, AT + 1, BY)
    removed = (await of_lene(store))[-3:]
    assert said(removed) == ["removed", "removed a", "removed b"]
    assert {each.change_set for each in removed} == {removed[0].number}
    assert [each.extension for each in removed[1:]] == [extension("a"), extension("b")]
    assert tuple(await store.change_log.change_set(LENE, removed[0].number)) == removed


async def test_assigned_meeting_is_logged_once(store: Store) -> None:
    await store.meetings.assigned(assigned())
    await store.meetings.assigned(assigned())
    assert [change.meeting for change in await of_lene(store)] == [assigned()]


async def test_expired_meeting_is_removed_by_the_server(store: Store) -> None:
    await with_meeting(store, "slides")
    await store.meetings.remove_expired(AT + 100, MANY, AT + 200)
    removed = (await of_lene(store))[-2:]
    assert said(removed) == ["removed", "removed slides"]
    assert {(each.actor, each.at) for each in removed} == {("", AT + 200)}


async def test_removed_user_leaves_removals_without_contents(store: Store) -> None:
    await store.users.add(user())
    await with_meeting(store, "slides")
    await store.users.remove(LENE, AT + 1)
    changes = await of_lene(store)
    assert said(changes) == ["removed", "removed slides"]
    assert {each.contents for each in changes} == {None}
    assert await store.change_log.removed_meetings(LENE, MANY) == []


async def test_versions_are_listed_newest_first_and_in_pages(store: Store) -> None:
    await with_meeting(store, "slides", "other")
    for etag in ("2", "3"):
        await store.extensions.replace(*KEY, None, extension(etag=etag), AT, BY)
    versions = await store.change_log.versions(*KEY, "slides", None, 2)
    assert [each.etag for each in versions] == ["3", "2"]
    (first,) = await store.change_log.versions(*KEY, "slides", versions[-1].number, 2)
    assert (first.etag, first.contents) == ("1", None)
    assert (await store.change_log.version(*KEY, "slides", first.number)).extension == extension()


async def test_version_of_another_extension_or_organizer_is_not_found(store: Store) -> None:
    await with_meeting(store, "slides", "other")
    (version,) = await store.change_log.versions(*KEY, "slides", None, 1)
    for key in ((*KEY, "other"), (*KEY, ""), (DAN, MEETING, "slides")):
        with pytest.raises(ResourceNotFound):
            await store.change_log.version(*key, version.number)


async def test_removed_extensions_are_listed_while_their_id_is_free(store: Store) -> None:
    await with_meeting(store, "a", "b", "c")
    for name in ("a", "b"):
        await store.extensions.remove(*KEY, name, None, AT)
    assert [each.extension_id for each in await store.change_log.removed_extensions(*KEY, MANY)] == ["b", "a"]
    await store.extensions.add(*KEY, extension("b"), MANY, AT)
    assert [each.extension_id for each in await store.change_log.removed_extensions(*KEY, MANY)] == ["a"]
    with pytest.raises(ResourceNotFound):
        await store.change_log.removed_extensions(DAN, MEETING, MANY)


async def test_restored_meeting_has_its_extensions_and_new_etags(store: Store) -> None:
    await with_meeting(store, "a", "b")
    await store.extensions.remove(*KEY, "a", None, AT)
    before = await store.meetings.get(*KEY)
    await store.meetings.remove(*KEY, None, AT)
    (removal,) = await store.change_log.removed_meetings(LENE, MANY)
    etags = iter("789")
    restored = await store.meetings.restore(LENE, removal.number, MANY, lambda: next(etags), AT + 5, BY)
    assert restored == replace(before, etag="7")
    assert await store.meetings.get_with_extensions(*KEY) == (restored, [extension("b", etag="8")])
    changes = (await of_lene(store))[-2:]
    assert said(changes) == ["restored", "restored b"]
    assert {each.change_set for each in changes} == {changes[0].number}
    assert await store.change_log.removed_meetings(LENE, MANY) == []
    with pytest.raises(AlreadyExists):
        await store.meetings.restore(LENE, removal.number, MANY, lambda: "9", AT + 5, BY)


async def test_restored_expired_meeting_is_not_removed_at_once(store: Store) -> None:
    await with_meeting(store)
    await store.meetings.remove_expired(AT + 100, MANY, AT + 200)
    (removal,) = await store.change_log.removed_meetings(LENE, MANY)
    await store.meetings.restore(LENE, removal.number, MANY, lambda: "9", AT + 300, BY)
    assert await store.meetings.remove_expired(AT + 300, MANY, AT + 300) == 0


async def test_reader_continues_where_it_stopped(store: Store) -> None:
    await with_meeting(store, "a", "b", "c")
    seen: list[str] = []
    changes = await store.change_log.after(LENE, BEGINNING, 3)
    assert changes.more
    seen += said(changes)
    changes = await store.change_log.after(LENE, changes.position, 3)
    assert not changes.more
    seen += said(changes)
    assert seen == ["added", "added a", "added b", "added c"]
    assert (await store.change_log.after(LENE, changes.position, 3)).changes == ()
    assert await store.change_log.last() == changes.position


async def test_invited_user_sees_what_participants_see_from_then_on(store: Store) -> None:
    uninvited = replace(SETTINGS, attendees=())
    await store.meetings.add(meeting(settings=uninvited), MANY)
    await store.extensions.add(*KEY, extension("early"), MANY, AT)
    await store.meetings.replace(*KEY, None, SETTINGS, "2", AT)
    await store.extensions.add(*KEY, extension("shared"), MANY, AT, BY)
    await store.extensions.add(*KEY, extension("hidden", type=HIDDEN), MANY, AT)
    await store.extensions.replace(*KEY, None, extension("shared", type=HIDDEN, etag="2"), AT)
    await store.extensions.replace(*KEY, None, extension("hidden", etag="2"), AT)
    await store.meetings.replace(*KEY, None, uninvited, "3", AT)
    await store.extensions.add(*KEY, extension("late"), MANY, AT)
    changes = await store.change_log.after(INVITED, BEGINNING, MANY)
    assert said(changes) == ["added", "added shared", "removed shared", "added hidden", "removed"]
    assert [each.contents is None for each in changes.changes] == [False, False, True, False, True]
    assert {each.application for each in changes.changes} == {""}
    assert (await store.change_log.after("sip:stranger@contoso.com", BEGINNING, MANY)).changes == ()


async def test_invited_user_is_notified_of_the_removal_of_the_meeting(store: Store) -> None:
    await with_meeting(store, "shared")
    await store.meetings.remove(*KEY, None, AT)
    changes = await store.change_log.after(INVITED, BEGINNING, MANY)
    assert said(changes) == ["added", "added shared", "removed", "removed shared"][: len(changes.changes)]
    assert changes.changes[2].contents is None
    assert await store.change_log.invited_to(INVITED, MANY) == []


async def test_participant_sees_changes_since_the_joining_but_not_from_the_lobby(store: Store) -> None:
    await with_meeting(store, "early")
    await store.applications.open(application(owner=DAN), None, AT, MANY)
    waiting = replace(participation(DAN), in_lobby=True, joined=AT + 5)
    await store.conversations.join(waiting, invitation(DAN), "1", MANY, AT + 5)
    await store.extensions.add(*KEY, extension("shared"), MANY, AT + 6)
    await store.extensions.add(*KEY, extension("hidden", type=HIDDEN), MANY, AT + 6)
    assert (await store.change_log.after(DAN, BEGINNING, MANY)).changes == ()
    await store.conversations.admit(*KEY, DAN, AT + 7)
    assert said(await store.change_log.after(DAN, BEGINNING, MANY)) == ["added shared"]


async def test_invitees_are_the_attendees_and_leaders(store: Store) -> None:
    named = replace(SETTINGS, attendees=("sip:Bo@contoso.com", LENE), leaders=("sip:bo@contoso.com", DAN))
    await store.meetings.add(meeting(settings=named), MANY)
    invitees = await store.change_log.invitees(*KEY)
    assert [each.uri for each in invitees] == ["sip:bo@contoso.com", DAN]
    assert await store.change_log.invited_to(DAN, MANY) == [invitees[1]]
    await store.meetings.replace(*KEY, None, replace(named, leaders=()), "2", AT)
    assert [each.uri for each in await store.change_log.invitees(*KEY)] == ["sip:bo@contoso.com"]
    await store.meetings.replace(*KEY, None, named, "3", AT)
    assert [each.uri for each in await store.change_log.invitees(*KEY)] == ["sip:bo@contoso.com", DAN]


async def test_many_invitees_are_stored(store: Store) -> None:
    many = tuple(f"sip:{number}@contoso.com" for number in range(1_001))
    await store.meetings.add(meeting(settings=replace(SETTINGS, attendees=many, leaders=())), MANY)
    assert len(await store.change_log.invitees(*KEY)) == 1_001


async def test_old_versions_are_forgotten_but_not_the_one_that_is_there(store: Store) -> None:
    await with_meeting(store, "slides", "kept")
    for number in (2, 3):
        await store.extensions.replace(*KEY, None, extension(etag=str(number)), AT + number)
    start = await store.change_log.last()
    assert await store.change_log.forget(AT + 3, MANY) == 4
    assert [each.etag for each in await store.change_log.versions(*KEY, "slides", None, MANY)] == ["3", "2"]
    assert await store.change_log.forget(AT + 4, MANY) == 1
    assert [each.etag for each in await store.change_log.versions(*KEY, "slides", None, MANY)] == ["3"]
    assert [each.etag for each in await store.change_log.versions(*KEY, "kept", None, MANY)] == ["1"]
    assert (await store.change_log.after(LENE, start, MANY)).changes == ()
    with pytest.raises(ChangesForgotten):
        await store.change_log.after(LENE, BEGINNING, MANY)


async def test_removed_extension_is_forgotten_after_its_time(store: Store) -> None:
    await with_meeting(store, "slides")
    await store.extensions.remove(*KEY, "slides", None, AT + 1)
    await store.change_log.forget(AT + 1, MANY)
    assert said(await store.change_log.removed_extensions(*KEY, MANY)) == ["removed slides"]
    await store.change_log.forget(AT + 2, MANY)
    assert await store.change_log.removed_extensions(*KEY, MANY) == []


async def test_forgetting_goes_on_where_it_stopped(store: Store) -> None:
    await with_meeting(store, "slides")
    for number in range(2, 8):
        await store.extensions.replace(*KEY, None, extension(etag=str(number)), AT)
    assert [await store.change_log.forget(AT + 1, 3) for _ in range(4)] == [3, 3, 2, 0]
    assert [each.etag for each in await store.change_log.versions(*KEY, "slides", None, MANY)] == ["7"]


async def test_contents_beyond_the_maximum_number_of_versions_are_forgotten(store: Store) -> None:
    await with_meeting(store, "slides", "other")
    for number in range(2, 8):
        await store.extensions.replace(*KEY, None, extension(etag=str(number)), AT)
    assert [await store.change_log.trim(3, 5) for _ in range(3)] == [5, 4, 0]
    assert [each.etag for each in await store.change_log.versions(*KEY, "slides", None, MANY)] == ["7", "6", "5"]
    assert len((await store.change_log.after(LENE, BEGINNING, MANY)).changes) == 9


async def test_sweep_trims_what_is_added_while_it_runs(store: Store) -> None:
    await with_meeting(store, "slides")
    await add_versions(store, 2, 12)
    assert await store.change_log.trim(3, 5) == 5
    await add_versions(store, 12, 17)
    while await store.change_log.trim(3, 5) == 5:
        pass
    assert [each.etag for each in await store.change_log.versions(*KEY, "slides", None, MANY)] == ["16", "15", "14"]


async def test_log_of_a_user_stays_within_its_size_between_sweeps(engine: Engine) -> None:
    store = engine(log=LogLimits(user_bytes=100_000))
    await store.open()
    try:
        await store.meetings.add(meeting("other", organizer=DAN, conference_id="9"), MANY)
        await with_meeting(store, "slides")
        position = (await store.change_log.last()).number
        for number in range(2, 100):
            await add_versions(store, number, number + 1)
            kept = await store.change_log.versions(*KEY, "slides", None, MANY)
            assert len(kept) * 5_400 < 120_000
        assert kept[0].etag == "99"
        assert position
        with pytest.raises(ChangesForgotten):
            await store.change_log.after_of(LENE, BEGINNING, MANY)
        assert said(await store.change_log.after_of(DAN, BEGINNING, MANY)) == ["added"]
    finally:
        await store.close()


async def test_log_of_a_user_stays_within_its_size_whichever_server_adds_to_it(engine: Engine) -> None:
    stores = [engine(log=LogLimits(user_bytes=100_000)) for _ in range(2)]
    for store in stores:
        await store.open()
    try:
        await with_meeting(stores[0], "slides")
        await add_versions(stores[0], 2, 12)
        await add_versions(stores[1], 12, 22)
        await add_versions(stores[0], 22, 23)
        assert len(await stores[0].change_log.versions(*KEY, "slides", None, MANY)) * 5_400 < 100_000
    finally:
        for store in stores:
            await store.close()


async def test_log_shortened_by_a_sweep_keeps_its_changes_until_it_is_full_again(engine: Engine) -> None:
    store = engine(log=LogLimits(user_bytes=100_000))
    await store.open()
    try:
        await with_meeting(store, "slides")
        await add_versions(store, 2, 17)
        while await store.change_log.trim(1, MANY) == MANY:
            pass
        await add_versions(store, 17, 27)
        assert len(await of_lene(store)) == 27
        await add_versions(store, 27, 37)
        with pytest.raises(ChangesForgotten):
            await of_lene(store)
    finally:
        await store.close()


async def test_nothing_is_logged_if_it_is_switched_off(engine: Engine) -> None:
    store = engine(log=LogLimits(enabled=False))
    await store.open()
    try:
        await with_meeting(store, "a", "b")
        await store.extensions.replace(*KEY, frozenset({"1"}), extension("a", etag="2"), AT)
        await store.extensions.remove(*KEY, "b", None, AT)
        await store.meetings.replace(*KEY, None, OTHER_SETTINGS, "2", AT)
        await store.meetings.replace(*KEY, None, SETTINGS, "3", AT)
        assert await of_lene(store) == ()
        assert [each.uri for each in await store.change_log.invitees(*KEY)] == [
            "sip:a@contoso.com",
            "sip:b@contoso.com",
            "sip:c@contoso.com",
        ]
        await store.meetings.remove(*KEY, None, AT)
        assert await store.change_log.invitees(*KEY) == []
    finally:
        await store.close()


async def test_log_has_a_new_identity_after_it_was_switched_off(engine: Engine) -> None:
    found = []
    for enabled in (True, True, False, True):
        store = engine(log=LogLimits(enabled=enabled))
        await store.open()
        found.append(await store.change_log.identity())
        await store.close()
    first, again, off, later = found
    assert first == again
    assert off == ""
    assert later not in ("", first)

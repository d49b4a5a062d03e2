"""Presence of users over all their applications, in every store."""

import asyncio
from dataclasses import replace

import pytest

from openucwa.model.presence import PERSON_CHANGED, person_topic
from openucwa.store.contract import Store
from tests.contract.samples import AT, COMMUNICATION, MANY, application, user
from tests.users import LENE

MINUTE = 60_000


async def available(store: Store, application_id: str = "101", at: int = AT, **options: object) -> None:
    """Opens an application of Lene's, and makes it available: idle after 5 minutes, away after 10."""
    draft = application(application_id, f"endpoint {application_id}")
    await store.applications.open(draft, None, at, MANY)
    await store.applications.make_available(LENE, application_id, COMMUNICATION, "9", at, (), **options)  # type: ignore[arg-type]


async def availability(store: Store) -> str:
    return (await store.presence.get(LENE)).availability


async def changes(store: Store) -> list[object]:
    """What everybody was notified of, in order."""
    events = await store.events.after({person_topic(LENE): 0}, MANY)
    assert {event.kind for event in events} <= {PERSON_CHANGED}
    return [event.facts["changed"] for event in events]


async def sweep(store: Store, at: int) -> int:
    return await store.presence.update_due(at, MANY)


async def test_user_without_application_is_offline(store: Store) -> None:
    assert await availability(store) == "Offline"


async def test_user_with_application_that_is_not_available_is_offline(store: Store) -> None:
    await store.applications.open(application(), None, AT, MANY)
    assert await availability(store) == "Offline"


async def test_available_user_is_online(store: Store) -> None:
    await available(store)
    found = await store.presence.get(LENE)
    assert (found.availability, found.device, found.last_active, found.modalities) == (
        "Online",
        "Web",
        AT,
        ("Messaging",),
    )
    assert await changes(store) == [["presence", "modalities"]]


async def test_user_becomes_idle_and_away_as_time_passes(store: Store) -> None:
    await available(store)
    assert await sweep(store, AT + 5 * MINUTE - 1) == 0
    assert await sweep(store, AT + 5 * MINUTE) == 1
    assert await availability(store) == "IdleOnline"
    assert await sweep(store, AT + 10 * MINUTE - 1) == 0
    assert await sweep(store, AT + 10 * MINUTE) == 1
    assert await availability(store) == "Away"
    assert await sweep(store, AT + MANY * MINUTE) == 0
    assert len(await changes(store)) == 3


async def test_timeouts_are_those_of_the_application(store: Store) -> None:
    await available(store, inactive=MINUTE, away=2 * MINUTE)
    await sweep(store, AT + MINUTE)
    assert await availability(store) == "IdleOnline"
    await sweep(store, AT + 3 * MINUTE)
    assert await availability(store) == "Away"


async def test_activity_makes_online_again(store: Store) -> None:
    await available(store)
    await sweep(store, AT + 10 * MINUTE)
    await store.presence.report_activity(LENE, "101", AT + 11 * MINUTE)
    found = await store.presence.get(LENE)
    assert (found.availability, found.last_active) == ("Online", AT + 11 * MINUTE)
    assert await sweep(store, AT + 16 * MINUTE - 1) == 0


async def test_activity_while_online_notifies_nobody(store: Store) -> None:
    await available(store)
    await store.presence.report_activity(LENE, "101", AT + MINUTE)
    assert len(await changes(store)) == 1
    assert (await store.presence.get(LENE)).last_active == AT + MINUTE


async def test_activity_of_unavailable_application_is_ignored(store: Store) -> None:
    await store.applications.open(application(), None, AT, MANY)
    await store.presence.report_activity(LENE, "101", AT)
    assert await availability(store) == "Offline"


async def test_most_active_application_decides(store: Store) -> None:
    await available(store, "101")
    await available(store, "102", AT + 4 * MINUTE)
    assert await sweep(store, AT + 5 * MINUTE) == 0
    assert await availability(store) == "Online"
    await store.applications.close(LENE, "102", AT + 6 * MINUTE)
    assert await availability(store) == "IdleOnline"
    await store.applications.close(LENE, "101", AT + 7 * MINUTE)
    assert await availability(store) == "Offline"


@pytest.mark.parametrize(
    ("preferred", "active", "idle"),
    [
        ("Online", "Online", "IdleOnline"),
        ("Busy", "Busy", "IdleBusy"),
        ("DoNotDisturb", "DoNotDisturb", "DoNotDisturb"),
        ("BeRightBack", "BeRightBack", "BeRightBack"),
        ("Away", "Away", "Away"),
        ("Offwork", "Away", "Away"),
    ],
)
async def test_availability_that_was_set_is_shown_however_long(
    store: Store, preferred: str, active: str, idle: str
) -> None:
    await available(store)
    await store.presence.set_availability(LENE, "101", preferred, AT)
    assert await availability(store) == active
    await sweep(store, AT + MANY * MINUTE)
    assert await availability(store) == idle


async def test_off_work_is_an_activity(store: Store) -> None:
    await available(store)
    await store.presence.set_availability(LENE, "101", "Offwork", AT)
    assert (await store.presence.get(LENE)).activity == "off-work"
    await store.presence.set_availability(LENE, "101", "Away", AT)
    assert (await store.presence.get(LENE)).activity == "Away"
    assert (await changes(store))[1:] == [["presence"], ["presence"]]


async def test_reset_availability_follows_from_activity(store: Store) -> None:
    await available(store)
    await store.presence.set_availability(LENE, "101", "Busy", AT)
    await store.presence.set_availability(LENE, "101", None, AT)
    assert await availability(store) == "Online"


async def test_setting_availability_is_activity(store: Store) -> None:
    await available(store)
    await sweep(store, AT + 10 * MINUTE)
    await store.presence.set_availability(LENE, "101", None, AT + 11 * MINUTE)
    assert await availability(store) == "Online"


async def test_user_signs_in_as_what_is_preferred(store: Store) -> None:
    await available(store, preferred="BeRightBack")
    assert await availability(store) == "BeRightBack"
    await available(store, "102")
    assert await availability(store) == "BeRightBack"


async def test_availability_that_was_set_ends_with_the_last_application(store: Store) -> None:
    await available(store, preferred="Busy")
    await store.applications.close(LENE, "101", AT)
    await available(store, "102")
    assert await availability(store) == "Online"


async def test_note_and_location_outlast_applications(store: Store) -> None:
    await available(store)
    await store.presence.set_note(LENE, "Heads down", AT)
    await store.presence.set_location(LENE, "Aarhus", AT)
    await store.applications.close(LENE, "101", AT)
    found = await store.presence.get(LENE)
    assert (found.note, found.location, found.availability) == ("Heads down", "Aarhus", "Offline")
    assert (await changes(store))[1:] == [["note"], ["location"], ["presence", "modalities"]]


async def test_same_note_again_notifies_nobody(store: Store) -> None:
    await available(store)
    for _ in range(2):
        await store.presence.set_note(LENE, "Heads down", AT)
    assert (await changes(store))[1:] == [["note"]]


async def test_modalities_are_those_of_all_available_applications(store: Store) -> None:
    await available(store)
    silent = replace(COMMUNICATION, supported_modalities=())
    await store.applications.replace_communication(LENE, "101", None, silent, "10", AT, ())
    assert (await store.presence.get(LENE)).modalities == ()
    await available(store, "102")
    assert (await store.presence.get(LENE)).modalities == ("Messaging",)


async def test_application_is_notified_from_when_it_became_available(store: Store) -> None:
    await available(store)
    await store.presence.set_note(LENE, "one", AT)
    assert await store.presence.since(LENE, "101") == 1
    await available(store, "102")
    assert await store.presence.since(LENE, "102") == 2
    await store.applications.open(application("103", "another"), None, AT, MANY)
    assert await store.presence.since(LENE, "103") is None


async def test_users_of_this_server_have_a_presence_and_others_have_none(store: Store) -> None:
    for uri in (LENE, "sip:dan@contoso.com"):
        await store.users.add(user(uri))
    await available(store)
    found = await store.presence.of([LENE, "sip:dan@contoso.com", "sip:nobody@contoso.com"])
    assert {uri: one.availability for uri, one in found.items()} == {LENE: "Online", "sip:dan@contoso.com": "Offline"}
    assert await store.presence.of([]) == {}


async def test_removed_user_is_offline_without_a_trace(store: Store) -> None:
    await store.users.add(user())
    await available(store)
    await store.presence.set_note(LENE, "secret", AT)
    await store.users.remove(LENE, AT)
    assert (await changes(store))[-1] == ["presence", "note", "modalities"]
    await store.users.add(user())
    found = await store.presence.get(LENE)
    assert (found.availability, found.note, found.last_active) == ("Offline", "", None)


async def test_topic_of_a_user_who_is_added_again_continues(store: Store) -> None:
    await store.users.add(user())
    await available(store)
    await store.users.remove(LENE, AT)
    await store.users.add(user())
    await store.events.forget(AT + 1, MANY)
    await store.events.forget_topics(AT + 1, MANY)
    await available(store, "102")
    assert await store.presence.since(LENE, "102") == 3


async def test_idle_applications_end_makes_user_offline(store: Store) -> None:
    await available(store)
    await store.applications.remove_idle(AT + 1, MANY, AT + MINUTE)
    assert await availability(store) == "Offline"


async def test_of_two_servers_one_makes_each_user_idle(store: Store, other: Store) -> None:
    await available(store)
    await asyncio.gather(*(one.presence.update_due(AT + 5 * MINUTE, MANY) for one in (store, other) * 3))
    assert len(await changes(store)) == 2


async def test_sweep_is_bounded(store: Store) -> None:
    for number in range(3):
        owner = f"sip:user{number}@contoso.com"
        await store.applications.open(application(owner=owner), None, AT, MANY)
        await store.applications.make_available(owner, "101", COMMUNICATION, "9", AT, ())
    assert [await store.presence.update_due(AT + 5 * MINUTE, 2) for _ in range(3)] == [2, 1, 0]

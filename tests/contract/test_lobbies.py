"""Who waits in the lobbies of an organizer's meetings."""

from dataclasses import replace

from openucwa.model.conversation import LobbyEntry
from openucwa.model.meeting import MeetingRel
from openucwa.store.contract import Store
from tests.contract.samples import AT, DAN, MANY, MEETING, application, invitation, participation, with_meeting
from tests.users import LENE

ANN = "sip:ann@contoso.com"


async def wait(
    store: Store,
    owner: str,
    meeting_id: str = MEETING,
    *,
    organizer: str = LENE,
    application_id: str = "101",
    endpoint: str = "endpoint",
    at: int = AT,
) -> None:
    """`owner` comes into the lobby of a meeting."""
    await store.applications.open(application(application_id, endpoint, owner=owner), None, AT, MANY)
    conversation = f"{meeting_id} {owner} {application_id}"
    draft = replace(
        participation(owner),
        id=conversation,
        organizer=organizer,
        meeting_id=meeting_id,
        application_id=application_id,
        in_lobby=True,
        joined=at,
        invitation=conversation,
    )
    asked = replace(
        invitation(owner),
        id=conversation,
        organizer=organizer,
        meeting_id=meeting_id,
        application_id=application_id,
        conversation=conversation,
        thread_id=conversation,
    )
    await store.conversations.join(draft, asked, "1", MANY, at)


async def who_waits(store: Store, organizer: str = LENE) -> list[tuple[str, str]]:
    return [(each.meeting_id, each.uri) for each in (await store.conversations.lobbies(organizer, MANY)).entries]


async def test_waiting_guest_is_listed_with_the_meeting(store: Store) -> None:
    await with_meeting(store)
    await wait(store, DAN, at=AT + 5)
    found = await store.conversations.lobbies(LENE, MANY)
    rel = MeetingRel.MY_ONLINE_MEETINGS
    assert found.total == 1
    assert found.entries == (LobbyEntry(MEETING, rel, "a subject", DAN, "Somebody", False, AT + 5),)


async def test_lobby_list_is_empty_without_guests(store: Store) -> None:
    await with_meeting(store)
    found = await store.conversations.lobbies(LENE, MANY)
    assert (found.total, found.entries) == (0, ())


async def test_first_guest_of_any_meeting_is_listed_first(store: Store) -> None:
    for meeting_id in ("FIRST", "SECOND"):
        await with_meeting(store, meeting_id=meeting_id)
    await wait(store, DAN, "SECOND", at=AT + 1)
    await wait(store, ANN, "FIRST", at=AT + 2)
    assert await who_waits(store) == [("SECOND", DAN), ("FIRST", ANN)]


async def test_guest_waiting_with_two_applications_is_listed_once(store: Store) -> None:
    await with_meeting(store)
    await wait(store, DAN, at=AT + 1)
    await wait(store, DAN, application_id="102", endpoint="another", at=AT + 2)
    found = await store.conversations.lobbies(LENE, MANY)
    assert (found.total, [each.since for each in found.entries]) == (1, [AT + 1])


async def test_admitted_guest_is_no_longer_listed(store: Store) -> None:
    await with_meeting(store)
    await wait(store, DAN)
    await store.conversations.admit(LENE, MEETING, DAN, AT)
    assert await who_waits(store) == []


async def test_lobbies_of_other_organizers_are_not_listed(store: Store) -> None:
    for organizer in (LENE, ANN):
        await with_meeting(store, organizer=organizer)
    await wait(store, DAN, organizer=ANN)
    assert await who_waits(store) == []
    assert await who_waits(store, ANN) == [(MEETING, DAN)]


async def test_no_more_than_the_limit_are_listed_and_all_are_counted(store: Store) -> None:
    await with_meeting(store)
    for number in range(3):
        await wait(store, f"sip:guest{number}@contoso.com", at=AT + number)
    found = await store.conversations.lobbies(LENE, 2)
    assert found.total == 3
    assert [each.uri for each in found.entries] == ["sip:guest0@contoso.com", "sip:guest1@contoso.com"]

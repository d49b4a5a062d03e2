"""Applications and their channels, as `store.contract.Applications` describes them."""

import asyncio
from dataclasses import replace

import pytest

from openucwa.model.application import Application, Session
from openucwa.model.event import ChannelState
from openucwa.model.refusals import (
    AlreadyExists,
    ApplicationNotFound,
    PreconditionFailed,
    Refusal,
    ResourceNotFound,
    TooManyApplications,
)
from openucwa.store.contract import Store
from openucwa.store.sql.applications import REMEMBERED_REPLACED
from tests.contract.samples import AT, COMMUNICATION, DAN, EVENT, MANY, application, logged, user
from tests.users import LENE


async def opened(store: Store, *names: str, now: int = 1, most: int = MANY) -> None:
    """Opens an application for each name, which is its id and its endpoint; each at a later time."""
    for place, name in enumerate(names):
        await store.applications.open(application(name, name), None, now + place, most)


async def found(store: Store, application_id: str = "101") -> Application:
    return (await store.applications.session(LENE, application_id)).application


async def living(store: Store, *names: str) -> list[str]:
    """Those of `names` that are applications."""
    living = []
    for name in names:
        try:
            await store.applications.session(LENE, name)
        except Refusal:
            continue
        living.append(name)
    return living


async def test_new_application_equals_the_draft(store: Store) -> None:
    assert await store.applications.open(application(), None, 5, MANY) == (application(), True)
    assert await found(store) == application()


async def test_every_field_of_a_draft_is_stored(store: Store) -> None:
    draft = application(
        owner="anon:1", type=None, communication=COMMUNICATION, available=True, meeting="sip:m", name="Guest"
    )
    await store.applications.open(draft, None, 5, MANY)
    assert (await store.applications.session("anon:1", "101")).application == draft


async def test_endpoint_has_one_application(store: Store) -> None:
    await store.applications.open(application("101"), None, 5, MANY)
    again = application("102", culture="de-DE", user_agent="another", type="Phone", created=AT + 9, etag="8")
    expected = application("101", culture="de-DE", user_agent="another", type="Phone")
    assert await store.applications.open(again, None, 6, MANY) == (expected, False)
    assert await found(store) == expected
    with pytest.raises(ApplicationNotFound):
        await store.applications.session(LENE, "102")


async def test_opening_again_keeps_the_applications_state(store: Store) -> None:
    await store.applications.open(application(), None, 5, MANY)
    await store.applications.make_available(LENE, "101", COMMUNICATION, "9", AT, ())
    reopened, _ = await store.applications.open(application("102"), None, 6, MANY)
    assert reopened == application(communication=COMMUNICATION, available=True, etag="9")


async def test_another_owners_endpoint_is_another_application(store: Store) -> None:
    await store.applications.open(application(), None, 5, MANY)
    _, new = await store.applications.open(application(owner=DAN), None, 5, MANY)
    assert new
    assert (await store.applications.session(DAN, "101")).application.owner == DAN
    assert await found(store) == application()


async def test_id_is_not_given_to_a_second_endpoint(store: Store) -> None:
    await store.applications.open(application("101", "one"), None, 5, MANY)
    with pytest.raises(AlreadyExists):
        await store.applications.open(application("101", "two"), None, 6, MANY)
    assert (await found(store)).endpoint_id == "one"


async def test_endpoint_opened_concurrently_gets_one_application(store: Store, other: Store) -> None:
    answers = await asyncio.gather(
        *(server.applications.open(application(str(n)), None, n, MANY) for n in range(20) for server in (store, other))
    )
    assert len({answer.id for answer, _ in answers}) == 1
    assert [new for _, new in answers].count(True) == 1


async def test_instances_are_added_and_distinguished(store: Store) -> None:
    news = []
    for instance in ("tab 1", "tab 2", "tab 1"):
        _, new = await store.applications.open(application(), instance, 5, MANY)
        news.append(new)
    assert news == [True, True, False]
    assert (await found(store)).instances == ("tab 1", "tab 2")


async def test_first_instance_of_a_known_application_is_new(store: Store) -> None:
    await store.applications.open(application(), None, 5, MANY)
    assert await store.applications.open(application(), "tab", 5, MANY) == (application(instances=("tab",)), True)


async def test_session_joins_the_user(store: Store) -> None:
    await store.users.add(user(name="Lene", email="l@mail", pool="east", generation=4))
    await store.applications.open(application(), None, 5, MANY)
    assert await store.applications.session(LENE, "101") == Session(application(), 4, "east", "Lene", "l@mail", 5, None)


async def test_anonymous_session_has_no_user(store: Store) -> None:
    guest = application(owner="anon:1", name="Guest", meeting="sip:m")
    await store.applications.open(guest, None, 5, MANY)
    assert await store.applications.session("anon:1", "101") == Session(guest, None, None, None, None, 5, None)


@pytest.mark.parametrize("owner", [DAN, "anon:1"])
async def test_another_owners_application_is_not_found(store: Store, owner: str) -> None:
    await opened(store, "101")
    with pytest.raises(ApplicationNotFound):
        await store.applications.session(owner, "101")


async def test_over_the_limit_the_longest_idle_application_ends(store: Store) -> None:
    await opened(store, "1", "2", "3", most=3)
    await store.applications.touch({(LENE, "1"): 50}, {(LENE, "2"): 60})
    await opened(store, "4", now=40, most=3)
    assert await living(store, "1", "2", "3", "4") == ["1", "2", "4"]
    with pytest.raises(TooManyApplications):
        await store.applications.session(LENE, "3")


async def test_application_just_opened_never_ends(store: Store) -> None:
    await opened(store, "1", "2", now=10)
    await opened(store, "3", now=5, most=1)
    assert await living(store, "1", "2", "3") == ["3"]


async def test_lowered_limit_ends_applications_when_a_known_one_is_opened(store: Store) -> None:
    await opened(store, "1", "2", "3", "4")
    await opened(store, "1", now=9, most=2)
    assert await living(store, "1", "2", "3", "4") == ["1", "4"]


async def test_limit_is_each_owners_own(store: Store) -> None:
    await store.applications.open(application(owner=DAN), None, 1, 1)
    await opened(store, "1", most=1)
    assert (await store.applications.session(DAN, "101")).application.owner == DAN


async def test_limit_holds_among_many_at_once(store: Store, other: Store) -> None:
    names = [str(number) for number in range(30)]
    await asyncio.gather(
        *(
            server.applications.open(application(name, name), None, int(name), 4)
            for name, server in zip(names, [store, other] * 15, strict=True)
        )
    )
    assert len(await living(store, *names)) == 4


async def test_replaced_applications_channel_is_gone(store: Store) -> None:
    await opened(store, "1")
    await store.channels.write(LENE, "1", "", 0, ChannelState(served=1))
    await opened(store, "2", now=2, most=1)
    assert await store.channels.get(LENE, "1", "") == ChannelState()


async def test_closed_application_is_not_found(store: Store) -> None:
    await opened(store, "1", "2")
    await store.channels.write(LENE, "1", "", 0, ChannelState(served=1))
    await store.applications.close(LENE, "1", AT)
    with pytest.raises(ApplicationNotFound):
        await store.applications.session(LENE, "1")
    assert await store.channels.get(LENE, "1", "") == ChannelState()
    assert await living(store, "2") == ["2"]


async def test_closing_a_missing_application_is_not_an_error(store: Store) -> None:
    await opened(store, "2")
    await store.applications.close(LENE, "1", AT)
    assert await living(store, "2") == ["2"]


async def test_closed_instance_goes_with_its_channel(store: Store) -> None:
    for instance in ("tab 1", "tab 2"):
        await store.applications.open(application(), instance, 5, MANY)
        await store.channels.write(LENE, "101", instance, 0, ChannelState(served=1))
    await store.applications.close_instance(LENE, "101", "tab 1", AT)
    assert (await found(store)).instances == ("tab 2",)
    assert await store.channels.get(LENE, "101", "tab 1") == ChannelState()
    assert await store.channels.get(LENE, "101", "tab 2") == ChannelState(served=1)


async def test_application_ends_with_its_last_instance(store: Store) -> None:
    await store.applications.open(application(), "tab", 5, MANY)
    await store.applications.close_instance(LENE, "101", "tab", AT)
    with pytest.raises(ApplicationNotFound):
        await store.applications.session(LENE, "101")


@pytest.mark.parametrize(("application_id", "instance"), [("101", "another"), ("101", ""), ("102", "tab")])
async def test_closing_an_unknown_instance_is_refused(store: Store, application_id: str, instance: str) -> None:
    await store.applications.open(application(), "tab", 5, MANY)
    with pytest.raises(ResourceNotFound):
        await store.applications.close_instance(LENE, application_id, instance, AT)
    assert (await found(store)).instances == ("tab",)


async def test_make_available_marks_and_replaces(store: Store) -> None:
    await opened(store, "101")
    await store.applications.make_available(LENE, "101", COMMUNICATION, "9", AT, [EVENT])
    assert await found(store) == replace(
        application("101", "101"), available=True, communication=COMMUNICATION, etag="9"
    )
    assert await logged(store) == [1]


async def test_missing_application_cannot_be_made_available(store: Store) -> None:
    with pytest.raises(ApplicationNotFound):
        await store.applications.make_available(LENE, "101", COMMUNICATION, "9", AT, [EVENT])
    assert await logged(store) == []


@pytest.mark.parametrize("match", [None, frozenset({"1"}), frozenset({"0", "1"})])
async def test_communication_is_replaced_if_it_matches(store: Store, match: frozenset[str] | None) -> None:
    await opened(store, "101")
    await store.applications.replace_communication(
        LENE, "101", match, replace(COMMUNICATION, etag="2"), "9", AT, [EVENT]
    )
    assert (await found(store)).communication == replace(COMMUNICATION, etag="2")
    assert (await found(store)).etag == "9"
    assert await logged(store) == [1]


@pytest.mark.parametrize("match", [frozenset({"2"}), frozenset({"7"}), frozenset[str]()])
async def test_communication_with_another_etag_is_not_replaced(store: Store, match: frozenset[str]) -> None:
    await opened(store, "101")
    with pytest.raises(PreconditionFailed):
        await store.applications.replace_communication(LENE, "101", match, COMMUNICATION, "9", AT, [EVENT])
    assert await found(store) == application("101", "101")
    assert await logged(store) == []


async def test_communication_of_a_missing_application_cannot_be_replaced(store: Store) -> None:
    with pytest.raises(ApplicationNotFound):
        await store.applications.replace_communication(LENE, "101", None, COMMUNICATION, "9", AT, [EVENT])
    assert await logged(store) == []


async def test_one_of_two_concurrent_replacements_of_a_communication_succeeds(store: Store, other: Store) -> None:
    await opened(store, "101")
    answers = await asyncio.gather(
        *(
            server.applications.replace_communication(
                LENE, "101", frozenset({"1"}), replace(COMMUNICATION, etag=f"2{n}"), "9", AT, [EVENT]
            )
            for n, server in enumerate((store, other))
        ),
        return_exceptions=True,
    )
    assert sorted(map(type, answers), key=str) == [type(None), PreconditionFailed]
    assert await logged(store) == [1]


async def test_touch_stores_both_times(store: Store) -> None:
    await opened(store, "1", "2")
    await store.applications.touch({(LENE, "1"): 20}, {(LENE, "1"): 30, (LENE, "2"): 40})
    session = await store.applications.session(LENE, "1")
    assert (session.last_request, session.last_poll) == (20, 30)
    session = await store.applications.session(LENE, "2")
    assert (session.last_request, session.last_poll) == (2, 40)


async def test_touch_never_moves_times_back(store: Store) -> None:
    await opened(store, "1", now=10)
    await store.applications.touch({(LENE, "1"): 20}, {(LENE, "1"): 30})
    await store.applications.touch({(LENE, "1"): 5}, {(LENE, "1"): 6})
    session = await store.applications.session(LENE, "1")
    assert (session.last_request, session.last_poll) == (20, 30)


async def test_touch_ignores_missing_applications(store: Store) -> None:
    await store.applications.touch({(LENE, "1"): 20}, {(DAN, "1"): 30})
    assert await living(store, "1") == []


async def test_idle_applications_end_and_are_named(store: Store) -> None:
    await opened(store, "1", "2", "3", "4", now=10)
    await store.applications.touch({(LENE, "4"): 99}, {(LENE, "1"): 60, (LENE, "2"): 40, (LENE, "4"): 30})
    ended = await store.applications.remove_idle(50, MANY, AT)
    assert sorted(ended) == [(LENE, "2"), (LENE, "3"), (LENE, "4")]
    assert await living(store, "1", "2", "3", "4") == ["1"]
    with pytest.raises(ApplicationNotFound):
        await store.applications.session(LENE, "2")


async def test_application_active_at_the_limit_continues(store: Store) -> None:
    await opened(store, "1", now=50)
    assert list(await store.applications.remove_idle(50, MANY, AT)) == []
    assert await living(store, "1") == ["1"]


async def test_idle_applications_end_in_portions(store: Store) -> None:
    await opened(store, "1", "2", "3", now=10)
    assert await store.applications.remove_idle(50, 2, AT) == [(LENE, "1"), (LENE, "2")]
    assert await store.applications.remove_idle(50, 2, AT) == [(LENE, "3")]


async def test_only_the_latest_replaced_applications_of_an_owner_are_remembered(store: Store) -> None:
    names = [str(number) for number in range(REMEMBERED_REPLACED + 5)]
    await opened(store, *names, most=1)
    assert await store.applications.forget_replaced(AT, MANY) == REMEMBERED_REPLACED


async def test_replaced_applications_are_remembered_until_they_are_forgotten(store: Store) -> None:
    await opened(store, "1", "2", now=10, most=1)
    assert await store.applications.forget_replaced(11, MANY) == 0
    with pytest.raises(TooManyApplications):
        await store.applications.session(LENE, "1")
    assert await store.applications.forget_replaced(12, MANY) == 1
    with pytest.raises(ApplicationNotFound):
        await store.applications.session(LENE, "1")


async def test_channel_begins_fresh(store: Store) -> None:
    await opened(store, "1")
    assert await store.channels.get(LENE, "1", "") == ChannelState()
    assert await store.channels.get(DAN, "none", "tab") == ChannelState()


async def test_channel_is_read_as_written(store: Store) -> None:
    await opened(store, "1")
    state = ChannelState(7, {"conversation/1": 3, 'topic "ü"': 4}, {"conversation/1": 5}, 5, 15, 180)
    assert await store.channels.write(LENE, "1", "", 0, state)
    assert await store.channels.get(LENE, "1", "") == state
    assert await store.channels.write(LENE, "1", "", 7, ChannelState(8))
    assert await store.channels.get(LENE, "1", "") == ChannelState(8)


async def test_each_instance_has_its_own_channel(store: Store) -> None:
    await opened(store, "1")
    for served, instance in enumerate(("", "tab 1", "tab 2"), 1):
        assert await store.channels.write(LENE, "1", instance, 0, ChannelState(served))
    assert await store.channels.get(LENE, "1", "tab 1") == ChannelState(2)


@pytest.mark.parametrize("expected", [1, 3])
async def test_outdated_poll_writes_nothing(store: Store, expected: int) -> None:
    await opened(store, "1")
    await store.channels.write(LENE, "1", "", 0, ChannelState(2))
    assert not await store.channels.write(LENE, "1", "", expected, ChannelState(9))
    assert await store.channels.get(LENE, "1", "") == ChannelState(2)


async def test_channel_that_was_never_written_is_at_0(store: Store) -> None:
    await opened(store, "1")
    assert not await store.channels.write(LENE, "1", "", 1, ChannelState(2))
    assert await store.channels.get(LENE, "1", "") == ChannelState()


async def test_one_of_two_concurrent_polls_writes_the_channel(store: Store, other: Store) -> None:
    await opened(store, "1")
    for served in range(5):
        answers = await asyncio.gather(
            *(s.channels.write(LENE, "1", "", served, ChannelState(served + 1)) for s in (store, other, store))
        )
        assert sorted(answers) == [False, False, True]


async def test_channel_of_a_missing_application_is_not_written(store: Store) -> None:
    with pytest.raises(ApplicationNotFound):
        await store.channels.write(LENE, "1", "", 0, ChannelState(1))


async def test_all_applications_of_an_owner_are_listed_oldest_first(store: Store) -> None:
    await store.users.add(user())
    for number in (2, 1):
        draft = replace(application(f"10{number}", f"endpoint {number}"), created=AT + number)
        await store.applications.open(draft, None, AT, MANY)
    found = await store.applications.all(LENE)
    assert [(each.application.id, each.user_name) for each in found] == [("101", "Lene Aaling"), ("102", "Lene Aaling")]
    assert await store.applications.all("sip:nobody@contoso.com") == []

"""Nothing of a user's goes without a line in the audit log: what, whose and why; and what it left behind goes too."""

import logging

import pytest

from openucwa.model.conversation import conversation_topic
from openucwa.model.event import application_topic
from openucwa.model.refusals import PreconditionFailed
from openucwa.store.contract import Store
from tests.contract.samples import AT, DAN, MANY, MEETING, application, user, with_meeting, with_participants
from tests.users import LENE


@pytest.fixture
def audited(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Only what no `log_level` hides."""
    caplog.set_level(logging.CRITICAL + 1)
    return caplog


async def test_deleted_meeting_is_audited(store: Store, audited: pytest.LogCaptureFixture) -> None:
    await with_meeting(store, "slides", "agenda")
    await store.meetings.remove(LENE, MEETING, None, AT)
    assert audited.messages == [f"removed meeting {MEETING} of {LENE}: deleted; 2 extensions with it"]


async def test_expired_meeting_is_audited(store: Store, audited: pytest.LogCaptureFixture) -> None:
    await with_meeting(store, "slides")
    await store.meetings.remove_expired(AT + 2, MANY, AT + 3)
    reason = "expired at 2023-11-14T22:13:20+00:00; 1 extension with it"
    assert audited.messages == [f"removed meeting {MEETING} of {LENE}: {reason}"]


async def test_deleted_extension_is_audited(store: Store, audited: pytest.LogCaptureFixture) -> None:
    await with_meeting(store, "slides")
    await store.extensions.remove(LENE, MEETING, "slides", None, AT)
    assert audited.messages == [f"removed extension slides in meeting {MEETING} of {LENE}: deleted"]


async def test_everything_of_a_removed_user_is_audited(store: Store, audited: pytest.LogCaptureFixture) -> None:
    await store.users.add(user())
    await with_participants(store, "slides")
    await store.users.remove(LENE, AT)
    assert audited.messages == [
        f"removed user {LENE} of {LENE}: removed by an administrator",
        f"removed application 101 of {LENE}: its user was removed",
        f"removed meeting {MEETING} of {LENE}: its user was removed; 1 extension with it",
    ]


async def test_replaced_application_is_audited(store: Store, audited: pytest.LogCaptureFixture) -> None:
    await store.applications.open(application(), None, AT, 1)
    await store.applications.open(application("102", "another"), None, AT, 1)
    reason = "its owner opened application 102; at most 1 are allowed"
    assert audited.messages == [f"removed application 101 of {LENE}: {reason}"]


async def test_idle_application_is_audited(store: Store, audited: pytest.LogCaptureFixture) -> None:
    await store.applications.open(application(), None, AT, MANY)
    await store.applications.remove_idle(AT + 1, MANY, AT)
    assert audited.messages == [f"removed application 101 of {LENE}: idle for too long"]


async def test_refused_removal_is_not_audited(store: Store, audited: pytest.LogCaptureFixture) -> None:
    await with_meeting(store)
    with pytest.raises(PreconditionFailed):
        await store.meetings.remove(LENE, MEETING, frozenset({"another"}), AT)
    assert audited.messages == []


async def test_topic_of_an_ended_application_is_forgotten_with_its_events(store: Store) -> None:
    await with_participants(store)
    topic = application_topic(DAN, "101")
    await store.applications.close(DAN, "101", AT + 5)
    assert await store.events.forget_topics(AT + 5, MANY) == 0
    assert await store.events.last_numbers([topic]) == {topic: 2}  # of which the second ends the waiting polls
    assert await store.events.forget_topics(AT + 6, MANY) == 1
    assert await store.events.last_numbers([topic]) == {topic: 0}


@pytest.mark.parametrize("how", ["disabled", "removed"])
async def test_poll_of_user_who_is_locked_out_is_woken(store: Store, how: str) -> None:
    await store.users.add(user())
    await with_participants(store)
    topic = application_topic(LENE, "101")
    before = await store.events.last_numbers([topic])
    if how == "removed":
        await store.users.remove(LENE, AT)
    else:
        await store.users.disable(LENE, AT)
    # Processes without a message notice it by the number.
    assert (await store.events.last_numbers([topic]))[topic] > before[topic]


@pytest.mark.parametrize("how", ["removed", "expired", "its user removed"])
async def test_topic_of_a_removed_meeting_is_forgotten_with_its_events(store: Store, how: str) -> None:
    await store.users.add(user())
    await with_participants(store)
    topic = conversation_topic(LENE, MEETING)
    match how:
        case "removed":
            await store.meetings.remove(LENE, MEETING, None, AT + 5)
        case "expired":
            await store.meetings.remove_expired(AT + 2, MANY, AT + 5)
        case "its user removed":
            await store.users.remove(LENE, AT + 5)
    assert await store.events.forget_topics(AT + 5, MANY) == 0
    ended = 2 if how == "its user removed" else 1  # also that of the user's application
    assert await store.events.forget_topics(AT + 6, MANY) == ended
    assert await store.events.last_numbers([topic]) == {topic: 0}


async def test_topics_in_use_are_retained(store: Store) -> None:
    await with_participants(store)
    assert await store.events.forget_topics(AT + MANY, MANY) == 0

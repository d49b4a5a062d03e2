"""Leaders decide whether attendees may send messages to the meeting."""

from typing import Any

import pytest

from openucwa.app import Service
from tests.client import UcwaClient, add_user
from tests.conversations.conftest import PLAIN, Come, Guest, Two, talk

Talk = tuple[Guest, Guest]

NOT_ALLOWED = ("Forbidden", "AttendeeNotAllowed")


@pytest.fixture
async def meeting(lene: UcwaClient) -> dict[str, Any]:
    return await lene.schedule()


@pytest.fixture
async def both(meeting: dict[str, Any], come: Come) -> Talk:
    """A leader and an attendee with messaging, who have read all events."""
    leader, attendee = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (leader, attendee):
        await guest.join(meeting)
        await guest.said()
    for guest in (leader, attendee):
        assert await guest.post(f"{guest.here}/messaging/addMessaging", json={}) == 201
    for guest in (leader, attendee):
        await guest.said()
    return leader, attendee


async def change(guest: Guest, rel: str) -> None:
    """Follows the conversation's link."""
    links = (await guest.get(guest.here))["_links"]
    assert await guest.post(links[rel]["href"]) == 204


async def refused(guest: Guest, path: str, **options: Any) -> tuple[str, str]:
    """Code and subcode of a 403."""
    answer = await guest.client.post(f"{guest.here}/messaging/{path}", **options)
    assert answer.status_code == 403, answer.text
    error = answer.json()
    return error["code"], error["subcode"]


async def test_leader_is_offered_what_changes_the_state_and_attendee_nothing(both: Talk) -> None:
    leader, attendee = both
    names = ("disableAudienceMessaging", "enableAudienceMessaging")
    shown = await leader.get(leader.here)
    assert shown["audienceMessaging"] == "Enabled"
    assert [name in shown["_links"] for name in names] == [True, False]
    await change(leader, "disableAudienceMessaging")
    shown = await leader.get(leader.here)
    assert shown["audienceMessaging"] == "Disabled"
    assert [name in shown["_links"] for name in names] == [False, True]
    shown = await attendee.get(attendee.here)
    assert shown["audienceMessaging"] == "Disabled"
    assert not set(names) & shown["_links"].keys()


async def test_attendee_cannot_send_while_messaging_is_disabled(both: Talk) -> None:
    leader, attendee = both
    await change(leader, "disableAudienceMessaging")
    assert await refused(attendee, "messages", content=b"Hello", headers=PLAIN) == NOT_ALLOWED
    assert await refused(attendee, "typing") == NOT_ALLOWED
    await leader.said()
    assert leader.view.messages == []
    await change(leader, "enableAudienceMessaging")
    assert await attendee.post(f"{attendee.here}/messaging/messages", content=b"Hello", headers=PLAIN) == 201


async def test_leader_still_sends_and_attendees_receive(both: Talk) -> None:
    leader, attendee = both
    await change(leader, "disableAudienceMessaging")
    assert await leader.post(f"{leader.here}/messaging/messages", content=b"Hello", headers=PLAIN) == 201
    await attendee.said()
    assert attendee.view.messages == ["Hello"]


async def test_everybody_is_notified_with_the_links_that_are_left(both: Talk) -> None:
    leader, attendee = both
    await change(leader, "disableAudienceMessaging")
    for guest, sends in ((leader, True), (attendee, False)):
        events = {event["link"]["rel"]: event for event in await guest.events()}
        assert {rel: event["type"] for rel, event in events.items()} == {
            "conversation": "updated",
            "messaging": "updated",
        }
        assert events["conversation"]["_embedded"]["conversation"]["audienceMessaging"] == "Disabled"
        messaging = events["messaging"]["_embedded"]["messaging"]
        assert messaging["state"] == "Connected"
        assert ({"sendMessage", "setIsTyping"} <= messaging["_links"].keys()) == sends
        assert {"stopMessaging", "typingParticipants"} <= messaging["_links"].keys()


async def test_repeated_change_is_accepted_and_notifies_nobody(both: Talk) -> None:
    leader, attendee = both
    href = f"{leader.here}/messaging/enableAudienceMessaging"
    assert await leader.post(href) == 204
    await change(leader, "disableAudienceMessaging")
    assert await leader.post(f"{leader.here}/messaging/disableAudienceMessaging") == 204
    assert await attendee.said() == ["conversation updated", "messaging updated"]


async def test_attendee_cannot_change_it(both: Talk) -> None:
    _, attendee = both
    for rel in ("disableAudienceMessaging", "enableAudienceMessaging"):
        assert await attendee.post(f"{attendee.here}/messaging/{rel}") == 403
    assert (await attendee.get(attendee.here))["audienceMessaging"] == "Enabled"


async def test_typing_attendee_no_longer_types(both: Talk) -> None:
    leader, attendee = both
    assert await attendee.post(f"{attendee.here}/messaging/typing") == 204
    assert await leader.said() == ["participant added in typingParticipants"]
    await change(leader, "disableAudienceMessaging")
    assert "participant deleted in typingParticipants" in await leader.said()


async def test_promoted_attendee_sends_and_demoted_leader_no_longer_does(both: Talk) -> None:
    leader, attendee = both
    await change(leader, "disableAudienceMessaging")
    await attendee.said()
    for rel, status in (("promote", 201), ("demote", 403)):
        assert await leader.post(f"{leader.here}/participants/danab@contoso.com/{rel}") == 204
        (messaging,) = [event for event in await attendee.events() if event["link"]["rel"] == "messaging"]
        assert ("sendMessage" in messaging["_embedded"]["messaging"]["_links"]) == (status == 201)
        href = f"{attendee.here}/messaging/messages"
        assert await attendee.post(href, content=b"Hello", headers=PLAIN) == status
        await attendee.said()


async def test_attendee_who_joins_later_connects_messaging_but_sends_no_first_message(
    both: Talk, meeting: dict[str, Any], service: Service, come: Come
) -> None:
    leader, _ = both
    await add_user(service, "sip:alexd@contoso.com")
    await change(leader, "disableAudienceMessaging")
    late = await come("alexd@contoso.com")
    await late.join(meeting)
    await late.said()
    assert await refused(late, "addMessaging", json={"message": "data:text/plain,Hello"}) == NOT_ALLOWED
    assert (await late.get(f"{late.here}/messaging"))["state"] == "Disconnected"
    assert await late.post(f"{late.here}/messaging/addMessaging", json={}) == 201
    assert "sendMessage" not in (await late.get(f"{late.here}/messaging"))["_links"]


async def test_lobby_does_not_show_whether_messaging_is_disabled(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule(accessLevel="Locked")
    waiting = await come("danab@contoso.com")
    await waiting.join(meeting)
    await waiting.said()
    assert (await waiting.get(waiting.here))["audienceMessaging"] == "Unknown"
    assert await waiting.post(f"{waiting.here}/messaging/disableAudienceMessaging") == 404


async def test_conversation_of_two_has_no_audience(two: Two) -> None:
    lene, dana = two
    await talk(lene, dana)
    shown = await lene.get(lene.here)
    assert shown["audienceMessaging"] == "Enabled"
    assert not {"disableAudienceMessaging", "enableAudienceMessaging"} & shown["_links"].keys()
    assert await lene.post(f"{lene.here}/messaging/disableAudienceMessaging") == 404


async def test_disabled_messaging_outlasts_the_conversation_and_keeps_the_meetings_etag(
    both: Talk, meeting: dict[str, Any], lene: UcwaClient
) -> None:
    leader, attendee = both
    await change(leader, "disableAudienceMessaging")
    for guest in (attendee, leader):
        assert (await guest.client.delete(guest.here)).status_code == 204
        await guest.said()
    await leader.join(meeting)
    await leader.said()
    assert (await leader.get(leader.here))["audienceMessaging"] == "Disabled"
    shown = (await lene.get(meeting["_links"]["self"]["href"])).json()
    assert shown["etag"] == meeting["etag"]
    answer = await lene.replace(shown, subject="Other")
    assert answer.status_code == 200, answer.text
    assert (await leader.get(leader.here))["audienceMessaging"] == "Disabled"


async def test_meeting_made_of_a_conversation_of_two_has_an_audience(two: Two, service: Service) -> None:
    lene, dana = two
    await add_user(service, "sip:alexd@contoso.com")
    await talk(lene, dana)
    assert await lene.post(f"{lene.here}/addParticipant", json={"to": "sip:alexd@contoso.com"}) == 201
    assert "disableAudienceMessaging" in (await lene.get(lene.here))["_links"]
    assert "disableAudienceMessaging" in (await dana.get(dana.here))["_links"], "both lead"

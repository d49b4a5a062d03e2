"""Conversations of two: startMessaging, the answers to it, messages, and the end."""

import pytest

from openucwa.app import Service
from tests.client import UcwaClient, add_user
from tests.conftest import Connect, Make
from tests.conversations.conftest import ERIK, PLAIN, Come, Guest, Two, available, incoming, short, start, talk
from tests.users import DANA, LENE
from tests.world import FakeWorld


async def test_inviter_sees_the_documented_events_in_their_order(two: Two) -> None:
    lene, dana = two
    await start(lene)
    assert await lene.said() == [
        "messagingInvitation started",
        "conversation added",
        "localParticipant added",
        "messaging updated",
    ]
    assert await dana.post((await incoming(dana))["_links"]["accept"]["href"]) == 204
    assert await lene.said() == [
        "conversation updated",
        "participant added",
        "participantMessaging added in participant",
        "participantMessaging added in localParticipant",
        "messaging updated",
        "messagingInvitation completed Success",
    ]


async def test_invited_user_sees_the_documented_events_in_their_order(two: Two) -> None:
    lene, dana = two
    await start(lene)
    events = await dana.events()
    assert [event["link"]["rel"] + " " + event["type"] for event in events] == [
        "messagingInvitation started",
        "conversation added",
        "localParticipant added",
        "participant added",
    ]
    invitation = events[0]["_embedded"]["messagingInvitation"]
    assert await dana.post(invitation["_links"]["accept"]["href"]) == 204
    assert await dana.said() == [
        "conversation updated",
        "participant updated",
        "participantMessaging added in participant",
        "participantMessaging added in localParticipant",
        "messaging updated",
        "messagingInvitation completed Success",
    ]


async def test_messages_go_both_ways(two: Two) -> None:
    lene, dana = two
    await talk(lene, dana)
    for speaker, listener in ((lene, dana), (dana, lene)):
        href = (await speaker.get(f"{speaker.here}/messaging"))["_links"]["sendMessage"]["href"]
        assert await speaker.post(href, content="Hi", headers={"Content-Type": "text/plain"}) == 201
        assert await speaker.said() == ["message completed Success"]
        (event,) = await listener.events()
        message = event["_embedded"]["message"]
        assert message["direction"] == "Incoming"
        assert message["_links"]["plainMessage"]["href"].endswith(",Hi")


async def test_incoming_invitation_embeds_sender_and_message(two: Two) -> None:
    lene, dana = two
    await start(lene, importance="Urgent", _links={"message": {"href": "data:text/plain;charset=utf-8,Hi+Dana"}})
    invitation = await incoming(dana)
    sender = invitation["_embedded"]["from"]
    assert (sender["rel"], sender["uri"], sender["name"]) == ("participant", LENE, "Lene Aaling")
    assert invitation["_embedded"]["message"]["_links"]["plainMessage"]["href"].endswith(",Hi+Dana")
    assert (invitation["direction"], invitation["state"]) == ("Incoming", "Connecting")
    assert (invitation["importance"], invitation["subject"]) == ("Urgent", "Lunch?")
    for rel in ("self", "conversation", "messaging", "from", "to"):
        assert (await dana.client.get(invitation["_links"][rel]["href"])).status_code == 200, rel
    for embedded in ("from", "message"):
        shown = invitation["_embedded"][embedded]
        assert await dana.get(shown["_links"]["self"]["href"]) == shown
    for rel in ("accept", "decline"):
        assert "?" not in invitation["_links"][rel]["href"]


async def test_declined_invitation_ends_the_conversation(two: Two) -> None:
    lene, dana = two
    await start(lene)
    await lene.said()
    conversation = lene.here
    href = (await incoming(dana))["_links"]["decline"]["href"]
    assert await dana.post(href, json={"reason": "Global"}) == 204
    assert await lene.said() == [
        "messagingInvitation completed Failure Declined",
        "messaging updated",
        "conversation deleted Declined",
    ]
    assert await dana.said() == [
        "messagingInvitation completed Failure Declined",
        "conversation deleted Declined",
    ]
    assert (await lene.client.get(conversation)).status_code == 404


async def test_invitation_can_be_cancelled_by_its_link_or_by_ending_messaging_or_the_conversation(two: Two) -> None:
    lene, dana = two
    for way in ("cancel", "stopMessaging", "conversation"):
        invitation = await lene.get(await start(lene, operationId=way))
        await lene.said()
        await incoming(dana)
        links = invitation["_links"]
        if way == "cancel":
            assert await lene.post(links["cancel"]["href"]) == 204
        elif way == "stopMessaging":
            messaging = await lene.get(links["messaging"]["href"])
            assert messaging["state"] == "Connecting"
            assert await lene.post(messaging["_links"]["stopMessaging"]["href"]) == 204
        else:
            assert (await lene.client.delete(links["conversation"]["href"])).status_code == 204
        assert (await lene.said())[0] == "messagingInvitation completed Failure Canceled"
        assert lene.conversation is None
        assert await dana.said() == [
            "messagingInvitation completed Failure Canceled",
            "conversation deleted Canceled",
        ]


async def test_unanswered_invitation_fails(two: Two, service: Service, world: FakeWorld) -> None:
    lene, dana = two
    await start(lene)
    await lene.said()
    await incoming(dana)
    await world.advance(31)
    await service.sweeper.sweep_applications()
    assert (await lene.said())[0] == "messagingInvitation completed Failure Timeout"
    assert (await dana.said())[0] == "messagingInvitation completed Failure Timeout"
    assert (await lene.client.get(f"{lene.client.app}/communication/conversations")).json()["_links"].keys() == {"self"}


@pytest.mark.parametrize(("to", "reason"), [(ERIK, "Unreachable"), ("sip:nobody@contoso.com", "DestinationNotFound")])
async def test_invitation_of_an_unavailable_user_fails_in_the_events(
    two: Two, come: Come, service: Service, to: str, reason: str
) -> None:
    lene, _ = two
    await add_user(service, ERIK, "Erik Andersen")
    await come("erik@contoso.com")  # with an application, but without makeMeAvailable
    href = await start(lene, to)
    assert await lene.said() == ["messagingInvitation started", f"messagingInvitation completed Failure {reason}"]
    assert (await lene.get(href))["state"] == "Failed"


async def test_only_applications_that_take_messages_are_asked(two: Two, come: Come) -> None:
    lene, dana = two
    phone = await available(await come("danab@contoso.com", endpoint="phone"), "PhoneAudio")
    await talk(lene, dana)
    assert await phone.said() == []


async def test_first_application_that_accepts_has_the_conversation(two: Two, come: Come) -> None:
    lene, dana = two
    desk = await available(await come("danab@contoso.com", endpoint="desk"))
    await start(lene)
    await lene.said()
    first, late = await incoming(dana), await incoming(desk)
    assert await dana.post(first["_links"]["accept"]["href"]) == 204
    assert await desk.post(late["_links"]["accept"]["href"]) == 409
    assert await desk.said() == [
        "messagingInvitation completed Failure ConnectedElsewhere",
        "conversation deleted ConnectedElsewhere",
    ]
    assert (await lene.said())[-1] == "messagingInvitation completed Success"
    shown = await desk.get(late["_links"]["self"]["href"])
    assert shown["_links"]["acceptedByContact"]["href"].endswith("/danab@contoso.com")


async def test_declining_locally_leaves_other_applications_asked(two: Two, come: Come) -> None:
    lene, dana = two
    desk = await available(await come("danab@contoso.com", endpoint="desk"))
    outgoing = await start(lene)
    await lene.said()
    first, other = await incoming(dana), await incoming(desk)
    assert await dana.post(first["_links"]["decline"]["href"], json={"reason": "Local"}) == 204
    assert (await lene.get(outgoing))["state"] == "Connecting"
    assert await desk.post(other["_links"]["decline"]["href"], json={"reason": "Local"}) == 204
    assert (await lene.said())[0] == "messagingInvitation completed Failure Declined"


@pytest.mark.parametrize("way", ["stopMessaging", "DELETE"])
async def test_leaving_ends_the_conversation_for_both(two: Two, way: str) -> None:
    lene, dana = two
    await talk(lene, dana)
    left = dana.here
    if way == "DELETE":
        assert (await lene.client.delete(lene.here)).status_code == 204
    else:
        assert await lene.post((await lene.get(f"{lene.here}/messaging"))["_links"]["stopMessaging"]["href"]) == 204
    assert await lene.said() == ["messaging updated", "conversation deleted"]
    assert await dana.said() == ["participant deleted", "messaging updated", "conversation deleted Ended"]
    assert (await dana.client.get(left)).status_code == 404
    assert await dana.post(f"{left}/messaging/messages", content="Hi", headers=PLAIN) == 404


async def test_last_message_arrives_though_its_sender_has_left(two: Two) -> None:
    lene, dana = two
    await start(lene)
    assert await dana.post((await incoming(dana))["_links"]["accept"]["href"]) == 204
    await lene.said()
    assert await lene.post(f"{lene.here}/messaging/messages", content="Bye", headers=PLAIN) == 201
    assert (await lene.client.delete(lene.here)).status_code == 204
    events = await dana.events()
    (message,) = [event["_embedded"]["message"] for event in events if event["link"]["rel"] == "message"]
    assert message["_links"]["plainMessage"]["href"].endswith(",Bye")
    texts = [short(event) for event in events]
    assert texts.index("message completed Success") < texts.index("participant deleted")
    assert texts[-1] == "conversation deleted Ended"


async def test_end_of_an_application_ends_its_conversations(two: Two) -> None:
    lene, dana = two
    await talk(lene, dana)
    assert (await lene.client.delete(lene.client.app)).status_code == 204
    assert (await dana.said())[-1] == "conversation deleted Ended"


async def test_first_message_of_an_invitation_is_delivered_once_accepted(two: Two) -> None:
    lene, dana = two
    await start(lene, _links={"message": {"href": "data:text/html,%3Cb%3EHi%3C%2Fb%3E"}})
    invitation = await incoming(dana)
    assert await dana.post(invitation["_links"]["accept"]["href"]) == 204
    (message,) = [event["_embedded"]["message"] for event in await dana.events() if event["link"]["rel"] == "message"]
    assert message["_links"]["htmlMessage"]["href"] == "data:text/html;charset=utf-8,%3Cb%3EHi%3C%2Fb%3E"
    assert message["_links"]["self"] == invitation["_embedded"]["message"]["_links"]["self"]
    (own,) = [event["_embedded"]["message"] for event in await lene.events() if event["link"]["rel"] == "message"]
    assert (own["direction"], own["operationId"]) == ("Outgoing", "call")


async def test_typing_is_shown_to_the_other(two: Two) -> None:
    lene, dana = two
    await talk(lene, dana)
    assert await dana.post(f"{dana.here}/messaging/typing") == 204
    assert await lene.said() == ["participant added in typingParticipants"]
    assert await dana.post(f"{dana.here}/messaging/messages", content="Hi", headers=PLAIN) == 201
    assert await lene.said() == ["participant deleted in typingParticipants", "message completed Success"]


async def test_conversation_of_two_has_nothing_of_a_meeting(two: Two) -> None:
    lene, dana = two
    await talk(lene, dana)
    shown = await lene.get(lene.here)
    assert (shown["state"], shown["participantCount"], shown["activeModalities"]) == ("Connected", 2, ["Messaging"])
    assert shown["_links"].keys() == {"self", "addParticipant", "localParticipant", "messaging", "participants"}
    for part in ("onlineMeeting", "leaders", "attendees", "lobby"):
        assert (await lene.client.get(f"{lene.here}/{part}")).status_code == 404, part
    (other,) = [
        link
        for link in (await lene.get(f"{lene.here}/participants"))["_links"]["participant"]
        if "danab" in link["href"]
    ]
    assert (await lene.get(other["href"]))["_links"].keys() == {
        "self",
        "contact",
        "contactPhoto",
        "conversation",
        "participantMessaging",
    }


async def test_adding_somebody_makes_a_meeting_of_it(two: Two, come: Come, service: Service) -> None:
    lene, dana = two
    await add_user(service, ERIK, "Erik Andersen")
    erik = await available(await come("erik@contoso.com"))
    await talk(lene, dana, threadId="thread")
    before = await dana.get(dana.here)
    assert await dana.post(before["_links"]["addParticipant"]["href"], json={"to": ERIK, "operationId": "add"}) == 201
    for each in (lene, dana):
        assert {"conversation updated", "onlineMeeting added in conversation"} <= set(await each.said())
        after = await each.get(each.here)
        assert (after["state"], after["threadId"]) == ("Conferenced", "thread")
        assert (await each.get(f"{each.here}/onlineMeeting"))["organizerName"] == "Lene Aaling"
        assert {"leaders", "lobby", "onlineMeeting"} <= after["_links"].keys()
    (event,) = await erik.events()
    links = event["_embedded"]["onlineMeetingInvitation"]["_links"]
    assert await erik.post(links["accept"]["href"]) == 204
    await erik.said()
    assert set(erik.view.people) == {LENE, DANA}
    assert (await lene.client.delete(lene.here)).status_code == 204
    assert "participant deleted" in await dana.said()
    assert (await dana.get(dana.here))["participantCount"] == 2


async def test_too_many_conversations_are_refused_and_make_one_busy(
    make_service: Make, connect: Connect, world: FakeWorld
) -> None:
    service = await make_service(max_conversations=1)
    await add_user(service, ERIK, "Erik Andersen")
    guests = []
    for address in ("lenea@contoso.com", "danab@contoso.com", "erik@contoso.com"):
        client = connect(service)
        await client.sign_in(address)
        guests.append(await available(Guest(address, client, await client.open(), world)))
    lene, dana, erik = guests
    await talk(lene, dana)
    href = f"{lene.client.app}/communication/messagingInvitations"
    answer = await lene.client.post(href, json={"to": ERIK, "operationId": "one too many"})
    assert (answer.status_code, answer.json()["subcode"]) == (409, "TooManyConversations")
    await start(erik)
    assert (await erik.said())[-1] == "messagingInvitation completed Failure Busy"


async def test_conversation_with_oneself_is_refused(two: Two) -> None:
    lene, _ = two
    answer = await lene.client.post(f"{lene.client.app}/communication/messagingInvitations", json={"to": LENE})
    assert answer.status_code == 409


async def test_anonymous_users_invite_nobody(come: Come, lene: UcwaClient) -> None:
    joe = await come("Joe", await lene.schedule())
    communication = await joe.get(f"{joe.client.app}/communication")
    assert "startMessaging" not in communication["_links"]
    assert await joe.post(f"{joe.client.app}/communication/messagingInvitations", json={"to": LENE}) == 403


async def test_input_is_read_by_name_in_any_case_with_or_without_sip(two: Two) -> None:
    lene, dana = two
    body = {"OPERATIONID": "1", "To": "danab@contoso.com", "Subject": "Any", "sessionContext": "x", "telemetryId": None}
    assert await lene.post(f"{lene.client.app}/communication/startmessaging", json=body) == 201
    assert (await incoming(dana))["subject"] == "Any"


async def test_invited_address_may_have_parameters(two: Two) -> None:
    lene, dana = two
    await start(lene, "sip:DanaB@contoso.com;user=phone?subject=x")
    assert (await incoming(dana))["to"] == DANA


async def relate(guest: Guest, other: str, level: str) -> None:
    """Gives the other user a privacy relationship."""
    href = f"{guest.client.app}/people/{other.removeprefix('sip:')}/privacyRelationship"
    shown = await guest.get(href)
    answer = await guest.client.replace(shown, relationshipLevel=level)
    assert answer.is_success, answer.text


async def test_invitation_of_a_blocked_user_fails_without_a_trace(two: Two, service: Service) -> None:
    lene, dana = two
    await relate(dana, LENE, "Blocked")
    await start(lene)
    assert await lene.said() == ["messagingInvitation started", "messagingInvitation completed Failure Unreachable"]
    assert not [event for event in await dana.said() if "Invitation" in event or "missedItems" in event]
    assert await service.store.history.all(DANA, 10) == []


async def test_blocking_a_user_does_not_end_a_conversation(two: Two) -> None:
    lene, dana = two
    await talk(lene, dana)
    href = (await lene.get(f"{lene.here}/messaging"))["_links"]["sendMessage"]["href"]
    await relate(dana, LENE, "Blocked")
    await dana.said()
    assert await lene.post(href, content="Hi", headers=PLAIN) == 201
    assert [line for line in await dana.said() if "message" in line] == ["message completed Success"]


async def test_user_in_do_not_disturb_is_invited_only_by_workgroup(two: Two, service: Service) -> None:
    lene, dana = two
    assert await dana.post(f"{dana.client.app}/me/presence", json={"availability": "DoNotDisturb"}) == 204
    await start(lene)
    assert (await lene.said())[-1] == "messagingInvitation completed Failure DoNotDisturb"
    assert len(await service.store.history.all(DANA, 10)) == 1
    await relate(dana, LENE, "Workgroup")
    await start(lene)
    await incoming(dana)

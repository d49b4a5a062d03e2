"""conversationLogs and missedItems: what is stored of conversations of two, and for whom."""

from typing import Any

import pytest

from openucwa.app import Service
from tests.client import UcwaClient, add_user
from tests.conftest import Connect, Make
from tests.conversations.conftest import ERIK, PLAIN, Come, Guest, Two, available, start, talk
from tests.users import DANA, LENE
from tests.world import FakeWorld


async def logs(guest: Guest) -> list[dict[str, Any]]:
    """The user's conversation logs, the latest first."""
    communication = await guest.get(f"{guest.client.app}/communication")
    shown = await guest.get(communication["_links"]["conversationLogs"]["href"])
    return [await guest.get(link["href"]) for link in shown["_links"].get("conversationLog", [])]


async def missed(guest: Guest) -> tuple[int, int, int]:
    """Logs, missed ones, unread missed ones."""
    communication = await guest.get(f"{guest.client.app}/communication")
    items = await guest.get(communication["_links"]["missedItems"]["href"])
    return tuple(
        items[name] for name in ("conversationLogsCount", "missedConversationsCount", "unreadMissedConversationsCount")
    )  # type: ignore[return-value]


async def transcripts(guest: Guest, log: dict[str, Any]) -> list[tuple[str, str]]:
    """Who said what: me or contact, and the text."""
    shown = await guest.get(log["_links"]["conversationLogTranscripts"]["href"])
    found = []
    while True:
        for each in shown["_embedded"]["conversationLogTranscript"]:
            (text,) = (
                link["href"] for rel, link in each["_embedded"]["messageTranscript"]["_links"].items() if rel != "self"
            )
            found.append(("me" if "me" in each["_links"] else "contact", text.partition(",")[2]))
        if "nextConversationLogTranscripts" not in shown["_links"]:
            return found
        shown = await guest.get(shown["_links"]["nextConversationLogTranscripts"]["href"])


async def say(guest: Guest, text: str) -> None:
    assert await guest.post(f"{guest.here}/messaging/messages", content=text, headers=PLAIN) == 201


async def test_both_users_find_the_messages_after_the_conversation(two: Two) -> None:
    lene, dana = two
    await talk(lene, dana, _links={"message": {"href": "data:text/plain,Hi"}})
    await say(dana, "Hello")
    await say(lene, "Lunch?")
    assert (await lene.client.delete(lene.here)).status_code == 204
    for guest, direction, other in ((lene, "Outgoing", DANA), (dana, "Incoming", LENE)):
        (log,) = await logs(guest)
        assert (log["direction"], log["status"], log["subject"]) == (direction, "Archived", "Lunch?")
        assert (log["previewMessage"], log["totalRecipientsCount"]) == ("Lunch?", 1)
        assert log["_embedded"]["conversationLogRecipient"][0]["sipUri"] == other
        assert await missed(guest) == (1, 0, 0)
    assert await transcripts(lene, (await logs(lene))[0]) == [("me", "Hi"), ("contact", "Hello"), ("me", "Lunch%3F")]
    assert await transcripts(dana, (await logs(dana))[0]) == [
        ("contact", "Hi"),
        ("me", "Hello"),
        ("contact", "Lunch%3F"),
    ]


async def test_many_messages_come_in_pages(two: Two, service: Service) -> None:
    lene, dana = two
    await talk(lene, dana)
    (own,) = await service.store.conversations.all(LENE, lene.client.app.rpartition("/")[2])
    for number in range(250):
        await service.store.conversations.send_message(own, "text/plain", str(number), None, service.world.now())
    assert [text for _, text in await transcripts(dana, (await logs(dana))[0])] == [str(each) for each in range(250)]


async def test_nobody_else_reads_a_log(two: Two, come: Come, service: Service) -> None:
    lene, dana = two
    await add_user(service, ERIK, "Erik Andersen")
    erik = await come("erik@contoso.com")
    await talk(lene, dana)
    (log,) = await logs(lene)
    path = log["_links"]["self"]["href"].removeprefix(lene.client.app)
    for other in (dana, erik):
        for below in ("", "/conversationLogTranscripts", "/conversationLogRecipient"):
            assert (await other.client.get(f"{other.client.app}{path}{below}")).status_code == 404
    assert await logs(erik) == []


async def test_invitation_of_an_unavailable_user_becomes_a_missed_item(two: Two, come: Come, service: Service) -> None:
    lene, _ = two
    await add_user(service, ERIK, "Erik Andersen")
    await start(lene, ERIK, _links={"message": {"href": "data:text/plain,Call+me"}})
    erik = await come("erik@contoso.com")
    assert await missed(erik) == (1, 1, 1)
    (log,) = await logs(erik)
    assert (log["status"], log["direction"], log["previewMessage"]) == ("Missed", "Incoming", "Call me")
    assert await transcripts(erik, log) == [("contact", "Call+me")]
    assert await erik.post(log["_links"]["markAsRead"]["href"]) == 204
    assert await missed(erik) == (1, 1, 0)
    assert await erik.said() == ["missedItems updated"]
    assert await logs(lene) == []


async def test_unanswered_invitation_becomes_a_missed_item_with_an_event(
    two: Two, service: Service, world: FakeWorld
) -> None:
    lene, dana = two
    await start(lene)
    await dana.said()
    await world.advance(31)
    await service.sweeper.sweep_applications()
    assert "missedItems updated" in await dana.said()
    assert await missed(dana) == (1, 1, 1)


async def test_declined_invitation_is_not_missed(two: Two) -> None:
    lene, dana = two
    await start(lene)
    (link,) = (await dana.get(f"{dana.client.app}/communication/invitations"))["_links"]["messagingInvitation"]
    assert await dana.post(f"{link['href']}/decline") == 204
    assert await missed(dana) == (0, 0, 0)


async def test_log_can_be_removed_without_the_other_users(two: Two) -> None:
    lene, dana = two
    await talk(lene, dana)
    (log,) = await logs(lene)
    assert (await lene.client.delete(log["_links"]["self"]["href"])).status_code == 204
    assert await logs(lene) == []
    assert len(await logs(dana)) == 1


async def test_conversation_is_continued_with_its_thread(two: Two) -> None:
    lene, dana = two
    await talk(lene, dana)
    assert (await lene.client.delete(lene.here)).status_code == 204
    await dana.said()
    (log,) = await logs(dana)
    await available(lene)
    assert await dana.post(log["_links"]["continueMessaging"]["href"], json={"operationId": "again"}) == 201
    (link,) = (await lene.get(f"{lene.client.app}/communication/invitations"))["_links"]["messagingInvitation"]
    invitation = await lene.get(link["href"])
    assert (invitation["threadId"], invitation["subject"]) == (log["threadId"], log["subject"])


async def test_application_may_want_no_history(two: Two) -> None:
    lene, dana = two
    communication = await lene.get(f"{lene.client.app}/communication")
    assert communication["conversationHistory"] == "Enabled"
    assert (await lene.client.replace(communication, conversationHistory="Disabled")).status_code == 200
    await talk(lene, dana)
    assert (await logs(lene), len(await logs(dana))) == ([], 1)


async def test_nothing_is_stored_where_history_is_off(make_service: Make, connect: Connect, world: FakeWorld) -> None:
    service = await make_service(history_kept=0)
    await add_user(service, ERIK, "Erik Andersen")
    guests = []
    for address in ("lenea@contoso.com", "danab@contoso.com"):
        client: UcwaClient = connect(service)
        await client.sign_in(address)
        guests.append(await available(Guest(address, client, await client.open(), world)))
    lene, dana = guests
    assert (await lene.get(f"{lene.client.app}/communication"))["conversationHistory"] == "Disabled"
    await talk(lene, dana)
    await say(lene, "Hi")
    await start(lene, ERIK)
    for owner in (LENE, DANA, ERIK):
        assert await service.store.history.all(owner, 10) == []


async def test_logs_go_after_their_time_and_over_the_limit(two: Two, service: Service, world: FakeWorld) -> None:
    lene, _ = two
    await add_user(service, ERIK, "Erik Andersen")
    await start(lene, ERIK)
    assert len(await service.store.history.all(ERIK, 10)) == 1
    later = world.now() + 1000 * (service.config.history_kept + 1)
    assert await service.store.history.forget(later - 1000 * service.config.history_kept, 10) == 1
    assert await service.store.history.all(ERIK, 10) == []


@pytest.mark.parametrize("limit", ["0", "1001", "x"])
async def test_limit_is_checked(two: Two, limit: str) -> None:
    lene, _ = two
    assert (await lene.client.get(f"{lene.client.app}/communication/conversationLogs?limit={limit}")).status_code == 400

"""replayMessage: an application is notified again of invitations that it has not answered."""

from tests.conversations.conftest import Come, Two, available, incoming, start
from tests.resources.messages import assert_refused


async def test_pending_invitation_is_announced_again_as_it_was(two: Two) -> None:
    lene, dana = two
    await start(lene, message="data:text/plain,Hi")
    invitation = await incoming(dana)
    communication = await dana.get(f"{dana.client.app}/communication")
    assert await dana.post(communication["_links"]["replayMessage"]["href"]) == 204
    (event,) = await dana.events()
    assert (event["link"]["rel"], event["type"]) == ("messagingInvitation", "started")
    assert event["_embedded"]["messagingInvitation"] == invitation
    assert await dana.post(invitation["_links"]["accept"]["href"]) == 204


async def test_only_the_application_that_asks_is_notified(two: Two, come: Come) -> None:
    lene, dana = two
    desk = await available(await come("danab@contoso.com", endpoint="desk"))
    await dana.said()
    await start(lene)
    for each in (dana, desk, lene):
        await each.said()
    assert await desk.post(f"{desk.client.app}/communication/replayMessage") == 204
    assert await desk.said() == ["messagingInvitation started"]
    assert await lene.post(f"{lene.client.app}/communication/replayMessage") == 204
    # The next thing that they hear of is that nobody has answered.
    assert "messagingInvitation started" not in await dana.said()
    assert "messagingInvitation started" not in await lene.said(), "an outgoing invitation is nothing to replay"


async def test_answered_invitation_is_not_announced_again(two: Two) -> None:
    lene, dana = two
    await start(lene)
    assert await dana.post((await incoming(dana))["_links"]["decline"]["href"]) == 204
    await dana.said()
    assert await dana.post(f"{dana.client.app}/communication/replayMessage") == 204
    assert "messagingInvitation started" not in await dana.said()


async def test_replaying_has_a_rate(two: Two) -> None:
    _, dana = two
    href = f"{dana.client.app}/communication/replayMessage"
    for _ in range(1_000):
        answer = await dana.client.post(href)
        if answer.status_code != 204:
            break
    assert_refused(answer, 429, "TooManyRequests")

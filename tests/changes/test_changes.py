"""openucwa:changes through the protocol."""

import asyncio

from lxml import etree

from openucwa.app import Service
from tests.changes.conftest import changes_of, listed, next_of, read, start
from tests.client import UcwaClient, self_of
from tests.conftest import Connect, Make
from tests.users import DANA, LENE
from tests.world import FakeWorld, until


async def test_index_leads_to_the_changes(lene: UcwaClient) -> None:
    index = (await lene.get(f"{lene.app}/openucwa")).json()
    assert index["_links"]["openucwa:changes"]["href"] == changes_of(lene)


async def test_changes_are_shown_in_order_with_their_data(lene: UcwaClient) -> None:
    href = await start(lene)
    meeting = await lene.schedule(subject="Sales")
    extension = await lene.extend(meeting, id="crm", type="RoamedOrganizerData", priority=5)
    await lene.replace(extension, priority=6)
    await lene.delete(f"{self_of(extension)}")
    changes, _ = await read(lene, href)
    assert [(each["kind"], each.get("extensionId")) for each in changes] == [
        ("added", None),
        ("added", "crm"),
        ("replaced", "crm"),
        ("removed", "crm"),
    ]
    assert changes[0]["_embedded"]["myOnlineMeeting"]["subject"] == "Sales"
    assert changes[0]["_embedded"]["myOnlineMeeting"]["etag"] == meeting["etag"]
    assert changes[1]["_embedded"]["onlineMeetingExtension"] == extension
    assert changes[2]["_embedded"]["onlineMeetingExtension"]["priority"] == 6
    assert changes[2]["etagBefore"] == extension["etag"]
    assert (changes[1]["changedBy"], changes[1]["userAgent"]) == (LENE, "tests")
    assert "_embedded" not in changes[3]
    version = (await lene.get(changes[2]["_links"]["openucwa:version"]["href"])).json()
    assert version["_embedded"]["onlineMeetingExtension"]["priority"] == 6


async def test_change_is_shown_once(lene: UcwaClient) -> None:
    href = await start(lene)
    await lene.schedule()
    first, following = await read(lene, href)
    again, _ = await read(lene, href)
    rest, _ = await read(lene, following)
    assert (len(first), len(again), len(rest)) == (1, 1, 0)


async def test_each_change_has_a_cursor_of_its_own(lene: UcwaClient) -> None:
    href = await start(lene)
    for _ in range(3):
        await lene.schedule()
    changes, _ = await read(lene, href)
    rest, _ = await read(lene, next_of(changes[0]))
    assert [each["onlineMeetingId"] for each in rest] == [each["onlineMeetingId"] for each in changes[1:]]


async def test_long_list_is_given_in_parts(make_service: Make, connect: Connect) -> None:
    lene = connect(await make_service(max_changes=2))
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    href = await start(lene)
    made = [(await lene.schedule())["onlineMeetingId"] for _ in range(5)]
    seen: list[str] = []
    sizes = []
    more = True
    while more:
        shown = (await lene.get(href)).json()
        sizes.append(len(listed(shown)))
        seen += [each["onlineMeetingId"] for each in listed(shown)]
        more, href = shown["more"], next_of(shown)
    assert (seen, sizes) == (made, [2, 2, 1])


async def test_answer_has_a_limited_size(make_service: Make, connect: Connect) -> None:
    lene = connect(await make_service(max_event_bytes=20_000))
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    meeting = await lene.schedule()
    href = await start(lene)
    for number in range(4):
        await lene.extend(meeting, id=f"n{number}", type="Undefined", text="x" * 9_000)
    first, following = await read(lene, href)
    second, _ = await read(lene, following)
    assert [each["extensionId"] for each in (*first, *second)] == ["n0", "n1", "n2", "n3"]
    assert len(first) == 2


async def test_invited_user_sees_the_meeting_and_participant_data_alone(lene: UcwaClient, dana: UcwaClient) -> None:
    href = await start(dana)
    meeting = await lene.schedule(subject="Sales", attendees=[DANA])
    await lene.extend(meeting, id="secret", type="RoamedOrganizerData", budget=1)
    agenda = await lene.extend(meeting, id="agenda", type="RoamedParticipantData", topic="Q4")
    await lene.schedule(subject="not for Dana")
    answer = await dana.get(href)
    changes = listed(answer.json())
    assert [(each["kind"], each.get("extensionId")) for each in changes] == [("added", None), ("added", "agenda")]
    shown = changes[0]["_embedded"]["onlineMeeting"]
    assert shown["subject"] == "Sales"
    assert "legacyOnlineMeetingUri" not in shown
    assert changes[1]["_embedded"]["onlineMeetingExtension"]["topic"] == "Q4"
    assert changes[1]["etagAfter"] == agenda["etag"]
    assert "budget" not in answer.text
    assert "userAgent" not in answer.text


async def test_change_of_audience_is_an_addition_or_a_removal_for_participants(
    lene: UcwaClient, dana: UcwaClient
) -> None:
    meeting = await lene.schedule(attendees=[DANA])
    extension = await lene.extend(meeting, id="notes", type="RoamedOrganizerData", text="secret")
    href = await start(dana)
    extension = (await lene.replace(extension, type="RoamedParticipantData", text="open")).json()
    await lene.replace(extension, type="RoamedOrganizerData", text="secret again")
    answer = await dana.get(href)
    assert [each["kind"] for each in listed(answer.json())] == ["added", "removed"]
    assert "secret" not in answer.text


async def test_poll_waits_for_the_next_change(lene: UcwaClient) -> None:
    href = await start(lene)
    poll = asyncio.create_task(lene.get(f"{href}&wait=60"))
    await asyncio.sleep(0)
    await lene.schedule(subject="Sales")
    answer = await asyncio.wait_for(poll, 60)
    assert [each["kind"] for each in listed(answer.json())] == ["added"]


async def test_poll_of_an_invited_user_ends_with_a_change_that_it_sees(
    service: Service, lene: UcwaClient, dana: UcwaClient
) -> None:
    meeting = await lene.schedule(attendees=[DANA])
    poll = asyncio.create_task(dana.get(f"{await start(dana)}&wait=60"))
    await until(lambda: service.following.tail.watchers)
    await lene.schedule()
    await lene.extend(meeting, id="secret", type="RoamedOrganizerData")
    assert not poll.done()
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData")
    answer = await asyncio.wait_for(poll, 60)
    assert [each["extensionId"] for each in listed(answer.json())] == ["agenda"]


async def test_poll_of_a_user_who_is_no_longer_invited_ends(
    service: Service, lene: UcwaClient, dana: UcwaClient
) -> None:
    meeting = await lene.schedule(attendees=[DANA])
    poll = asyncio.create_task(dana.get(f"{await start(dana)}&wait=60"))
    await until(lambda: service.following.tail.watchers)
    await lene.replace(meeting, attendees=[])
    (change,) = listed((await asyncio.wait_for(poll, 60)).json())
    assert (change["kind"], change["onlineMeetingId"]) == ("removed", meeting["onlineMeetingId"])


async def test_poll_is_woken_by_another_servers_change(make_service: Make, connect: Connect, world: FakeWorld) -> None:
    here, there = await make_service(), await make_service()
    clients = []
    for service in (here, there):
        clients.append(connect(service))
        await clients[-1].sign_in("lenea@contoso.com")
        await clients[-1].open()
    poll = asyncio.create_task(clients[0].get(f"{await start(clients[0])}&wait=60"))
    await until(lambda: here.following.tail.watchers)
    await clients[1].schedule()
    assert not poll.done()
    await world.advance(0.3)
    answer = await asyncio.wait_for(poll, 60)
    assert [each["kind"] for each in listed(answer.json())] == ["added"]


async def test_poll_ends_when_its_time_is_over(service: Service, lene: UcwaClient, world: FakeWorld) -> None:
    href = await start(lene)
    poll = asyncio.create_task(lene.get(f"{href}&wait=5"))
    await until(lambda: service.following.tail.watchers)
    await world.advance(4.9)
    assert not poll.done()
    await world.advance(0.2)
    answer = await asyncio.wait_for(poll, 60)
    assert (answer.status_code, listed(answer.json())) == (200, [])
    await until(lambda: not service.following.tail.watchers)


async def test_poll_of_a_disabled_user_does_not_wait_until_its_time_is_over(
    service: Service, dana: UcwaClient, world: FakeWorld
) -> None:
    poll = asyncio.create_task(dana.get(f"{await start(dana)}&wait=60"))
    await until(lambda: service.following.tail.watchers)
    await service.store.users.disable(DANA, world.now())
    await world.advance(15.1)
    await until(poll.done)
    assert (await poll).status_code == 401


async def test_poll_ends_when_the_server_stops(service: Service, lene: UcwaClient) -> None:
    poll = asyncio.create_task(lene.get(f"{await start(lene)}&wait=60"))
    await until(lambda: service.following.tail.watchers)
    await service.release()
    assert (await asyncio.wait_for(poll, 60)).status_code == 200


async def test_cursor_that_is_forgotten_leads_to_a_fresh_start(
    service: Service, lene: UcwaClient, world: FakeWorld
) -> None:
    href = await start(lene)
    meeting = await lene.schedule()
    await lene.delete(self_of(meeting))
    await world.advance(0)
    await service.store.change_log.forget(world.now() + 1, 100)
    answer = await lene.get(href)
    assert answer.status_code == 410
    assert answer.json()["subcode"] == "ChangesForgotten"
    assert answer.headers["link"] == f'<{changes_of(lene)}>; rel="openucwa:changes"'
    assert await start(lene)


async def test_text_that_is_no_cursor_is_refused(lene: UcwaClient) -> None:
    answer = await lene.get(f"{changes_of(lene)}?since=nonsense")
    assert answer.status_code == 400
    assert answer.json()["parameters"] == [{"name": "since", "reason": "must be a cursor that this server has given"}]


async def test_xml_shows_the_same(lene: UcwaClient) -> None:
    href = await start(lene)
    await lene.extend(await lene.schedule(), id="crm", type="Undefined", priority=5)
    answer = await lene.get(href, headers={"Accept": "application/xml"})
    root = etree.fromstring(answer.content)
    names = {"u": root.nsmap[None]}
    assert root.xpath("count(.//u:resource[@rel='openucwa:change'])", namespaces=names) == 2
    assert root.xpath("string(.//u:property[@name='priority'])", namespaces=names) == "5"


async def test_anonymous_participant_has_no_changes(service: Service, lene: UcwaClient, connect: Connect) -> None:
    guest = connect(service)
    await guest.sign_in_to_meeting(await lene.schedule(accessLevel="Everyone"))
    await guest.open()
    assert (await guest.get(f"{guest.app}/openucwa/changes")).status_code == 403


async def test_server_without_a_log_has_no_changes(make_service: Make, connect: Connect) -> None:
    lene = connect(await make_service(change_log=False))
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    assert (await lene.get(changes_of(lene))).status_code == 404
    assert (await lene.get(f"{lene.app}/openucwa/webhooks")).status_code == 404

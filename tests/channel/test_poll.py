"""The long poll: acknowledging, delivering again, replacing, ending."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from openucwa.channel.event_set import Timers
from openucwa.channel.notification import Priority
from openucwa.channel.poll import APPLICATION_LOOK
from openucwa.config import Config
from openucwa.model.refusals import ApplicationNotFound, PGetReplaced, TooManyApplications
from tests.channel.client import OWNER, Client, Process, ended, texts
from tests.world import FakeWorld, until

NewProcess = Callable[..., Awaitable[Process]]


async def test_poll_waits_for_an_event_and_is_released_by_it(client: Client) -> None:
    task = await client.waiting_poll(1)
    assert not task.done()
    await client.append("a")
    served = await asyncio.wait_for(task, 60)
    assert (served.number, served.next, served.next_number, texts(served)) == (1, "next", 2, ["a"])


async def test_earlier_events_are_delivered_at_once(client: Client) -> None:
    await client.append("a", "b")
    assert texts(await client.answer(1)) == ["a", "b"]


async def test_following_next_acknowledges_what_was_delivered(client: Client) -> None:
    await client.append("a")
    await client.answer(1)
    task = await client.waiting_poll(2)
    assert not task.done()
    await client.append("b")
    served = await asyncio.wait_for(task, 60)
    assert (served.number, served.next_number, texts(served)) == (2, 3, ["b"])


async def test_unacknowledged_set_is_delivered_again_unchanged(client: Client) -> None:
    await client.append("a", "b")
    first = await client.answer(1)
    await client.append("c")
    assert await client.answer(1) == first
    assert await client.answer(1) == first
    assert texts(await client.answer(2)) == ["c"]


async def test_acknowledged_set_is_never_delivered_again(client: Client) -> None:
    await client.append("a")
    await client.answer(1)
    await client.append("b")
    await client.answer(2)
    assert (await client.answer(1)).next == "resync"


@pytest.mark.parametrize("ack", [-1, 0, 2, 99])
async def test_wrong_ack_before_the_first_set_is_resynced_to_it(client: Client, ack: int) -> None:
    await client.append("a")
    served = await client.answer(ack)
    assert (served.next, served.next_number, served.senders) == ("resync", 1, ())


@pytest.mark.parametrize("ack", [0, 1, 4, 10**30])
async def test_ack_out_of_order_is_resynced_to_the_oldest_unacknowledged_set(client: Client, ack: int) -> None:
    for number, text in enumerate("ab", 1):
        await client.append(text)
        await client.answer(number)
    served = await client.answer(ack)
    assert (served.number, served.next, served.next_number, served.senders) == (ack, "resync", 2, ())
    assert texts(await client.answer(served.next_number)) == ["b"]


async def test_ack_out_of_order_leaves_the_waiting_poll_alone(client: Client) -> None:
    task = await client.waiting_poll(1)
    assert (await client.answer(7)).next == "resync"
    await client.append("a")
    assert texts(await asyncio.wait_for(task, 60)) == ["a"]


async def test_restart_loses_no_set_that_was_not_acknowledged(client: Client, new_process: NewProcess) -> None:
    await client.append("a", "b")
    first = await client.answer(1)
    await client.append("c")
    client.process = await new_process()
    assert await client.answer(1) == first
    assert texts(await client.answer(2)) == ["c"]


async def test_numbers_continue_after_a_restart(client: Client, new_process: NewProcess) -> None:
    await client.append("a")
    await client.answer(1)
    client.process = await new_process()
    await client.append("b")
    assert texts(await client.answer(2)) == ["b"]


async def test_two_processes_cannot_both_advance_a_channel(client: Client, new_process: NewProcess) -> None:
    other = Client(await new_process(elsewhere=True), client.session)
    tasks = [await client.waiting_poll(1), await other.waiting_poll(1)]
    await client.append("a")
    await client.process.world.advance(1)
    results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
    assert sorted(type(result).__name__ for result in results) == ["PGetReplaced", "Served"]
    assert texts(await client.answer(1)) == ["a"]
    assert texts(await other.answer(1)) == ["a"]


async def test_event_of_another_process_is_delivered_soon(client: Client, new_process: NewProcess) -> None:
    other = Client(await new_process(elsewhere=True), client.session)
    task = await other.waiting_poll(1)
    await client.append("a")
    await client.process.world.advance(0.1)
    assert texts(await asyncio.wait_for(task, 60)) == ["a"]


async def test_event_without_a_bus_message_is_found_by_re_reading_the_log(
    client: Client, new_process: NewProcess, config: Config
) -> None:
    deaf = Client(await new_process(elsewhere=False), client.session)
    task = await deaf.waiting_poll(1)
    await client.append("a")
    await client.process.world.advance(config.bus_poll_interval - 0.1)
    assert not task.done()
    await client.process.world.advance(0.1)
    assert texts(await asyncio.wait_for(task, 60)) == ["a"]


async def test_events_keep_their_order_even_if_a_sender_appears_twice(client: Client) -> None:
    events = [
        client.event(text, sender=sender) for text, sender in (("a", "/x"), ("b", "/x"), ("c", "/y"), ("d", "/x"))
    ]
    await client.process.append(*events)
    served = await client.answer(1)
    assert [sender.href for sender in served.senders] == ["/x", "/y", "/x"]
    assert texts(served) == ["a", "b", "c", "d"]


async def test_events_of_several_topics_are_in_the_order_of_their_time(client: Client, world: FakeWorld) -> None:
    client.topics["conversation/1"] = 0
    for text, topic in (("a", "conversation/1"), ("b", None), ("c", "conversation/1")):
        await client.append(text, topic=topic)
        await world.advance(0.001)
    assert texts(await client.answer(1)) == ["a", "b", "c"]
    assert texts(await client.answer(1)) == ["a", "b", "c"]


async def test_events_of_a_topic_joined_during_a_poll_are_delivered_from_then_on(client: Client) -> None:
    await client.append("before", "earlier", topic="conversation/1")
    task = await client.waiting_poll(1)
    await client.append("between", topic="conversation/1")
    client.topics["conversation/1"] = 2
    await client.process.world.advance(0.001)
    await client.append("joined", priority=Priority.LOW)
    served = await asyncio.wait_for(task, 60)
    assert texts(served) == ["between", "joined"]
    assert texts(await client.answer(1)) == ["between", "joined"]
    await client.append("after", topic="conversation/1")
    assert texts(await client.answer(2)) == ["after"]


async def test_events_of_a_left_topic_are_delivered_again_until_acknowledged(client: Client) -> None:
    client.topics["conversation/1"] = 0
    await client.append("a", topic="conversation/1")
    await client.answer(1)
    del client.topics["conversation/1"]
    await client.append("b", topic="conversation/1")
    assert texts(await client.answer(1)) == ["a"]
    await client.append("c")
    assert texts(await client.answer(2)) == ["c"]


async def test_irrelevant_event_does_not_end_the_poll(client: Client) -> None:
    task = await client.waiting_poll(1)
    await client.append("hidden", "hidden")
    await client.process.world.advance(20)
    assert not task.done()
    await client.append("a")
    assert texts(await asyncio.wait_for(task, 60)) == ["a"]
    assert texts(await client.answer(1)) == ["a"]


async def test_events_beyond_one_answer_follow_without_waiting(new_process: NewProcess) -> None:
    process = await new_process(settings=replace(Config(), max_events=5))
    client = Client(process, await process.open())
    names = [f"{number}" for number in range(12)]
    await client.append(*names[:7], *["hidden"] * 11, *names[7:], priority=Priority.LOW)
    first, second = await client.answer(1), await client.answer(2)
    assert texts(first) + texts(second) == names[:10]
    assert await client.answer(2) == second
    await process.world.advance(15)
    assert texts(await client.answer(3)) == names[10:]


async def test_second_poll_releases_the_first(client: Client) -> None:
    first = await client.waiting_poll(1)
    second = client.poll(1)
    with pytest.raises(PGetReplaced):
        await asyncio.wait_for(first, 60)
    await client.append("a")
    assert texts(await asyncio.wait_for(second, 60)) == ["a"]


async def test_last_of_many_concurrent_polls_is_served(client: Client) -> None:
    tasks = [client.poll(1) for _ in range(20)]
    await until(lambda: sum(task.done() for task in tasks) == 19)
    await client.append("a")
    results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
    assert [type(result) for result in results[:-1]] == [PGetReplaced] * 19
    assert not isinstance(results[-1], BaseException)
    assert texts(results[-1]) == ["a"]
    assert client.process.channels.count == 0


async def test_poll_of_lower_priority_does_not_replace_the_waiting_one(client: Client) -> None:
    first = await client.waiting_poll(1, priority=2)
    with pytest.raises(PGetReplaced):
        await asyncio.wait_for(client.poll(1, priority=1), 60)
    second = client.poll(1, priority=2)
    with pytest.raises(PGetReplaced):
        await asyncio.wait_for(first, 60)
    await client.append("a")
    assert texts(await asyncio.wait_for(second, 60)) == ["a"]


async def test_answered_poll_no_longer_blocks_lower_priorities(client: Client) -> None:
    await client.append("a")
    await asyncio.wait_for(client.poll(1, priority=9), 60)
    await client.append("b")
    assert texts(await asyncio.wait_for(client.poll(2, priority=0), 60)) == ["b"]


async def test_instances_have_channels_of_their_own(process: Process) -> None:
    session = await process.open("one", "two")
    one, two = Client(process, session, "one"), Client(process, session, "two")
    await one.append("a")
    assert texts(await one.answer(1)) == ["a"]
    tasks = [await one.waiting_poll(2), await two.waiting_poll(1)]
    assert texts(await asyncio.wait_for(tasks[1], 60)) == ["a"]
    assert not tasks[0].done()
    await ended(*tasks)


async def test_disconnect_frees_the_poll_and_the_same_ack_works_again(client: Client) -> None:
    task = await client.waiting_poll(1)
    assert client.process.channels.count == 1
    await ended(task)
    await client.process.world.settle()
    assert client.process.channels.count == 0
    assert client.process.world.sleepers == 0
    await client.append("a")
    assert texts(await client.answer(1)) == ["a"]


async def test_unanswered_poll_acknowledges_nothing(client: Client) -> None:
    await client.append("a")
    await client.answer(1)
    await ended(await client.waiting_poll(2))
    assert texts(await client.answer(1)) == ["a"]


@pytest.mark.parametrize("turns", range(0, 24, 2))
async def test_disconnect_while_the_answer_is_rendered_loses_nothing(client: Client, turns: int) -> None:
    task = await client.waiting_poll(1)
    await client.append("a")
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    again = client.poll(1)
    assert texts(await asyncio.wait_for(again, 60)) == ["a"]
    await asyncio.wait({task}, timeout=60)


async def test_stop_answers_all_polls_at_once_without_events(process: Process) -> None:
    clients = [Client(process, await process.open(endpoint="e" * number)) for number in range(1, 6)]
    tasks = [await client.waiting_poll(1) for client in clients]
    await process.channels.stop()
    answers = await asyncio.wait_for(asyncio.gather(*tasks), 60)
    assert [(served.next, served.next_number, served.senders) for served in answers] == [("next", 2, ())] * 5
    assert process.channels.count == 0


async def test_after_a_stop_no_poll_waits(client: Client) -> None:
    await client.process.channels.stop()
    assert (await client.answer(1)).senders == ()


async def test_end_of_an_application_releases_its_polls(process: Process) -> None:
    session = await process.open("one", "two")
    other = Client(process, await process.open(endpoint="other"))
    one, two = Client(process, session, "one"), Client(process, session, "two")
    tasks = [await one.waiting_poll(1), await two.waiting_poll(1)]
    bystander = await other.waiting_poll(1)
    await process.store.applications.close_instance(OWNER, session.application.id, "one", 0)
    process.channels.end(OWNER, session.application.id, "one")
    with pytest.raises(ApplicationNotFound):
        await asyncio.wait_for(tasks[0], 60)
    assert not tasks[1].done()
    await process.store.applications.close(OWNER, session.application.id, 0)
    process.channels.end(OWNER, session.application.id)
    with pytest.raises(ApplicationNotFound):
        await asyncio.wait_for(tasks[1], 60)
    assert not bystander.done()
    await ended(bystander)


async def test_application_that_was_ended_by_another_process_is_noticed(client: Client) -> None:
    task = await client.waiting_poll(1)
    await client.process.store.applications.close(OWNER, client.session.application.id, 0)
    await client.process.world.advance(APPLICATION_LOOK)
    with pytest.raises(ApplicationNotFound):
        await asyncio.wait_for(task, 60)


async def test_instance_that_was_ended_by_another_process_is_noticed(process: Process) -> None:
    session = await process.open("one", "two")
    task = await Client(process, session, "one").waiting_poll(1)
    await process.store.applications.close_instance(OWNER, session.application.id, "one", 0)
    await process.world.advance(APPLICATION_LOOK)
    with pytest.raises(ApplicationNotFound):
        await asyncio.wait_for(task, 60)


async def test_poll_of_a_replaced_application_is_refused_as_one_too_many(client: Client) -> None:
    task = await client.waiting_poll(1)
    await client.process.world.advance(1)
    draft = replace(client.session.application, id="999", endpoint_id="another")
    await client.process.store.applications.open(draft, None, client.process.world.now(), 1)
    await client.process.world.advance(APPLICATION_LOOK)
    with pytest.raises(TooManyApplications):
        await asyncio.wait_for(task, 60)


async def test_hundreds_of_polls_wait_without_tasks_of_their_own(process: Process) -> None:
    session = await process.open(*[str(number) for number in range(300)])
    clients = [Client(process, session, instance) for instance in session.application.instances]
    tasks = [client.poll(1) for client in clients]
    await until(lambda: process.channels.count == len(clients))
    await process.world.settle()
    assert process.world.sleepers == 2
    assert len(asyncio.all_tasks()) <= len(tasks) + 3
    await clients[0].append("a")
    answers = await asyncio.wait_for(asyncio.gather(*tasks), 60)
    assert [texts(answer) for answer in answers] == [["a"]] * len(clients)


async def test_requested_timers_survive_an_unanswered_poll(client: Client) -> None:
    await ended(await client.waiting_poll(1, Timers(low=100)))
    await client.append("a", priority=Priority.LOW)
    task = await client.waiting_poll(1)
    await client.process.world.advance(99)
    assert not task.done()
    await client.process.world.advance(1)
    assert texts(await asyncio.wait_for(task, 60)) == ["a"]

"""When applications were last heard of, and when they end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from openucwa.channel.activity import Activity
from openucwa.config import Config
from openucwa.model.application import Session
from openucwa.model.meeting import Meeting, MeetingRel, MeetingSettings
from openucwa.model.refusals import ApplicationNotFound, ServiceUnavailable
from tests.channel.client import OWNER, Client, Process, ended
from tests.world import FakeWorld, until

NewProcess = Callable[..., Awaitable[Process]]
TIMEOUT = Config().application_timeout


async def again(process: Process, session: Session) -> Session:
    return await process.store.applications.session(OWNER, session.application.id)


async def pass_by(world: FakeWorld, seconds: int, sweeps: int) -> None:
    """Lets time pass in steps of 30 seconds, each of them long enough for what happens in it."""
    for _ in range(0, seconds, 30):
        await world.advance(30)
        await until(lambda: world.sleepers == sweeps)


async def test_application_that_never_polled_times_out_after_its_last_request(
    process: Process, world: FakeWorld
) -> None:
    session = await process.open()
    await world.advance(600)
    process.activity.request(OWNER, session.application.id)
    await world.advance(TIMEOUT)
    assert not process.activity.expired(session)
    await world.advance(1)
    assert process.activity.expired(session)


async def test_application_that_polled_times_out_after_its_last_poll_despite_requests(
    client: Client, world: FakeWorld
) -> None:
    process, session = client.process, client.session
    await ended(await client.waiting_poll(1))
    await world.advance(600)
    process.activity.request(OWNER, session.application.id)
    await world.advance(TIMEOUT - 600)
    assert not process.activity.expired(session)
    await world.advance(1)
    assert process.activity.expired(session)


async def test_application_does_not_end_while_a_poll_of_it_waits(client: Client, world: FakeWorld) -> None:
    activity, session = client.process.activity, client.session
    for _ in range(2):
        activity.poll_started(OWNER, session.application.id, "")
    await world.advance(10 * TIMEOUT)
    activity.poll_ended(OWNER, session.application.id, "")
    assert not activity.expired(session)
    activity.poll_ended(OWNER, session.application.id, "")
    await world.advance(TIMEOUT)
    assert not activity.expired(session)
    await world.advance(1)
    assert activity.expired(session)


async def test_records_in_memory_and_store_are_merged(client: Client, world: FakeWorld) -> None:
    activity, session = client.process.activity, client.session
    begin = session.last_request
    assert activity.last_activity(session) == (begin, None)
    await world.advance(1)
    activity.request(OWNER, session.application.id)
    assert activity.last_activity(session) == (begin + 1_000, None)
    stored = replace(session, last_request=begin + 5_000, last_poll=begin + 4_000)
    assert activity.last_activity(stored) == (begin + 5_000, begin + 4_000)
    activity.poll_started(OWNER, session.application.id, "")
    await world.advance(8)
    assert activity.last_activity(stored) == (begin + 5_000, begin + 9_000)


async def test_activity_is_written_regularly(client: Client, world: FakeWorld) -> None:
    process, session = client.process, client.session
    begin = session.last_request
    await process.activity.start()
    process.activity.poll_started(OWNER, session.application.id, "")
    await world.advance(3)
    process.activity.request(OWNER, session.application.id)
    await world.advance(17)
    await until(lambda: world.sleepers == 1)
    stored = await again(process, session)
    assert (stored.last_request, stored.last_poll) == (begin + 3_000, begin + 20_000)
    await world.advance(20)
    await until(lambda: world.sleepers == 1)
    assert (await again(process, session)).last_poll == begin + 40_000


async def test_activity_is_written_at_a_stop(client: Client, world: FakeWorld) -> None:
    process, session = client.process, client.session
    await process.activity.start()
    await world.advance(7)
    process.activity.request(OWNER, session.application.id)
    await process.activity.stop()
    assert (await again(process, session)).last_request == session.last_request + 7_000
    assert world.sleepers == 0


async def test_many_applications_are_written(process: Process, world: FakeWorld) -> None:
    sessions = [await process.open(endpoint="e" * number) for number in range(1, 30)]
    for number in range(3_000):
        process.activity.request(OWNER, str(number))
    await world.advance(1)
    for session in sessions:
        process.activity.request(OWNER, session.application.id)
    await process.activity.flush()
    assert {(await again(process, session)).last_request for session in sessions} == {world.now()}


async def test_old_records_are_dropped(process: Process, world: FakeWorld) -> None:
    process.activity.request(OWNER, "1")
    process.activity.poll_started(OWNER, "2", "")
    await world.advance(TIMEOUT + 1)
    await process.activity.flush()
    assert not process.activity.remembers(OWNER, "1")
    assert process.activity.remembers(OWNER, "2")


async def test_failed_write_is_retried(client: Client, world: FakeWorld, caplog: pytest.LogCaptureFixture) -> None:
    process, session = client.process, client.session

    class FailsOnce:
        """The store, which refuses once."""

        refused = False

        async def touch(self, *heard: dict[tuple[str, str], int]) -> None:
            if not self.refused:
                self.refused = True
                raise ServiceUnavailable("The store is away.", 1)
            await process.store.applications.touch(*heard)

    activity = Activity(FailsOnce(), world, TIMEOUT)  # type: ignore[arg-type]
    await world.advance(5)
    activity.request(OWNER, session.application.id)
    await activity.flush()
    assert "The store is away." in caplog.text
    await world.advance(1)
    await activity.flush()
    assert (await again(process, session)).last_request == session.last_request + 5_000


async def test_application_past_its_timeout_is_removed(client: Client, world: FakeWorld) -> None:
    process, session = client.process, client.session
    await world.advance(TIMEOUT)
    await process.sweeper.sweep_applications()
    await again(process, session)
    await world.advance(1)
    await process.sweeper.sweep_applications()
    with pytest.raises(ApplicationNotFound):
        await again(process, session)


async def test_application_is_not_removed_while_a_poll_of_it_waits(client: Client, world: FakeWorld) -> None:
    process, session = client.process, client.session
    process.activity.poll_started(OWNER, session.application.id, "")
    await world.advance(2 * TIMEOUT)
    await process.sweeper.sweep_applications()
    await again(process, session)


async def test_poll_in_another_process_keeps_the_application(
    client: Client, new_process: NewProcess, world: FakeWorld
) -> None:
    other = await new_process()
    await client.process.activity.start()
    client.process.activity.poll_started(OWNER, client.session.application.id, "")
    for _ in range(60):
        await world.advance(20)
        await until(lambda: world.sleepers == 1)
        await other.sweeper.sweep_applications()
    await again(other, client.session)


async def test_old_events_are_forgotten(client: Client, world: FakeWorld) -> None:
    process = client.process
    await client.append("old")
    await world.advance(Config().events_kept)
    await client.append("new")
    await process.sweeper.sweep_applications()
    assert len(await process.store.events.after({client.topic: 0}, 10)) == 2
    await world.advance(1)
    await process.sweeper.sweep_applications()
    (event,) = await process.store.events.after({client.topic: 0}, 10)
    assert (event.number, event.facts["text"]) == (2, "new")


async def test_sweeper_runs_at_its_interval_until_it_is_stopped(new_process: NewProcess, world: FakeWorld) -> None:
    process = await new_process(
        settings=replace(Config(), application_sweep_interval=30.0, meeting_sweep_interval=60.0)
    )
    session = await process.open()
    await process.sweeper.start()
    await pass_by(world, TIMEOUT, sweeps=2)
    await again(process, session)
    await pass_by(world, 30, sweeps=2)
    with pytest.raises(ApplicationNotFound):
        await again(process, session)
    await process.sweeper.stop()
    assert world.sleepers == 0
    assert {task.get_name() for task in asyncio.all_tasks()}.isdisjoint({"openucwa applications", "openucwa meetings"})


async def test_sweep_is_retried_after_a_store_failure(
    process: Process, world: FakeWorld, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await process.open()
    removing: Callable[..., Awaitable[object]] = process.store.applications.remove_idle

    async def refuse(*bounds: int) -> object:
        raise ServiceUnavailable("The store is away.", 1)

    await process.sweeper.start()
    monkeypatch.setattr(process.store.applications, "remove_idle", refuse)
    await world.advance(30)
    await until(lambda: "The store is away." in caplog.text)
    monkeypatch.setattr(process.store.applications, "remove_idle", removing)
    await pass_by(world, TIMEOUT + 30, sweeps=2)
    await process.sweeper.stop()
    with pytest.raises(ApplicationNotFound):
        await again(process, session)


async def test_meetings_are_removed_long_after_their_expiration(process: Process, world: FakeWorld) -> None:
    def meeting(number: int, expires: int) -> Meeting:
        settings = MeetingSettings(
            "Everyone", (), "Disabled", "", "Disabled", expires, (), "Disabled", "Disabled", f"{number}"
        )
        return Meeting(
            OWNER, f"MEETING{number}", MeetingRel.MY_ONLINE_MEETINGS, "1", f"{number}", "uuid", expires - 1, settings
        )

    kept = 1000 * Config().expired_meetings_kept
    past = [meeting(number, world.now() - kept - 1) for number in range(250)]
    await asyncio.gather(*(process.store.meetings.add(each, 1_000) for each in past))
    await process.store.meetings.add(meeting(250, world.now() - kept), 1_000)
    await process.sweeper.sweep_meetings()
    assert [found.id for found, _ in await process.store.meetings.all(OWNER)] == ["MEETING250"]


async def test_sweep_forgets_old_changes_and_contents_of_surplus_versions(process: Process, world: FakeWorld) -> None:
    store, days = process.store, Config().change_log_days
    settings = MeetingSettings("Everyone", (), "Disabled", "", "Disabled", None, (), "Disabled", "Disabled", "")
    made = Meeting(OWNER, "M", MeetingRel.MY_ONLINE_MEETINGS, "1", "1", "uuid", world.now(), settings)
    await store.meetings.add(made, 1)
    for number in range(150):
        await store.meetings.replace(OWNER, "M", None, settings, str(number), world.now())
    await process.sweeper.sweep_meetings()
    assert len(await store.change_log.versions(OWNER, "M", "", None, 1_000)) == Config().change_log_versions
    await world.advance(86_400 * days + 1)
    await process.sweeper.sweep_meetings()
    assert [each.etag for each in await store.change_log.versions(OWNER, "M", "", None, 1_000)] == ["149"]

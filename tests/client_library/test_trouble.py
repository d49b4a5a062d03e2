"""Trouble between client and server: lost requests and answers, ends of tokens and applications, slowing down."""

import asyncio
from typing import Any

import pytest

from openucwa.client import (
    APPLICATION_RENEWED,
    AnonymousMeeting,
    AsyncClient,
    BearerToken,
    ConnectionFailed,
    EditConflict,
    Password,
    Policy,
    errors,
    merge_properties,
)
from tests.client_library.conftest import LENE, MakeClient, done, editing, next_of
from tests.client_library.stage import Fault, Stage

#: Seconds; the lifetime of a token here, and more.
TOKEN_LIFETIME = 60
LATER = 61
SLOW_DOWN = '{"code":"TooManyRequests","message":"slow down"}'
AWAY = '{"code":"ServiceUnavailable","message":"away"}'


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"token_lifetime": TOKEN_LIFETIME, "anonymous_token_lifetime": TOKEN_LIFETIME}


async def test_wrong_password_is_an_error_of_its_own(connect: MakeClient) -> None:
    with pytest.raises(errors.InvalidGrant):
        await done(connect(Password("lenea@contoso.com", "wrong")).open("tests"))


async def test_expired_token_is_replaced_once(connect: MakeClient, stage: Stage) -> None:
    client = connect()
    application = await done(client.open("tests"))
    meeting = await done(application.schedule(subject="Budget"))
    old = client.token
    stage.advance(LATER)
    await done(meeting.read())
    assert client.token != old
    assert stage.count("POST", "oauthtoken") == 2


async def test_token_that_stays_refused_is_an_error(connect: MakeClient, stage: Stage) -> None:
    with pytest.raises(errors.Unauthorized):
        await done(connect(BearerToken("forged")).open("tests"))
    assert stage.count("POST", "oauthtoken") == 0


async def test_provider_of_tokens_is_asked_again_when_its_token_has_expired(connect: MakeClient, stage: Stage) -> None:
    lender = connect()
    given: list[str] = []

    async def borrow() -> str:
        await done(lender.open("lender"))
        assert lender.token is not None
        given.append(lender.token.access_token)
        return given[-1]

    def lend() -> Any:
        waiting = borrow()
        if hasattr(lender, "__aenter__"):
            return waiting
        try:
            waiting.send(None)
        except StopIteration as finished:
            return finished.value
        raise AssertionError("the synchronous client waits for nothing")

    application = await done(connect(BearerToken(lend)).open("tests"))
    stage.advance(LATER)
    await done(application.meetings())
    assert len(given) == 2


async def test_renewed_anonymous_token_keeps_its_identity(connect: MakeClient, stage: Stage) -> None:
    meeting = await done((await done(connect(LENE).open("tests"))).schedule(access_level="Everyone"))
    joe = await done(connect(AnonymousMeeting(meeting.online_meeting_uri)).open("tests"))
    before = joe.resource.inner("me").text("uri")
    stage.advance(LATER)
    await done((await done(joe.join(meeting.online_meeting_uri, "Joe"))).read())
    assert joe.resource.inner("me").text("uri") == before


async def test_ended_application_is_reopened_and_links_are_found_again(connect: MakeClient, stage: Stage) -> None:
    application = await done(connect().open("tests"))
    meeting = await done(application.schedule(subject="Budget"))
    await done(meeting.add_extension({"seats": 12}, id="agenda"))
    extension = meeting.extension("agenda")
    read = await done(extension.read())
    await done(application.request("DELETE", application.resource.href))
    assert (await done(extension.replace(read, {"seats": 13}))).data == {"seats": 13}
    await done(meeting.update(subject="Other"))
    assert application.generation == 1
    assert stage.count("POST", "/ucwa/v1/applications ") == 2


async def test_application_that_expired_is_reopened(connect: MakeClient, stage: Stage) -> None:
    application = await done(connect().open("tests"))
    stage.advance(20 * 60)
    await done(application.schedule(subject="Budget"))
    assert application.generation == 1


async def test_application_that_may_not_be_renewed_stays_ended(connect: MakeClient) -> None:
    application = await done(connect().open("tests", renew=False))
    await done(application.request("DELETE", application.resource.href))
    with pytest.raises(errors.ApplicationNotFound):
        await done(application.meetings())


async def test_closed_application_is_not_reopened(connect: MakeClient) -> None:
    application = await done(connect().open("tests"))
    await done(application.close())
    await done(application.close())
    with pytest.raises(errors.ApplicationNotFound):
        await done(application.meetings())


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_respected(connect: MakeClient, stage: Stage, waits: list[float], status: int) -> None:
    application = await done(connect().open("tests"))
    body = SLOW_DOWN if status == 429 else AWAY
    stage.faults.append(Fault("GET", "myOnlineMeetings", status, "Retry-After: 7\r\n", body, times=2))
    assert await done(application.meetings()) == []
    assert waits == [7.0, 7.0]


async def test_too_long_a_wait_is_left_to_the_caller(connect: MakeClient, stage: Stage, waits: list[float]) -> None:
    application = await done(connect().open("tests"))
    stage.faults.append(Fault("GET", "myOnlineMeetings", 429, "Retry-After: 3600\r\n", SLOW_DOWN))
    with pytest.raises(errors.TooManyRequests) as refused:
        await done(application.meetings())
    assert refused.value.retry_after == 3600
    assert waits == []


async def test_attempts_end(connect: MakeClient, stage: Stage, waits: list[float]) -> None:
    application = await done(connect(policy=Policy(attempts=3, backoff=1.0)).open("tests"))
    stage.faults.append(Fault("GET", "myOnlineMeetings", times=9))
    with pytest.raises(ConnectionFailed) as failed:
        await done(application.meetings())
    assert failed.value.attempts == 3
    assert waits == [0.1, 2.0]


async def test_post_that_was_refused_for_its_rate_is_repeated(connect: MakeClient, stage: Stage) -> None:
    application = await done(connect().open("tests"))
    stage.faults.append(Fault("POST", "myOnlineMeetings", 429, "Retry-After: 1\r\n", SLOW_DOWN))
    await done(application.schedule())
    assert len(await done(application.meetings())) == 1


@pytest.mark.parametrize("fault", [{"lost": True}, {"status": 503, "body": AWAY}], ids=["lost", "unavailable"])
async def test_meeting_is_not_scheduled_twice(connect: MakeClient, stage: Stage, fault: dict[str, Any]) -> None:
    application = await done(connect().open("tests"))
    stage.faults.append(Fault("POST", "myOnlineMeetings", **fault))
    with pytest.raises(errors.UcwaError) as failed:
        await done(application.schedule())
    assert failed.value.may_have_happened
    assert stage.count("POST", "myOnlineMeetings") == 1


async def test_request_that_never_arrived_is_repeated(connect: MakeClient, stage: Stage) -> None:
    client = connect()
    stage.faults.append(Fault("GET", "/", times=2))
    await done(client.open("tests"))


async def test_extension_whose_answer_was_lost_is_made_once(connect: MakeClient, stage: Stage, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule())
    stage.faults.append(Fault("POST", "onlineMeetingExtensions", lost=True))
    made = await done(meeting.add_extension({"seats": 12}))
    assert await done(meeting.extensions()) == [made]
    assert stage.count("POST", "onlineMeetingExtensions") == 2


async def test_extension_of_someone_else_is_not_taken_for_ones_own(connect: MakeClient, stage: Stage) -> None:
    application = await done(connect().open("tests"))
    meeting = await done(application.schedule())
    await done(meeting.add_extension({"seats": 11}, id="agenda"))
    stage.faults.append(Fault("POST", "onlineMeetingExtensions", lost=True))
    with pytest.raises(errors.AlreadyExists):
        await done(meeting.add_extension({"seats": 12}, id="agenda"))


@pytest.mark.parametrize("lost", [True, False], ids=["carried out", "never arrived"])
async def test_change_whose_answer_was_lost_is_made_once(
    connect: MakeClient, stage: Stage, form: str, lost: bool
) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule())
    await done(meeting.add_extension({"seats": 12}, id="agenda"))
    stage.faults.append(Fault("PUT", "agenda", lost=lost))
    async with editing(meeting.extension("agenda").edit()) as data:
        data["seats"] = 14
    assert (await done(meeting.extension("agenda").read())).data == {"seats": 14}
    assert stage.count("PUT", "agenda") == (1 if lost else 2)


async def test_deletion_whose_answer_was_lost_is_no_error(connect: MakeClient, stage: Stage) -> None:
    application = await done(connect().open("tests"))
    meeting = await done(application.schedule())
    stage.faults.append(Fault("DELETE", "myOnlineMeetings", lost=True))
    await done(meeting.delete())
    assert await done(application.meetings()) == []


async def test_conflicting_edit_is_raised_with_all_three_states(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule())
    await done(meeting.add_extension({"seats": 12, "topic": "A"}, id="agenda"))

    async def edit_both() -> None:
        async with editing(meeting.extension("agenda").edit()) as data:
            data["seats"] = 14
            async with editing(meeting.extension("agenda").edit()) as others:
                others["topic"] = "B"

    with pytest.raises(EditConflict) as conflict:
        await edit_both()
    assert conflict.value.base == {"seats": 12, "topic": "A"}
    assert conflict.value.mine == {"seats": 14, "topic": "A"}
    assert conflict.value.theirs == {"seats": 12, "topic": "B"}


async def test_conflicting_edits_are_merged_if_asked(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule())
    await done(meeting.add_extension({"seats": 12, "topic": "A", "old": 1}, id="agenda"))
    async with editing(meeting.extension("agenda").edit(merge=merge_properties)) as data:
        data["seats"] = 14
        del data["old"]
        async with editing(meeting.extension("agenda").edit()) as others:
            others["topic"] = "B"
    assert (await done(meeting.extension("agenda").read())).data == {"seats": 14, "topic": "B"}


async def test_merge_of_two_changes_of_one_property_is_a_conflict(connect: MakeClient) -> None:
    application = await done(connect().open("tests"))
    meeting = await done(application.schedule())
    await done(meeting.add_extension({"seats": 12}, id="agenda"))

    async def edit_both() -> None:
        async with editing(meeting.extension("agenda").edit(merge=merge_properties)) as data:
            data["seats"] = 14
            async with editing(meeting.extension("agenda").edit()) as others:
                others["seats"] = 15

    with pytest.raises(EditConflict, match="seats"):
        await edit_both()


async def test_lost_answer_of_a_poll_is_delivered_again(connect: MakeClient, stage: Stage, waits: list[float]) -> None:
    application = await done(connect().open("tests"))
    troubles: list[errors.UcwaError] = []
    events = application.events(trouble=troubles.append)
    await done(application.join((await done(application.schedule())).online_meeting_uri))
    stage.faults.append(Fault("GET", "events", lost=True, times=2))
    types = [((event := await next_of(events)).rel, event.type) for _ in range(3)]
    assert types[0] == ("onlineMeetingInvitation", "started")
    assert len(set(types)) == 3
    assert [type(each) for each in troubles] == [ConnectionFailed] * 2
    assert waits == [0.05, 1.0]


async def test_events_are_taken_once_after_a_resync(connect: MakeClient, stage: Stage) -> None:
    application = await done(connect().open("tests"))
    events = application.events()
    invitation = await done(application.join((await done(application.schedule())).online_meeting_uri))
    first = await done(events.poll())
    assert first[0].href == invitation.href
    # The client's state is behind: as if it had been restored from a copy.
    events._href = application.resource.link("events").replace("ack=1", "ack=9")
    conversation = (await done(invitation.read())).conversation
    await done(conversation.leave())
    assert {(event.rel, event.type) for event in await done(events.poll())} >= {("conversation", "deleted")}


async def test_replaced_poll_is_repeated_and_at_last_an_error(
    connect: MakeClient, stage: Stage, waits: list[float]
) -> None:
    replaced = '{"code":"Conflict","subcode":"PGetReplaced","message":"another poll"}'
    application = await done(connect(policy=Policy(replaced=2, backoff=1.0)).open("tests"))
    stage.faults.append(Fault("GET", "events", 409, body=replaced, times=3))
    with pytest.raises(errors.PGetReplaced):
        await next_of(application.events())
    assert waits == [1.0, 2.0]


async def test_events_of_an_application_that_was_renewed_say_so(connect: MakeClient) -> None:
    application = await done(connect().open("tests"))
    events = application.events()
    meeting = await done(application.schedule())
    await done(application.request("DELETE", application.resource.href))
    event = await next_of(events)
    assert (event.type, event.href) == (APPLICATION_RENEWED, application.resource.href)
    invitation = await done(application.join(meeting.online_meeting_uri))
    assert (await next_of(events)).href == invitation.href


async def test_events_go_on_after_a_pause_of_minutes(connect: MakeClient, stage: Stage) -> None:
    application = await done(connect().open("tests"))
    events = application.events(low=20, medium=10)
    meeting = await done(application.schedule())
    await done(application.join(meeting.online_meeting_uri))
    await done(events.poll())
    stage.advance(10 * 60)
    await done(application.join(meeting.online_meeting_uri))
    while (await next_of(events)).rel != "onlineMeetingInvitation":
        pass
    assert stage.count("GET", "low=20&medium=10") == 1


async def test_timeout_is_a_failed_connection(connect: MakeClient, stage: Stage) -> None:
    application = await done(connect().open("tests"))
    events = application.events()
    events._timeout = 0.2
    events._application.session.policy = Policy(events_attempts=2)
    with pytest.raises(ConnectionFailed) as failed:
        await next_of(events)
    assert failed.value.sent


async def test_requests_that_are_refused_together_get_one_new_token(stage: Stage) -> None:
    async with AsyncClient(stage.url, LENE) as client:
        application = await client.open("tests")
        stage.advance(LATER)
        await asyncio.gather(*(application.meetings() for _ in range(5)))
    assert stage.count("POST", "oauthtoken") == 2

"""What an application does, from the server's address to a meeting with three people, with both drivers and formats."""

from datetime import UTC, datetime
from typing import Any

import pytest

from openucwa.client import AnonymousMeeting, JoinFailed, Part, errors
from tests.client_library.conftest import DANA, LENE, MakeClient, done, editing, next_of
from tests.client_library.stage import Stage

DATA: dict[str, Any] = {
    "topic": "Budget",
    "seats": 12,
    "long": 12345678901234567890,
    "price": 1250.5,
    "public": False,
    "doors": datetime(2030, 1, 15, 8, 30, tzinfo=UTC),
    "speakers": ["Lene", "Dana"],
}


async def test_server_is_found_from_its_address_alone(connect: MakeClient) -> None:
    assert set(await done(connect(None).grants())) == {"password", "urn:microsoft.rtc:anonmeeting"}


async def test_meeting_is_scheduled_read_changed_and_deleted(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule(subject="Budget", attendees=["sip:danab@contoso.com"]))
    assert (meeting.subject, meeting.attendees) == ("Budget", ["sip:danab@contoso.com"])
    expires = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
    await done(meeting.update(expiration_time=expires, access_level="Everyone"))
    assert [each.online_meeting_id for each in await done(application.meetings())] == [meeting.online_meeting_id]
    again = await done(application.meeting(meeting.online_meeting_id))
    assert (again.subject, again.access_level, again.expiration_time) == ("Budget", "Everyone", expires)
    await done(again.delete())
    with pytest.raises(errors.ResourceNotFound):
        await done(meeting.read())


async def test_meeting_that_was_changed_meanwhile_is_not_overwritten(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule(subject="Budget"))
    other = await done(application.meeting(meeting.online_meeting_id))
    await done(other.update(subject="Other"))
    with pytest.raises(errors.PreconditionFailed):
        await done(meeting.update(subject="Mine"))
    await done((await done(meeting.read())).update(description="Mine"))
    assert (meeting.subject, meeting.description) == ("Other", "Mine")


async def test_extension_keeps_its_values_and_their_types(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule())
    made = await done(meeting.add_extension(DATA, id="a/b %", type="RoamedParticipantData"))
    assert made.data == DATA
    assert [type(value) for value in made.data.values()] == [type(value) for value in DATA.values()]
    assert await done(meeting.extension("a/b %").read()) == made
    assert await done(meeting.extensions()) == [made]


async def test_edit_stores_what_was_changed(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule())
    await done(meeting.add_extension(DATA, id="agenda", type="RoamedParticipantData"))
    async with editing(meeting.extension("agenda").edit()) as data:
        data["seats"] = 14
        del data["price"]
        data["speakers"].append("Joe")
    read = await done(meeting.extension("agenda").read())
    assert read.type == "RoamedParticipantData"
    assert read.data == {
        **{n: v for n, v in DATA.items() if n != "price"},
        "seats": 14,
        "speakers": ["Lene", "Dana", "Joe"],
    }


async def test_edit_without_a_change_sends_nothing(connect: MakeClient, stage: Stage) -> None:
    application = await done(connect().open("tests"))
    meeting = await done(application.schedule())
    await done(meeting.add_extension(DATA, id="agenda"))
    async with editing(meeting.extension("agenda").edit()):
        pass
    assert stage.count("PUT", "") == 0


async def test_edit_that_raises_stores_nothing(connect: MakeClient, stage: Stage) -> None:
    application = await done(connect().open("tests"))
    meeting = await done(application.schedule())
    await done(meeting.add_extension(DATA, id="agenda"))
    with pytest.raises(ZeroDivisionError):
        async with editing(meeting.extension("agenda").edit()) as data:
            data["seats"] = 1 // 0
    assert stage.count("PUT", "") == 0


async def test_edit_makes_the_extension_if_it_may(connect: MakeClient) -> None:
    application = await done(connect().open("tests"))
    meeting = await done(application.schedule())
    with pytest.raises(errors.ResourceNotFound):
        async with editing(meeting.extension("agenda").edit()):
            pytest.fail("there is nothing to edit")
    async with editing(meeting.extension("agenda").edit(create="RoamedParticipantData")) as data:
        data["seats"] = 14
    read = await done(meeting.extension("agenda").read())
    assert (read.type, read.data) == ("RoamedParticipantData", {"seats": 14})


async def test_patch_changes_what_it_names(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule())
    made = await done(meeting.add_extension(DATA, id="agenda", type="RoamedParticipantData"))
    agenda = meeting.extension("agenda")
    patched = await done(agenda.patch({"seats": 14, "topic": None, "begin": DATA["doors"]}, read=made))
    expected = {name: value for name, value in DATA.items() if name != "topic"} | {"seats": 14, "begin": DATA["doors"]}
    assert (patched.type, patched.data) == ("RoamedParticipantData", expected)
    with pytest.raises(errors.PreconditionFailed):
        await done(agenda.patch({"seats": 15}, read=made))
    hidden = await done(agenda.patch({}, type="RoamedOrganizerData"))
    assert (hidden.type, hidden.data) == ("RoamedOrganizerData", expected)
    with pytest.raises(ValueError, match="etag"):
        await done(agenda.patch({"etag": "1"}))


async def test_json_patch_is_made_or_refused(connect: MakeClient) -> None:
    application = await done(connect().open("tests"))
    meeting = await done(application.schedule())
    await done(meeting.add_extension(DATA, id="agenda"))
    patch = [{"op": "test", "path": "/seats", "value": 12}, {"op": "add", "path": "/speakers/-", "value": "Joe"}]
    patched = await done(meeting.extension("agenda").patch(patch))
    assert patched.data["speakers"] == ["Lene", "Dana", "Joe"]
    with pytest.raises(errors.Conflict, match="operation 0"):
        await done(meeting.extension("agenda").patch([{"op": "test", "path": "/seats", "value": 13}]))


async def test_deleted_extension_is_gone(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule())
    await done(meeting.add_extension({}, id="agenda"))
    await done(meeting.extension("agenda").delete())
    with pytest.raises(errors.ResourceNotFound):
        await done(meeting.extension("agenda").delete())


async def test_batch_has_an_answer_or_an_error_for_each_part(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule(subject="Budget"))
    parts = [Part("GET", meeting.resource.href)] * 101
    parts += [Part("GET", meeting.resource.href + "X"), Part("DELETE", meeting.resource.href)]
    *read, missing, deleted = await done(application.batch(parts))
    assert [each.resource.text("subject") for each in read] == ["Budget"] * 101
    assert isinstance(missing, errors.ResourceNotFound)
    assert (deleted.response.status, deleted.content) == (204, None)


async def test_three_people_meet(connect: MakeClient, form: str) -> None:
    lene = await done(connect(LENE, format=form).open("tests"))
    meeting = await done(lene.schedule(subject="Budget", access_level="Invited", attendees=["sip:danab@contoso.com"]))
    await done(meeting.add_extension({"seats": 12}, id="agenda", type="RoamedParticipantData"))
    await done(meeting.add_extension({"secret": 1}, id="notes", type="RoamedOrganizerData"))
    dana = await done(connect(DANA, format=form).open("tests"))
    joe = await done(connect(AnonymousMeeting(meeting.online_meeting_uri), format=form).open("tests"))

    here = await done((await done(lene.join(meeting.online_meeting_uri))).concluded(lene.events()))
    danas_events, joes_events = dana.events(), joe.events()
    there = await done((await done(dana.join(meeting.online_meeting_uri))).concluded(danas_events))
    assert [each.id for each in await done(there.extensions())] == ["agenda"]
    assert (await done(there.meeting())).text("subject") == "Budget"

    waiting = await done(joe.join(meeting.online_meeting_uri, "Joe"))
    assert (await done(waiting.read())).state == "Connecting"
    (guest,) = await done(here.lobby())
    assert guest.name == "Joe"
    await done(guest.admit())
    joes = await done(waiting.concluded(joes_events))
    assert {each.name for each in await done(joes.participants())} >= {"Lene Aaling", "Dana Birkby"}

    await done(there.connect_messaging())
    await done(joes.say("Good morning, all + sundry"))
    while (message := (await next_of(danas_events)).message) is None:
        pass
    assert message == "Good morning, all + sundry"
    await done(joes.leave())


async def test_rejected_guest_learns_the_reason(connect: MakeClient) -> None:
    lene = await done(connect(LENE).open("tests"))
    meeting = await done(lene.schedule(access_level="Locked"))
    here = await done((await done(lene.join(meeting.online_meeting_uri))).concluded(lene.events()))
    joe = await done(connect(AnonymousMeeting(meeting.online_meeting_uri)).open("tests"))
    waiting = await done(joe.join(meeting.online_meeting_uri, "Joe"))
    (guest,) = await done(here.lobby())
    await done(guest.reject())
    with pytest.raises(JoinFailed) as refused:
        await done(waiting.concluded(joe.events()))
    assert refused.value.reason is not None
    assert refused.value.reason.subcode == "Denied"


async def test_joining_twice_leads_to_the_same_conversation(connect: MakeClient) -> None:
    lene = await done(connect(LENE).open("tests"))
    meeting = await done(lene.schedule())
    events = lene.events()
    first = await done((await done(lene.join(meeting.online_meeting_uri))).concluded(events))
    second = await done((await done(lene.join(meeting.online_meeting_uri))).concluded(events))
    assert first.href == second.href


async def test_new_meeting_is_made_by_joining_none(connect: MakeClient) -> None:
    lene = await done(connect(LENE).open("tests"))
    here = await done((await done(lene.join())).concluded(lene.events()))
    assert (await done(here.meeting())).text("organizerUri") == "sip:lenea@contoso.com"


async def test_two_talk(connect: MakeClient, form: str) -> None:
    lene = await done(connect(LENE, format=form).open("tests"))
    dana = await done(connect(DANA, format=form).open("tests"))
    for each in (lene, dana):
        await done(each.make_available())
    lenes_events, danas_events = lene.events(), dana.events()
    asking = await done(lene.start_messaging("sip:danab@contoso.com", "Coffee & cake?", subject="Break"))
    while (event := await next_of(danas_events)).rel != "messagingInvitation":
        pass
    asked = dana.invitation(event)
    await done(asked.accept())
    danas = await done(asked.concluded(danas_events))
    lenes = await done(asking.concluded(lenes_events))
    assert (await done(lenes.read())).text("subject") == "Break"
    await done(danas.say("Yes"))
    while (message := (await next_of(lenes_events)).message) is None:
        pass
    assert message == "Yes"
    await done(lenes.leave())


async def test_invited_user_joins_the_meeting(connect: MakeClient, form: str) -> None:
    lene = await done(connect(LENE, format=form).open("tests"))
    dana = await done(connect(DANA, format=form).open("tests"))
    await done(dana.make_available())
    lenes_events, danas_events = lene.events(), dana.events()
    here = await done((await done(lene.join())).concluded(lenes_events))
    inviting = await done(here.invite("sip:danab@contoso.com"))
    while (event := await next_of(danas_events)).rel != "onlineMeetingInvitation":
        pass
    await done(dana.invitation(event).accept())
    assert (await done(inviting.concluded(lenes_events))).href == here.href
    assert len(await done(here.participants())) == 2


async def test_declined_invitation_has_a_reason(connect: MakeClient) -> None:
    lene = await done(connect(LENE).open("tests"))
    dana = await done(connect(DANA).open("tests"))
    for each in (lene, dana):
        await done(each.make_available())
    asking = await done(lene.start_messaging("sip:danab@contoso.com"))
    events = dana.events()
    while (event := await next_of(events)).rel != "messagingInvitation":
        pass
    await done(dana.invitation(event).decline())
    with pytest.raises(JoinFailed) as refused:
        await done(asking.concluded(lene.events()))
    assert refused.value.reason is not None
    assert refused.value.reason.subcode == "Declined"

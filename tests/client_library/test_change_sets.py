"""Several changes at once, and begin and end of a meeting, with both drivers and formats."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from openucwa.client import Schedule, errors
from tests.client_library.conftest import MakeClient, done

BEGIN = datetime(2031, 5, 6, 10, 0, tzinfo=timezone(timedelta(hours=2)))
LUNCH = Schedule(BEGIN, BEGIN + timedelta(hours=1), "Europe/Copenhagen")


async def test_extensions_and_meeting_are_changed_together(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule(subject="Budget", attendees=["sip:danab@contoso.com"]))
    notes = await done(meeting.add_extension({"remark": "a", "page": 1}, id="notes"))
    await done(meeting.add_extension({"seats": 12, "room": "A"}, id="agenda", type="RoamedParticipantData"))
    await done(meeting.add_extension({}, id="old"))
    changes = meeting.change_set().add("menu", {"from": BEGIN}, "RoamedParticipantData")
    changes.replace(notes, {"remark": "b"}).patch("agenda", {"seats": 14, "room": None}).remove("old")
    stored = await done(changes.update(subject="Sales").update(description="All of it").only_if_unchanged().send())
    assert [(each.id, each.type, each.data) for each in stored] == [
        ("menu", "RoamedParticipantData", {"from": BEGIN}),
        ("notes", "Undefined", {"remark": "b"}),
        ("agenda", "RoamedParticipantData", {"seats": 14}),
    ]
    assert sorted(await done(meeting.extensions()), key=lambda each: each.id) == sorted(
        stored, key=lambda each: each.id
    )
    assert (meeting.subject, meeting.description) == ("Sales", "All of it")
    assert meeting.attendees == ["sip:danab@contoso.com"]
    await done(meeting.update(subject="Marketing"))


async def test_one_change_that_is_not_possible_prevents_all(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule())
    read = await done(meeting.add_extension({"seats": 12}, id="agenda"))
    await done(meeting.extension("agenda").patch({"seats": 13}))
    for changes in (
        meeting.change_set().add("menu", {}).patch("agenda", {"seats": 14}, read=read),
        meeting.change_set().add("menu", {}).remove("agenda", read=read),
        meeting.change_set().add("menu", {}).replace(read, {}),
    ):
        with pytest.raises(errors.PreconditionFailed) as raised:
            await done(changes.send())
        assert "change 1 (agenda)" in raised.value.message
    assert [each.data for each in await done(meeting.extensions())] == [{"seats": 13}]


async def test_set_that_depends_on_the_meeting_is_refused_once_that_has_changed(connect: MakeClient) -> None:
    application = await done(connect().open("tests"))
    meeting = await done(application.schedule())
    other = await done(application.meeting(meeting.online_meeting_id))
    await done(other.update(subject="Other"))
    with pytest.raises(errors.PreconditionFailed):
        await done(meeting.change_set().add("menu", {}).only_if_unchanged().send())
    assert await done(meeting.extensions()) == []


async def test_reserved_property_is_refused_before_anything_is_sent(connect: MakeClient) -> None:
    application = await done(connect().open("tests"))
    changes = (await done(application.schedule())).change_set()
    with pytest.raises(ValueError, match="etag is reserved"):
        changes.add("menu", {"etag": "1"})
    with pytest.raises(ValueError, match="by an operation on /type"):
        changes.patch("menu", [{"op": "remove", "path": "/seats"}], type="Undefined")


async def test_change_set_is_found_again_in_a_reopened_application(connect: MakeClient) -> None:
    application = await done(connect().open("tests"))
    meeting = await done(application.schedule())
    await done(application.request("DELETE", application.resource.href))
    (menu,) = await done(meeting.change_set().add("menu", {"soup": True}).send())
    assert menu.data == {"soup": True}


async def test_begin_and_end_are_read_as_they_were_set(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule())
    assert await done(meeting.read_schedule()) is None
    await done(meeting.set_schedule(LUNCH))
    assert await done(meeting.read_schedule()) == LUNCH
    assert meeting.expiration_time == LUNCH.end + timedelta(hours=8)
    (extension,) = await done(meeting.extensions())
    assert extension.type == "RoamedParticipantData"


async def test_moving_a_meeting_keeps_what_else_is_in_its_schedule(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule())
    await done(meeting.set_schedule(LUNCH))
    await done(meeting.extension("openucwa.schedule").patch({"series": "weekly"}))
    later = Schedule(BEGIN + timedelta(days=7), BEGIN + timedelta(days=7, hours=1))
    await done(meeting.set_schedule(later, grace_period=None))
    assert await done(meeting.read_schedule()) == later
    assert (await done(meeting.extension("openucwa.schedule").read())).data["series"] == "weekly"
    assert meeting.expiration_time == LUNCH.end + timedelta(hours=8)


async def test_values_that_are_no_schedule_are_none(connect: MakeClient) -> None:
    application = await done(connect().open("tests"))
    meeting = await done(application.schedule())
    for data in ({}, {"begin": BEGIN}, {"begin": BEGIN, "end": BEGIN}, {"begin": "10:00", "end": "11:00"}):
        await done(meeting.extension("openucwa.schedule").add(data))
        assert await done(meeting.read_schedule()) is None
        await done(meeting.extension("openucwa.schedule").delete())


def test_schedule_that_ends_before_it_begins_or_has_no_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="end must be after the begin"):
        Schedule(BEGIN, BEGIN)
    with pytest.raises(ValueError, match="needs a time zone"):
        Schedule(BEGIN.replace(tzinfo=None), datetime(2031, 6, 1, tzinfo=UTC))

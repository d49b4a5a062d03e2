"""Versions of meetings and extensions, what was removed, and restoring it, with both drivers and formats."""

import pytest

from openucwa.client import errors
from tests.client_library.conftest import MakeClient, done


async def test_earlier_version_of_an_extension_is_read_and_restored(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    agenda = (await done(application.schedule())).extension("agenda")
    first = await done(agenda.add({"seats": 12}, "RoamedParticipantData"))
    second = await done(agenda.patch({"seats": 14}))
    versions = await done(agenda.versions())
    assert [each.kind for each in versions] == ["patched", "added"]
    assert versions[1].number < versions[0].number
    assert (versions[1].changed_by, versions[1].extension_id) == ("sip:lenea@contoso.com", "agenda")
    assert versions[1].changed is not None
    was = await done(versions[1].read())
    assert (was.data, was.type) == (first.data, first.type)
    with pytest.raises(errors.PreconditionFailed):
        await done(versions[1].restore(first))
    restored = await done(versions[1].restore(second))
    assert restored.data == {"seats": 12}
    assert await done(agenda.read()) == restored


async def test_removed_extension_is_restored(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule())
    await done(meeting.add_extension({"seats": 12}, id="agenda"))
    await done(meeting.extension("agenda").delete())
    (removed,) = await done(meeting.removed_extensions())
    assert (removed.kind, removed.extension_id) == ("removed", "agenda")
    await done(removed.restore())
    assert [each.data for each in await done(meeting.extensions())] == [{"seats": 12}]
    assert await done(meeting.removed_extensions()) == []


async def test_earlier_settings_of_a_meeting_are_restored(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule(subject="Budget"))
    await done(meeting.update(subject="Other"))
    _, first = await done(meeting.versions())
    assert (await done(first.read())).text("subject") == "Budget"
    assert (await done(first.restore())).subject == "Budget"


async def test_removed_meeting_is_restored_with_its_extensions(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule(subject="Budget"))
    await done(meeting.add_extension({"seats": 12}, id="agenda"))
    await done(meeting.delete())
    (removed,) = await done(application.removed_meetings())
    assert (removed.subject, removed.online_meeting_id) == ("Budget", meeting.online_meeting_id)
    assert removed.removed is not None
    assert (await done(removed.read())).text("subject") == "Budget"
    restored = await done(removed.restore())
    assert [each.data for each in await done(restored.extensions())] == [{"seats": 12}]


async def test_version_is_found_again_in_a_reopened_application(connect: MakeClient) -> None:
    application = await done(connect().open("tests"))
    agenda = (await done(application.schedule())).extension("agenda")
    await done(agenda.add({"seats": 12}))
    await done(agenda.patch({"seats": 14}))
    version = (await done(agenda.versions()))[1]
    await done(application.request("DELETE", application.resource.href))
    assert (await done(version.restore())).data == {"seats": 12}

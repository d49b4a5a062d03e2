"""Following changes with the client library, with both drivers and formats."""

import pytest

from openucwa.client import AsyncClient, errors
from tests.client_library.conftest import MakeClient, done


async def test_changes_are_followed_by_cursor(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    changes = application.changes()
    await done(changes.start())
    meeting = await done(application.schedule(subject="Sales"))
    await done(meeting.add_extension({"number": 1}, id="order"))
    first, second = await done(changes.poll())
    assert (first.kind, first.extension_id, first.meeting.text("subject")) == ("added", None, "Sales")
    assert (second.kind, second.extension_id, second.extension.data["number"]) == ("added", "order", 1)
    assert second.online_meeting_id == first.online_meeting_id
    assert await done(changes.poll()) == []
    (again,) = await done(application.changes(since=first.cursor).poll())
    assert again.extension_id == "order"


async def test_changes_can_be_iterated(connect: MakeClient) -> None:
    client = connect()
    if isinstance(client, AsyncClient):
        opened = await client.open("tests")
        following = opened.changes()
        await following.start()
        await opened.schedule(subject="a")
        async for change in following:
            assert (change.kind, following.cursor) == ("added", change.cursor)
            break
    else:
        application = client.open("tests")
        changes = application.changes()
        changes.start()
        application.schedule(subject="a")
        for change in changes:
            assert (change.kind, changes.cursor) == ("added", change.cursor)
            break


async def test_cursor_of_another_server_is_refused(connect: MakeClient) -> None:
    application = await done(connect().open("tests"))
    with pytest.raises((errors.ChangesForgotten, errors.ParameterValidationFailure)):
        await done(application.changes(since="e30.e30.e30.e30.e30").poll())

"""Finding meetings by what they contain, with both drivers and formats."""

from typing import Any

import pytest

from openucwa.client import AsyncClient, errors, text_literal
from tests.client_library.conftest import DANA, MakeClient, done


async def numbers(found: Any) -> list[int]:
    return [each.extensions[0].data["number"] for each in await done(found.all())]


async def test_meetings_are_found_page_by_page(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    for number in range(5):
        meeting = await done(application.schedule(subject=f"Order {number}"))
        await done(meeting.add_extension({"number": number, "it's": "x"}, id="order"))
    name = text_literal("it's")
    wanted = f"extensions('order')/{name} eq 'x' and extensions('order')/number lt 4"
    order = "extensions('order')/number desc"
    assert await numbers(application.find_meetings(wanted, order_by=order, page=2)) == [3, 2, 1, 0]
    (found,) = await done(application.find_meetings("subject eq 'Order 4'").all())
    assert found.matching_extensions == ()
    await done(found.meeting.update(subject="Order four"))
    assert await done(application.find_meetings("subject eq 'Order 4'").all()) == []


async def test_found_meetings_can_be_iterated(connect: MakeClient) -> None:
    client = connect()
    if isinstance(client, AsyncClient):
        opened = await client.open("tests")
        for _ in range(3):
            await opened.schedule(subject="a")
        subjects = [each.resource.text("subject") async for each in opened.find_meetings("subject eq 'a'", page=1)]
    else:
        application = client.open("tests")
        for _ in range(3):
            application.schedule(subject="a")
        subjects = [each.resource.text("subject") for each in application.find_meetings("subject eq 'a'", page=1)]
    assert subjects == ["a"] * 3


async def test_others_meetings_have_no_meeting_to_change(connect: MakeClient, form: str) -> None:
    application = await done(connect(format=form).open("tests"))
    meeting = await done(application.schedule(subject="Budget", attendees=["sip:danab@contoso.com"]))
    await done(meeting.add_extension({"seats": 12}, id="agenda", type="RoamedParticipantData"))
    others = await done(connect(DANA, format=form).open("tests"))
    (found,) = await done(others.find_meetings("extensions('agenda')/seats eq 12").all())
    assert (found.meeting, found.resource.text("subject")) == (None, "Budget")
    assert found.matching_extensions == ("agenda",)


async def test_invalid_filter_is_refused(connect: MakeClient) -> None:
    application = await done(connect().open("tests"))
    with pytest.raises(errors.ParameterValidationFailure, match="at character 9"):
        await done(application.find_meetings("subject like 'a'").all())


def test_quotes_in_text_literals_are_doubled() -> None:
    assert text_literal("it's") == "'it''s'"

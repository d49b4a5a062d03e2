"""What anonymous participants are called."""

import pytest

from openucwa.app import Service
from tests.client import UcwaClient
from tests.conftest import Connect


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", "Anonymous"),
        ("  ", "Anonymous"),
        ("\u200b\u200d", "Anonymous"),
        (" \u2060\ufeff\u00ad ", "Anonymous"),
        ("\u3164\u2800", "Anonymous"),
        ("\u0301", "Anonymous"),
        (" Ann\u00e9 ", "Ann\u00e9"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
async def test_invisible_name_is_anonymous(
    service: Service, connect: Connect, lene: UcwaClient, name: str, shown: str
) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    guest = connect(service)
    await guest.sign_in_to_meeting(meeting)
    await guest.open()
    asked = {"onlineMeetingUri": meeting["onlineMeetingUri"], "operationId": "1", "anonymousDisplayName": name}
    answer = await guest.post(f"{guest.app}/communication/joinOnlineMeeting", json=asked)
    assert answer.status_code == 201, answer.text
    assert (await guest.get(answer.headers["Location"])).json()["anonymousDisplayName"] == shown

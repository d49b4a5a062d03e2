"""A client's test suite, as it may look: what goes wrong once a year goes wrong here within a second.

    pytest examples

runs it. The fixtures come with openucwa (docs/sandbox.md). The client is `openucwa.client`; put yours in its place.
"""

import pytest

from openucwa.client import Client, EditConflict
from openucwa.testing.running import SandboxServer


def test_expired_token_is_renewed_after_eight_hours(ucwa: SandboxServer, ucwa_client: Client) -> None:
    application = ucwa_client.open("example")
    first = ucwa_client.token
    ucwa.clock.advance("8h")
    assert application.meetings() == []
    assert ucwa_client.token != first


def test_application_that_was_idle_for_fifteen_minutes_is_reopened(ucwa: SandboxServer, ucwa_client: Client) -> None:
    application = ucwa_client.open("example")
    meeting = application.schedule(subject="Budget")
    ucwa.clock.advance("15m1s")
    assert meeting.read().subject == "Budget"
    ucwa.requests.verify(rel="applications", method="POST", exactly=2)


def test_lost_poll_is_sent_again(ucwa: SandboxServer, ucwa_client: Client) -> None:
    application = ucwa_client.open("example")
    meeting = application.schedule()
    events = application.events()
    conversation = application.join(meeting.online_meeting_uri).concluded(events)
    ucwa.faults.add("lost", rel="events")
    meeting.add_extension({"topic": "Budget"}, type="RoamedParticipantData")
    assert any("onlineMeeting" in repr(event) for event in events.poll())
    assert conversation.extensions()[0].data["topic"] == "Budget"


def test_conflict_is_raised_and_nothing_is_overwritten(ucwa: SandboxServer, ucwa_client: Client) -> None:
    meeting = ucwa_client.open("example").schedule()
    meeting.add_extension({"topic": "first"}, id="agenda")
    ucwa.faults.add("etag", rel="onlineMeetingExtension", method="PUT")
    with pytest.raises(EditConflict), meeting.extension("agenda").edit() as data:
        data["topic"] = "second"
    assert meeting.extension("agenda").read().data["topic"] == "first"


def test_lost_answer_of_a_change_leaves_the_change_made_once(ucwa: SandboxServer, ucwa_client: Client) -> None:
    meeting = ucwa_client.open("example").schedule()
    ucwa.faults.add("lost", rel="onlineMeetingExtensions", method="POST")
    meeting.add_extension({"topic": "Budget"}, id="agenda")
    assert [extension.id for extension in meeting.extensions()] == ["agenda"]
    ucwa.requests.verify(rel="onlineMeetingExtensions", method="POST", at_least=1)


def test_guest_is_removed_from_the_lobby_after_half_an_hour(ucwa: SandboxServer, ucwa_client: Client) -> None:
    meeting = ucwa_client.open("example").schedule(access_level="Locked")
    with ucwa.client(ucwa.users[1]) as other:
        guest = other.open("guest")
        guest.join(meeting.online_meeting_uri, "Guest")
        for _ in range(9):
            ucwa.clock.advance("3m")
            guest.meetings()
        assert len(guest.conversations()) == 1
        ucwa.clock.advance("4m")
        assert guest.conversations() == []

"""Which messages a conversation receives, by rows that a server before migration 4 wrote or changed."""

import pytest

from openucwa.store.sql.participations import participation_of


def row(messaging: str, spans: str) -> tuple[object, ...]:
    """A row of a conversation that was joined when event 5 was the last."""
    names = ("sip:o@contoso.com", "ABCD1234", "c", "sip:p@contoso.com", "101", "sip:p@contoso.com", "Somebody")
    return (*names, 0, "Attendee", 0, messaging, 1, 5, "i", "t", "s", "Normal", spans, "meeting", None)


@pytest.mark.parametrize(
    ("messaging", "spans", "received"),
    [
        # As this server writes it.
        ("Disconnected", "[]", []),
        ("Connected", "[[6,null]]", [7, 8, 9]),
        ("Disconnected", "[[6,8]]", [7, 8]),
        ("Connected", "[[5,6],[8,null]]", [6, 9]),
        # An older server connected messaging: all since then, or since the conversation was joined, is received.
        ("Connected", "[]", [6, 7, 8, 9]),
        ("Connected", "[[5,7]]", [6, 7, 8, 9]),
        # An older server disconnected it: what was not delivered by then is not received, as on that server.
        ("Disconnected", "[[6,null]]", []),
        ("Disconnected", "[[5,6],[8,null]]", [6]),
    ],
)
def test_rows_of_older_servers_are_read_by_their_state(messaging: str, spans: str, received: list[int]) -> None:
    own = participation_of(row(messaging, spans))
    assert [number for number in range(1, 10) if own.receives_message(number)] == received

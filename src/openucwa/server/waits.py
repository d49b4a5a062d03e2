"""What a connection waits for, and how long."""

from typing import NamedTuple

from openucwa.server.shared import Limits
from openucwa.server.states import BODY, FREE, HEAD, LINGERING, SENDING, Reading, Writing

#: Seconds that the server goes on reading, and throwing away, after a response that the client may not have waited for.
#: Closing at once would reset the connection, and the client could lose the response (RFC 9112, 9.6).
LINGER = 2.0
#: Seconds that a connection over TLS has for its orderly end: the server's close_notify is sent, the client's is not
#: waited for.
GOODBYE = 0.1


class Wait(NamedTuple):
    """`state`: that has to change within `seconds`; None: nothing is waited for that takes time."""

    state: Reading | Writing | None
    seconds: float


NOTHING = Wait(None, 0.0)


def wait_for(limits: Limits, writing: Writing, reading: Reading, *, blocked: bool, paused: bool, asked: bool) -> Wait:
    """`blocked`: the client has not taken all bytes. `paused`: nothing is read. `asked`: there was a request before."""
    if writing >= SENDING:
        if blocked:
            return Wait(SENDING, limits.write_timeout)
        return Wait(writing, LINGER if writing is LINGERING else GOODBYE)
    reads = reading is HEAD or reading is BODY
    if paused or not (reads or writing is FREE):
        return NOTHING
    if reads:
        return Wait(reading, limits.header_timeout if reading is HEAD else limits.body_timeout)
    return Wait(FREE, limits.keep_alive if asked else limits.header_timeout)

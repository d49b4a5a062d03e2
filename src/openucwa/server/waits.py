"""The deadlines of a connection, by its state."""

from typing import TypeAlias

from openucwa.server.shared import Limits
from openucwa.server.states import BODY, FREE, HEAD, LINGERING, SENDING, Reading, Writing

#: Seconds of reading and discarding input after a response that the client may not have waited for. Closing at once
#: would reset the connection, and the client could lose the response (RFC 9112, 9.6).
LINGER = 2.0
#: Seconds for closing an idle TLS connection in order: the server's close_notify is sent, the client's not awaited.
GOODBYE = 0.1


#: A state that must change within that many seconds; None: nothing is waited for.
Wait: TypeAlias = tuple[Reading | Writing | None, float]

NOTHING: Wait = (None, 0.0)


def wait_for(
    limits: Limits, writing: Writing, reading: Reading, *, blocked: bool, paused: bool, asked: bool, idle: bool
) -> Wait:
    """`blocked`: the client has not taken all bytes. `paused`: nothing is read. `asked`: there was a request before.

    `idle`: nothing was being sent when the closing began.
    """
    if writing >= SENDING:
        if blocked:
            return SENDING, limits.write_timeout
        if writing is LINGERING:
            return LINGERING, LINGER
        # Over TLS it is unknown when the last bytes have left: wait for the client to close, or for this time.
        return writing, GOODBYE if idle else limits.write_timeout
    reads = reading is HEAD or reading is BODY
    if paused or not (reads or writing is FREE):
        return NOTHING
    if reads:
        return reading, limits.header_timeout if reading is HEAD else limits.body_timeout
    return FREE, limits.keep_alive if asked else limits.header_timeout

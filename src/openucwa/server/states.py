"""The states of a connection, and in two tables which state may follow on which.

Reading and writing go on side by side, because further requests may come while one is answered.
"""

from collections.abc import Mapping
from enum import IntEnum


class Reading(IntEnum):
    """What is read. From DISCARDING on, nothing that comes is parsed any more."""

    #: Between two requests.
    IDLE = 0
    #: A request line and headers.
    HEAD = 1
    #: A request's body.
    BODY = 2
    #: What comes is thrown away; the client may still be sending.
    DISCARDING = 3
    #: The last request has been read.
    DONE = 4


class Writing(IntEnum):
    """What is answered. From LINGERING on, nothing is answered any more."""

    #: Nothing is being answered.
    FREE = 0
    #: The handler works on a response.
    HANDLING = 1
    #: A response was written, and the client has not taken all of it.
    SENDING = 2
    #: The last response was written; the server still reads for a moment what the client sends.
    LINGERING = 3
    #: The connection is being closed.
    CLOSING = 4
    CLOSED = 5


# Members by themselves: looking one up in its class takes longer than a transition.
IDLE, HEAD, BODY, DISCARDING, DONE = Reading
FREE, HANDLING, SENDING, LINGERING, CLOSING, CLOSED = Writing

READING: Mapping[Reading, frozenset[Reading]] = {
    IDLE: frozenset({HEAD, DISCARDING, DONE}),
    HEAD: frozenset({HEAD, BODY, DISCARDING, DONE}),
    BODY: frozenset({IDLE, DISCARDING, DONE}),
    DISCARDING: frozenset({DISCARDING, DONE}),
    DONE: frozenset({DONE}),
}

WRITING: Mapping[Writing, frozenset[Writing]] = {
    FREE: frozenset({HANDLING, LINGERING, CLOSING, CLOSED}),
    HANDLING: frozenset({FREE, SENDING, LINGERING, CLOSING, CLOSED}),
    SENDING: frozenset({FREE, CLOSING, CLOSED}),
    LINGERING: frozenset({CLOSING, CLOSED}),
    CLOSING: frozenset({CLOSED}),
    CLOSED: frozenset(),
}

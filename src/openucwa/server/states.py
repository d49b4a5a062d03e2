"""The states of a connection, and two tables of the allowed transitions.

Reading and writing are separate, because further requests may arrive while one is answered.
"""

from collections.abc import Mapping
from enum import IntEnum


class Reading(IntEnum):
    """The state of reading. From DISCARDING on, nothing is parsed any more."""

    #: Between two requests.
    IDLE = 0
    #: A request line and headers.
    HEAD = 1
    #: A request's body.
    BODY = 2
    #: Input is discarded; the client may still be sending.
    DISCARDING = 3
    #: The last request has been read.
    DONE = 4


class Writing(IntEnum):
    """The state of writing. From LINGERING on, nothing is answered any more."""

    #: Nothing is being answered.
    FREE = 0
    #: The handler is working on a response, which was not there at once.
    HANDLING = 1
    #: A response was written, and the client has not taken all of it, or it is the last.
    SENDING = 2
    #: The last response was written; input is still read for a moment.
    LINGERING = 3
    #: The connection is being closed.
    CLOSING = 4
    CLOSED = 5


# The members as globals: looking one up in its class takes longer than a transition.
IDLE, HEAD, BODY, DISCARDING, DONE = Reading
FREE, HANDLING, SENDING, LINGERING, CLOSING, CLOSED = Writing

READING: Mapping[Reading, frozenset[Reading]] = {
    IDLE: frozenset({HEAD, DISCARDING, DONE}),
    HEAD: frozenset({HEAD, IDLE, BODY, DISCARDING, DONE}),
    BODY: frozenset({IDLE, DISCARDING, DONE}),
    DISCARDING: frozenset({DISCARDING, DONE}),
    DONE: frozenset({DONE}),
}

WRITING: Mapping[Writing, frozenset[Writing]] = {
    FREE: frozenset({HANDLING, SENDING, CLOSING, CLOSED}),
    HANDLING: frozenset({FREE, SENDING, CLOSED}),
    SENDING: frozenset({FREE, LINGERING, CLOSING, CLOSED}),
    LINGERING: frozenset({CLOSING, CLOSED}),
    CLOSING: frozenset({CLOSED}),
    CLOSED: frozenset(),
}

"""The domain's own errors: what the server refuses and why.

Each class is one reason of the table in `docs/errors.md`; `api/errors.py` gives it its status, code and subcode.
The text of a refusal is for people: it names what was wrong and never holds a secret, a path or an SQL text.
"""

import itertools
from collections.abc import Mapping

#: How many parameters a refusal names, and how many of them its text quotes.
MAX_PARAMETERS = 300
MAX_QUOTED = 20
#: Characters of a name that are shown.
MAX_NAME_LENGTH = 128


class Refusal(Exception):
    """Something the server will not do. `str()` is the sentence that the client is shown."""

    def __init__(self, message: str = "", *, reason: str | None = None) -> None:
        super().__init__(message)
        #: The same for administrators, for the log: it may name addresses and paths that no client is to see.
        self.reason = reason or message


class ResourceNotFound(Refusal):
    """There is no such resource, or none for this caller."""


class ApplicationNotFound(Refusal):
    """There is no such application of this caller: it never was, was deleted, or expired."""


class DestinationNotFound(Refusal):
    """What was to be reached (a meeting, a user) is not there."""


class ConversationNotFound(Refusal):
    """The application has no such conversation, or no more."""


class ApiVersionNotSupported(Refusal):
    """The client asks for a newer version of the resource than the server has."""


class Unauthorized(Refusal):
    """No ticket, or one that is expired, forged or foreign."""


class Forbidden(Refusal):
    """The caller is known and may not do this."""


class AnonymousNotAllowed(Forbidden):
    """This is for users who signed in, not for anonymous ones."""


class MethodNotAllowed(Refusal):
    """The resource does not know this method.

    `allowed` lists the ones that it knows.
    """

    def __init__(self, message: str, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allowed = allowed


class NotAcceptable(Refusal):
    """Nothing that the resource can be shown as is among what the client accepts."""


class UnsupportedMediaType(Refusal):
    """The request's body is of a type that the resource does not take."""


class ClientTimeout(Refusal):
    """The request's body did not come in time."""


class EntityTooLarge(Refusal):
    """The request's body, or what would have to be kept of it, is over a limit."""


class PreconditionRequired(Refusal):
    """The request has to say, by If-Match, what it means to replace."""


class PreconditionFailed(Refusal):
    """The resource is not, or no longer, what If-Match says."""


class DeserializationFailure(Refusal):
    """The request's body is not what its Content-Type says."""


class ParameterValidationFailure(Refusal):
    """A value is missing, of the wrong kind, or out of bounds.

    `parameters` maps each name to the reason why it was refused: the first MAX_PARAMETERS of them, names cut at
    MAX_NAME_LENGTH characters. The text quotes the first MAX_QUOTED. So the answer stays small, whatever the request.
    """

    def __init__(self, parameters: Mapping[str, str]) -> None:
        first = itertools.islice(parameters.items(), MAX_PARAMETERS)
        self.parameters = {_cut(name): why for name, why in first}
        quoted = [f"{name}: {why}" for name, why in itertools.islice(self.parameters.items(), MAX_QUOTED)]
        if len(parameters) > len(quoted):
            quoted.append(f"and {len(parameters) - len(quoted):,} more")
        super().__init__("; ".join(quoted))


def _cut(name: str) -> str:
    return name if len(name) <= MAX_NAME_LENGTH else f"{name[:MAX_NAME_LENGTH]}..."


class BadRequest(Refusal):
    """The request makes no sense in a way that no other reason names."""


class Conflict(Refusal):
    """The resource does not take this, in the state that it is in."""


class AlreadyExists(Conflict):
    """That id is taken."""


class AlreadyJoined(AlreadyExists):
    """The application takes part in the meeting already, by the conversation `conversation`.

    `location`: the href of the conversation, where the one who answers the client knows it.
    """

    def __init__(self, message: str, conversation: str, location: str | None = None) -> None:
        super().__init__(message)
        self.conversation = conversation
        self.location = location


class TooManyGroups(Conflict):
    """The meeting holds its most extensions."""


class TooManyOnlineMeetings(Conflict):
    """The organizer has the most meetings that one may have."""


class TooManyParticipants(Conflict):
    """The meeting's room is full."""


class MakeMeAvailableRequired(Conflict):
    """Only after makeMeAvailable."""


class PGetReplaced(Conflict):
    """Another poll of the same event channel has taken this one's place."""


class TooManyApplications(Refusal):
    """The application was ended because its user opened too many others."""


class CannotRedirect(Refusal):
    """The organizer is homed in another pool, and that has no backup."""


class TooManyRequests(Refusal):
    """The caller has to slow down; `retry_after` says for how many seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InvalidExchangeServerVersion(Refusal):
    """The store has moved on to a version that this server may not use."""


class CallbackChannelError(Refusal):
    """The event bus cannot be reached: those who must be told of the change could not be. `retry_after`: seconds."""

    def __init__(self, message: str, retry_after: int = 1, reason: str | None = None) -> None:
        super().__init__(message, reason=reason)
        self.retry_after = retry_after


class ServiceUnavailable(Refusal):
    """The server cannot do this just now; `retry_after` says in how many seconds to try again."""

    def __init__(self, message: str, retry_after: int, reason: str | None = None) -> None:
        super().__init__(message, reason=reason)
        self.retry_after = retry_after

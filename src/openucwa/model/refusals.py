"""Refusals: the errors of the domain.

Each class is a row of the table in `docs/errors.md`; `api/errors.py` gives it its status, code and subcode. The message
is for people: it names what was wrong and never contains a secret, a path or SQL.
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
        #: What was wrong where: names of properties, or JSON Pointers into the body.
        self.parameters: Mapping[str, str] = {}
        #: The same for administrators, for the log: it may name addresses and paths that no client is to see.
        self.reason = reason or message


class ResourceNotFound(Refusal):
    """The resource does not exist, or not for this caller."""


#: One message for an extension that is hidden from the caller and for one that never was.
NO_SUCH_EXTENSION = "this meeting has no such extension"


#: An extension's etag is not one of those that a change names.
EXTENSION_CHANGED = "the extension has changed: its etag does not match If-Match"


class ApplicationNotFound(Refusal):
    """The caller has no such application: it never existed, was deleted, or expired."""


class DestinationNotFound(Refusal):
    """The target (a meeting, a user) does not exist."""


class ConversationNotFound(Refusal):
    """The application has no such conversation, or no longer."""


class ApiVersionNotSupported(Refusal):
    """The client requires a newer version of the resource than the server has."""


class Unauthorized(Refusal):
    """The token is missing, expired, forged or of another issuer."""


class Forbidden(Refusal):
    """The caller is known, but lacks permission."""


class AnonymousNotAllowed(Forbidden):
    """The resource is for signed-in users, not for anonymous ones."""


class AttendeeNotAllowed(Forbidden):
    """Only leaders can do this at the moment: a leader has disabled the messaging of attendees."""


class TooManySubscriptions(Forbidden):
    """The application has the maximum number of presence subscriptions, or of contacts in them."""


class TooManyDelegates(Forbidden):
    """The user has the maximum number of delegates."""


class TooManyContacts(Forbidden):
    """The distribution group has more members than are shown."""


class OperationNotSupported(Forbidden):
    """Memberships in this group are not the user's to read or change."""


class MethodNotAllowed(Refusal):
    """The resource does not support this method. `allowed`: the methods that it supports. `patches`: the media types
    of a PATCH, if that is one of them.
    """

    def __init__(self, message: str, allowed: tuple[str, ...], patches: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.allowed = allowed
        self.patches = patches


class NotAcceptable(Refusal):
    """The client accepts none of the resource's media types."""


class UnsupportedMediaType(Refusal):
    """The resource does not accept the media type of the request's body. `patches`: those it does, of a PATCH."""

    def __init__(self, message: str, patches: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.patches = patches


class ClientTimeout(Refusal):
    """The request's body did not arrive in time."""


class EntityTooLarge(Refusal):
    """The request's body, or what would be stored of it, exceeds a limit."""


class PreconditionRequired(Refusal):
    """The request must name the version that it replaces, by If-Match."""


class PreconditionFailed(Refusal):
    """The resource does not, or no longer, match If-Match."""


class DeserializationFailure(Refusal):
    """The request's body does not match its Content-Type."""


class ParameterValidationFailure(Refusal):
    """A value is missing, of the wrong type, or out of range.

    `parameters`: name -> reason, the first MAX_PARAMETERS of them, names cut at MAX_NAME_LENGTH. The message quotes the
    first MAX_QUOTED. So the answer stays small, whatever the request.
    """

    def __init__(self, parameters: Mapping[str, str]) -> None:
        first = itertools.islice(parameters.items(), MAX_PARAMETERS)
        shown = {_cut(name): why for name, why in first}
        quoted = [f"{name}: {why}" for name, why in itertools.islice(shown.items(), MAX_QUOTED)]
        if len(parameters) > len(quoted):
            quoted.append(f"and {len(parameters) - len(quoted):,} more")
        super().__init__("; ".join(quoted))
        self.parameters = shown


def of_part(refusal: Refusal, pointer: str, words: str) -> Refusal:
    """The same refusal, of a part of a request that consists of several. Its message begins with `words`.

    `pointer`: the JSON Pointer of the part. A ParameterValidationFailure's names are taken as pointers from there.
    """
    if isinstance(refusal, ParameterValidationFailure):
        return ParameterValidationFailure({pointer + name: why for name, why in refusal.parameters.items()})
    same = type(refusal)(f"{words}: {refusal}")
    same.parameters = {pointer: str(refusal)}
    return same


def _cut(name: str) -> str:
    return name if len(name) <= MAX_NAME_LENGTH else f"{name[:MAX_NAME_LENGTH]}..."


class BadRequest(Refusal):
    """The request is invalid for a reason without a code of its own."""


class Conflict(Refusal):
    """The resource cannot do this in its current state."""


class AlreadyExists(Conflict):
    """The id is taken."""


class AlreadyJoined(AlreadyExists):
    """The application takes part in the meeting already, by the conversation `conversation`.

    `location`: the href of the conversation, once the resource that answers has added it.
    """

    def __init__(self, message: str, conversation: str, location: str | None = None) -> None:
        super().__init__(message)
        self.conversation = conversation
        self.location = location


class AlreadyStarted(AlreadyExists):
    """The application has started this operation already: its invitation `invitation` has the same operationId."""

    def __init__(self, invitation: str) -> None:
        super().__init__("an operation with this operationId is in progress")
        self.invitation = invitation


class TooManyGroups(Conflict):
    """The meeting has the maximum number of extensions, or the user that of groups."""


class LimitExceeded(Conflict):
    """The user has the maximum number of contacts, or of privacy relationships."""


class TooManyOnlineMeetings(Conflict):
    """The organizer has the maximum number of meetings."""


class TooManyConversations(Conflict):
    """The application has the maximum number of conversations."""


class TooManyParticipants(Conflict):
    """The meeting has the maximum number of participants."""


class MakeMeAvailableRequired(Conflict):
    """makeMeAvailable must be called first."""


class PGetReplaced(Conflict):
    """Another poll of the same event channel replaced this one."""


class TooManyApplications(Refusal):
    """The application was ended because its user opened too many others."""


class ChangesForgotten(Refusal):
    """The change log has forgotten changes that follow the given position, or the position is of another log."""


class CannotRedirect(Refusal):
    """The organizer is homed in another pool, which has no backup."""


class TooManyRequests(Refusal):
    """The caller must slow down. `retry_after`: seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InvalidExchangeServerVersion(Refusal):
    """The store was upgraded to a version that this server does not support."""


class CallbackChannelError(Refusal):
    """The event bus cannot be reached, so others could not be notified of the change. `retry_after`: seconds."""

    def __init__(self, message: str, retry_after: int = 1, reason: str | None = None) -> None:
        super().__init__(message, reason=reason)
        self.retry_after = retry_after


class ServiceUnavailable(Refusal):
    """The server cannot do this just now; `retry_after` says in how many seconds to try again."""

    def __init__(self, message: str, retry_after: int, reason: str | None = None) -> None:
        super().__init__(message, reason=reason)
        self.retry_after = retry_after


class SourceUnavailable(ServiceUnavailable):
    """An issuer or a directory is needed and unavailable. The outage is logged once, not with each request."""

"""Errors: what the server refuses, one class for each documented error, and what fails before there is an answer.

`error_codes.py` says which class the server's codes become; `docs/errors.md` what each error means and what to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class UcwaError(Exception):
    """The base of all errors that are due to the server or the connection.

    `may_have_happened`: whether the request may have changed something in spite of the error. `attempts`: how often it
    was sent.
    """

    may_have_happened: bool = False
    attempts: int = 1


class ConnectionFailed(UcwaError):
    """There was no answer, or only part of one. `sent`: whether the request may have reached the server."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class InvalidAnswer(UcwaError):
    """The answer is not what UCWA says: it is malformed, or lacks a link or a property."""


class InsecureRedirect(UcwaError):
    """A server that is reached by https refers to an address without it: for sign-in, or as the user's own server."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was refused, or ended (UCWA: reason). `parameters`: name -> what is wrong with it."""

    code: str = ""
    subcode: str | None = None
    message: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    debug_info: Mapping[str, str] = field(default_factory=dict)


class JoinFailed(UcwaError):
    """The meeting was not joined. `reason`: as the event says it; its subcode is `Denied` or `Timeout`, for example."""

    def __init__(self, reason: Reason | None) -> None:
        super().__init__((reason and (reason.message or reason.subcode)) or "the meeting was not joined")
        self.reason = reason


class Refused(UcwaError):
    """The server refused a request. `str()` is its message.

    `status`: of HTTP. `reason`: code, subcode, message, parameters and debug info. `headers`: of the answer, names in
    lower case. UCWA: Errors and informational messages.
    """

    def __init__(
        self, reason: Reason | None = None, *, status: int = 0, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.reason = reason or Reason()
        self.status = status
        self.headers = headers
        super().__init__(self.reason.message or f"the server answered {status}")

    @property
    def code(self) -> str:
        """UCWA's code, or OAuth's `error`."""
        return self.reason.code

    @property
    def subcode(self) -> str | None:
        """UCWA's subcode; None: there is none."""
        return self.reason.subcode

    @property
    def message(self) -> str:
        """The server's explanation."""
        return self.reason.message

    @property
    def parameters(self) -> Mapping[str, str]:
        """The refused parts of the input: name -> reason."""
        return self.reason.parameters

    @property
    def debug_info(self) -> Mapping[str, str]:
        """Details for the server's administrators."""
        return self.reason.debug_info

    @property
    def request_id(self) -> str | None:
        """The id by which the server's log knows the request."""
        return self._header("x-request-id")

    @property
    def location(self) -> str | None:
        """The href of what is in the way, or None."""
        return self._header("location")

    @property
    def retry_after(self) -> float | None:
        """Seconds after which to try again; None: the server doesn't say."""
        given = self._header("retry-after") or ""
        return float(given) if given.isascii() and given.isdigit() else None

    @property
    def challenges(self) -> list[str]:
        """The `WWW-Authenticate` headers, in order."""
        return [value for name, value in self.headers if name == "www-authenticate"]

    def _header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known == name), None)


class BadRequest(Refused):
    """The request is invalid."""


class DeserializationFailure(BadRequest):
    """The body is not what its type says."""


class ParameterValidationFailure(BadRequest):
    """A value is missing, of the wrong type, or out of range; `parameters` says which."""


class NormalizationFailed(BadRequest):
    """A phone number cannot be normalized."""


class Unauthorized(Refused):
    """The token is missing, expired or invalid, and no new one could be had."""


class Forbidden(Refused):
    """The caller lacks permission."""


class AnonymousNotAllowed(Forbidden):
    """The resource is for signed-in users."""


class OperationNotSupported(Forbidden):
    """The operation is not supported for this user."""


class AttendeeNotAllowed(Forbidden):
    """A leader has disabled the messaging of attendees."""


class TooManyContacts(Forbidden):
    """The group has too many contacts."""


class NotFound(Refused):
    """There is no such thing."""


class ResourceNotFound(NotFound):
    """The resource does not exist, or not for this caller."""


class ApplicationNotFound(NotFound):
    """The application has ended."""


class DestinationNotFound(NotFound):
    """There is no such meeting or user."""


class ConversationNotFound(NotFound):
    """The conversation has ended."""


class VersionNotSupported(NotFound):
    """The server lacks the required version of the resource."""


class MethodNotAllowed(Refused):
    """The resource does not support the method."""


class NotAcceptable(Refused):
    """The resource is not available in the requested format."""


class ClientTimeout(Refused):
    """The body did not arrive in time."""


class Conflict(Refused):
    """The resource cannot do this in its current state."""


class AlreadyExists(Conflict):
    """The id is taken, or the meeting has been joined already."""


class TooManyGroups(Conflict):
    """The meeting has the maximum number of extensions."""


class TooManyOnlineMeetings(Conflict):
    """The organizer has the maximum number of meetings."""


class TooManyConversations(Conflict):
    """The user has the maximum number of conversations."""


class MakeMeAvailableRequired(Conflict):
    """makeMeAvailable must be called first."""


class PGetReplaced(Conflict):
    """Another poll of the same event channel replaced this one."""


class LimitExceeded(Refused):
    """The limit of contacts or subscriptions is exceeded."""


class NoDelegatesConfigured(Refused):
    """The user has no delegates."""


class NoTeamMembersConfigured(Refused):
    """The user has no team."""


class Gone(Refused):
    """The resource existed, and has ended."""


class CannotRedirect(Gone):
    """The organizer is homed in another pool, which has no backup."""


class ChangesForgotten(Gone):
    """The server has forgotten changes behind the cursor, or it is another server's."""


class TooManyApplications(Gone):
    """The application was ended because its user opened too many others."""


class PreconditionFailed(Refused):
    """The resource has changed since it was read."""


class EditConflict(PreconditionFailed):
    """An extension was changed by someone else while it was edited.

    `base`: the properties as they were read; `mine`: with one's own changes; `theirs`: as they are now.
    """

    def __init__(
        self, reason: Reason, *, base: Mapping[str, object], mine: Mapping[str, object], theirs: Mapping[str, object]
    ) -> None:
        super().__init__(reason, status=412)
        self.base = base
        self.mine = mine
        self.theirs = theirs


class EntityTooLarge(Refused):
    """The body, or what would be stored or answered, is too large."""


class UnsupportedMediaType(Refused):
    """The resource does not accept the type of the body."""


class PreconditionRequired(Refused):
    """A PUT lacks If-Match."""


class TooManyRequests(Refused):
    """The caller must slow down; `retry_after` says by how much."""


class ServiceFailure(Refused):
    """Internal error of the server."""


class InvalidExchangeServerVersion(ServiceFailure):
    """The store has a version that this server does not support."""


class CallbackChannelError(ServiceFailure):
    """Others could not be notified of the change, so it was not made."""


class MigrationInProgress(ServiceFailure):
    """The user's contacts are being moved."""


class ProvisioningDataUnavailable(ServiceFailure):
    """The server does not know the user's settings at present."""


class ServiceUnavailable(Refused):
    """The server cannot do this just now; `retry_after` says when to try again."""


class GatewayTimeout(Refused):
    """A server behind the server did not answer in time."""


class TokenRefused(Refused):
    """The token resource refused to grant a token (RFC 6749, 5.2)."""


class InvalidGrant(TokenRefused):
    """User or password, or what stands for them, is wrong."""


class InvalidTokenRequest(TokenRefused):
    """The request for a token is malformed."""


class InvalidScope(TokenRefused):
    """A scope that was asked for does not exist."""


class UnsupportedGrantType(TokenRefused):
    """The server does not offer this grant."""

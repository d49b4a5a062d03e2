"""The table of errors: status, code and subcode of each refusal.

`docs/errors.md` lists the same; a test compares them.
"""

from dataclasses import dataclass

from openucwa.model import refusals
from openucwa.model.refusals import Refusal


@dataclass(frozen=True, slots=True)
class WireError:
    """The status, UCWA code and subcode of a refusal (UCWA: Errors and informational messages).

    `message`: what the client is shown if the refusal's own sentence is for the log alone, because it may name
    machines.
    """

    status: int
    code: str
    subcode: str | None = None
    message: str | None = None


#: Looked up along the class's bases: a refusal without a row of its own uses that of its base.
ERRORS: dict[type[Refusal], WireError] = {
    refusals.BadRequest: WireError(400, "BadRequest"),
    refusals.DeserializationFailure: WireError(400, "BadRequest", "DeserializationFailure"),
    refusals.ParameterValidationFailure: WireError(400, "BadRequest", "ParameterValidationFailure"),
    refusals.Unauthorized: WireError(401, "Unauthorized"),
    refusals.Forbidden: WireError(403, "Forbidden"),
    refusals.AnonymousNotAllowed: WireError(403, "Forbidden", "AnonymousNotAllowed"),
    refusals.AttendeeNotAllowed: WireError(403, "Forbidden", "AttendeeNotAllowed"),
    refusals.TooManySubscriptions: WireError(403, "Forbidden", "LimitExceeded"),
    refusals.TooManyContacts: WireError(403, "Forbidden", "TooManyContacts"),
    refusals.TooManyDelegates: WireError(403, "Forbidden", "LimitExceeded"),
    refusals.OperationNotSupported: WireError(403, "Forbidden", "OperationNotSupported"),
    refusals.ResourceNotFound: WireError(404, "NotFound", "ResourceNotFound"),
    refusals.ApplicationNotFound: WireError(404, "NotFound", "ApplicationNotFound"),
    refusals.DestinationNotFound: WireError(404, "NotFound", "DestinationNotFound"),
    refusals.ConversationNotFound: WireError(404, "NotFound", "ConversationNotFound"),
    refusals.ApiVersionNotSupported: WireError(404, "NotFound", "APIVersionNotSupported"),
    refusals.MethodNotAllowed: WireError(405, "MethodNotAllowed"),
    refusals.NotAcceptable: WireError(406, "NotAcceptable"),
    refusals.ClientTimeout: WireError(408, "ClientTimeout"),
    refusals.Conflict: WireError(409, "Conflict"),
    refusals.AlreadyExists: WireError(409, "Conflict", "AlreadyExists"),
    refusals.TooManyGroups: WireError(409, "Conflict", "TooManyGroups"),
    refusals.LimitExceeded: WireError(409, "Conflict", "LimitExceeded"),
    refusals.TooManyOnlineMeetings: WireError(409, "Conflict", "TooManyOnlineMeetings"),
    refusals.TooManyConversations: WireError(409, "Conflict", "TooManyConversations"),
    refusals.MakeMeAvailableRequired: WireError(409, "Conflict", "MakeMeAvailableRequired"),
    refusals.PGetReplaced: WireError(409, "Conflict", "PGetReplaced"),
    refusals.CannotRedirect: WireError(410, "Gone", "CannotRedirect"),
    refusals.TooManyApplications: WireError(410, "Gone", "TooManyApplications"),
    refusals.ChangesForgotten: WireError(410, "Gone", "ChangesForgotten"),
    refusals.PreconditionFailed: WireError(412, "PreconditionFailed"),
    refusals.EntityTooLarge: WireError(413, "EntityTooLarge"),
    refusals.UnsupportedMediaType: WireError(415, "UnsupportedMediaType"),
    refusals.PreconditionRequired: WireError(428, "PreconditionRequired"),
    refusals.TooManyRequests: WireError(429, "TooManyRequests"),
    refusals.InvalidExchangeServerVersion: WireError(500, "ServiceFailure", "InvalidExchangeServerVersion"),
    refusals.CallbackChannelError: WireError(
        500, "ServiceFailure", "CallbackChannelError", "others could not be notified of the change, so it was not made"
    ),
    refusals.ServiceUnavailable: WireError(
        503, "ServiceUnavailable", message="the server cannot do this just now; try again"
    ),
}

#: An internal error: the client learns nothing but the request id.
FAULT = WireError(500, "ServiceFailure")


def wire_error(refusal: type[Refusal]) -> WireError:
    """The row of `refusal`, or of its nearest base that has one."""
    for base in refusal.__mro__:
        if issubclass(base, Refusal) and (row := ERRORS.get(base)) is not None:
            return row
    return FAULT


def sentence(refusal: Refusal) -> str:
    """The sentence for the client."""
    return wire_error(type(refusal)).message or str(refusal)

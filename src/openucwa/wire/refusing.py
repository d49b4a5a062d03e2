"""Refusals as answers: the error table applied, in the format that the client asked for."""

import logging
from typing import Any

import falcon

from openucwa.model.refusals import (
    CallbackChannelError,
    MethodNotAllowed,
    NotAcceptable,
    ParameterValidationFailure,
    Refusal,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)
from openucwa.representation.document import Reason
from openucwa.wire import negotiation
from openucwa.wire.connection import ClientGone
from openucwa.wire.errors import FAULT, WireError, wire_error
from openucwa.wire.resource import Request, Response

_log = logging.getLogger("openucwa")

#: What the log says of a request whose client went away before its answer; no client ever gets it.
CLIENT_CLOSED_REQUEST = 499

#: What a browser, or a client that asked for nothing, is shown with a 401.
UNAUTHORIZED_HTML = (
    "<!DOCTYPE html><html lang=en><title>401 Unauthorized</title>"
    "<h1>401 Unauthorized</h1><p>This resource needs a token. The WWW-Authenticate headers say where to get one.</p>"
)


def reason(refusal: Refusal) -> Reason:
    """The refusal as the client is shown it."""
    row = wire_error(type(refusal))
    parameters = refusal.parameters if isinstance(refusal, ParameterValidationFailure) else {}
    return Reason(code=row.code, subcode=row.subcode, message=str(refusal), parameters=parameters)


async def refuse(req: Request, resp: Response, refusal: Refusal, _params: dict[str, Any]) -> None:
    """Falcon's error handler for refusals."""
    row = wire_error(type(refusal))
    if isinstance(refusal, MethodNotAllowed):
        resp.set_header("Allow", ", ".join(refusal.allowed))
    elif isinstance(refusal, TooManyRequests | ServiceUnavailable | CallbackChannelError):
        resp.set_header("Retry-After", str(refusal.retry_after))
    if isinstance(refusal, Unauthorized) and not _wants_reason(req):
        resp.status = row.status
        resp.content_type = "text/html; charset=utf-8"
        resp.text = UNAUTHORIZED_HTML
        return
    _answer(req, resp, row, reason(refusal))


async def refuse_http(req: Request, resp: Response, error: falcon.HTTPError, _params: dict[str, Any]) -> None:
    """Falcon's own refusals (of a request line that it can't use, say) in UCWA's form."""
    row = WireError(error.status_code, "BadRequest" if error.status_code < 500 else "ServiceFailure")
    _answer(req, resp, row, Reason(code=row.code, message=error.description or error.title or "bad request"))


async def fail(req: Request, resp: Response, error: Exception, _params: dict[str, Any]) -> None:
    """A fault of ours: the log has it whole, the client learns that it happened and the request id."""
    _log.error("a request failed", exc_info=error, extra={"request_id": req.scope.get("openucwa.request_id")})
    _answer(req, resp, FAULT, Reason(code=FAULT.code, message="the server failed; its log has this request's id"))


def _wants_reason(req: Request) -> bool:
    if req.scope.get("openucwa.html_challenge"):
        return False
    accept = req.get_header("Accept") or ""
    return "json" in accept.lower() or "xml" in accept.lower().replace("xhtml+xml", "")


def _answer(req: Request, resp: Response, row: WireError, shown: Reason) -> None:
    try:
        media_type = negotiation.choose(req.get_header("Accept"), negotiation.UCWA_TYPES)
    except NotAcceptable:
        media_type = negotiation.UCWA_TYPES[0]
    resp.status = row.status
    resp.text = None
    resp.data = None
    resp.content_type = negotiation.content_type(media_type)
    resp.media = shown


async def forget(_req: Request, resp: Response, _gone: ClientGone, _params: dict[str, Any]) -> None:
    """The client is gone: whatever is answered, nobody reads it."""
    resp.status = CLIENT_CLOSED_REQUEST

"""Renders answers and refusals as responses: JSON or XML, compression, and the headers of every response."""

from collections.abc import Callable, Iterable, Mapping

from openucwa.api.answer import Answer
from openucwa.api.error_page import ErrorPages
from openucwa.api.errors import ERRORS, FAULT, WireError, sentence, wire_error
from openucwa.http import negotiation
from openucwa.http.addresses import Addresses
from openucwa.http.compression import accepts_gzip, compress, decompress
from openucwa.http.cors import Cors
from openucwa.http.lists import DEFAULT_LIMITS, ListLimits
from openucwa.http.message import Delivery, Header, Request, Response
from openucwa.http.negotiation import JSON, UCWA_JSON, UCWA_TYPES
from openucwa.model.refusals import (
    AlreadyJoined,
    CallbackChannelError,
    MethodNotAllowed,
    NotAcceptable,
    Refusal,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
)
from openucwa.representation import json, xml
from openucwa.representation.document import Document, Reason

#: The client_id and realm that Microsoft's servers send to clients that expect another token issuer.
CLIENT_ID = "00000004-0000-0ff1-ce00-000000000000"
REALM = "00000002-0000-0ff1-ce00-000000000000"

#: The page that a browser is shown with a 401.
UNAUTHORIZED_HTML = (
    b"<!DOCTYPE html><html lang=en><title>401 Unauthorized</title>"
    b"<h1>401 Unauthorized</h1><p>This resource needs a token. The WWW-Authenticate headers say where to get one.</p>"
)
#: The message of an internal error; details are in the log.
FAULT_REASON = Reason(code=FAULT.code, message="internal server error; see the server log for this request id")

_JSON_TYPES = frozenset({JSON, UCWA_JSON})
_CONTENT_TYPES: Mapping[str, Header] = {
    media_type: (b"Content-Type", negotiation.content_type(media_type).encode()) for media_type in UCWA_TYPES
}
#: The error code of a status that nothing else describes.
_CODES = {row.status: row.code for row in ERRORS.values()}
_UNAVAILABLE = 503
#: Bodies that gzip makes no smaller.
_COMPRESSED = frozenset({"image/jpeg", "image/png"})
_VARY: Header = (b"Vary", b"Accept, Accept-Encoding")
_GZIP: Header = (b"Content-Encoding", b"gzip")
_HSTS: Header = (b"Strict-Transport-Security", b"max-age=31536000")


class Renderer:
    """Renders for one server.

    `fqdn`: its name. `grants`: the grant types of its token resource, separated by commas. `issuers`: the authorization
    endpoints of other issuers, as far as they are known at the moment. `lists`: limits of headers that are lists.
    `error_pages`: what browsers get in place of errors.
    """

    def __init__(
        self,
        addresses: Addresses,
        cors: Cors,
        fqdn: str,
        grants: str,
        issuers: Callable[[], Iterable[str]] = tuple,
        lists: ListLimits = DEFAULT_LIMITS,
        *,
        error_pages: ErrorPages,
    ) -> None:
        self._issuers = issuers
        self._error_pages = error_pages
        self._lists = lists
        self._addresses = addresses
        self._cors = cors
        self._grants = grants
        self._standard: tuple[Header, ...] = (
            (b"X-MS-UcwaVersion", b"2.0"),
            (b"X-MS-Server-Fqdn", fqdn.encode("ascii", "replace")),
            (b"X-Content-Type-Options", b"nosniff"),
        )
        self._secure = (*self._standard, _HSTS)

    def response(
        self,
        request: Request,
        answer: Answer,
        *,
        media_type: str = JSON,
        rel: str | None = None,
        identity: str | None = None,
        note: str | None = None,
    ) -> Response:
        """The response for `answer`. `media_type`: that of its document."""
        headers: list[Header] = []
        document = answer.document
        if document is not None:
            form = json if media_type in _JSON_TYPES else xml
            body = form.write(document) if isinstance(document, Document) else form.write_events(document)
            headers.append(_CONTENT_TYPES[media_type])
        else:
            body = answer.body
            if answer.content_type:
                headers.append((b"Content-Type", answer.content_type.encode()))
        if answer.etag is not None:
            headers.append((b"ETag", b'"%s"' % answer.etag.encode()))
        if answer.location is not None:
            headers.append((b"Location", answer.location.encode()))
        headers += answer.headers
        if body or answer.gzipped:
            headers.append(_VARY)
            if (
                answer.content_type not in _COMPRESSED
                and (encoding := request.headers.get(b"accept-encoding"))
                and accepts_gzip(encoding.decode("latin-1"), self._lists)
            ):
                body = answer.gzipped or compress(body)
                headers.append(_GZIP)
            elif answer.gzipped:
                body = body or decompress(answer.gzipped)
        elif answer.status == 304:
            headers.append(_VARY)
        headers += self._secure if request.scheme == "https" else self._standard
        headers += self._cors.headers(request)
        headers.append((b"Cache-Control", answer.cache_control))
        headers.append((b"X-Request-Id", request.id.encode()))
        return Response(
            status=answer.status,
            headers=tuple(headers),
            body=body,
            close=request.fault is not None,
            rel=rel,
            identity=identity,
            note=note,
            delivery=None if answer.stream is None else Delivery(stream=answer.stream),
        )

    def refusal(
        self,
        request: Request,
        refusal: Refusal,
        *,
        rel: str | None = None,
        identity: str | None = None,
        html_challenge: bool = False,
    ) -> Response:
        """The response for a refusal. `html_challenge`: whether a 401 is an HTML page."""
        row = wire_error(type(refusal))
        headers: tuple[Header, ...] = ()
        if isinstance(refusal, MethodNotAllowed):
            headers = ((b"Allow", ", ".join(refusal.allowed).encode()), *_accept_patch(refusal.patches))
        elif isinstance(refusal, UnsupportedMediaType):
            headers = _accept_patch(refusal.patches)
        elif isinstance(refusal, AlreadyJoined) and refusal.location is not None:
            headers = ((b"Location", refusal.location.encode()),)
        elif isinstance(refusal, TooManyRequests | ServiceUnavailable | CallbackChannelError):
            headers = ((b"Retry-After", str(refusal.retry_after).encode()),)
        elif isinstance(refusal, Unauthorized):
            headers = self._challenges(request)
            if html_challenge and not negotiation.is_navigation(request):
                page = Answer(
                    status=row.status, body=UNAUTHORIZED_HTML, content_type="text/html; charset=utf-8", headers=headers
                )
                return self.response(request, page, rel=rel, identity=identity)
        return self._reason(request, row, reason(refusal), headers, rel, identity, refusal.reason)

    def fault(self, request: Request, *, rel: str | None = None, identity: str | None = None) -> Response:
        """The response for an internal error."""
        return self._reason(request, FAULT, FAULT_REASON, (), rel, identity, None)

    def refused(self, status: int, sentence: str) -> Response:
        """The response to a request that never reached a handler. `http.message.Refused`."""
        shown = Reason(code=_CODES.get(status, "BadRequest" if status < 500 else FAULT.code), message=sentence)
        headers = (_CONTENT_TYPES[JSON], *self._standard, (b"Cache-Control", b"no-cache"))
        if status == _UNAVAILABLE:
            headers = (*headers, (b"Retry-After", b"1"))
        return Response(status=status, headers=headers, body=json.write_reason(shown), close=True, note=sentence)

    def _reason(
        self,
        request: Request,
        row: WireError,
        shown: Reason,
        headers: tuple[Header, ...],
        rel: str | None,
        identity: str | None,
        note: str | None,
    ) -> Response:
        if request.method == "GET" and negotiation.is_navigation(request):
            page = self._error_pages.answer(row.status, shown.message, request.id, headers)
            return self.response(request, page, rel=rel, identity=identity, note=note)
        try:
            media_type = negotiation.choose(request.header(b"accept"), UCWA_TYPES, self._lists)
        except NotAcceptable:
            media_type = JSON
        form = json if media_type in _JSON_TYPES else xml
        answer = Answer(
            status=row.status,
            body=form.write_reason(shown),
            content_type=negotiation.content_type(media_type),
            headers=headers,
        )
        return self.response(request, answer, rel=rel, identity=identity, note=note)

    def _challenges(self, request: Request) -> tuple[Header, ...]:
        """The challenges. Their order matters: some clients take the second line for that of the token
        resource; issuers follow.
        """
        base = self._addresses.base(request)
        host = base.partition("://")[2]
        bearer = f'Bearer trusted_issuers="{REALM}@{host}", client_id="{CLIENT_ID}"'
        token = f'MsRtcOAuth href="{base}/WebTicket/oauthtoken",grant_type="{self._grants}"'
        issuers = (f'Bearer authorization_uri="{uri}"' for uri in self._issuers())
        return tuple((b"WWW-Authenticate", line.encode()) for line in (bearer, token, *issuers))


def _accept_patch(media_types: tuple[str, ...]) -> tuple[Header, ...]:
    """RFC 5789, section 3.1."""
    return ((b"Accept-Patch", ", ".join(media_types).encode()),) if media_types else ()


def reason(refusal: Refusal) -> Reason:
    """The refusal as the client sees it."""
    row = wire_error(type(refusal))
    return Reason(code=row.code, subcode=row.subcode, message=sentence(refusal), parameters=refusal.parameters)

"""The request pipeline: every check between a request's head and the resource that answers it.

The order is that of `docs/protocol.md`: 401, 404, 403, 405, 406, 413, 415, 428, 412, 400. The resource itself is left
with 409 and the work.
"""

import codecs
import logging
from collections.abc import Coroutine
from typing import Any

import msgspec

from openucwa.api.answer import Answer
from openucwa.api.answer_size import check_size
from openucwa.api.call import Call, Parts
from openucwa.api.pass_through import pass_through_name
from openucwa.api.rendering import Renderer
from openucwa.api.resource import SAFE_METHODS, Operation, Precondition, Resource, Responder
from openucwa.api.response_cache import CacheableResponse
from openucwa.api.router import Found, Router
from openucwa.api.versions import UCWA_VERSION, required_version
from openucwa.api.waiting import ClientGone
from openucwa.channel.activity import Activity
from openucwa.http import conditions, negotiation
from openucwa.http.addresses import Addresses
from openucwa.http.authorization import bearer_token, photo_cookie
from openucwa.http.charset import TextKind
from openucwa.http.lists import ListLimits
from openucwa.http.message import CLIENT_CLOSED_REQUEST, BodyFault, Request, Response
from openucwa.identity.callers import Callers
from openucwa.identity.current_user import current_user
from openucwa.model.refusals import (
    AnonymousNotAllowed,
    ApiVersionNotSupported,
    ApplicationNotFound,
    BadRequest,
    ClientTimeout,
    EntityTooLarge,
    Forbidden,
    MethodNotAllowed,
    ParameterValidationFailure,
    PreconditionFailed,
    PreconditionRequired,
    Refusal,
    ServiceUnavailable,
    SourceUnavailable,
    TooManyApplications,
    Unauthorized,
    UnsupportedMediaType,
)
from openucwa.model.user import DISABLED
from openucwa.representation import json, xml
from openucwa.representation.bodies import encoding_of, text_of
from openucwa.representation.limits import StructureLimits
from openucwa.representation.parameters import read
from openucwa.representation.patches import PATCH_TYPES, PatchLimits, read_patch
from openucwa.store.contract import Store

logger = logging.getLogger("openucwa")


class Pipeline:
    """The innermost handler: every request that is to reach a resource passes it.

    `limits`: of the structure of a body. `patch_limits`: of a patch. `lists`: of headers whose value is a list.
    `strict_put`: whether a PUT must contain the pass-through property. `max_answer_bytes`: the approximate maximum size
    of a document; a larger one is refused before it is rendered.
    """

    def __init__(
        self,
        router: Router,
        renderer: Renderer,
        addresses: Addresses,
        store: Store,
        callers: Callers,
        activity: Activity,
        *,
        limits: StructureLimits,
        patch_limits: PatchLimits,
        lists: ListLimits,
        strict_put: bool,
        max_answer_bytes: int,
    ) -> None:
        self._router = router
        self._renderer = renderer
        self._addresses = addresses
        self._store = store
        self._callers = callers
        self._activity = activity
        self._limits = limits
        self._patch_limits = patch_limits
        self._lists = lists
        self._strict_put = strict_put
        self._max_answer_bytes = max_answer_bytes
        #: Answers the parts of batches.
        self.parts: Parts = self

    def __call__(self, request: Request) -> Coroutine[Any, Any, Response]:
        return self._respond(request, self._router.find(request.path))

    async def part(self, request: Request) -> Response:
        """The response to a part of a batch."""
        found = self._router.find(request.path)
        if not found.resource.batchable:
            refusal = BadRequest(f"{found.resource.rel} cannot be part of a batch")
            return self._renderer.refusal(request, refusal, rel=found.resource.rel)
        return await self._respond(request, found)

    def refused(self, request: Request, refusal: Refusal) -> Response:
        """The response to `request` if it is refused for this reason."""
        found = self._router.find(request.path)
        return self._refusal(self._call(request, found), found.resource, refusal)

    def _call(self, request: Request, found: Found) -> Call[Any]:
        return Call(
            request=request,
            method=request.method,
            prefix=found.prefix,
            base=self._addresses.base(request),
            parts=self.parts,
            lists=self._lists,
            target=None,
        )

    async def _respond(self, request: Request, found: Found) -> Response:
        resource = found.resource
        call = self._call(request, found)
        try:
            answer = await self._answer(call, found)
            if answer.document is not None and call.method == "GET":
                check_size(answer.document, self._max_answer_bytes)
            response = self._renderer.response(
                request, answer, media_type=call.media_type, rel=resource.rel, identity=_identity(call)
            )
            if resource.cached and call.method == "GET" and call.known_session is not None:
                meeting = found.names.get("meeting_id")
                response = CacheableResponse.of(response, call.caller, call.known_session, meeting)
        except SourceUnavailable as refusal:
            return msgspec.structs.replace(self._refusal(call, resource, refusal), reported=True)
        except Refusal as refusal:
            return self._refusal(call, resource, refusal)
        except ClientGone:
            return Response(status=CLIENT_CLOSED_REQUEST, rel=resource.rel, identity=_identity(call))
        except Exception:
            # The log has the traceback; the client only learns that it happened, and the request id.
            logger.exception("a request failed", extra={"request_id": request.id})
            return self._fault(call, resource)
        return response

    def _refusal(self, call: Call[Any], resource: Resource[Any], refusal: Refusal) -> Response:
        own = resource.refusal(call, refusal)
        if own is not None:
            return self._renderer.response(
                call.request, own, rel=resource.rel, identity=_identity(call), note=str(refusal)
            )
        return self._renderer.refusal(
            call.request,
            refusal,
            rel=resource.rel,
            identity=_identity(call),
            html_challenge=resource.html_challenge,
        )

    def _fault(self, call: Call[Any], resource: Resource[Any]) -> Response:
        own = resource.refusal(call, None)
        if own is not None:
            return self._renderer.response(call.request, own, rel=resource.rel, identity=_identity(call))
        return self._renderer.fault(call.request, rel=resource.rel, identity=_identity(call))

    async def _answer(self, call: Call[Any], found: Found) -> Answer:
        """Runs all checks, in order, and the resource's method."""
        resource = found.resource
        check_arrival(call.request)
        if resource.photo_cookie and call.method == "GET" and (cookie := photo_cookie(call.request)) is not None:
            call.known_caller = await self._callers.check_cookie(cookie, found.names["application_id"])
        elif not resource.public:
            call.known_caller = await self._callers.check(bearer_token(call.request))
        await self._check_application(call, found)
        check_version(call)
        check_anonymous(call, resource)
        call.target = await resource.locate(call, **found.names)
        check_scope(call, resource)
        responder = find_responder(call, resource)
        operation = responder.operation
        choose_media_type(call, operation)
        body = take_body(call, operation)
        if (unchanged := check_conditions(call, operation, resource)) is not None:
            return unchanged
        self._read_input(call, operation, body, resource)
        return await responder.function(resource, call)

    async def _check_application(self, call: Call[Any], found: Found) -> None:
        """404, 410: the application in the path; 401 if its user is no longer the one that the token was issued to."""
        application_id = found.names.get("application_id")
        if application_id is None or call.known_caller is None:
            return
        caller = call.known_caller
        try:
            session = await self._store.applications.session(caller.identity, application_id)
        except (ApplicationNotFound, TooManyApplications):
            await current_user(self._store.users, caller)
            raise
        if session.disabled:
            raise Unauthorized(DISABLED)
        if not caller.is_of(session.generation):
            raise Unauthorized("this token was revoked: by a new password, or by signing out")
        if not self._activity.admit(session):
            raise ApplicationNotFound("no such application; it may have expired")
        call.known_session = session

    def _read_input(self, call: Call[Any], operation: Operation, body: bytes, resource: Resource[Any]) -> None:
        """400: the documented input, from query and body."""
        if operation.query:
            call.values |= read(operation.query, {}, call.query)
        if operation.consumes:
            call.body = body
            if call.encoding is not None:
                call.text = text_of(body, call.encoding)
            if call.kind == "json" and operation.additional_properties:
                call.given = json.read(call.text, self._limits)
            elif body and (media_type := body_type(call.request.header(b"content-type"))) in PATCH_TYPES:
                call.patch = read_patch(media_type, json.read_value(call.text, self._limits), self._patch_limits)
            return
        if body:
            form = json if call.kind == "json" else xml
            call.given = form.read(text_of(body, call.encoding or "utf_8"), self._limits)
        if operation.pass_through and self._strict_put:
            name = pass_through_name(resource.rel)
            if name not in call.given:
                raise ParameterValidationFailure({name: "is missing: return this property unchanged in a PUT"})
        if operation.takes is not None and not operation.additional_properties:
            query = call.query if call.method == "POST" and call.request.query else {}
            call.values |= read(operation.takes, call.given, query)


def check_arrival(request: Request) -> None:
    """408, 503: the body did not arrive in time, or the server holds too many."""
    if request.fault is BodyFault.TOO_SLOW:
        raise ClientTimeout("the request body did not arrive in time")
    if request.fault is BodyFault.NO_ROOM:
        raise ServiceUnavailable("the server is holding too many request bodies; try again", retry_after=1)


def check_version(call: Call[Any]) -> None:
    """404: the client requires a newer version of the resources."""
    wanted = required_version(call.request, call.lists)
    if wanted is not None and float(wanted) > UCWA_VERSION:
        raise ApiVersionNotSupported(f"this server has version {UCWA_VERSION} of its resources, not {wanted[:20]}")


def check_anonymous(call: Call[Any], resource: Resource[Any]) -> None:
    """403, before the resource is located: nothing below belongs to an anonymous user, whatever its name."""
    if not resource.anonymous and call.known_caller is not None and call.known_caller.anonymous:
        raise AnonymousNotAllowed(f"{resource.rel} requires a signed-in user")


def check_scope(call: Call[Any], resource: Resource[Any]) -> None:
    """403: the caller has none of the resource's scopes."""
    caller = call.known_caller
    if caller is None or caller.scopes is None or not resource.scopes:
        return
    scopes = resource.required_scopes(call, call.target)
    if not scopes & caller.scopes:
        raise Forbidden(f"{resource.rel} requires one of the scopes {', '.join(sorted(scopes))}")


def find_responder(call: Call[Any], resource: Resource[Any]) -> Responder[Any]:
    """405."""
    found = resource.responders.get(call.method)
    if found is None:
        allowed = tuple(sorted(resource.operations))
        patches = resource.operations["PATCH"].consumes if "PATCH" in allowed else ()
        raise MethodNotAllowed(f"{resource.rel} supports {', '.join(allowed) or 'no method'}", allowed, patches)
    return found


def choose_media_type(call: Call[Any], operation: Operation) -> None:
    """406."""
    if operation.produces and operation.negotiated:
        call.media_type = negotiation.choose(call.request.header(b"accept"), operation.produces, call.lists)


def take_body(call: Call[Any], operation: Operation) -> bytes:
    """413, 415: the body, if the operation takes one."""
    request = call.request
    if request.fault is BodyFault.TOO_LARGE:
        raise EntityTooLarge("the body is larger than this server accepts")
    body = request.body
    if not body or (operation.takes is None and not operation.consumes):
        return b""
    content_type = request.header(b"content-type") or operation.default_type
    if content_type is None and not operation.consumes:
        content_type = untyped(body)
    kind = call.kind = negotiation.kind_of(content_type)
    fits = body_type(content_type) in operation.consumes if operation.consumes else kind is not None
    if not fits:
        takes = operation.consumes or negotiation.UCWA_TYPES
        patches = takes if call.method == "PATCH" else ()
        raise UnsupportedMediaType(f"the Content-Type of the body must be one of {', '.join(takes)}", patches)
    if (request.header(b"content-encoding") or "identity").strip().lower() != "identity":
        # Nothing is decompressed: the client would decide how large a body becomes.
        raise UnsupportedMediaType("the body must not have a Content-Encoding")
    call.encoding = find_encoding(body, content_type, kind)
    return body


def untyped(body: bytes) -> str | None:
    """The media type of a body without Content-Type, which a request of the reference lacks: JSON or XML by its first
    character; None: it is neither.
    """
    first = body.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    return {b"{": negotiation.JSON, b"<": negotiation.XML}.get(first)


def body_type(content_type: str | None) -> str:
    """The media type of a body, in lower case, without parameters."""
    return (content_type or "").partition(";")[0].strip().lower()


def find_encoding(body: bytes, content_type: str | None, kind: TextKind | None) -> str | None:
    """415: the charset of the body is not supported. Returns the codec; None: the body is not text, or determines its
    encoding itself (a form, a batch).
    """
    if kind is None:
        media_type = negotiation.value_and_parameters(content_type or "")[0]
        if media_type.startswith("text/"):
            kind = "text"
        elif media_type.endswith("+json"):
            kind = "json"
    return None if kind is None else encoding_of(body, negotiation.charset_of(content_type), kind)


def check_conditions(call: Call[Any], operation: Operation, resource: Resource[Any]) -> Answer | None:
    """428, 412; returns the answer 304 if the client's copy is current."""
    request = call.request
    if_match = request.header(b"if-match")
    if if_match is not None:
        call.if_match = conditions.parse(if_match, call.lists)
    elif operation.precondition is Precondition.REQUIRED:
        raise PreconditionRequired(f"{call.method} on {resource.rel} requires If-Match with the current etag")
    etag = call.etag = resource.etag(call, call.target)
    if etag is None:
        return None
    if not conditions.matches(call.if_match, etag):
        if if_match is not None and conditions.names_no_etag(if_match, call.lists):
            raise PreconditionFailed(f'If-Match contains no etag; the one of {resource.rel} has the form "{etag}"')
        raise PreconditionFailed(f"{resource.rel} has changed: its etag does not match If-Match")
    none_match = request.header(b"if-none-match")
    if none_match is None or not conditions.matches(conditions.parse(none_match, call.lists), etag):
        return None
    if call.method not in SAFE_METHODS:
        raise PreconditionFailed(f"the etag of {resource.rel} is listed in If-None-Match")
    return Answer(status=304, etag=etag, cache_control=resource.cache_control)


def _identity(call: Call[Any]) -> str | None:
    return None if call.known_caller is None else call.known_caller.identity

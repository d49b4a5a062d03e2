"""The door: the checks that every request passes, in the order of `docs/protocol.md`.

401, 404, 403, 405, 406, 413, 415, 428, 412, 400; what is left for the resource is 409 and the work itself.
"""

from typing import Any, cast

from openucwa.channel.activity import Activity
from openucwa.channel.bus import Bus
from openucwa.config import Config
from openucwa.identity.keys import SigningKeys
from openucwa.identity.tickets import Ticket
from openucwa.model.application import Session
from openucwa.model.refusals import (
    AnonymousNotAllowed,
    ApiVersionNotSupported,
    ApplicationNotFound,
    BadRequest,
    EntityTooLarge,
    Forbidden,
    MethodNotAllowed,
    ParameterValidationFailure,
    PreconditionFailed,
    PreconditionRequired,
    Refusal,
    TooManyApplications,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
)
from openucwa.representation import json, xml
from openucwa.representation.parameters import read
from openucwa.store.contract import Store
from openucwa.wire import conditions, negotiation
from openucwa.wire.addresses import Addresses
from openucwa.wire.kept import Claim, KeptAnswers
from openucwa.wire.pass_through import pass_through_name
from openucwa.wire.resource import Operation, Request, Resource, Response

#: The version of UCWA's resources that the server has (UCWA: Versioning).
UCWA_VERSION = 2.0

_CONDITIONAL = {"PUT", "DELETE", "POST"}


class UnderWay:
    """How many requests of each identity are under way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: dict[str, int] = {}

    def enter(self, identity: str, count: int = 1) -> None:
        """Counts `count` more. TooManyRequests, with nothing counted: that would be over the limit."""
        now = self._counts.get(identity, 0) + count
        if now > self._most:
            raise TooManyRequests(f"more than {self._most} requests under way", retry_after=1)
        self._counts[identity] = now

    def leave(self, identity: str, count: int = 1) -> None:
        """Takes back what `enter` counted."""
        left = self._counts.get(identity, 0) - count
        if left > 0:
            self._counts[identity] = left
        else:
            self._counts.pop(identity, None)


class Door:
    """Falcon's middleware for all resources: nothing reaches a responder but through here."""

    def __init__(
        self,
        store: Store,
        keys: SigningKeys,
        activity: Activity,
        bus: Bus,
        addresses: Addresses,
        under_way: UnderWay,
        kept: KeptAnswers,
        config: Config,
    ) -> None:
        self._store = store
        self._keys = keys
        self._activity = activity
        self._bus = bus
        self._addresses = addresses
        self._under_way = under_way
        self._kept = kept
        self._config = config

    async def process_request(self, req: Request, resp: Response) -> None:
        """Refuses what was found wanting before there was anything to route."""
        refusal = req.scope.get("openucwa.refusal")
        if refusal is not None:
            raise cast("Refusal", refusal)

    async def process_resource(
        self, req: Request, resp: Response, resource: Resource[Any], params: dict[str, Any]
    ) -> None:
        call = req.call
        call.method = req.method
        req.scope["openucwa.rel"] = resource.rel
        changes = self._kept.changes
        call.base = self._addresses.base(req.scope)
        call.prefix = getattr(req.context, "prefix", call.prefix)
        if req.scope.get("openucwa.part") and not resource.batchable:
            raise BadRequest(f"{resource.rel} can't be part of a batch")
        if not resource.public:
            req.scope["openucwa.html_challenge"] = resource.html_challenge
            call.ticket = await self._authenticate(req)
            self._count(req, call.ticket)
            if (application_id := params.pop("application_id", None)) is not None:
                call.session = await self._session(call.ticket, application_id)
        self._check_version(req)
        if not resource.anonymous and call.ticket is not None and call.ticket.anonymous:
            # Ahead of the look for the resource: nothing below belongs to an anonymous user, whatever its name.
            raise AnonymousNotAllowed(f"{resource.rel} is for users who signed in")
        if resource.kept and req.method == "GET" and call.ticket is not None and call.session is not None:
            meeting = params.get("meeting_id")
            req.scope["openucwa.claim"] = Claim(call.ticket, call.session, resource.rel, meeting, changes)
        target = await resource.locate(call, **params)
        params.clear()
        self._check_scopes(resource, call.ticket)
        operation = self._operation(req, resource)
        if operation.produces:
            call.media_type = negotiation.choose(req.get_header("Accept"), operation.produces)
        body = self._body(req, operation)
        self._check_conditions(req, resp, resource)
        if resp.complete:
            return
        self._read(req, operation, body, resource)
        params["target"] = target

    async def _authenticate(self, req: Request) -> Ticket:
        scheme, _, token = (req.get_header("Authorization") or "").partition(" ")
        if not token:
            raise Unauthorized("this resource needs a token: Authorization: Bearer cwt=...")
        if scheme.lower() != "bearer":
            raise Unauthorized("the Authorization header has to be of the form: Bearer cwt=...")
        return await self._keys.check(token.strip())

    def _count(self, req: Request, ticket: Ticket) -> None:
        # The server takes it back when the answer is out, whatever happens on the way (wire/headers.py).
        if not req.scope.get("openucwa.part"):
            self._under_way.enter(ticket.identity)
            req.scope["openucwa.identity"] = ticket.identity

    async def _session(self, ticket: Ticket, application_id: str) -> Session:
        try:
            session = await self._store.session(ticket.identity, application_id)
        except (ApplicationNotFound, TooManyApplications):
            await self._check_user(ticket)
            raise
        if session.generation != ticket.generation:
            raise Unauthorized("the password was changed after this token was issued")
        if self._activity.expired(session):
            raise ApplicationNotFound("there is no such application; it may have expired")
        self._activity.request(ticket.identity, application_id)
        return session

    async def _check_user(self, ticket: Ticket) -> None:
        """Unauthorized: the ticket's user is gone, or has another password since. (A session tells that by itself.)"""
        if ticket.anonymous:
            return
        user = await self._store.user(ticket.identity)
        if user is None or user.generation != ticket.generation:
            raise Unauthorized("the user is gone, or the password was changed after this token was issued")

    @staticmethod
    def _check_version(req: Request) -> None:
        wanted = req.get_header("X-MS-RequiresMinResourceVersion")
        if wanted is None:
            return
        try:
            number = float(wanted)
        except ValueError:
            number = float("nan")
        if not number <= UCWA_VERSION:
            raise ApiVersionNotSupported(f"this server has version {UCWA_VERSION} of its resources, not {wanted[:20]}")

    @staticmethod
    def _check_scopes(resource: Resource[Any], ticket: Ticket | None) -> None:
        if ticket is None or ticket.scopes is None or not resource.scopes:
            return
        if not resource.scopes & ticket.scopes:
            raise Forbidden(f"{resource.rel} needs one of the scopes {', '.join(sorted(resource.scopes))}")

    @staticmethod
    def _operation(req: Request, resource: Resource[Any]) -> Operation:
        found = resource.operations.get(req.method)
        if found is None:
            allowed = tuple(sorted(resource.operations))
            raise MethodNotAllowed(f"{resource.rel} knows {', '.join(allowed) or 'no method'}", allowed)
        return found

    def _body(self, req: Request, operation: Operation) -> bytes:
        """The body, where the operation takes one: not too large, and of a type that it takes."""
        body = cast("bytes | None", req.scope["openucwa.body"])
        if body is None:
            raise EntityTooLarge(f"the body is larger than {self._config.max_body_bytes} bytes")
        if not body or (operation.takes is None and not operation.consumes):
            return b""
        content_type = req.get_header("Content-Type")
        if operation.consumes:
            media_type = (content_type or "").partition(";")[0].strip().lower()
            fits = media_type in operation.consumes
        else:
            fits = negotiation.kind_of(content_type) is not None
        if not fits:
            takes = operation.consumes or negotiation.UCWA_TYPES
            raise UnsupportedMediaType(f"the body's Content-Type has to be one of {', '.join(takes)}")
        if (req.get_header("Content-Encoding") or "identity").strip().lower() != "identity":
            # Nothing is unpacked: how much a body may become would be the client's to say.
            raise UnsupportedMediaType("the body has to come as it is, without a Content-Encoding")
        return body

    def _check_conditions(self, req: Request, resp: Response, resource: Resource[Any]) -> None:
        call = req.call
        if_match = req.get_header("If-Match")
        if if_match is not None:
            call.if_match = conditions.parse(if_match)
        elif req.method == "PUT":
            raise PreconditionRequired(f"a PUT on {resource.rel} has to bear If-Match with the etag that was read")
        if call.etag is None:
            return
        if not conditions.matches(call.if_match, call.etag):
            raise PreconditionFailed(f"{resource.rel} has changed: its etag is not what If-Match says")
        none_match = req.get_header("If-None-Match")
        if none_match is not None and conditions.matches(conditions.parse(none_match), call.etag):
            if req.method in _CONDITIONAL:
                raise PreconditionFailed(f"{resource.rel} is what If-None-Match says that it must not be")
            resp.status = 304
            resp.set_header("ETag", f'"{call.etag}"')
            resp.complete = True

    def _read(self, req: Request, operation: Operation, body: bytes, resource: Resource[Any]) -> None:
        call = req.call
        if operation.query:
            call.values |= read(operation.query, {}, req.params)
        if operation.consumes:
            call.body = body
            return
        if body:
            form = json if negotiation.kind_of(req.get_header("Content-Type")) == "json" else xml
            call.given = form.read(body, self._config.max_body_depth)
        if req.method == "PUT" and self._config.strict_put:
            name = pass_through_name(resource.rel)
            if name not in call.given:
                raise ParameterValidationFailure({name: "is missing: a PUT has to pass on the property of this name"})
        if operation.takes is not None and not operation.free:
            query = req.params if req.method == "POST" else {}
            call.values |= read(operation.takes, call.given, query)

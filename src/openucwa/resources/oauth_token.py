"""The token resource: exchanges a password, or knowledge of a meeting, for a token."""

from collections.abc import Mapping

import msgspec

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.errors import sentence, wire_error
from openucwa.api.openapi_parts import ref
from openucwa.api.resource import Operation, Resource
from openucwa.http.forms import FORM_TYPES, FormLimits, parse_form
from openucwa.http.message import Header
from openucwa.http.negotiation import is_navigation
from openucwa.identity.sign_in import BAD_REQUEST, MISSING_FIELD, SERVER_FAULT, GrantRefused, SignIn
from openucwa.meetings.pools import Pools
from openucwa.model.refusals import (
    CannotRedirect,
    DeserializationFailure,
    MethodNotAllowed,
    Refusal,
    ServiceUnavailable,
    TooManyRequests,
)
from openucwa.representation.parameters import Parameter
from openucwa.resources.discovery import applications_href
from openucwa.resources.link_headers import link_header

JSON = "application/json; charset=utf-8"
#: By which the `Link` header of an answer with a token leads to where applications are opened.
APPLICATIONS_REL = "openucwa:applications"

#: UCWA: Authentication in UCWA. The grant decides which fields are required; `SignIn` reads them.
FIELDS = (
    Parameter("grant_type", required=True, description="password, or urn:microsoft.rtc:anonmeeting."),
    Parameter("username", description="user@domain, sip:user@domain or DOMAIN\\user."),
    Parameter("password", description="The user's password; for a meeting, its onlineMeetingId."),
    Parameter("ms_rtc_conferenceuri", description="The meeting's onlineMeetingUri."),
    Parameter("scope", description="Documented scopes, separated by spaces, or all; default: all."),
    Parameter("ms_rtc_renew", description="A previous token, whose identity the new one keeps."),
)


class OAuthToken(Resource[None]):
    """UCWA: Authentication in UCWA; RFC 6749, section 5."""

    rel = "oauthtoken"
    public = True

    def __init__(self, sign_in: SignIn, pools: Pools, limits: FormLimits) -> None:
        self._sign_in = sign_in
        self._pools = pools
        self._limits = limits

    @Operation(
        "Issues a token.",
        answers=(200,),
        takes=FIELDS,
        consumes=FORM_TYPES,
        default_type=FORM_TYPES[0],
        produces=("application/json",),
        negotiated=False,
        refuses=(TooManyRequests,),
        shows={200: ref("schemas", "Token")}
        | dict.fromkeys((400, 404, 408, 413, 415, 429, 500, 503), ref("schemas", "TokenError")),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: Authentication in UCWA, POST of a grant."""
        try:
            form = parse_form(call.body, call.request.header(b"content-type") or FORM_TYPES[0], self._limits)
            granted = await self._sign_in.grant(form, call.request.client)
        except DeserializationFailure as refusal:
            return _refused(call, GrantRefused("invalid_request", MISSING_FIELD, str(refusal)))
        except GrantRefused as refusal:
            return _refused(call, refusal)
        shown: dict[str, object] = {
            "access_token": granted.access_token,
            "expires_in": granted.expires_in,
            "ms_rtc_identityscope": "local",
            "token_type": "Bearer",
        }
        if granted.scope is not None:
            shown["scope"] = granted.scope
        return _answer(200, shown, *self._links(call, granted.pool))

    def _links(self, call: Context, pool: str | None) -> tuple[Header, ...]:
        """Where the user opens applications, as `user` says; nothing for users of other pools."""
        try:
            here = self._pools.redirect(pool) is None
        except CannotRedirect:
            here = False
        return (link_header(applications_href(call), APPLICATIONS_REL),) if here else ()

    def refusal(self, call: Context, refusal: Refusal | None) -> Answer | None:
        """RFC 6749, 5.2: every refusal of this resource has OAuth's form, unless a person opens its address."""
        if call.request.method == "GET" and is_navigation(call.request):
            return None
        if refusal is None:
            return _answer(500, {"error": "server_error"}, _diagnostics(call, SERVER_FAULT, "internal server error"))
        status = wire_error(type(refusal)).status
        headers = [_diagnostics(call, BAD_REQUEST if status < 500 else SERVER_FAULT, sentence(refusal))]
        if isinstance(refusal, MethodNotAllowed):
            headers.append((b"Allow", ", ".join(refusal.allowed).encode()))
        elif isinstance(refusal, TooManyRequests | ServiceUnavailable):
            headers.append((b"Retry-After", str(refusal.retry_after).encode()))
        return _answer(status, {"error": "invalid_request" if status < 500 else "server_error"}, *headers)


def _answer(status: int, shown: Mapping[str, object], *headers: Header) -> Answer:
    return Answer(
        status=status,
        body=msgspec.json.encode(shown),
        content_type=JSON,
        headers=((b"Pragma", b"no-cache"), *headers),
        cache_control=b"no-store",
    )


def _refused(call: Context, refusal: GrantRefused) -> Answer:
    headers = [_diagnostics(call, refusal.diagnostics_code, refusal.reason)]
    if refusal.retry_after is not None:
        headers.append((b"Retry-After", str(refusal.retry_after).encode()))
    return _answer(refusal.status, {"error": refusal.error}, *headers)


def _diagnostics(call: Context, code: int, reason: str) -> Header:
    source = call.base.partition("://")[2]
    # Not every character of a message is allowed in a header.
    shown = "".join(char if " " <= char <= "~" and char != '"' else "?" for char in reason)
    return b"X-Ms-diagnostics", f'{code};source="{source}";reason="{shown}"'.encode()

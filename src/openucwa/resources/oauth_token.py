"""The token resource: where a client turns a password, or knowledge of a meeting, into a ticket."""

from collections.abc import Mapping

import msgspec

from openucwa.identity.sign_in import BAD_REQUEST, MISSING_FIELD, GrantRefused, OAuthError, SignIn
from openucwa.model.refusals import DeserializationFailure, TooManyRequests
from openucwa.representation.parameters import Parameter
from openucwa.wire.forms import parse_form
from openucwa.wire.resource import FORM_TYPES, Call, Request, Resource, Response, operation

JSON = "application/json; charset=utf-8"

#: UCWA: Authentication in UCWA. Which of them are needed depends on the grant; the sign-in reads them.
FIELDS = (
    Parameter("grant_type", required=True, description="password, or urn:microsoft.rtc:anonmeeting."),
    Parameter("username", description="user@domain, sip:user@domain or DOMAIN\\user."),
    Parameter("password", description="The user's; of a meeting, its onlineMeetingId."),
    Parameter("ms_rtc_conferenceuri", description="The meeting's onlineMeetingUri."),
    Parameter("scope", description="Documented scopes, separated by blanks, or all; default: all."),
    Parameter("ms_rtc_renew", description="An earlier ticket, whose identity the new one keeps."),
)
#: The JSON Schemas of the answers (RFC 6749, 5).
GRANTED = {
    "type": "object",
    "properties": {
        "access_token": {"type": "string"},
        "expires_in": {"type": "integer", "description": "In seconds."},
        "ms_rtc_identityscope": {"const": "local"},
        "token_type": {"const": "Bearer"},
        "scope": {"type": "string", "description": "Where fewer than all were asked for."},
    },
    "required": ["access_token", "expires_in", "token_type"],
}
#: OAuth's word for a status, where a refusal is not the sign-in's.
ERRORS: Mapping[int, OAuthError] = {500: "server_error", 503: "server_error", 504: "server_error"}
NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
REFUSED = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}


class OAuthToken(Resource[None]):
    """UCWA: Authentication in UCWA; RFC 6749, section 5."""

    rel = "oauthtoken"
    public = True

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in

    @operation(
        "Grants a token.",
        answers=(200,),
        takes=FIELDS,
        consumes=FORM_TYPES,
        default_type=FORM_TYPES[0],
        any_accept=True,
        produces=("application/json",),
        refuses=(TooManyRequests,),
        shows={200: GRANTED, 400: REFUSED, 429: REFUSED},
    )
    async def on_post(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: Authentication in UCWA, POST of a grant."""
        resp.set_headers(NOT_STORED)
        resp.content_type = JSON
        try:
            form = parse_form(req.call.body, req.get_header("Content-Type") or FORM_TYPES[0])
            granted = await self._sign_in.grant(form, req.remote_addr)
        except DeserializationFailure as refusal:
            self._refuse(req, resp, GrantRefused("invalid_request", MISSING_FIELD, str(refusal)))
        except GrantRefused as refusal:
            self._refuse(req, resp, refusal)
        else:
            answer = {
                "access_token": granted.access_token,
                "expires_in": granted.expires_in,
                "ms_rtc_identityscope": "local",
                "token_type": "Bearer",
            }
            if granted.scope is not None:
                answer["scope"] = granted.scope
            resp.data = msgspec.json.encode(answer)

    def refusal(self, call: Call, status: int, message: str) -> tuple[Mapping[str, str], bytes]:
        """RFC 6749, 5.2: every refusal of this resource has OAuth's form."""
        error = ERRORS.get(status, "invalid_request")
        return NOT_STORED | _diagnostics(call, BAD_REQUEST, message), msgspec.json.encode({"error": error})

    @staticmethod
    def _refuse(req: Request, resp: Response, refusal: GrantRefused) -> None:
        resp.status = refusal.status
        resp.set_headers(_diagnostics(req.call, refusal.diagnostics_code, refusal.reason))
        if refusal.retry_after is not None:
            resp.set_header("Retry-After", str(refusal.retry_after))
        resp.data = msgspec.json.encode({"error": refusal.error})


def _diagnostics(call: Call, code: int, reason: str) -> dict[str, str]:
    source = call.base.partition("://")[2]
    # A header cannot carry everything that a sentence may quote.
    shown = "".join(char if " " <= char <= "~" and char != '"' else "?" for char in reason)
    return {"X-Ms-diagnostics": f'{code};source="{source}";reason="{shown}"'}

"""The token resource: where a client turns a password, or knowledge of a meeting, into a ticket."""

import msgspec

from openucwa.identity.sign_in import MISSING_FIELD, GrantRefused, SignIn
from openucwa.model.refusals import DeserializationFailure, TooManyRequests
from openucwa.representation.parameters import Parameter
from openucwa.wire.forms import parse_form
from openucwa.wire.resource import FORM_TYPES, Request, Resource, Response, operation

JSON = "application/json; charset=utf-8"

#: UCWA: Authentication in UCWA. Which of them are needed depends on the grant; the sign-in reads them.
FIELDS = (
    Parameter("grant_type", required=True, description="password, or urn:microsoft.rtc:anonmeeting."),
    Parameter("username", description="user@domain, sip:user@domain or DOMAIN\\user."),
    Parameter("password", description="The user's; of a meeting, its onlineMeetingId."),
    Parameter("ms_rtc_conferenceuri", description="The meeting's onlineMeetingUri."),
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
    },
    "required": ["access_token", "expires_in", "token_type"],
}
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
        produces=("application/json",),
        refuses=(TooManyRequests,),
        shows={200: GRANTED, 400: REFUSED, 429: REFUSED},
    )
    async def on_post(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: Authentication in UCWA, POST of a grant."""
        resp.set_header("Cache-Control", "no-store")
        resp.set_header("Pragma", "no-cache")
        resp.content_type = JSON
        try:
            form = parse_form(req.call.body, req.get_header("Content-Type") or FORM_TYPES[0])
            granted = await self._sign_in.grant(form, req.remote_addr)
        except DeserializationFailure as refusal:
            self._refuse(req, resp, GrantRefused("invalid_request", MISSING_FIELD, str(refusal)))
        except GrantRefused as refusal:
            self._refuse(req, resp, refusal)
        else:
            resp.data = msgspec.json.encode(
                {
                    "access_token": granted.access_token,
                    "expires_in": granted.expires_in,
                    "ms_rtc_identityscope": "local",
                    "token_type": "Bearer",
                }
            )

    @staticmethod
    def _refuse(req: Request, resp: Response, refusal: GrantRefused) -> None:
        source = req.call.base.partition("://")[2]
        resp.status = refusal.status
        # A header can't carry everything that a sentence may quote.
        reason = refusal.reason.encode("ascii", "replace").decode().replace('"', "'")
        resp.set_header("X-Ms-diagnostics", f'{refusal.diagnostics_code};source="{source}";reason="{reason}"')
        if refusal.retry_after is not None:
            resp.set_header("Retry-After", str(refusal.retry_after))
        resp.data = msgspec.json.encode({"error": refusal.error})

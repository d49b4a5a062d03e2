"""openucwa:password and openucwa:signOut: what users may do with their own account. Additions to UCWA."""

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.identity.accounts import Accounts, NewToken, PasswordChange
from openucwa.identity.passwords import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH
from openucwa.model.refusals import Conflict, Forbidden, TooManyRequests
from openucwa.model.scopes import USER
from openucwa.representation.document import Document
from openucwa.representation.parameters import Parameter

PASSWORD_REL = "openucwa:password"  # noqa: S105  # a rel
SIGN_OUT_REL = "openucwa:signOut"
TOKEN_REL = "openucwa:token"  # noqa: S105  # a rel

_SCOPES = frozenset({USER})


class Password(Resource[None]):
    """openucwa:password. The caller's password, if it is stored on this server."""

    rel = PASSWORD_REL
    scopes = _SCOPES
    anonymous = False
    batchable = False

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    @Operation("The rules for a new password, and whether the user may set one.")
    async def get(self, call: Call[None]) -> Answer:
        """openucwa:password, GET."""
        document = Document(
            rel=self.rel,
            href=_href(call, "password"),
            properties={
                "changeable": await self._accounts.has_password(call.caller),
                "maxLength": MAX_PASSWORD_LENGTH,
                "minLength": MIN_PASSWORD_LENGTH,
            },
        )
        return Answer(document)

    @Operation(
        "Changes the user's password, and revokes all tokens; the answer has a new one.",
        takes=(
            Parameter("currentPassword", required=True, secret=True),
            Parameter("newPassword", required=True, secret=True),
            Parameter("endOtherApplications", kind="boolean", description="Whether they end; default: true."),
        ),
        refuses=(Conflict, Forbidden, TooManyRequests),
    )
    async def post(self, call: Call[None]) -> Answer:
        """openucwa:password, POST."""
        values = call.values
        keep = call.session.application.id if values.get("endOtherApplications", True) else None
        change = PasswordChange(values["currentPassword"], values["newPassword"], keep, call.request.client)
        return _answer(_href(call, "password"), await self._accounts.change_password(call.caller, change))


class SignOut(Resource[None]):
    """openucwa:signOut. Signs the user out everywhere."""

    rel = SIGN_OUT_REL
    scopes = _SCOPES
    anonymous = False
    batchable = False

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    @Operation(
        "Revokes all tokens of the user and ends all applications; with keepThis, all others.",
        answers=(200, 204),
        takes=(Parameter("keepThis", kind="boolean", description="Whether this application goes on; default: false."),),
    )
    async def post(self, call: Call[None]) -> Answer:
        """openucwa:signOut, POST. 200 with a new token with keepThis, else 204."""
        keep = call.session.application.id if call.values.get("keepThis", False) else None
        token = await self._accounts.sign_out(call.caller, keep, call.request.client)
        return NO_CONTENT if token is None else _answer(_href(call, "signOut"), token)


def _href(call: Context, path: str) -> str:
    return f"{call.application}/openucwa/{path}"


def _answer(href: str, token: NewToken) -> Answer:
    document = Document(
        rel=TOKEN_REL,
        href=href,
        properties={"accessToken": token.access_token, "expiresIn": token.expires_in},
    )
    return Answer(document, cache_control=b"no-store")

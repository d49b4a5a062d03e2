"""Sign-in: the grants that give a token (UCWA: Authentication in UCWA; RFC 6749, section 4.3).

Parsing the form and rendering refusals belong to the token resource.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeAlias

from openucwa.identity.keys import SigningKeys
from openucwa.identity.login import Login
from openucwa.identity.throttle import Attempt, Throttle
from openucwa.identity.tokens import Caller, Tokens
from openucwa.identity.user_passwords import UserPasswords
from openucwa.model.application import ANONYMOUS
from openucwa.model.measures import Measures
from openucwa.model.meeting import Meeting, parse_meeting_uri
from openucwa.model.refusals import ResourceNotFound, TooManyRequests, Unauthorized
from openucwa.model.scopes import ALL, ANY_SCOPE
from openucwa.model.world import World
from openucwa.store.contract import Store
from openucwa.telemetry import audit

PASSWORD_GRANT = "password"  # noqa: S105  # a grant's name
ANONYMOUS_GRANT = "urn:microsoft.rtc:anonmeeting"

#: Codes of X-Ms-diagnostics. 28020 and 28029 are UCWA's, with their sentences.
MISSING_FIELD = 28000
WRONG_PASSWORD = 28001
WRONG_MEETING = 28002
TOO_MANY_FAILURES = 28003
UNKNOWN_SCOPE = 28004
BAD_REQUEST = 28005
SERVER_FAULT = 28006
NO_VALID_TOKEN = 28020
GRANT_NOT_ALLOWED = 28029

_ANONYMOUS_ID_BYTES = 16
#: Maximum number of characters of a scope in a refusal.
_MAX_SHOWN = 100

OAuthError: TypeAlias = Literal[
    "invalid_request", "invalid_grant", "unsupported_grant_type", "invalid_scope", "server_error"
]


class GrantRefused(Exception):  # a refusal in OAuth's form, not an error of ours
    """No token was granted.

    `error`: OAuth's error code. `diagnostics_code`, `reason`: for the X-Ms-diagnostics header. `status`: 400, or 429
    with `retry_after` in seconds. It is the same for a wrong user and a wrong password.
    """

    def __init__(
        self,
        error: OAuthError,
        diagnostics_code: int,
        reason: str,
        status: Literal[400, 429] = 400,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.error = error
        self.diagnostics_code = diagnostics_code
        self.reason = reason
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Granted:
    """A new token. `expires_in`: seconds. `scope`: its scopes, separated by spaces; None: every one. `pool`: where the
    user is homed; None: on this server.
    """

    access_token: str
    expires_in: int
    scope: str | None = None
    pool: str | None = None


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """The settings of these names: whether the anonymous grant is offered, and lifetimes of tokens, in seconds."""

    anonymous: bool
    anonymous_token_lifetime: int
    token_lifetime: int


class SignIn:
    """Handles the grants that this server offers."""

    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        keys: SigningKeys,
        passwords: UserPasswords,
        throttle: Throttle,
        settings: SignInSettings,
        world: World,
        measures: Measures,
    ) -> None:
        self._measures = measures
        self._store = store
        self._tokens = tokens
        self._keys = keys
        self._passwords = passwords
        self._throttle = throttle
        self._token_lifetime = settings.token_lifetime
        self._anonymous_token_lifetime = settings.anonymous_token_lifetime
        #: The offered grant types, in the order of the challenge.
        self.grant_types = (ANONYMOUS_GRANT, PASSWORD_GRANT) if settings.anonymous else (PASSWORD_GRANT,)
        self._world = world

    async def grant(self, form: Mapping[str, str], address: str) -> Granted:
        """The token that `form` requests. `address`: the client's, for throttling. Unknown fields are ignored.

        GrantRefused: no token. ServiceUnavailable: too many passwords are being verified.
        """
        try:
            granted = await self._grant(form, address)
        except GrantRefused as refusal:
            self._measures.sign_ins["throttled" if refusal.status == 429 else "refused"] += 1
            raise
        self._measures.sign_ins["accepted"] += 1
        return granted

    async def _grant(self, form: Mapping[str, str], address: str) -> Granted:
        grant_type = _field(form, "grant_type")
        if grant_type not in self.grant_types:
            raise GrantRefused("unsupported_grant_type", GRANT_NOT_ALLOWED, "Authentication type not allowed.")
        if grant_type == PASSWORD_GRANT:
            username, password = _field(form, "username"), _field(form, "password")
            return await self._password(username, password, _scopes(form), address)
        uri, password = _field(form, "ms_rtc_conferenceuri", "msrtc_conferenceuri"), _field(form, "password")
        return await self._anonymous(uri, password, form.get("ms_rtc_renew"), _scopes(form), address)

    async def _password(self, username: str, password: str, scopes: frozenset[str] | None, address: str) -> Granted:
        login = Login.parse(username)
        with self._attempt(self._passwords.throttle_key(login), username, address, "password") as attempt:
            user = await self._passwords.user(login, password)
            if user is None:
                attempt.failed()
                audit.log(audit.SignInFailed(username, address, "password", "wrong user or password"))
                raise GrantRefused("invalid_grant", WRONG_PASSWORD, "The user name or the password is wrong.")
            attempt.succeeded()
        audit.log(audit.SignInSucceeded(user.uri, address, "password", user.source))
        caller = Caller(user.uri, user.name, None, user.generation, self._expires(self._token_lifetime), scopes)
        return self._issue(caller, self._token_lifetime, user.pool)

    async def _anonymous(
        self, uri: str, password: str, renew: str | None, scopes: frozenset[str] | None, address: str
    ) -> Granted:
        # The part after the organizer in a meeting's URI serves as its password.
        organizer = uri.partition(";")[0]
        with self._attempt(None, organizer, address, "anonymous") as attempt:
            meeting = await self._meeting(uri)
            expected = "" if meeting is None else meeting.id
            if not hmac.compare_digest(password.encode(), expected.encode()) or meeting is None:
                attempt.failed()
                audit.log(audit.SignInFailed(organizer, address, "anonymous", "wrong meeting or password"))
                raise GrantRefused("invalid_grant", WRONG_MEETING, "The meeting or its password is wrong.")
            attempt.succeeded()
        if renew:
            previous = await self._renewed(renew, meeting)
            identity, scopes = previous.identity, _renewed_scopes(previous.scopes, scopes)
        else:
            identity = ANONYMOUS + self._world.random_bytes(_ANONYMOUS_ID_BYTES).hex()
        audit.log(audit.SignInSucceeded(identity, address, "anonymous", meeting.organizer))
        lifetime = self._anonymous_token_lifetime
        return self._issue(Caller(identity, None, meeting.uri, None, self._expires(lifetime), scopes), lifetime)

    async def _meeting(self, uri: str) -> Meeting | None:
        parsed = parse_meeting_uri(uri)
        if parsed is None:
            return None
        try:
            return await self._store.meetings.find(*parsed)
        except ResourceNotFound:
            return None

    async def _renewed(self, token: str, meeting: Meeting) -> Caller:
        """The caller of an anonymous token for `meeting`, which may have expired by no more than its lifetime."""
        try:
            caller = await self._keys.check(token, allow_expired_by=self._anonymous_token_lifetime * 1000)
        except Unauthorized:
            _refuse_renewal()
        # The meeting may have been handed over since.
        renewed = await self._meeting(caller.meeting or "")
        if not caller.anonymous or renewed is None or renewed.uri != meeting.uri:
            _refuse_renewal()
        return caller

    def _attempt(self, user: str | None, shown: str, address: str, grant: str) -> Attempt:
        """`shown`, `grant`: for the audit trail. GrantRefused: too many failures."""
        try:
            return self._throttle.begin(user, address)
        except TooManyRequests as refusal:
            audit.log(audit.SignInThrottled(shown, address, grant, refusal.retry_after))
            raise GrantRefused(
                "invalid_grant", TOO_MANY_FAILURES, "Too many failed sign-ins.", 429, refusal.retry_after
            ) from None

    def _expires(self, lifetime: int) -> int:
        return self._world.now() + lifetime * 1000

    def _issue(self, caller: Caller, lifetime: int, pool: str | None = None) -> Granted:
        scope = None if caller.scopes is None else " ".join(sorted(caller.scopes))
        return Granted(self._tokens.issue(caller), lifetime, scope, pool)


def _field(form: Mapping[str, str], *names: str) -> str:
    """The first of these fields that is present. GrantRefused: none is."""
    for name in names:
        if value := form.get(name):
            return value
    raise GrantRefused("invalid_request", MISSING_FIELD, f"The field {names[0]} is missing.")


def _refuse_renewal() -> NoReturn:
    raise GrantRefused("invalid_grant", NO_VALID_TOKEN, "No valid security token.")


def _scopes(form: Mapping[str, str]) -> frozenset[str] | None:
    """The requested scopes; None: every one. GrantRefused: there is no such scope."""
    asked = frozenset(form.get("scope", "").split())
    if unknown := asked - ANY_SCOPE - {ALL}:
        raise GrantRefused("invalid_scope", UNKNOWN_SCOPE, f"There is no scope {min(unknown)[:_MAX_SHOWN]}.")
    return None if not asked or ALL in asked or asked == ANY_SCOPE else asked


def _renewed_scopes(previous: frozenset[str] | None, asked: frozenset[str] | None) -> frozenset[str] | None:
    """The scopes of a renewed token: never more than the previous one's (RFC 6749, section 6). None: every one.

    GrantRefused: a scope was requested that the previous token lacks.
    """
    if previous is None or asked is None:
        return asked if previous is None else previous
    if added := asked - previous:
        raise GrantRefused("invalid_scope", UNKNOWN_SCOPE, f"The token to be renewed lacks the scope {min(added)}.")
    return asked

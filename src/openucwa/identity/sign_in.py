"""The grants: what a client shows to get a ticket (UCWA: Authentication in UCWA; RFC 6749, section 4.3).

How a form travels and how a refusal is answered is the token resource's.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeAlias

from openucwa.config import Config
from openucwa.identity.keys import SigningKeys
from openucwa.identity.passwords import Passwords
from openucwa.identity.throttle import Throttle
from openucwa.identity.tickets import ANONYMOUS, Ticket, Tickets
from openucwa.model.meeting import Meeting, parse_meeting_uri
from openucwa.model.refusals import ResourceNotFound, TooManyRequests, Unauthorized
from openucwa.model.user import User
from openucwa.model.world import World
from openucwa.store.contract import Store

PASSWORD_GRANT = "password"  # noqa: S105  # a grant's name
ANONYMOUS_GRANT = "urn:microsoft.rtc:anonmeeting"

#: Codes of X-Ms-diagnostics. 28020 and 28029 are UCWA's, with their sentences.
MISSING_FIELD = 28000
WRONG_PASSWORD = 28001
WRONG_MEETING = 28002
TOO_MANY_FAILURES = 28003
NO_VALID_TOKEN = 28020
GRANT_NOT_ALLOWED = 28029

_ANONYMOUS_ID_BYTES = 16
_LONGEST_KEY = 256

OAuthError: TypeAlias = Literal[
    "invalid_request", "invalid_grant", "unsupported_grant_type", "invalid_scope", "server_error"
]


class GrantRefused(Exception):  # a refusal in OAuth's form, not an error of ours
    """No ticket. `error`: OAuth's word for it. `diagnostics_code`, `reason`: for the X-Ms-diagnostics header.

    `status`: 400, or 429 with `retry_after` in seconds. Nothing of it tells a wrong user from a wrong password.
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
    """A new ticket. `expires_in`: seconds."""

    access_token: str
    expires_in: int


class SignIn:
    """Answers the grants that this server offers."""

    def __init__(
        self,
        store: Store,
        tickets: Tickets,
        keys: SigningKeys,
        passwords: Passwords,
        throttle: Throttle,
        config: Config,
        world: World,
    ) -> None:
        self._store = store
        self._tickets = tickets
        self._keys = keys
        self._passwords = passwords
        self._throttle = throttle
        self._config = config
        self._world = world

    @property
    def grant_types(self) -> tuple[str, ...]:
        """The grants that work, in the order of the challenge."""
        return (ANONYMOUS_GRANT, PASSWORD_GRANT) if self._config.anonymous else (PASSWORD_GRANT,)

    async def grant(self, form: Mapping[str, str], address: str) -> Granted:
        """The ticket that `form` asks for. `address`: the client's, for slowing down guesses.

        Unknown fields are ignored. GrantRefused: no ticket. ServiceUnavailable: too many passwords are being verified.
        """
        grant_type = _field(form, "grant_type")
        if grant_type not in self.grant_types:
            raise GrantRefused("unsupported_grant_type", GRANT_NOT_ALLOWED, "Authentication type not allowed.")
        if grant_type == PASSWORD_GRANT:
            return await self._password(_field(form, "username"), _field(form, "password"), address)
        uri = _field(form, "ms_rtc_conferenceuri", "msrtc_conferenceuri")
        return await self._anonymous(uri, _field(form, "password"), form.get("ms_rtc_renew"), address)

    async def _password(self, username: str, password: str, address: str) -> Granted:
        name = _Username.parse(username)
        self._check_throttle(name.throttle_key, address)
        user = await self._user(name)
        if not await self._passwords.verify(None if user is None else user.password_hash, password) or user is None:
            self._throttle.failed(name.throttle_key, address)
            raise GrantRefused("invalid_grant", WRONG_PASSWORD, "The user name or the password is wrong.")
        self._throttle.succeeded(name.throttle_key, address)
        return self._issue(
            user.uri, self._config.ticket_lifetime, name=user.name, meeting=None, generation=user.generation
        )

    async def _user(self, name: "_Username") -> User | None:
        # Always the same query, so that a spelling takes the same time whether it is anybody's or nobody's.
        users = await self._store.users.with_local_part(name.local_part)
        fitting = [user for user in users if name.fits(user.domain)]
        return fitting[0] if len(fitting) == 1 else None

    async def _anonymous(self, uri: str, password: str, renew: str | None, address: str) -> Granted:
        self._check_throttle(None, address)
        meeting = await self._meeting(uri)
        expected = "" if meeting is None else meeting.id
        if not hmac.compare_digest(password.encode(), expected.encode()) or meeting is None:
            self._throttle.failed(None, address)
            raise GrantRefused("invalid_grant", WRONG_MEETING, "The meeting or its password is wrong.")
        self._throttle.succeeded(None, address)
        if renew:
            identity = await self._renewed(renew, meeting)
        else:
            identity = ANONYMOUS + self._world.random_bytes(_ANONYMOUS_ID_BYTES).hex()
        lifetime = self._config.anonymous_ticket_lifetime
        return self._issue(identity, lifetime, name=None, meeting=meeting.uri, generation=None)

    async def _meeting(self, uri: str) -> Meeting | None:
        parsed = parse_meeting_uri(uri)
        if parsed is None:
            return None
        try:
            return await self._store.meetings.get(*parsed)
        except ResourceNotFound:
            return None

    async def _renewed(self, token: str, meeting: Meeting) -> str:
        """The identity of an anonymous ticket for `meeting`, which may be past its time by as long as it was good."""
        try:
            ticket = await self._keys.check(token, allow_expired_by=self._config.anonymous_ticket_lifetime * 1000)
        except Unauthorized:
            _refuse_renewal()
        if not ticket.anonymous or ticket.meeting != meeting.uri:
            _refuse_renewal()
        return ticket.identity

    def _check_throttle(self, user: str | None, address: str) -> None:
        try:
            self._throttle.check(user, address)
        except TooManyRequests as refusal:
            raise GrantRefused(
                "invalid_grant", TOO_MANY_FAILURES, "Too many failed sign-ins.", 429, refusal.retry_after
            ) from None

    def _issue(
        self, identity: str, lifetime: int, *, name: str | None, meeting: str | None, generation: int | None
    ) -> Granted:
        expires = self._world.now() + lifetime * 1000
        ticket = Ticket(identity, name, meeting, generation, expires, scopes=None)
        return Granted(self._tickets.issue(ticket), lifetime)


@dataclass(frozen=True, slots=True)
class _Username:
    """One of the spellings of a user. `whole`: whether `domain` is all of the domain or may be its beginning."""

    local_part: str
    domain: str
    whole: bool

    @staticmethod
    def parse(text: str) -> "_Username":
        """`user@domain`, `sip:user@domain`, or `DOMAIN\\user`; whatever else it is, it is nobody's."""
        name = text.strip().lower()
        domain, backslash, local_part = name.partition("\\")
        if backslash:
            return _Username(local_part, domain, whole=False)
        local_part, _, domain = name.removeprefix("sip:").rpartition("@")
        return _Username(local_part, domain, whole=True)

    def fits(self, domain: str) -> bool:
        return domain == self.domain or (not self.whole and bool(self.domain) and domain.startswith(self.domain + "."))

    @property
    def throttle_key(self) -> str:
        # The first label is what all spellings of a user have in common. Asking the store which user is meant would
        # let a stranger see, by the delays, who exists.
        return f"{self.local_part}@{self.domain.partition('.')[0]}"[:_LONGEST_KEY]


def _field(form: Mapping[str, str], *names: str) -> str:
    """The first of these fields that is given. GrantRefused: none is."""
    for name in names:
        if value := form.get(name):
            return value
    raise GrantRefused("invalid_request", MISSING_FIELD, f"The field {names[0]} is missing.")


def _refuse_renewal() -> NoReturn:
    raise GrantRefused("invalid_grant", NO_VALID_TOKEN, "No valid security token.")

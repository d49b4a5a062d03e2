"""What users may do with their own account: change a password that is stored here, and sign out everywhere."""

import unicodedata
from dataclasses import dataclass, field

from openucwa.identity.login import Login
from openucwa.identity.passwords import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, Passwords
from openucwa.identity.throttle import Throttle
from openucwa.identity.tokens import Caller, Tokens
from openucwa.identity.user_passwords import UserPasswords
from openucwa.model.refusals import Forbidden, ParameterValidationFailure, TooManyRequests, Unauthorized
from openucwa.model.user import User
from openucwa.model.world import World
from openucwa.store.contract import Ending, Users
from openucwa.telemetry import audit

#: What audit lines call it.
_GRANT = "password change"


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token in place of one that was revoked, with the same scopes. `expires_in`: seconds."""

    access_token: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """`current`, `new`: passwords, as typed. `keep`: the id of the application that goes on; None: all do. `client`:
    the address of the client.
    """

    current: str = field(repr=False)
    new: str = field(repr=False)
    keep: str | None
    client: str


class Accounts:
    """Changes passwords and revokes tokens of users, at their own request."""

    def __init__(
        self,
        users: Users,
        passwords: Passwords,
        verifying: UserPasswords,
        throttle: Throttle,
        tokens: Tokens,
        token_lifetime: int,
        world: World,
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._verifying = verifying
        self._throttle = throttle
        self._tokens = tokens
        self._token_lifetime = token_lifetime
        self._world = world

    async def change_password(self, caller: Caller, change: PasswordChange) -> NewToken:
        """Sets a new password; all tokens are revoked, and the caller gets a new one.

        A wrong current password counts as a failed sign-in. ParameterValidationFailure: the current password is wrong,
        or the new one is too short, too long, or the current one. Forbidden: the user has no password here, or the
        token is an issuer's. TooManyRequests: too many failed sign-ins. Conflict: it was changed at the same time.
        Unauthorized: the user was disabled meanwhile. A token that was revoked meanwhile is as good as any: the
        password has been proved.
        """
        user = await self._with_password(caller)
        check_new(change.new)
        key = self._verifying.throttle_key(Login.parse(user.uri))
        try:
            begun = self._throttle.begin(key, change.client)
        except TooManyRequests as refusal:
            audit.log(audit.SignInThrottled(user.uri, change.client, _GRANT, refusal.retry_after))
            raise
        with begun as attempt:
            if not await self._passwords.verify(user.password_hash, change.current):
                attempt.failed()
                audit.log(audit.SignInFailed(user.uri, change.client, _GRANT, "wrong password"))
                raise ParameterValidationFailure({"currentPassword": "is not the current password"})
            attempt.succeeded()
        if _same(change.new, change.current):
            raise ParameterValidationFailure({"newPassword": "must not be the current password"})
        hashed = await self._passwords.hash(change.new)
        ending = None if change.keep is None else Ending(self._world.now(), change.keep)
        generation = await self._users.change_password(user.uri, hashed, user.password_hash, ending)
        audit.log(audit.PasswordChanged(caller.identity, user.uri, change.client))
        return self._token(caller, user, generation, self._world.now() + self._token_lifetime * 1000)

    async def sign_out(self, caller: Caller, keep: str | None, client: str) -> NewToken | None:
        """Revokes all tokens of the caller's user and ends all applications but `keep` (an id).

        A new token, valid for as long as the caller's was, if an application is kept and that token was one of this
        server; an issuer's stays valid.
        Unauthorized: the token was revoked meanwhile. ResourceNotFound: the user was removed.
        """
        generation = await self._users.revoke(caller.identity, Ending(self._world.now(), keep), caller.generation)
        audit.log(audit.TokensRevoked(caller.identity, caller.identity, client))
        user = await self._users.get(caller.identity)
        if keep is None or caller.issuer is not None or user is None:
            return None
        # No password was given: otherwise whoever has a token could renew it for ever.
        return self._token(caller, user, generation, caller.expires)

    async def has_password(self, caller: Caller) -> bool:
        """Whether `change_password` may work."""
        try:
            await self._with_password(caller)
        except Forbidden:
            return False
        return True

    async def _with_password(self, caller: Caller) -> User:
        user = await self._users.get(caller.identity)
        if user is None:
            raise Unauthorized("the user was removed")
        if user.source is not None:
            raise Forbidden(f"the password is managed by {user.source}")
        if not user.password_hash:
            raise Forbidden("the user has no password on this server")
        if caller.issuer is not None:
            raise Forbidden(f"this token is of {caller.issuer}: sign in with the password of this server to change it")
        return user

    def _token(self, caller: Caller, user: User, generation: int, expires: int) -> NewToken:
        issued = Caller(user.uri, user.name, None, generation, expires, caller.scopes)
        return NewToken(self._tokens.issue(issued), max(0, expires - self._world.now()) // 1000)


def check_new(password: str) -> None:
    """ParameterValidationFailure: a new password is too short or too long."""
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        reason = f"must have {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters"
        raise ParameterValidationFailure({"newPassword": reason})


def _same(one: str, other: str) -> bool:
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)

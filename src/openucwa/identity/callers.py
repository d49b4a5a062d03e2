"""Token verification: the one place where tokens are checked, of this server and of other issuers.

Users of an issuer or a directory are added if the settings say so. Permissions are decided elsewhere.
"""

from typing import TYPE_CHECKING

from openucwa.identity.keys import SigningKeys
from openucwa.identity.profile import Profile
from openucwa.identity.tokens import PREFIX, Caller, Tokens
from openucwa.model.refusals import Unauthorized
from openucwa.model.scopes import ANY_SCOPE
from openucwa.model.user import User
from openucwa.store.contract import Users

if TYPE_CHECKING:
    from openucwa.identity.issuers.claims import ForeignToken
    from openucwa.identity.issuers.tokens import ForeignTokens


class Admission:
    """Admits users of an issuer or a directory."""

    def __init__(self, users: Users) -> None:
        self._users = users

    async def admit(self, profile: Profile) -> User | None:
        """The user, added if necessary and allowed. None: the user is unknown, or was removed."""
        user = User(
            uri=profile.uri,
            name=profile.name or profile.uri.removeprefix("sip:").partition("@")[0],
            email=profile.email,
            pool=None,
            password_hash="",
            source=profile.source,
            title=profile.title,
            department=profile.department,
            work_phone=profile.phones.get("work"),
            mobile_phone=profile.phones.get("mobile"),
            home_phone=profile.phones.get("home"),
            other_phone=profile.phones.get("other"),
        )
        return await self._users.admit(user, create=profile.create)


class Callers:
    """Verifies tokens. `foreign`: those of the setting `issuers`; None: there are none."""

    def __init__(
        self, tokens: Tokens, keys: SigningKeys, foreign: "ForeignTokens | None", admission: Admission
    ) -> None:
        self._tokens = tokens
        self._keys = keys
        self._foreign = foreign
        self._admission = admission

    def known(self, token: str) -> Caller:
        """The caller, if that is known without waiting. Unauthorized: it is not, or the token is invalid."""
        if self._foreign is None or token.startswith(PREFIX):
            return self._tokens.check(token)
        found = self._foreign.recognized(token)
        if found is None or found.caller is None:
            raise Unauthorized("the token has not been verified yet")
        return found.caller

    async def check(self, token: str) -> Caller:
        """The caller.

        Unauthorized: the token is expired, forged, not for this server, or of an unknown user. ServiceUnavailable: an
        issuer or the store is unreachable.
        """
        if self._foreign is None or token.startswith(PREFIX):
            return await self._keys.check(token)
        found = self._foreign.recognized(token) or await self._foreign.check(token)
        if found.caller is None:
            found.caller = await self._first_seen(found.token)
        return found.caller

    async def _first_seen(self, token: "ForeignToken") -> Caller:
        profile = token.profile
        user = await self._admission.admit(profile)
        if user is None:
            raise Unauthorized(f"{profile.uri} is not a user of this server")
        scopes = None if token.scopes >= ANY_SCOPE else token.scopes
        return Caller(profile.uri, user.name, None, None, token.expires, scopes, profile.source)

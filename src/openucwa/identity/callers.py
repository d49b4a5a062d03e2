"""Checks tokens, of this server and of other issuers, and adds users of issuers and directories."""

from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from openucwa.identity.keys import SigningKeys
from openucwa.identity.photos import SourcePhotos
from openucwa.identity.profile import Profile, user_of
from openucwa.identity.tokens import PREFIX, Caller, PhotoAccess, Tokens
from openucwa.model.refusals import Unauthorized
from openucwa.model.scopes import ANY_SCOPE
from openucwa.model.user import User
from openucwa.store.contract import Users

if TYPE_CHECKING:
    from openucwa.identity.issuers.claims import ForeignToken
    from openucwa.identity.issuers.tokens import ForeignTokens


class Admission:
    """Adds and updates users that issuers and directories name."""

    def __init__(self, users: Users, photos: SourcePhotos | None = None) -> None:
        self._users = users
        self._photos = photos

    async def admit(self, profile: Profile) -> User | None:
        """The user, added if necessary. None: unknown and not to be added, or removed, or disabled."""
        admitted = await self._users.admit(user_of(profile), create=profile.create)
        if self._photos is not None and admitted is not None and admitted.source == profile.source:
            self._photos.note(profile)
        return admitted


class Callers:
    """Checks tokens. `foreign`: those of the setting `issuers`; None: there are none."""

    def __init__(
        self, tokens: Tokens, keys: SigningKeys, foreign: "ForeignTokens | None", admission: Admission
    ) -> None:
        self._tokens = tokens
        self._keys = keys
        self._foreign = foreign
        self._admission = admission

    def known(self, token: str) -> Caller:
        """The caller, without waiting. Unauthorized: the token is not valid, or was not seen before."""
        if self._foreign is None or token.startswith(PREFIX):
            return self._tokens.check(token)
        found = self._foreign.recognized(token)
        if found is None or found.caller is None:
            raise Unauthorized("the token was not seen before")
        return found.caller

    def check(self, token: str) -> Coroutine[Any, Any, Caller]:
        """The caller.

        Unauthorized: the token is not valid, or its user does not exist.
        ServiceUnavailable: the store or the token's issuer is needed and unreachable.
        """
        if self._foreign is None or token.startswith(PREFIX):
            return self._keys.check(token)
        return self._check_foreign(self._foreign, token)

    async def _check_foreign(self, foreign: "ForeignTokens", token: str) -> Caller:
        found = foreign.recognized(token) or await foreign.check(token)
        if found.caller is None:
            found.caller = await self._first_seen(found.token)
        return found.caller

    def photo_cookie(self, caller: Caller, application_id: str) -> str:
        """The value of the photo cookie for the caller's application; it expires with the caller's token."""
        return self._tokens.issue_cookie(PhotoAccess(replace(caller, name=None), application_id))

    def known_cookie(self, cookie: str) -> Caller:
        """As `known`, of a photo cookie."""
        return self._tokens.check_cookie(cookie).caller

    async def check_cookie(self, cookie: str, application_id: str) -> Caller:
        """The caller of a photo cookie, who may read photos below this application and nothing else.

        Unauthorized: the cookie is not valid, or of another application.
        ServiceUnavailable: the store is needed and unreachable.
        """
        access = await self._keys.check_cookie(cookie)
        if access.application != application_id:
            raise Unauthorized("the photo cookie is of another application")
        return access.caller

    async def _first_seen(self, token: "ForeignToken") -> Caller:
        profile = token.profile
        user = await self._admission.admit(profile)
        if user is None:
            raise Unauthorized(f"there is no user {profile.uri} on this server")
        scopes = None if token.scopes >= ANY_SCOPE else token.scopes
        return Caller(profile.uri, user.name, None, None, token.expires, scopes, profile.source)

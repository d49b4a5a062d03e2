"""Who calls: the one place where a token is checked, be it of this server or of another issuer.

A user whom an issuer or a directory vouches for is added where that is to be so. What a caller may do is decided
elsewhere.
"""

from collections import OrderedDict
from typing import TYPE_CHECKING

from openucwa.identity.keys import SigningKeys
from openucwa.identity.profile import Profile
from openucwa.identity.tickets import PREFIX, Ticket, Tickets
from openucwa.model.refusals import Unauthorized
from openucwa.model.scopes import ANY_SCOPE
from openucwa.model.user import User
from openucwa.store.contract import Users

if TYPE_CHECKING:
    from openucwa.identity.issuers.claims import ForeignToken
    from openucwa.identity.issuers.tokens import ForeignTokens

#: Users of issuers who need not be looked for with every new token.
_MAX_ADMITTED = 10_000


class Admission:
    """Lets in whom an issuer or a directory vouches for."""

    def __init__(self, users: Users) -> None:
        self._users = users

    async def admit(self, profile: Profile) -> User | None:
        """The user, who is added where that is to be so. None: the user is not known here, or was removed."""
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
    """Checks tokens. `foreign`: those of the setting `issuers`; None: there are none."""

    def __init__(
        self, tickets: Tickets, keys: SigningKeys, foreign: "ForeignTokens | None", admission: Admission
    ) -> None:
        self._tickets = tickets
        self._keys = keys
        self._foreign = foreign
        self._admission = admission
        #: What was said of the users who were let in, and what they are called here.
        self._admitted: OrderedDict[str, tuple[Profile, str]] = OrderedDict()

    def known(self, token: str) -> Ticket:
        """Who calls, where that can be said at once. Unauthorized: it can't, or nobody does."""
        if self._foreign is None or token.startswith(PREFIX):
            return self._tickets.check(token)
        found = self._foreign.recognized(token)
        caller = None if found is None else self._caller(found)
        if caller is None:
            raise Unauthorized("the token was not seen before")
        return caller

    async def check(self, token: str) -> Ticket:
        """Who calls.

        Unauthorized: nobody; the token is expired, forged, not for this server, or of a user who is not known here.
        ServiceUnavailable: what has to be asked for that is away.
        """
        if self._foreign is None or token.startswith(PREFIX):
            return await self._keys.check(token)
        found = self._foreign.recognized(token) or await self._foreign.check(token)
        return self._caller(found) or await self._first_seen(found)

    async def _first_seen(self, found: "ForeignToken") -> Ticket:
        profile = found.profile
        user = await self._admission.admit(profile)
        if user is None:
            raise Unauthorized(f"{profile.uri} is not known here")
        self._admitted[profile.uri] = profile, user.name
        self._admitted.move_to_end(profile.uri)
        if len(self._admitted) > _MAX_ADMITTED:
            self._admitted.popitem(last=False)
        return _caller(found, user.name)

    def _caller(self, found: "ForeignToken") -> Ticket | None:
        """None: the user has to be looked for first."""
        profile, name = self._admitted.get(found.profile.uri, (None, ""))
        return _caller(found, name) if profile == found.profile else None


def _caller(found: "ForeignToken", name: str) -> Ticket:
    scopes = None if found.scopes >= ANY_SCOPE else found.scopes
    return Ticket(found.profile.uri, name, None, None, found.expires, scopes, found.profile.source)

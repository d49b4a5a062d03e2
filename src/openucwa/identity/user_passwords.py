"""Verifies passwords: this server's own, and those of directories and issuers."""

from collections.abc import Sequence
from typing import Protocol

from openucwa.identity.callers import Admission
from openucwa.identity.login import Login
from openucwa.identity.passwords import MAX_PASSWORD_LENGTH, Passwords
from openucwa.identity.profile import Profile
from openucwa.model.user import User
from openucwa.store.contract import Users

#: Maximum length of a user name, in characters; a SIP URI here has at most 515.
_MAX_LOGIN_LENGTH = 1_024


class PasswordBackend(Protocol):
    """A directory or an issuer that verifies passwords."""

    @property
    def domains(self) -> tuple[str, ...]:
        """The SIP domains of its users."""
        ...

    def may_know(self, login: Login) -> bool:
        """Whether the login may be one of its users."""
        ...

    async def verify(self, login: Login, password: str) -> Profile | None:
        """The user who signed in; None: wrong name or password. ServiceUnavailable: it is unreachable."""
        ...


class UserPasswords:
    """Verifies passwords. `backends`: tried in order, for users without a password here."""

    def __init__(
        self, users: Users, passwords: Passwords, backends: Sequence[PasswordBackend], admission: Admission
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._backends = backends
        self._admission = admission
        self._domains = frozenset(domain for backend in backends for domain in backend.domains)

    def throttle_key(self, login: Login) -> str:
        """The key under which failed sign-ins of this user are counted."""
        return login.throttle_key(self._domains)

    async def user(self, login: Login, password: str) -> User | None:
        """The user who signed in; None: wrong name or password, or disabled: the answer must not confirm a password.

        ServiceUnavailable: too many passwords are being verified, or a backend is unreachable.
        """
        user = await self._named(login)
        backends = [backend for backend in self._backends if backend.may_know(login)]
        if not backends or (user is not None and user.password_hash) or _too_long(login, password):
            hashed = None if user is None else user.password_hash
            right = await self._passwords.verify(hashed or None, password)
            return await self._unchanged(user) if right and user is not None else None
        for backend in backends:
            profile = await backend.verify(login, password)
            if profile is not None:
                return await self._admission.admit(profile)
        return None

    async def _unchanged(self, user: User) -> User | None:
        """The user as of now. Verifying takes a while: None if the user was disabled or removed, or the password
        changed, in the meantime."""
        now = await self._users.get(user.uri)
        return now if now is not None and not now.disabled and now.password_hash == user.password_hash else None

    async def _named(self, login: Login) -> User | None:
        # Always the same query, so that the time does not reveal whether the user exists.
        users = await self._users.with_local_part(login.user)
        fitting = [user for user in users if login.domain and login.fits(user.domain)]
        return fitting[0] if len(fitting) == 1 else None


def _too_long(login: Login, password: str) -> bool:
    """Whether no user can have this name or password. Directories and issuers would take the request for an attack."""
    return len(login.text) > _MAX_LOGIN_LENGTH or len(password) > MAX_PASSWORD_LENGTH

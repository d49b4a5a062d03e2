"""Users, and the keys that sign tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from openucwa.model.user import SigningKey, User


@dataclass(frozen=True, slots=True)
class Ending:
    """That a user's applications end. `at`: ms since 1970. `keep`: the id of one that does not."""

    at: int
    keep: str | None = None


class Users(Protocol):
    """Users. URIs are stored in lower case."""

    async def add(self, user: User) -> None:
        """Adds `user`, with a higher `generation` if that one could have been a removed user's.

        AlreadyExists: the URI is taken.
        """
        ...

    async def admit(self, user: User, *, create: bool) -> User | None:
        """The user of this URI, whom an issuer or a directory vouches for.

        One who is there, from the same `source`, is given the name, address and numbers of `user`. Where there is none,
        `user` is added if `create` is set and no user of this URI was removed. None: there is no such user, or one who
        is disabled.
        """
        ...

    async def get(self, uri: str) -> User | None:
        """The user with this URI (in lower case)."""
        ...

    async def with_local_part(self, local_part: str) -> Sequence[User]:
        """The users whose address begins with `local_part` and `@`, by URI."""
        ...

    async def all(self) -> Sequence[User]:
        """All users, by URI."""
        ...

    async def change_password(
        self, uri: str, password_hash: str, was: str | None = None, ending: Ending | None = None
    ) -> int:
        """Sets the hash and increments `generation`, so that all tokens are revoked; returns the new generation.

        `was`: the hash that it replaces, if the user does it; None: any. `ending`: the applications that end; None:
        none. ResourceNotFound: no such user. Conflict: the hash is not `was`. Unauthorized: the user is disabled.
        """
        ...

    async def revoke(self, uri: str, ending: Ending, generation: int | None = None) -> int:
        """Increments `generation`, so that all tokens of this server are revoked, and ends applications; returns the
        new generation.

        `generation`: that of the token of the request; None: there is none. ResourceNotFound: no such user.
        Unauthorized: the token was revoked meanwhile.
        """
        ...

    async def disable(self, uri: str, at: int) -> bool:
        """Locks a user out: tokens are revoked, applications end, and `admit` returns None. Meetings stay.

        Whether the user was enabled. ResourceNotFound: no such user.
        """
        ...

    async def enable(self, uri: str) -> bool:
        """Undoes `disable`, but tokens stay revoked. Whether the user was disabled. ResourceNotFound: no such user."""
        ...

    async def remove(self, uri: str, at: int) -> None:
        """Removes the user with all applications, channels, meetings and extensions; their conversations end.

        ResourceNotFound: no such user.
        """
        ...


class SigningKeys(Protocol):
    """The keys that sign tokens."""

    async def all(self) -> Sequence[SigningKey]:
        """All keys, newest first."""
        ...

    async def add_first(self, key: SigningKey) -> None:
        """Adds `key` if there is none yet; otherwise does nothing, so that servers starting together agree on one."""
        ...

    async def add(self, key: SigningKey) -> None:
        """Adds `key`. AlreadyExists: its id is taken."""
        ...

    async def remove(self, key_id: str) -> None:
        """Removes the key. ResourceNotFound: there is none with this id. Conflict: it is the only one."""
        ...

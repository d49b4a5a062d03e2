"""Users, and the keys that tokens are signed with."""

from collections.abc import Sequence
from typing import Protocol

from openucwa.model.user import SigningKey, User


class Users(Protocol):
    """Users. URIs are stored in lower case."""

    async def add(self, user: User) -> None:
        """Adds `user`, with a higher `generation` where that one could be that of a user who was removed.

        AlreadyExists: the URI is taken.
        """
        ...

    async def admit(self, user: User, *, create: bool) -> User | None:
        """The user of this URI, whom an issuer or a directory vouches for.

        One who is there, from the same `source`, is given the name, address and numbers of `user`. Where there is none,
        `user` is added if `create` is set and no user of this URI was removed. None: there is no such user.
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

    async def change_password(self, uri: str, password_hash: str) -> None:
        """Sets the hash and adds one to `generation`. ResourceNotFound: no such user."""
        ...

    async def remove(self, uri: str, at: int) -> None:
        """Removes the user with all applications, channels, meetings and extensions; conversations end as they do with
        those. ResourceNotFound: no such user."""
        ...


class SigningKeys(Protocol):
    """The keys that tokens are signed with."""

    async def all(self) -> Sequence[SigningKey]:
        """All keys, the newest first."""
        ...

    async def add_first(self, key: SigningKey) -> None:
        """Adds `key` where there is none yet; else changes nothing. So servers that start together agree on one."""
        ...

    async def add(self, key: SigningKey) -> None:
        """Adds `key`. AlreadyExists: its id is taken."""
        ...

    async def remove(self, key_id: str) -> None:
        """Removes the key. ResourceNotFound: there is none with this id. Conflict: it is the only one."""
        ...

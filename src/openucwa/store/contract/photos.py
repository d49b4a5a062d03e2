"""Photos of users."""

from collections.abc import Sequence
from typing import Protocol

from openucwa.model.photo import PhotoOrigin, Picture


class Photos(Protocol):
    """Photos of users, each in several sizes. They are removed with their user. Owners are URIs in lower case."""

    async def get(self, owner: str, size: int) -> Picture | None:
        """The smallest picture of at least this size, or the largest one. None: the user has no photo."""
        ...

    async def origin(self, owner: str) -> PhotoOrigin | None:
        """The origin of the photo. None: the user has none."""
        ...

    async def put(self, owner: str, pictures: Sequence[Picture], origin: PhotoOrigin) -> bool:
        """Replaces the photo; whether it did. A directory's does not replace one that was set here.

        ResourceNotFound: no such user.
        """
        ...

    async def remove(self, owner: str, source: str | None = None) -> bool:
        """Removes the photo; whether there was one. `source`: only if it comes from this directory."""
        ...

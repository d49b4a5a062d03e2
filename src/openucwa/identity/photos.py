"""Photos of users from directories."""

import asyncio
import hashlib
import logging

from openucwa.identity.profile import Profile
from openucwa.model.photo import PhotoOrigin
from openucwa.model.refusals import Refusal
from openucwa.pictures.photos import PhotoMaker
from openucwa.store.contract import Photos

logger = logging.getLogger(__name__)


class SourcePhotos:
    """Stores the photos that directories have of their users, in the background: nobody waits for it at sign-in.

    A photo that was set on this server is not replaced. One that fails is tried again at the next sign-in.
    """

    def __init__(self, photos: Photos, maker: PhotoMaker, *, enabled: bool) -> None:
        self._photos = photos
        self._maker = maker
        self._enabled = enabled
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def note(self, profile: Profile) -> None:
        """Stores the photo of a user who has signed in, or removes it, unless that is being done already."""
        if profile.photo is None or not self._enabled or profile.uri in self._tasks:
            return
        task = asyncio.create_task(self._store(profile, profile.photo), name=f"openucwa photo of {profile.uri}")
        self._tasks[profile.uri] = task
        task.add_done_callback(lambda _: self._tasks.pop(profile.uri, None))

    async def settle(self) -> None:
        """Waits for what is in progress."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def stop(self) -> None:
        """Ends what is in progress; to be called while the store is still open."""
        for task in list(self._tasks.values()):
            task.cancel()
        await self.settle()

    async def _store(self, profile: Profile, photo: bytes) -> None:
        uri = profile.uri
        try:
            stored = await self._photos.origin(uri)
            if not photo:
                if stored is not None:
                    await self._photos.remove(uri, profile.source)
                return
            origin = PhotoOrigin(profile.source, hashlib.blake2b(photo, digest_size=16).hexdigest())
            if stored == origin or (stored is not None and stored.source is None):
                return
            await self._photos.put(uri, await self._maker.make(uri, photo), origin)
        except Refusal as refusal:
            logger.warning("the photo of %s from %s was not stored: %s", uri, profile.source, refusal)

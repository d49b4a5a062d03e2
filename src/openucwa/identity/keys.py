"""The signing keys in use, regularly reloaded so that all servers on one store use the same.

A new key signs as soon as a server has loaded it; tokens signed with older keys are valid as long as those keys exist.
A key is removed once all of its tokens have expired.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from openucwa.identity.tokens import PREFIX, Caller, PhotoAccess, Tokens, new_signing_key
from openucwa.model.refusals import Refusal, ResourceNotFound, Unauthorized
from openucwa.model.world import World
from openucwa.store import contract

#: Minimum seconds between two refreshes for tokens with an unknown key: anyone can make up such a token.
MIN_REFRESH_INTERVAL = 1.0
#: Retention of a key after its last token has expired, in seconds, for clocks that differ and servers that were down.
GRACE_PERIOD = 3_600

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeySettings:
    """The settings of these names, in seconds."""

    key_refresh_interval: float
    token_lifetime: int
    anonymous_token_lifetime: int


class SigningKeys:
    """Keeps the keys of `tokens` in step with the store. `removed`: called when a key is no longer used."""

    def __init__(
        self,
        stored: contract.SigningKeys,
        tokens: Tokens,
        settings: KeySettings,
        world: World,
        removed: Callable[[], None] = lambda: None,
    ) -> None:
        self._stored = stored
        self._tokens = tokens
        self._world = world
        self._refresh_every = settings.key_refresh_interval
        # An anonymous token can be renewed until as long after its end as its lifetime.
        longest = max(settings.token_lifetime, 2 * settings.anonymous_token_lifetime)
        self._kept = round(1000 * (longest + settings.key_refresh_interval + GRACE_PERIOD))
        self._removed = removed
        self._ids: frozenset[str] = frozenset()
        self._next_refresh = -1.0
        self._refreshing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Loads the store's keys, creating the first one, and reloads them regularly."""
        if not await self._stored.all():
            await self._stored.add_first(new_signing_key(self._world))
        await self.refresh()
        self._task = asyncio.create_task(self._refresh_regularly(), name="openucwa signing keys")

    async def stop(self) -> None:
        """Stops; to be called while the store is still open."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def check(self, text: str, allow_expired_by: int = 0) -> Caller:
        """As `Tokens.check`; also accepts a token of a key that another server has just added.

        ServiceUnavailable, InvalidExchangeServerVersion: the store does not say whether there is such a key.
        """
        try:
            return self._tokens.check(text, allow_expired_by)
        except Unauthorized:
            if not self._tokens.names_unknown_key(text):
                raise
        await self._refresh_for(text)
        return self._tokens.check(text, allow_expired_by)

    async def check_cookie(self, text: str) -> PhotoAccess:
        """As `Tokens.check_cookie`, with the same addition."""
        try:
            return self._tokens.check_cookie(text)
        except Unauthorized:
            if not self._tokens.names_unknown_key(PREFIX + text):
                raise
        await self._refresh_for(PREFIX + text)
        return self._tokens.check_cookie(text)

    async def _refresh_for(self, text: str) -> None:
        """Loads the keys, unless that was done a moment ago, if this token names an unknown one."""
        async with self._refreshing:
            if self._world.monotonic() >= self._next_refresh and self._tokens.names_unknown_key(text):
                self._next_refresh = self._world.monotonic() + MIN_REFRESH_INTERVAL
                await self.refresh()

    async def refresh(self) -> None:
        """Loads the current keys of the store."""
        keys = await self._stored.all()
        ids = frozenset(key.id for key in keys)
        if ids and ids != self._ids:
            self._tokens.use_keys(keys)
            gone = self._ids - ids
            self._ids = ids
            if gone:
                self._removed()

    async def remove_outlived(self) -> None:
        """Removes keys that have signed nothing for so long that all of their tokens have expired."""
        keys = await self._stored.all()
        for newer, key in pairwise(keys):
            if self._world.now() - newer.created > self._kept:
                with suppress(ResourceNotFound):  # another server has removed it already
                    await self._stored.remove(key.id)
                    logger.info("removed the signing key %s: all of its tokens have expired", key.id)

    async def _refresh_regularly(self) -> None:
        while True:
            await self._world.sleep(self._refresh_every)
            try:
                await self.remove_outlived()
                async with self._refreshing:
                    await self.refresh()
            except Refusal as refusal:
                logger.warning("could not refresh the signing keys: %s", refusal)

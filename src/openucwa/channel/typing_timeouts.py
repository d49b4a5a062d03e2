"""Ends "is typing" states that were not renewed in time.

Each process keeps the timeouts of its own requests, and writes only when typing starts and ends.
"""

import asyncio
import logging

from openucwa.model.refusals import ConversationNotFound, Refusal
from openucwa.model.room import Participation
from openucwa.model.world import World
from openucwa.store.contract import Conversations

logger = logging.getLogger(__name__)


class TypingTimeouts:
    """The participants who type (UCWA: setIsTyping), each until it did not say so for `timeout` seconds."""

    def __init__(self, conversations: Conversations, world: World, timeout: float) -> None:
        self._conversations = conversations
        self._world = world
        self._timeout = timeout
        #: By conversation: who types, who sees to the end of it, and when that is, on the `monotonic` clock.
        self._typing: dict[str, tuple[Participation, asyncio.Task[None]]] = {}
        self._until: dict[str, float] = {}

    @property
    def count(self) -> int:
        """How many timeouts run."""
        return len(self._typing)

    async def start(self, own: Participation) -> None:
        """Starts the participant's timeout, or starts it anew. ConversationNotFound."""
        if own.id in self._typing:
            # Ahead of what is written, so that the end can't overtake it.
            self._until[own.id] = self._deadline()
        await self._conversations.set_typing(own, True, self._world.now())
        if own.id not in self._typing:
            self._until[own.id] = self._deadline()
            self._typing[own.id] = (own, asyncio.create_task(self._wait(own), name="openucwa typing"))

    async def stop(self) -> None:
        """Nobody types any more as far as this process knows; to be called while the store is still open."""
        typing = tuple(self._typing.values())
        for _, task in typing:
            task.cancel()
        if typing:
            await asyncio.wait([task for _, task in typing])
            await asyncio.gather(*(self._end(own) for own, _ in typing))

    def _deadline(self) -> float:
        return self._world.monotonic() + self._timeout

    async def _wait(self, own: Participation) -> None:
        while (rest := self._until[own.id] - self._world.monotonic()) > 0:
            await self._world.sleep(rest)
        await self._end(own)

    async def _end(self, own: Participation) -> None:
        # First forgotten: whoever types from here on is waited for anew.
        self._typing.pop(own.id, None)
        self._until.pop(own.id, None)
        try:
            await self._conversations.set_typing(own, False, self._world.now())
        except ConversationNotFound:
            pass  # with the conversation the typing ended
        except Refusal as refusal:
            logger.warning("could not record that a participant stopped typing: %s", refusal)

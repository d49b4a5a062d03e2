"""Ends "is typing" states that were not renewed in time.

Each process keeps the timeouts of its own requests, and writes only when typing starts and ends.
"""

import asyncio
import logging

from openucwa.model.conversation import Participation
from openucwa.model.refusals import ConversationNotFound, Refusal
from openucwa.model.world import World
from openucwa.store.contract import Conversations

logger = logging.getLogger(__name__)


class TypingTimeouts:
    """The typing participants (UCWA: setIsTyping), each until `timeout` seconds pass without a renewal."""

    def __init__(self, conversations: Conversations, world: World, timeout: float) -> None:
        self._conversations = conversations
        self._world = world
        self._timeout = timeout
        #: By conversation: the participation, the task that ends it, and its deadline on the `monotonic` clock.
        self._typing: dict[str, tuple[Participation, asyncio.Task[None]]] = {}
        self._until: dict[str, float] = {}

    @property
    def count(self) -> int:
        """The number of running timeouts."""
        return len(self._typing)

    async def start(self, own: Participation) -> None:
        """Starts or restarts the participant's timeout. ConversationNotFound."""
        if own.id in self._typing:
            # Before the write, so that the end cannot overtake it.
            self._until[own.id] = self._deadline()
        await self._conversations.set_typing(own, True, self._world.now())
        if own.id not in self._typing:
            self._until[own.id] = self._deadline()
            self._typing[own.id] = (own, asyncio.create_task(self._wait(own), name="openucwa typing"))

    async def stop(self) -> None:
        """Ends all timeouts; to be called while the store is still open."""
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
        # Removed first: a renewal from here on starts a new timeout.
        self._typing.pop(own.id, None)
        self._until.pop(own.id, None)
        try:
            await self._conversations.set_typing(own, False, self._world.now())
        except ConversationNotFound:
            pass  # the typing ended with the conversation
        except Refusal as refusal:
            logger.warning("could not record that a participant stopped typing: %s", refusal)

"""Who has to hear of events before a change may be made: what both engines have in common of it."""

from openucwa.model.refusals import CallbackChannelError
from openucwa.store.engine import Announcer


class Announcements:
    """The topics that changes announce, and the announcer that has to be reachable for it. None: nobody listens yet."""

    def __init__(self) -> None:
        self.announcer: Announcer | None = None

    def check(self) -> None:
        """CallbackChannelError: those who wait for events can't be reached."""
        if self.announcer is not None and not self.announcer.reachable:
            raise CallbackChannelError("the event bus cannot be reached")

    async def wait(self, seconds: float) -> None:
        """Waits until they can, for so many seconds at most. CallbackChannelError: they still can't."""
        if self.announcer is not None and not await self.announcer.wait_reachable(seconds):
            self.check()

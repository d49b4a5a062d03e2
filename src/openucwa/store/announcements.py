"""Refusing changes whose events could not be announced, for both engines."""

from openucwa.model.refusals import CallbackChannelError
from openucwa.store.engine import Announcer


class Announcements:
    """The topics that changes announce, and the announcer that must be reachable. None: there are no listeners."""

    def __init__(self) -> None:
        self.announcer: Announcer | None = None

    def check(self) -> None:
        """CallbackChannelError: waiting polls cannot be reached."""
        if self.announcer is not None and not self.announcer.reachable:
            raise CallbackChannelError("the event bus cannot be reached")

    async def wait(self, seconds: float) -> None:
        """Waits for the announcer, at most `seconds`. CallbackChannelError: it is still unreachable."""
        if self.announcer is not None and not await self.announcer.wait_reachable(seconds):
            self.check()

"""What all resources below onlineMeetings have in common: whose they are, and when they are out of reach."""

from typing import TypeVar

from openucwa.meetings.pools import Pools
from openucwa.model.refusals import CannotRedirect, InvalidExchangeServerVersion
from openucwa.wire.resource import Call, Resource

T = TypeVar("T")

#: Documented errors of reads and of changes below onlineMeetings.
READ_REFUSALS = (InvalidExchangeServerVersion, CannotRedirect)
CHANGE_REFUSALS = (CannotRedirect,)


class MeetingFamily(Resource[T]):
    """A resource below onlineMeetings: for users who signed in, and homed within reach."""

    anonymous = False
    kept = True

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def locate(self, call: Call, **names: str) -> T:
        self._pools.require_backup(call.here.pool)
        return await super().locate(call, **names)


def organizer_of(call: Call) -> str:
    """The SIP URI of the caller, who is the organizer of all that is below `onlineMeetings`."""
    return call.caller.identity


def meetings_href(call: Call) -> str:
    """The href of onlineMeetings."""
    return f"{call.application}/onlineMeetings"


def meeting_href(call: Call, meeting_id: str) -> str:
    """The href of one of the caller's own meetings."""
    return f"{call.application}/onlineMeetings/myOnlineMeetings/{meeting_id}"

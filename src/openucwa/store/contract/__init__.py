"""What every store does, method by method, a file for each noun. `tests/contract` runs one suite on each engine.

One method is one atomic change or one consistent read. A change has happened, durably, when its method returns,
and has not when the method raises; the events given with it are rows of the same transaction.
What a change removes is in the audit log when it is committed (`audit.py`).
Limits (`limit`) are checked and conflicts decided inside that transaction, so two writers can't disagree,
in whatever process or on whatever machine they are.

Times are ms since 1970, always given by the caller: a store has no clock. Etags are made by the caller too.
Every method raises `InvalidExchangeServerVersion` when the store has moved on to a version that this server may not
use, and `ServiceUnavailable` when the engine can't be reached or does not answer in time.
"""

from openucwa.store.contract.applications import Applications, Channels
from openucwa.store.contract.conversations import Conversations
from openucwa.store.contract.events import EventLog
from openucwa.store.contract.extensions import Extensions
from openucwa.store.contract.invitations import Invitations
from openucwa.store.contract.meetings import Meetings
from openucwa.store.contract.store import Store
from openucwa.store.contract.terms import Match, Outdated
from openucwa.store.contract.users import SigningKeys, Users

__all__ = [
    "Applications",
    "Channels",
    "Conversations",
    "EventLog",
    "Extensions",
    "Invitations",
    "Match",
    "Meetings",
    "Outdated",
    "SigningKeys",
    "Store",
    "Users",
]

"""The contract of a store, one module per noun. `tests/contract` runs one suite on each engine.

One method is one atomic change or one consistent read. When a change's method returns, the change is durable; when it
raises, nothing has happened. The events given with it are rows of the same transaction; what it removes is in the audit
trail once it is committed (`telemetry/audit.py`). Limits (`limit`) are checked and conflicts decided inside that
transaction, so two writers cannot disagree, in whatever process or machine they are.

Times are ms since 1970, always given by the caller: a store has no clock. Etags are given by the caller too.

Every method raises `InvalidExchangeServerVersion` if the store was upgraded to a version that this server does not
support, and `ServiceUnavailable` if the engine is unreachable or does not answer in time.
"""

from openucwa.store.contract.applications import Applications, Channels
from openucwa.store.contract.change_log import ChangeLog
from openucwa.store.contract.change_sets import ChangeSets
from openucwa.store.contract.contacts import ContactLimits, Contacts, People
from openucwa.store.contract.conversations import Conversations
from openucwa.store.contract.events import EventLog
from openucwa.store.contract.extensions import Extensions
from openucwa.store.contract.history import History
from openucwa.store.contract.invitations import Invitations
from openucwa.store.contract.meetings import Meetings
from openucwa.store.contract.photos import Photos
from openucwa.store.contract.presence import Presences, Subscriptions
from openucwa.store.contract.queries import FoundMeetings, MeetingQuery, Place, Queries, QueryLimits
from openucwa.store.contract.schemas import Schemas
from openucwa.store.contract.store import Store
from openucwa.store.contract.terms import Match, Outdated
from openucwa.store.contract.two_party import TwoParty
from openucwa.store.contract.users import Ending, SigningKeys, Users
from openucwa.store.contract.webhooks import Backlog, Leased, Webhooks

__all__ = [
    "Applications",
    "Backlog",
    "ChangeLog",
    "ChangeSets",
    "Channels",
    "ContactLimits",
    "Contacts",
    "Conversations",
    "Ending",
    "EventLog",
    "Extensions",
    "FoundMeetings",
    "History",
    "Invitations",
    "Leased",
    "Match",
    "MeetingQuery",
    "Meetings",
    "Outdated",
    "People",
    "Photos",
    "Place",
    "Presences",
    "Queries",
    "QueryLimits",
    "Schemas",
    "SigningKeys",
    "Store",
    "Subscriptions",
    "TwoParty",
    "Users",
    "Webhooks",
]

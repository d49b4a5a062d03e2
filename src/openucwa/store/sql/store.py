"""All parts of the store. Opening, closing and listeners of commits belong to the engines."""

from collections.abc import Mapping

from openucwa.store.engine import Cache, Reader, Writer
from openucwa.store.sql.applications import Applications
from openucwa.store.sql.change_log import ChangeLog
from openucwa.store.sql.change_rows import Log, LogLimits
from openucwa.store.sql.change_sets import ChangeSets
from openucwa.store.sql.channels import Channels
from openucwa.store.sql.contacts import Contacts
from openucwa.store.sql.conversations import Conversations
from openucwa.store.sql.events import EventLog
from openucwa.store.sql.extensions import Extensions
from openucwa.store.sql.history import History
from openucwa.store.sql.invitations import Invitations
from openucwa.store.sql.meetings import Meetings
from openucwa.store.sql.part import MAX_USER_BYTES
from openucwa.store.sql.photos import Photos
from openucwa.store.sql.presence import Presences
from openucwa.store.sql.queries import Queries
from openucwa.store.sql.schemas import Schemas
from openucwa.store.sql.signing_keys import SigningKeys
from openucwa.store.sql.subscriptions import Subscriptions
from openucwa.store.sql.two_party import TwoParty
from openucwa.store.sql.users import Users
from openucwa.store.sql.webhooks import Webhooks
from openucwa.store.sql.words import People

_COUNTED = ("users", "applications", "meetings", "extensions", "events")
_CONTENTS = """
    select version, oldest, (select count(*) from users), (select count(*) from applications),
        (select count(*) from meetings), (select count(*) from extensions), (select count(*) from events)
    from store_version
"""


class SqlStore:
    """The parts of `store.contract.Store` on an engine's `reader` and `writer`; what else a store has, an engine adds.

    `cache`: where results of reads are cached. `max_user_bytes`: how much may be stored for a user. `log`: the limits
    of the change log.
    """

    def __init__(
        self,
        reader: Reader,
        writer: Writer,
        cache: Cache,
        max_user_bytes: int = MAX_USER_BYTES,
        log: LogLimits = LogLimits(),  # noqa: B008  # frozen
    ) -> None:
        self.reader = reader
        self.writer = writer
        on = (reader, writer, cache, max_user_bytes, Log(writer, log))
        self.users = Users(*on)
        self.signing_keys = SigningKeys(*on)
        self.applications = Applications(*on)
        self.channels = Channels(*on)
        self.meetings = Meetings(*on)
        self.extensions = Extensions(*on)
        self.change_log = ChangeLog(*on)
        self.change_sets = ChangeSets(*on)
        self.schemas = Schemas(*on)
        self.conversations = Conversations(*on)
        self.invitations = Invitations(*on)
        self.contacts = Contacts(*on)
        self.people = People(*on)
        self.two_party = TwoParty(*on)
        self.history = History(*on)
        self.events = EventLog(*on)
        self.photos = Photos(*on)
        self.presence = Presences(*on)
        self.subscriptions = Subscriptions(*on)
        self.queries = Queries(*on)
        self.webhooks = Webhooks(*on)


async def contents(reader: Reader, known: int) -> Mapping[str, str]:
    """Version and counts of a store, for `describe`. `known`: the version that this server knows."""
    ((version, oldest, *counts),) = await reader.rows(_CONTENTS)
    said = f"{version} (usable by servers from version {oldest} on)"
    if version < known:
        said += f"; this server upgrades it to {known} on start"
    elif version > known:
        said += f"; this server supports version {known}"
    return {
        "version": said,
        **{noun: str(count) for noun, count in zip(_COUNTED, counts, strict=True)},
    }

"""All parts put together. Beginning and end, and who is told of commits, are the engines' own."""

from collections.abc import Mapping

from openucwa.store.sql.applications import Applications
from openucwa.store.sql.channels import Channels
from openucwa.store.sql.events import EventLog
from openucwa.store.sql.extensions import Extensions
from openucwa.store.sql.invitations import Invitations
from openucwa.store.sql.meetings import Meetings
from openucwa.store.sql.rooms import Rooms
from openucwa.store.sql.users import Users

_COUNTED = ("users", "applications", "meetings", "extensions", "events")
_CONTENTS = """
    select version, oldest, (select count(*) from users), (select count(*) from applications),
        (select count(*) from meetings), (select count(*) from extensions), (select count(*) from events)
    from store_version
"""


class SqlStore(Users, Applications, Channels, Meetings, Extensions, Rooms, Invitations, EventLog):
    """`store.contract.Store`, but for `open`, `close`, `on_commit` and `describe`, which an engine adds."""

    async def _contents(self, known: int) -> Mapping[str, str]:
        """What `describe` says of every engine's store: version and counts. `known`: the version that this server
        knows."""
        ((version, oldest, *counts),) = await self._reader.rows(_CONTENTS)
        said = f"{version}, for servers that know version {oldest}"
        if version != known:
            said += f"; this one knows {known}" + (
                ", and brings it up to that when it starts" if version < known else ""
            )
        return {
            "version": said,
            **{noun: str(count) for noun, count in zip(_COUNTED, counts, strict=True)},
        }

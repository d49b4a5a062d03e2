"""What another store records about the past, which is added to this one's: where old links to meetings that were handed
over lead, and which users were removed.
"""

from openucwa.model.refusals import AlreadyExists, ResourceNotFound
from openucwa.store.engine import UNCACHED, Transaction
from openucwa.store.sql import SqlStore
from openucwa.store.sql.handing_over import HAND_OVER, SUCCESSOR


async def add_link(store: SqlStore, organizer: str, meeting_id: str, successor: str, *, replaces: bool) -> str | None:
    """Makes links that name `organizer`, who had the meeting, lead to `successor`; returns where they led before.

    `replaces`: whether to change a link that leads to somebody else. ResourceNotFound: there is no such successor.
    AlreadyExists: `organizer` has a meeting with that id.
    """

    async def work(transaction: Transaction) -> str | None:
        if await transaction.row("select 1 from users where uri = ?", successor) is None:
            raise ResourceNotFound(f"there is no user {successor}")
        if await transaction.row("select 1 from meetings where organizer = ? and id = ?", organizer, meeting_id):
            raise AlreadyExists(f"{organizer} has a meeting {meeting_id}")
        before = await transaction.row(SUCCESSOR, organizer, meeting_id)
        if before is None or replaces:
            await transaction.run(HAND_OVER, organizer, meeting_id, successor)
        return None if before is None else str(before[0])

    return await store.writer.change(work, organizer, successor, scope=UNCACHED, must_notify=False)


async def add_removal(store: SqlStore, uri: str) -> bool:
    """Records that a user was removed, so that issuers and directories do not add the user again; whether that is new.

    AlreadyExists: this store has the user.
    """

    async def work(transaction: Transaction) -> bool:
        if await transaction.row("select 1 from users where uri = ?", uri):
            raise AlreadyExists(f"{uri} is a user")
        return bool(await transaction.run("insert into removed_users (uri) values (?) on conflict do nothing", uri))

    return await store.writer.change(work, uri, scope=UNCACHED, must_notify=False)

"""Changes of contact lists within a transaction, with the events that they raise."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence

from openucwa.model.contact import (
    CONTACT_ADDED,
    CONTACT_DELETED,
    DEFAULT_GROUP,
    DELEGATES_GROUP,
    DELEGATORS_GROUP,
    GROUP_DELETED,
    MEMBER_ADDED,
    MEMBER_DELETED,
    SYSTEM_GROUPS,
    ContactCard,
    Group,
    GroupKind,
    about_contact,
    about_group,
    about_member,
)
from openucwa.model.event import NewEvent
from openucwa.model.refusals import (
    AlreadyExists,
    Forbidden,
    LimitExceeded,
    OperationNotSupported,
    ResourceNotFound,
    TooManyDelegates,
)
from openucwa.store.contract.contacts import ContactLimits
from openucwa.store.engine import Transaction
from openucwa.store.sql.events import append
from openucwa.store.sql.tables import CONTACT_GROUPS, CONTACTS
from openucwa.telemetry.audit import Removal, counted

NO_GROUP = "no such group"
SELECT_GROUPS = f"select {CONTACT_GROUPS.columns} from contact_groups where owner = ?"
#: Who has somebody among their delegates.
DELEGATORS = "select owner from contact_memberships where uri = ? and group_id = 'delegatesGroup' order by owner"

_IS_MEMBER = "select 1 from contact_memberships where owner = ? and uri = ? and group_id = ?"
_IN_ANY_GROUP = "select group_id from contact_memberships where owner = ? and uri = ? order by group_id"
_ADD_MEMBER = "insert into contact_memberships (owner, uri, group_id) values (?, ?, ?)"
_REMOVE_MEMBER = "delete from contact_memberships where owner = ? and uri = ? and group_id = ?"
_MEMBERS = "select uri from contact_memberships where owner = ? and group_id = ? order by uri"


async def notify(transaction: Transaction, owner: str, at: int, *events: NewEvent) -> None:
    """Appends events about what `owner` has, if an application subscribes to them."""
    if await transaction.row("select 1 from contact_subscriptions where owner = ? limit 1", owner):
        await append(transaction, at, *events)


async def find_group(transaction: Transaction, owner: str, group_id: str) -> Group:
    """ResourceNotFound: no such group."""
    if (system := SYSTEM_GROUPS.get(group_id)) is not None:
        return system
    row = await transaction.row(SELECT_GROUPS + " and id = ?", owner, group_id)
    if row is None:
        raise ResourceNotFound(NO_GROUP)
    return CONTACT_GROUPS.record(row)


async def add(
    transaction: Transaction, owner: str, card: ContactCard, group_id: str, limits: ContactLimits, at: int
) -> None:
    """As `Contacts.add`."""
    group = await find_group(transaction, owner, group_id)
    if group.kind == GroupKind.DISTRIBUTION_GROUP:
        raise Forbidden("the members of a distribution group are those of the directory")
    if group.kind == GroupKind.DELEGATORS_GROUP:
        raise OperationNotSupported("the delegators group cannot be changed: its members choose their delegates")
    if await transaction.row(_IS_MEMBER, owner, card.uri, group_id):
        raise AlreadyExists("the contact is in this group already")
    if group.kind == GroupKind.DELEGATES_GROUP:
        ((count,),) = await transaction.rows(
            "select count(*) from contact_memberships where owner = ? and group_id = ?", owner, group_id
        )
        if count >= limits.delegates:
            raise TooManyDelegates(f"a user may have {limits.delegates} delegates")
    if not await transaction.row("select 1 from contacts where owner = ? and uri = ?", owner, card.uri):
        ((count,),) = await transaction.rows("select count(*) from contacts where owner = ?", owner)
        if count >= limits.contacts:
            raise LimitExceeded(f"a user may have {limits.contacts} contacts")
        await transaction.run(CONTACTS.insert, owner, *CONTACTS.values(card))
        await notify(transaction, owner, at, about_contact(owner, CONTACT_ADDED, card.uri))
    await transaction.run(_ADD_MEMBER, owner, card.uri, group_id)
    await notify(transaction, owner, at, about_member(owner, MEMBER_ADDED, card.uri, group))
    await _notify_delegate(transaction, owner, MEMBER_ADDED, card.uri, group, at)


async def remove(transaction: Transaction, owner: str, uri: str, group: Group, at: int, reason: str) -> None:
    """Takes somebody, who is in it, out of a group; out of the last one, also off the list. `reason`: for the log."""
    await transaction.run(_REMOVE_MEMBER, owner, uri, group.id)
    await notify(transaction, owner, at, about_member(owner, MEMBER_DELETED, uri, group))
    await _notify_delegate(transaction, owner, MEMBER_DELETED, uri, group, at)
    if not await transaction.row(_IN_ANY_GROUP, owner, uri):
        await transaction.run("delete from contacts where owner = ? and uri = ?", owner, uri)
        await notify(transaction, owner, at, about_contact(owner, CONTACT_DELETED, uri))
        transaction.acts.append(Removal("contact", uri, owner, reason))


async def remove_from_all(transaction: Transaction, owner: str, uri: str, at: int) -> None:
    """As `Contacts.remove_from_all`."""
    for (group_id,) in await transaction.rows(_IN_ANY_GROUP, owner, uri):
        group = await find_group(transaction, owner, group_id)
        await remove(transaction, owner, uri, group, at, "removed from all groups")


async def remove_group(transaction: Transaction, owner: str, group: Group, at: int) -> None:
    """Removes a group of the owner's. Members who are in no other group go to defaultGroup."""
    members = [uri for (uri,) in await transaction.rows(_MEMBERS, owner, group.id)]
    for uri in members:
        if len(await transaction.rows(_IN_ANY_GROUP, owner, uri)) == 1:
            await transaction.run(_ADD_MEMBER, owner, uri, DEFAULT_GROUP.id)
            await notify(transaction, owner, at, about_member(owner, MEMBER_ADDED, uri, DEFAULT_GROUP))
        await remove(transaction, owner, uri, group, at, "its last group was deleted")
    await transaction.run("delete from contact_groups where owner = ? and id = ?", owner, group.id)
    await notify(transaction, owner, at, about_group(owner, GROUP_DELETED, group))
    transaction.acts.append(Removal("group", group.id, owner, f"deleted; it had {counted(len(members), 'contact')}"))


async def leave(transaction: Transaction, uri: str, at: int) -> Sequence[Removal]:
    """Ends what a user who is being removed is to others; what the log will say is removed with the user.

    The user's own rows, and levels that others set for the user, go by a trigger.
    """
    for (owner,) in await transaction.rows(DELEGATORS, uri):
        await transaction.lock(owner)
        if await transaction.row(_IS_MEMBER, owner, uri, DELEGATES_GROUP.id):
            await remove(transaction, owner, uri, DELEGATES_GROUP, at, "the delegate was removed")
    for (owner,) in await transaction.rows("select owner from privacy_relationships where uri = ?", uri):
        await transaction.lock(owner)  # whose cached levels are outdated
    for (delegate,) in await transaction.rows(_MEMBERS, uri, DELEGATES_GROUP.id):
        await _notify_delegate(transaction, uri, MEMBER_DELETED, delegate, DELEGATES_GROUP, at)
    ((contacts,),) = await transaction.rows("select count(*) from contacts where owner = ?", uri)
    groups = await transaction.rows("select id from contact_groups where owner = ? order by position", uri)
    reason = "its user was removed"
    listed = [Removal("group", group_id, uri, reason) for (group_id,) in groups]
    if contacts:
        listed.append(Removal("contact list", uri, uri, f"{reason}; it had {counted(contacts, 'contact')}"))
    return listed


async def _notify_delegate(transaction: Transaction, owner: str, kind: str, uri: str, group: Group, at: int) -> None:
    """Tells a delegate of their delegator."""
    if group.kind == GroupKind.DELEGATES_GROUP:
        await transaction.lock(uri)
        await notify(transaction, uri, at, about_member(uri, kind, owner, DELEGATORS_GROUP))

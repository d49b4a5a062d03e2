"""A store that writes down every statement that it runs, and the walk through the contract that runs them all."""

import inspect
import re
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from openucwa.model.change_set import (
    ChangeSet,
    ExtensionAdded,
    ExtensionRemoved,
    ExtensionReplaced,
    SettingsReplaced,
)
from openucwa.model.contact import ContactCard, Group, GroupKind, Relationship
from openucwa.model.conversation import (
    FirstMessage,
    Invitation,
    InvitationKind,
    InvitationState,
    MessagingState,
    Role,
)
from openucwa.model.event import ChannelState, NewEvent
from openucwa.model.history import HistoryLimits
from openucwa.model.meeting import ExtensionType
from openucwa.model.photo import PhotoOrigin
from openucwa.model.presence import INACTIVE_AFTER, Membership, Subscription, SubscriptionLimits
from openucwa.model.privacy import PrivacyLevel
from openucwa.model.refusals import AlreadyStarted, Refusal, TooManyApplications, TooManyConversations, TooManyGroups
from openucwa.model.user import SigningKey, User
from openucwa.model.webhook import DeliveryState, WebhookPosition, WebhookState
from openucwa.store import sql
from openucwa.store.contract import ContactLimits, Ending
from openucwa.store.engine import Query, Reader, Row, Transaction, Work, Writer
from openucwa.store.sql import SqlStore, contents
from openucwa.store.sql.change_rows import LogLimits
from tests.contract.samples import (
    AT,
    COMMUNICATION,
    DAN,
    EVENT,
    MANY,
    MEETING,
    SETTINGS,
    application,
    assigned,
    calling,
    delivery,
    extension,
    invitation,
    meeting,
    participation,
    picture,
    user,
    webhook,
)
from tests.store.recording_queries import queries
from tests.users import LENE

T = TypeVar("T")

#: Where the statements are.
STATEMENTS = Path(sql.__file__).parent

ANN = "sip:ann@contoso.com"
FAMILY = Group("1", GroupKind.GROUP, "Family", "1")
SALES = Group("sales@contoso.com", GroupKind.DISTRIBUTION_GROUP, "Sales", "1")
#: After all that the walk does.
AFTER = AT + 10


@dataclass(frozen=True)
class ExecutedStatement:
    """A statement as it was run. `held`: the keys that its change held by then; None: it was no part of a change.
    `scope`: as the change said it."""

    text: str
    parameters: Sequence[object]
    held: frozenset[str] | None
    scope: str | None


@dataclass
class StatementLog:
    """What ran, and from which lines (file's name, number) of `STATEMENTS`, their callers' lines among them."""

    ran: list[ExecutedStatement] = field(default_factory=list)
    lines: set[tuple[str, int]] = field(default_factory=set)

    def add(
        self,
        text: str,
        parameters: Sequence[object],
        held: frozenset[str] | None = None,
        scope: str | None = None,
    ) -> None:
        self.ran.append(ExecutedStatement(re.sub(r"\s+", " ", text).strip(), parameters, held, scope))
        frame = inspect.currentframe()
        while frame is not None and (frame := frame.f_back):
            file = Path(frame.f_code.co_filename)
            if file.parent == STATEMENTS:
                self.lines.add((file.name, frame.f_lineno))


class RecordingReader:
    def __init__(self, reader: Reader, records: StatementLog) -> None:
        self._reader = reader
        self._records = records

    async def row(self, sql: str, *parameters: object) -> Row | None:
        self._records.add(sql, parameters)
        return await self._reader.row(sql, *parameters)

    async def rows(self, sql: str, *parameters: object) -> Sequence[Row]:
        self._records.add(sql, parameters)
        return await self._reader.rows(sql, *parameters)

    async def read(self, *queries: Query) -> Sequence[Sequence[Row]]:
        for query in queries:
            self._records.add(*query)
        return await self._reader.read(*queries)


class RecordingTransaction:
    """Its methods are no coroutines of their own, so that the line that calls them is seen even if another awaits."""

    def __init__(
        self, transaction: Transaction, held: frozenset[str], scope: str | None, records: StatementLog
    ) -> None:
        self._transaction = transaction
        self._held = held
        self._scope = scope
        self._records = records
        self.moved = transaction.moved
        self.announce = transaction.announce
        self.acts = transaction.acts

    def lock(self, *keys: str) -> Coroutine[Any, Any, None]:
        self._held |= frozenset(keys)
        return self._transaction.lock(*keys)

    def row(self, sql: str, *parameters: object) -> Coroutine[Any, Any, Row | None]:
        self._records.add(sql, parameters, self._held, self._scope)
        return self._transaction.row(sql, *parameters)

    def rows(self, sql: str, *parameters: object) -> Coroutine[Any, Any, Sequence[Row]]:
        self._records.add(sql, parameters, self._held, self._scope)
        return self._transaction.rows(sql, *parameters)

    def run(self, sql: str, *parameters: object, then: Query | None = None) -> Coroutine[Any, Any, int]:
        for query in [(sql, parameters), *([then] if then else [])]:
            self._records.add(*query, self._held, self._scope)
        return self._transaction.run(sql, *parameters, then=then)


class RecordingWriter:
    def __init__(self, writer: Writer, records: StatementLog) -> None:
        self._writer = writer
        self._records = records

    async def change(
        self,
        work: Work[T],
        *keys: str,
        scope: str | None = None,
        owners: Collection[str] | None = None,
        must_notify: bool = True,
    ) -> T:
        def recorded(transaction: Transaction) -> Coroutine[Any, Any, T]:
            return work(RecordingTransaction(transaction, frozenset(keys), scope, self._records))

        return await self._writer.change(recorded, *keys, scope=scope, owners=owners, must_notify=must_notify)

    def run(
        self,
        key: str,
        sql: str,
        *parameters: object,
        scope: str | None = None,
        renew: Callable[[], None] | None = None,
        then: Query | None = None,
    ) -> Coroutine[Any, Any, int]:
        for query in [(sql, parameters), *([then] if then else [])]:
            self._records.add(*query, frozenset({key}), scope)
        return self._writer.run(key, sql, *parameters, scope=scope, renew=renew, then=then)


class NoCache:
    """A cache that holds nothing. What reads for it run is in `statements`, too."""

    def __init__(self, records: StatementLog) -> None:
        self._records = records
        self.statements: list[ExecutedStatement] = []

    async def read(
        self, name: str, load: Callable[..., Awaitable[T]], owner: str, *rest: str, scope: str | None = None
    ) -> T:
        before = len(self._records.ran)
        try:
            return await load(owner, *rest)
        finally:
            self.statements += self._records.ran[before:]

    def put(self, name: str, result: object, owner: str, *rest: str, scope: str | None = None) -> None:
        pass


class RecordedStore(SqlStore):
    """The statements on `reader` and `writer`, which are somebody else's to open; what is run is in `records`."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self.records = StatementLog()
        self.cache = NoCache(self.records)
        super().__init__(
            RecordingReader(reader, self.records),
            RecordingWriter(writer, self.records),
            self.cache,
            log=LogLimits(user_bytes=10_000),
        )


def asking(owner: str, *, outgoing: bool) -> Invitation:
    """One side of an invitation into Lene's meeting."""
    return replace(
        invitation(owner),
        id=f"asking {owner}",
        kind=InvitationKind.PARTICIPANT,
        outgoing=outgoing,
        thread_id="asking",
        conversation=participation(owner).id if outgoing else None,
        expires=AT,
    )


async def walk(store: RecordedStore) -> None:
    """Calls every method of the contract so that every statement is run."""
    await users(store)
    await applications(store)
    await presence(store)
    await photos(store)
    await meetings(store)
    await rooms(store)
    await invitations(store)
    await contacts(store)
    await two_party(store)
    await queries(store)
    await ends(store)
    await unlogged(SqlStore(store.reader, store.writer, store.cache, log=LogLimits(enabled=False)))


async def users(store: RecordedStore) -> None:
    for uri in (LENE, DAN, ANN):
        await store.users.add(user(uri))
    await store.users.get(LENE)
    await store.users.with_local_part("lenea")
    await store.users.all()
    await store.users.change_password(LENE, "another")
    await store.users.disable(LENE, AT)
    await store.users.enable(LENE)
    vouched_for = User("sip:new@contoso.com", "New", None, None, "", source="https://id.contoso.com")
    await store.users.admit(vouched_for, create=True)
    await store.users.admit(replace(vouched_for, name="Newton"), create=True)
    await store.signing_keys.add_first(SigningKey("1", b"", 1))
    await store.signing_keys.add(SigningKey("2", b"", 2))
    await store.signing_keys.all()
    await store.signing_keys.remove("2")


async def applications(store: RecordedStore) -> None:
    for owner in (LENE, DAN, ANN):
        await store.applications.open(application(owner=owner), None, AT, MANY)
        await store.applications.make_available(owner, "101", COMMUNICATION, "8", AT, [EVENT])
    for instance in ("a", "b"):
        await store.applications.open(application(endpoint="another", id="102"), instance, AT, MANY)
        await store.channels.write(LENE, "102", instance, 0, ChannelState(served=1))
    with suppress(Refusal):
        await store.channels.write(LENE, "nobody's", "", 0, ChannelState(served=1))
    await store.channels.get(LENE, "102", "a")
    await store.applications.session(LENE, "101")
    await store.applications.close_instance(LENE, "102", "a", AT)
    await store.applications.close_instance(LENE, "102", "b", AT)
    await store.applications.open(application(endpoint="third", id="103"), None, AT, MANY)
    await store.users.revoke(LENE, Ending(AT, "101"))
    await store.applications.replace_communication(LENE, "101", frozenset({"1"}), COMMUNICATION, "9", AT, [EVENT])
    await store.applications.touch({(LENE, "101"): AT + 1}, {(LENE, "101"): AT + 1})
    await store.applications.available(LENE)
    await store.applications.all(LENE)


async def presence(store: RecordedStore) -> None:
    await store.presence.set_availability(LENE, "101", "Busy", AT)
    await store.presence.set_note(LENE, "busy", AT)
    await store.presence.set_location(LENE, "here", AT)
    await store.presence.report_activity(LENE, "101", AT + 1)
    await store.presence.get(LENE)
    await store.presence.of([LENE, DAN, ANN])
    await store.presence.since(LENE, "101")
    assert await store.presence.update_due(AT + INACTIVE_AFTER + 1, MANY) == 3
    other = replace(COMMUNICATION, supported_modalities=())
    await store.applications.replace_communication(ANN, "101", frozenset({"1"}), other, "10", AT, [])
    limits = SubscriptionLimits(MANY, MANY, MANY)
    for name, uris in (("1", [DAN]), ("group", [DAN]), ("group", [DAN, ANN])):
        draft = Subscription(LENE, "101", name, name == "group", AFTER)
        await store.subscriptions.add(draft, uris, limits, AT)
    await store.subscriptions.all(LENE, "101", AT)
    await store.subscriptions.get(LENE, "101", "1", AT)
    await store.subscriptions.memberships(LENE, "101", AT)
    await store.subscriptions.subscribed(LENE, "101")
    await store.subscriptions.extend(LENE, "101", "1", 1, MANY, AT)
    await store.subscriptions.remove(LENE, "101", "group", AT)
    await store.subscriptions.add_members(LENE, "101", "1", [ANN], limits, AT)
    await store.subscriptions.remove_member(LENE, "101", Membership("1", ANN), AT)
    assert await store.subscriptions.announce_ending(AFTER + 1, MANY, AT) == 1
    assert await store.subscriptions.expire(AFTER + 1, MANY) == 1


async def photos(store: RecordedStore) -> None:
    for _ in range(2):
        await store.photos.put(LENE, [picture(48), picture(96)], PhotoOrigin(None, ""))
    await store.photos.get(LENE, 48)
    await store.photos.origin(LENE)
    await store.photos.remove(LENE)


async def meetings(store: RecordedStore) -> None:
    await store.meetings.add(meeting(), MANY)
    for _ in range(2):
        await store.meetings.assigned(assigned())
    await store.meetings.get(LENE, MEETING)
    await store.meetings.all(LENE)
    await store.meetings.get_with_extensions(LENE, MEETING)
    await extensions(store)


async def extensions(store: RecordedStore) -> None:
    with suppress(TooManyGroups):
        await store.extensions.add(LENE, MEETING, extension("too many"), 0, AT)
    for kind in ExtensionType:
        slides = extension("slides", type=kind)
        await store.extensions.add(LENE, MEETING, slides, MANY, AT)
        await store.extensions.get(LENE, MEETING, "slides")
        await store.extensions.replace(LENE, MEETING, frozenset({"1"}), replace(slides, etag="2"), AT)
        await store.extensions.replace(LENE, MEETING, None, replace(slides, properties=b"{" + b" " * 99 + b"}"), AT)
        await store.extensions.remove(LENE, MEETING, "slides", None, AT)


async def rooms(store: RecordedStore) -> None:
    for owner in (LENE, DAN):
        draft = replace(participation(owner), in_lobby=owner == DAN)
        await store.conversations.join(draft, invitation(owner), "1", MANY, AT)
    with suppress(AlreadyStarted):
        await store.conversations.join(participation(LENE), replace(invitation(), id="again"), "1", MANY, AT, once=True)
    await store.conversations.admit(LENE, MEETING, DAN, AT)
    again = replace(participation(DAN), id="again", application_id="102")
    await store.applications.open(application(owner=DAN, endpoint="another", id="102"), None, AT, MANY)
    await store.conversations.join(again, replace(invitation(DAN), application_id="102"), "1", MANY, AT)
    await store.conversations.change_role(LENE, MEETING, DAN, Role.ATTENDEE, AT)
    for part in (participation(LENE), participation(DAN), again):
        adding = replace(invitation(part.owner), id="m", application_id=part.application_id)
        await store.conversations.change_messaging(
            part, MessagingState.CONNECTED, adding, AT, FirstMessage("text/plain", "hello")
        )
        await store.conversations.set_typing(part, True, AT)
        await store.conversations.send_message(part, "text/plain", "hello", None, AT)
        await store.conversations.set_typing(part, True, AT)
    await store.conversations.set_typing(again, False, AT)
    await store.conversations.change_role(LENE, MEETING, DAN, Role.ATTENDEE, AT)
    await store.conversations.set_typing(again, True, AT)
    for enabled in (False, False, True):
        await store.conversations.set_audience_messaging(LENE, MEETING, enabled, AT)
    await store.conversations.set_typing(again, True, AT)
    await store.conversations.change_messaging(participation(DAN), MessagingState.DISCONNECTED, None, AT)
    await store.conversations.get(DAN, "101", participation(DAN).id)
    await store.conversations.all(DAN, "101")
    await store.conversations.participants(LENE, MEETING)
    await store.conversations.participants_as_of(LENE, MEETING, 1)
    await store.conversations.typing_participants(LENE, MEETING)
    await store.conversations.idle(AFTER)
    await extensions(store)
    await change_sets(store)
    await schemas(store)
    longer = replace(SETTINGS, subject="a longer subject")
    await store.meetings.replace(LENE, MEETING, frozenset({"1"}), longer, "2", AT)
    await change_log(store)
    await webhooks(store)
    await store.events.append(AT, [EVENT, NewEvent("a", "happened")])
    await store.events.after({EVENT.topic: 0, "a": 0}, MANY)
    await store.events.after({EVENT.topic: 0}, MANY)
    await store.events.last_numbers([EVENT.topic, "a"])
    await store.events.numbers(EVENT.topic, EVENT.kind, 0, MANY)
    await store.events.get(EVENT.topic, 1)


async def webhooks(store: RecordedStore) -> None:
    place = WebhookPosition("log", 0, 1)
    await store.webhooks.add(webhook(), place, MANY)
    await store.webhooks.all(LENE)
    await store.webhooks.everybodys()
    await store.webhooks.get(LENE, "1")
    await store.webhooks.claim("node", AT, AT + 1, MANY)
    await store.webhooks.enqueue("node", "1", place, place, [delivery("a")])
    await store.webhooks.append(delivery("b"), MANY)
    found = await store.webhooks.due("1", AT, MANY)
    await store.webhooks.next_due("1", 0)
    await store.webhooks.record("node", found)
    await store.webhooks.backlog("1")
    await store.webhooks.deliveries("1", None, MANY)
    await store.webhooks.delivery("1", "a")
    await store.webhooks.redeliver("1", "a", AT)
    await store.webhooks.append(delivery("c", state=DeliveryState.DELIVERED), MANY)
    await store.webhooks.forget(0, AT + 1, MANY)
    await store.webhooks.replace(webhook(), None)
    await store.webhooks.release("node")
    await store.webhooks.claim("node", AT, AT + 1, MANY)
    await store.webhooks.suspend("node", "1", WebhookState.PAUSED, "", "2", AT)
    await store.webhooks.remove(LENE, "1", None)


async def change_sets(store: RecordedStore) -> None:
    for name in ("a", "b"):
        await store.extensions.add(LENE, MEETING, extension(name), MANY, AT)
    changes = (
        ExtensionAdded(extension("c", type=ExtensionType.ROAMED_ORGANIZER_DATA)),
        ExtensionReplaced(extension("a", etag="2", properties=b"{" + b" " * 99 + b"}"), None),
        ExtensionRemoved("b", None),
    )
    await store.change_sets.apply(LENE, MEETING, ChangeSet(changes), MANY, AT)
    settings = SettingsReplaced(replace(SETTINGS, subject="another subject"), "1")
    rest = tuple(ExtensionRemoved(name, None) for name in ("a", "c"))
    await store.change_sets.apply(LENE, MEETING, ChangeSet(rest, settings), MANY, AT)


async def schemas(store: RecordedStore) -> None:
    for _ in range(2):
        await store.schemas.put(LENE, "slides", None, "1", b"true", AT, MANY, 1)
    await store.schemas.current(LENE)
    await store.schemas.versions(LENE, "slides")
    await store.schemas.extensions(LENE, "slides", "", MANY)
    await store.schemas.remove(LENE, "slides", None, "2", AT)


async def change_log(store: RecordedStore) -> None:
    await store.writer.run(LENE, "update change_log set identity = ''")
    await store.change_log.open()
    await store.extensions.add(LENE, MEETING, extension(), MANY, AT)
    await store.extensions.remove(LENE, MEETING, "slides", None, AT)
    await store.meetings.add(meeting("gone", conference_id="gone"), MANY)
    await store.extensions.add(LENE, "gone", extension(), MANY, AT)
    await store.extensions.remove(LENE, "gone", "slides", None, AT)
    await store.extensions.add(LENE, "gone", extension(), MANY, AT)
    (removed,) = await store.change_log.removed_extensions(LENE, MEETING, 1)
    await store.change_log.removed_extensions(LENE, MEETING, 1)
    await store.meetings.remove(LENE, "gone", None, AT)
    (gone,) = await store.change_log.removed_meetings(LENE, 1)
    await store.change_log.change_set(LENE, gone.change_set)
    await store.meetings.restore(LENE, gone.number, MANY, lambda: "3", AT)
    await store.meetings.remove(LENE, "gone", None, AT)
    await store.change_log.versions(LENE, MEETING, "1", None, MANY)
    await store.change_log.version(LENE, MEETING, "slides", removed.number)
    await store.meetings.add(meeting("gone", conference_id="gone"), MANY)
    await store.extensions.add(LENE, "gone", extension(), MANY, AT)
    await store.meetings.hand_over(LENE, "gone", DAN, MANY, lambda: "4", AT)
    await store.meetings.find(LENE, "gone")
    await store.meetings.hand_over(DAN, "gone", LENE, MANY, lambda: "5", AT)
    await store.meetings.remove(LENE, "gone", None, AT)
    for number in range(30):
        await store.meetings.replace(LENE, MEETING, None, replace(SETTINGS, attendees=(f"sip:{number}@x",)), "2", AT)
        await store.extensions.add(LENE, MEETING, extension(str(number)), MANY, AT)
    await store.meetings.replace(LENE, MEETING, None, replace(SETTINGS, subject="a longer subject"), "2", AT)
    last = await store.change_log.last()
    await store.change_log.after(DAN, last, MANY)
    await store.change_log.after_all(last, MANY)
    await store.change_log.after_of(LENE, last, MANY)
    await store.change_log.invitees(LENE, MEETING)
    await store.change_log.invited_to(DAN, MANY)
    await store.change_log.audience(LENE, MEETING, 0)
    await store.change_log.trim(1, MANY)
    await store.change_log.forget(AFTER, MANY)


async def unlogged(store: SqlStore) -> None:
    await store.users.add(user("sip:eve@contoso.com"))
    for organizer in ("sip:eve@contoso.com", LENE):
        await store.meetings.add(meeting(organizer=organizer, conference_id=organizer), MANY)
        await store.meetings.replace(organizer, MEETING, None, replace(SETTINGS, attendees=()), "2", AT)
    await store.meetings.remove(LENE, MEETING, None, AT)
    await store.users.remove("sip:eve@contoso.com", AT)


async def invitations(store: RecordedStore) -> None:
    await store.invitations.refuse(replace(invitation(), id="refused", state=InvitationState.FAILED), AT)
    await store.invitations.add(asking(LENE, outgoing=True), [asking(ANN, outgoing=False)], AT)
    await store.invitations.overdue(AFTER, MANY)
    await store.conversations.overdue_in_lobby(AFTER, MANY)
    await store.conversations.lobbies(LENE, MANY)
    await store.invitations.was_invited_by_leader(DAN, LENE, MEETING)
    with suppress(Refusal):
        await store.invitations.offered(DAN, "101", "none")
    await store.invitations.get(ANN, "101", f"asking {ANN}")
    await store.conversations.join(participation(ANN), replace(asking(ANN, outgoing=False)), "2", MANY, AT)
    twice = [replace(asking(owner, outgoing=owner == LENE), id="twice", thread_id="twice") for owner in (LENE, ANN)]
    with suppress(AlreadyStarted):
        await store.invitations.add(twice[0], [twice[1]], AT)
    twice[0] = replace(twice[0], operation_id="twice")
    await store.invitations.add(twice[0], [twice[1]], AT)
    await store.invitations.replay(ANN, "101", AT)
    await store.invitations.started(LENE, "101", "twice", twice[0].kind)
    await store.invitations.end(replace(twice[1], state=InvitationState.DECLINED), AT)


async def contacts(store: RecordedStore) -> None:
    for owner in (LENE, DAN):
        await store.contacts.subscribe(owner, "101" if owner == LENE else "102", 1, 2, AT)
    await store.contacts.subscription(LENE, "101")
    for group in (FAMILY, SALES):
        await store.contacts.add_group(LENE, group, MANY, AT)
    await store.contacts.groups(LENE)
    await store.contacts.group(LENE, FAMILY.id)
    await store.contacts.rename_group(LENE, frozenset({FAMILY.etag}), FAMILY, AT)
    limits = ContactLimits(MANY, MANY)
    for group_id in (FAMILY.id, "delegatesGroup"):
        for uri in (DAN, ANN):
            await store.contacts.add(LENE, ContactCard(uri, "Somebody"), group_id, limits, AT)
    await store.contacts.add(DAN, ContactCard(LENE, "Lene"), "delegatesGroup", limits, AT)
    for group_id in (None, FAMILY.id, "delegatorsGroup"):
        await store.contacts.all(LENE, group_id)
        await store.contacts.memberships(LENE, group_id)
    await store.contacts.members(LENE, FAMILY.id)
    await store.contacts.find(LENE, DAN)
    await store.contacts.remove(LENE, ANN, FAMILY.id, AT)
    for card in (ContactCard(ANN, "Ann"), ContactCard("sip:ed@elsewhere.example", "Ed")):
        await store.contacts.add(LENE, card, FAMILY.id, limits, AT)
    await store.contacts.remove_from_all(LENE, ANN, AT)
    await store.contacts.remove_group(LENE, FAMILY.id, None, AT)
    for owner, uri in ((LENE, DAN), (DAN, LENE)):
        relationship = Relationship(uri, PrivacyLevel.WORKGROUP, "1")
        await store.contacts.set_relationship(owner, None, relationship, MANY, AT, [EVENT])
    await store.contacts.relationship(LENE, DAN)
    await store.contacts.relationships([LENE], DAN)
    await store.contacts.own_relationships(LENE)
    await store.contacts.own_relationship(LENE, DAN)
    await store.contacts.sweep_subscriptions(AFTER, AT, MANY)
    await store.contacts.sweep_subscriptions(AFTER, AFTER, MANY)
    await store.contacts.subscribe(LENE, "101", 1, 2, AT)
    await store.contacts.unsubscribe(LENE, "101")
    await store.people.seen([LENE], DAN)
    await store.people.search(("len", "aal"), DAN, "", MANY)
    await store.writer.run(LENE, "update users set name = 'Lene' where uri = ?", LENE)
    assert await store.people.index(MANY) == 1


async def two_party(store: RecordedStore) -> None:
    for number in ("accepted", "declined", "cancelled", "ended", "left", "escalated"):
        draft, outgoing = calling(LENE, number)
        there, incoming = calling(DAN, number)
        also = calling(DAN, number, "102")[1]
        with suppress(TooManyConversations):
            await store.two_party.start(draft, outgoing, [incoming, also], 0, AT)
        await store.two_party.start(draft, outgoing, [incoming, also], MANY, AT)
        await store.invitations.pending(DAN, "101")
        await store.conversations.including_ended(DAN, "101")
        declined = replace(incoming, state=InvitationState.DECLINED, reason="Declined")
        if number == "declined":
            await store.invitations.end(declined, AT, elsewhere_goes_on=True)
            await store.invitations.end(replace(declined, id=also.id, application_id="102"), AT)
            continue
        if number == "cancelled":
            over = replace(outgoing, state=InvitationState.CANCELLED, reason="Canceled")
            await store.invitations.end(over, AT, missed=HistoryLimits(MANY, MANY))
            continue
        if number == "left":
            await store.conversations.leave(LENE, "101", draft.id, AT)
            continue
        await store.two_party.accept(incoming, there, MANY, AT, HistoryLimits(MANY, MANY))
        await store.conversations.send_message(draft, "text/plain", "hello", None, AT)
        if number == "ended":
            await store.conversations.leave(DAN, "101", there.id, AT)
        if number == "escalated":
            conference = meeting(number, conference_id=number)
            await store.two_party.escalate(there, replace(conference, id=draft.meeting_id), MANY, AT)
            await store.meetings.remove(LENE, draft.meeting_id, None, AT)
    await store.two_party.forget_ended(AFTER, MANY)
    await history(store)


async def history(store: RecordedStore) -> None:
    limits = HistoryLimits(MANY, MANY)
    for number in range(2):
        missed = replace(calling(LENE, "missed")[1], id=f"missed {number}", state=InvitationState.FAILED)
        await store.invitations.refuse(missed, AT, limits)
    nobody = replace(missed, id="of nobody", to_uri="sip:nobody@contoso.com")
    await store.invitations.refuse(nobody, AT, limits)
    await store.history.all(DAN, MANY)
    await store.history.get(DAN, "missed 1")
    await store.history.messages(DAN, "missed 1", 0, MANY)
    await store.history.message(DAN, "missed 1", 1)
    await store.history.counts(DAN)
    await store.history.mark_read(DAN, "missed 1", AT)
    await store.history.remove(DAN, "missed 1", AT)
    await store.history.forget(AFTER, MANY)


async def ends(store: RecordedStore) -> None:
    """Everything ends in each of the ways that it can end."""
    await store.invitations.add(replace(invitation(ANN), id="under way", thread_id="under way"), [], AT)
    await store.conversations.remove_participant(LENE, MEETING, ANN, "Ejected", AT, in_lobby=False)
    await store.conversations.leave(DAN, "102", "again", AT)
    await store.applications.open(application("103", "third", owner=DAN), None, AT, 1)
    with suppress(TooManyApplications):
        await store.applications.session(DAN, "101")
    await store.meetings.remove(LENE, MEETING, frozenset({"2"}), AT)
    await store.applications.close(DAN, "103", AT)
    await with_guests(store)
    assert await store.meetings.remove_expired(AFTER, MANY, AT) == 3
    assert len(await store.applications.remove_idle(AFTER, MANY, AT)) == 3
    await with_guests(store)
    await store.users.remove(LENE, AT)
    await store.applications.forget_replaced(AFTER, MANY)
    await store.events.forget(AFTER, 100)
    await store.events.forget_topics(AFTER, 100)
    await contents(store.reader, 1)


async def with_guests(store: RecordedStore) -> None:
    """Lene and Dan come into a meeting of Lene's, and into one of Dan's."""
    for owner in (LENE, DAN):
        await store.applications.open(application(owner=owner), None, AT, MANY)
    for organizer in (LENE, DAN):
        await store.meetings.add(meeting(organizer=organizer, conference_id=organizer), MANY)
        for owner in (LENE, DAN):
            part = replace(participation(owner), organizer=organizer)
            begin = replace(invitation(owner), id=f"into {organizer}", organizer=organizer)
            await store.conversations.join(part, begin, "1", MANY, AT)

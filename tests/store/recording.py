"""A store that writes down every statement that it runs, and the walk through the contract that runs them all."""

import re
import sys
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from openucwa.model.event import ChannelState, NewEvent
from openucwa.model.meeting import ExtensionType
from openucwa.model.refusals import Refusal, TooManyApplications, TooManyGroups
from openucwa.model.room import FirstMessage, Invitation, InvitationKind, InvitationState, MessagingState, Role
from openucwa.model.user import SigningKey
from openucwa.store import sql
from openucwa.store.engine import Query, Reader, Row, Transaction, Work, Writer
from openucwa.store.sql import SqlStore
from tests.contract.samples import (
    AT,
    COMMUNICATION,
    DAN,
    EVENT,
    LENE,
    MANY,
    MEETING,
    SETTINGS,
    application,
    assigned,
    extension,
    invitation,
    meeting,
    participation,
    user,
)

T = TypeVar("T")

#: Where the statements are.
STATEMENTS = Path(sql.__file__).parent

ANN = "sip:ann@contoso.com"
#: After all that the walk does.
AFTER = AT + 10


@dataclass(frozen=True)
class Ran:
    """A statement as it was run. `held`: the keys that its change held by then; None: it was no part of a change.
    `within`: as the change said it."""

    text: str
    parameters: Sequence[object]
    held: frozenset[str] | None
    within: str | None


@dataclass
class Records:
    """What ran, and from which lines (file's name, number) of `STATEMENTS`, their callers' lines among them."""

    ran: list[Ran] = field(default_factory=list)
    lines: set[tuple[str, int]] = field(default_factory=set)

    def add(
        self,
        text: str,
        parameters: Sequence[object],
        held: frozenset[str] | None = None,
        within: str | None = None,
    ) -> None:
        self.ran.append(Ran(re.sub(r"\s+", " ", text).strip(), parameters, held, within))
        frame = sys._getframe()
        while frame := frame.f_back:  # type: ignore[assignment]
            file = Path(frame.f_code.co_filename)
            if file.parent == STATEMENTS:
                self.lines.add((file.name, frame.f_lineno))


class RecordingReader:
    def __init__(self, reader: Reader, records: Records) -> None:
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

    def __init__(self, transaction: Transaction, held: frozenset[str], within: str | None, records: Records) -> None:
        self._transaction = transaction
        self._held = held
        self._within = within
        self._records = records
        self.moved = transaction.moved

    def hold(self, *keys: str) -> Coroutine[Any, Any, None]:
        self._held |= frozenset(keys)
        return self._transaction.hold(*keys)

    def row(self, sql: str, *parameters: object) -> Coroutine[Any, Any, Row | None]:
        self._records.add(sql, parameters, self._held, self._within)
        return self._transaction.row(sql, *parameters)

    def rows(self, sql: str, *parameters: object) -> Coroutine[Any, Any, Sequence[Row]]:
        self._records.add(sql, parameters, self._held, self._within)
        return self._transaction.rows(sql, *parameters)

    def run(self, sql: str, *parameters: object) -> Coroutine[Any, Any, int]:
        self._records.add(sql, parameters, self._held, self._within)
        return self._transaction.run(sql, *parameters)


class RecordingWriter:
    def __init__(self, writer: Writer, records: Records) -> None:
        self._writer = writer
        self._records = records

    async def change(self, work: Work[T], *keys: str, within: str | None = None) -> T:
        def recorded(transaction: Transaction) -> Coroutine[Any, Any, T]:
            return work(RecordingTransaction(transaction, frozenset(keys), within, self._records))

        return await self._writer.change(recorded, *keys, within=within)

    def run(self, key: str, sql: str, *parameters: object, within: str | None = None) -> Coroutine[Any, Any, int]:
        self._records.add(sql, parameters, frozenset({key}), within)
        return self._writer.run(key, sql, *parameters, within=within)


class RecordedStore(SqlStore):
    """The statements on `reader` and `writer`, which are somebody else's to open; what is run is in `records`."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self.records = Records()
        super().__init__(RecordingReader(reader, self.records), RecordingWriter(writer, self.records))

    async def describe(self) -> Mapping[str, str]:
        return await self._contents(1)


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
    await meetings(store)
    await rooms(store)
    await invitations(store)
    await ends(store)


async def users(store: RecordedStore) -> None:
    for uri in (LENE, DAN, ANN):
        await store.add_user(user(uri))
    await store.user(LENE)
    await store.users_with_local_part("lenea")
    await store.users()
    await store.change_password(LENE, "another")
    await store.add_first_signing_key(SigningKey("1", b"", 1))
    await store.add_signing_key(SigningKey("2", b"", 2))
    await store.signing_keys()
    await store.remove_signing_key("2")


async def applications(store: RecordedStore) -> None:
    for owner in (LENE, DAN, ANN):
        await store.open_application(application(owner=owner), None, AT, MANY)
        await store.make_available(owner, "101", COMMUNICATION, "8", AT, [EVENT])
    for instance in ("a", "b"):
        await store.open_application(application(endpoint="another", id="102"), instance, AT, MANY)
        await store.write_channel(LENE, "102", instance, 0, ChannelState(served=1))
    await store.channel(LENE, "102", "a")
    await store.session(LENE, "101")
    await store.close_instance(LENE, "102", "a", AT)
    await store.close_instance(LENE, "102", "b", AT)
    await store.replace_communication(LENE, "101", frozenset({"1"}), COMMUNICATION, "9", AT, [EVENT])
    await store.touch({(LENE, "101"): AT + 1}, {(LENE, "101"): AT + 1})
    await store.available_applications(LENE)


async def meetings(store: RecordedStore) -> None:
    await store.add_meeting(meeting(), MANY)
    for _ in range(2):
        await store.assigned_meeting(assigned())
    await store.meeting(LENE, MEETING)
    await store.meetings(LENE)
    await store.meeting_with_extensions(LENE, MEETING)
    await extensions(store)


async def extensions(store: RecordedStore) -> None:
    with suppress(TooManyGroups):
        await store.add_extension(LENE, MEETING, extension("too many"), 0, AT)
    for kind in ExtensionType:
        slides = extension("slides", type=kind)
        await store.add_extension(LENE, MEETING, slides, MANY, AT)
        await store.extension(LENE, MEETING, "slides")
        await store.replace_extension(LENE, MEETING, frozenset({"1"}), replace(slides, etag="2"), AT)
        await store.remove_extension(LENE, MEETING, "slides", None, AT)


async def rooms(store: RecordedStore) -> None:
    for owner in (LENE, DAN):
        draft = replace(participation(owner), in_lobby=owner == DAN)
        await store.join(draft, invitation(owner), "1", MANY, AT)
    await store.admit(LENE, MEETING, DAN, AT)
    again = replace(participation(DAN), id="again", application_id="102")
    await store.open_application(application(owner=DAN, endpoint="another", id="102"), None, AT, MANY)
    await store.join(again, replace(invitation(DAN), application_id="102"), "1", MANY, AT)
    await store.change_role(LENE, MEETING, DAN, Role.ATTENDEE, AT)
    for part in (participation(LENE), participation(DAN), again):
        adding = replace(invitation(part.owner), id="m", application_id=part.application_id)
        await store.change_messaging(part, MessagingState.CONNECTED, adding, AT, FirstMessage("text/plain", "hello"))
        await store.set_typing(part, True, AT)
        await store.send_message(part, "text/plain", "hello", None, AT)
        await store.set_typing(part, True, AT)
    await store.set_typing(again, False, AT)
    await store.change_messaging(participation(DAN), MessagingState.DISCONNECTED, None, AT)
    await store.participation(DAN, "101", participation(DAN).id)
    await store.participations(DAN, "101")
    await store.participants(LENE, MEETING)
    await store.participants_as_of(LENE, MEETING, 1)
    await store.typing_participants(LENE, MEETING)
    await store.idle_conversations(AFTER)
    await extensions(store)
    await store.replace_meeting(LENE, MEETING, frozenset({"1"}), SETTINGS, "2", AT)
    await store.append_events(AT, [EVENT, NewEvent("a", "happened")])
    await store.events_after({EVENT.topic: 0, "a": 0}, MANY)
    await store.last_event_numbers([EVENT.topic, "a"])
    await store.event_numbers(EVENT.topic, EVENT.kind, 0, MANY)
    await store.event(EVENT.topic, 1)


async def invitations(store: RecordedStore) -> None:
    await store.refuse_invitation(replace(invitation(), id="refused", state=InvitationState.FAILED), AT)
    await store.invite(asking(LENE, outgoing=True), [asking(ANN, outgoing=False)], AT)
    await store.overdue_invitations(AFTER, MANY)
    await store.overdue_in_lobby(AFTER, MANY)
    await store.is_asked_in(DAN, LENE, MEETING)
    with suppress(Refusal):
        await store.offered_conversation(DAN, "101", "none")
    await store.invitation(ANN, "101", f"asking {ANN}")
    await store.join(participation(ANN), replace(asking(ANN, outgoing=False)), "2", MANY, AT)
    twice = [replace(asking(owner, outgoing=owner == LENE), id="twice", thread_id="twice") for owner in (LENE, ANN)]
    await store.invite(twice[0], [twice[1]], AT)
    await store.end_invitation(replace(twice[1], state=InvitationState.DECLINED), AT)


async def ends(store: RecordedStore) -> None:
    """Everything ends in each of the ways that it can end."""
    await store.invite(replace(invitation(ANN), id="under way", thread_id="under way"), [], AT)
    await store.remove_participant(LENE, MEETING, ANN, "Ejected", AT, in_lobby=False)
    await store.leave(DAN, "102", "again", AT)
    await store.open_application(application("103", "third", owner=DAN), None, AT, 1)
    with suppress(TooManyApplications):
        await store.session(DAN, "101")
    await store.remove_meeting(LENE, MEETING, frozenset({"2"}), AT)
    await store.close_application(DAN, "103", AT)
    await with_guests(store)
    assert await store.remove_expired_meetings(AFTER, MANY, AT) == 3
    assert len(await store.remove_idle_applications(AFTER, AFTER, AT)) == 3
    await with_guests(store)
    await store.remove_user(LENE, AT)
    await store.forget_events(AFTER, 100)
    await store.describe()


async def with_guests(store: RecordedStore) -> None:
    """Lene and Dan come into a meeting of Lene's, and into one of Dan's."""
    for owner in (LENE, DAN):
        await store.open_application(application(owner=owner), None, AT, MANY)
    for organizer in (LENE, DAN):
        await store.add_meeting(meeting(organizer=organizer, conference_id=organizer), MANY)
        for owner in (LENE, DAN):
            part = replace(participation(owner), organizer=organizer)
            begin = replace(invitation(owner), id=f"into {organizer}", organizer=organizer)
            await store.join(part, begin, "1", MANY, AT)

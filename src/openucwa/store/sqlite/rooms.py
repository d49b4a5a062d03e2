"""Live meetings: joining, leaving, and what happens in between."""

from collections.abc import Sequence
from dataclasses import replace

from openucwa.model import room_events
from openucwa.model.event import Event
from openucwa.model.refusals import (
    AlreadyExists,
    Conflict,
    ConversationNotFound,
    DestinationNotFound,
    PreconditionFailed,
    ResourceNotFound,
    TooManyParticipants,
)
from openucwa.model.room import (
    Invitation,
    InvitationState,
    MessagingState,
    Participant,
    Participation,
    Role,
    conversation_topic,
)
from openucwa.store.sqlite import columns, invitations, participations
from openucwa.store.sqlite.events import append
from openucwa.store.sqlite.participations import as_participant, find, participant_of, participation_of, tell
from openucwa.store.sqlite.reader import Reader
from openucwa.store.sqlite.writer import Transaction, Writer

_NO_CONVERSATION = "the application has no such conversation"
_OF_URI = "organizer = ? and meeting_id = ? and uri = ?"
_OF_APPLICATION = "owner = ? and application_id = ?"
#: Events that `participants_as_of` undoes at the most: as many as a log of usual age holds, and more.
_MOST_UNDONE = 1_000_000


_IDLE = (
    participations.SELECT + "where (owner, application_id) in"  # noqa: S608  # constants
    " (select owner, id from applications where coalesce(last_poll, last_request) < ?)"
)


class Rooms:
    """`store.rooms.Rooms` but for invitations; each method is described there."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    async def join(
        self, draft: Participation, invitation: Invitation, meeting_etag: str, most: int, at: int
    ) -> Participation:
        meeting = (draft.organizer, draft.meeting_id)

        def work(transaction: Transaction) -> Participation:
            _check_meeting(transaction, draft, meeting_etag)
            others = find(transaction, _OF_URI, *meeting, draft.uri)
            if any(other.application_id == draft.application_id and other.owner == draft.owner for other in others):
                raise AlreadyExists("the application takes part in this meeting already")
            joined = draft
            if others:
                joined = replace(draft, role=others[0].role, in_lobby=others[0].in_lobby)
            elif not draft.in_lobby:
                _check_room(transaction, draft, most)
            if not others:
                kind = room_events.LOBBY_JOINED if joined.in_lobby else room_events.PARTICIPANT_JOINED
                tell(transaction, at, kind, as_participant(joined), meeting)
            joined = replace(joined, since=_last(transaction, joined.topic))
            participations.add(transaction, joined)
            state = InvitationState.CONNECTING if joined.in_lobby else InvitationState.CONNECTED
            invitations.put(transaction, replace(invitation, state=state, conversation=joined.id), at)
            begun = room_events.CONVERSATION_WAITING if joined.in_lobby else room_events.CONVERSATION_BEGUN
            append(transaction, at, (room_events.about_conversation(joined, begun),))
            return joined

        return await self._writer.change(work)

    async def participation(self, owner: str, application_id: str, conversation_id: str) -> Participation:
        row = self._reader.row(
            participations.SELECT + "where owner = ? and application_id = ? and id = ?",
            owner,
            application_id,
            conversation_id,
        )
        if row is None:
            raise ConversationNotFound(_NO_CONVERSATION)
        return participation_of(row)

    async def participations(self, owner: str, application_id: str) -> Sequence[Participation]:
        rows = self._reader.rows(
            participations.SELECT + "where owner = ? and application_id = ? order by joined", owner, application_id
        )
        return [participation_of(row) for row in rows]

    async def participants(self, organizer: str, meeting_id: str) -> Sequence[Participant]:
        return [participant_of(row) for row in self._reader.rows(participations.PARTICIPANTS, organizer, meeting_id)]

    async def participants_as_of(self, organizer: str, meeting_id: str, number: int) -> Sequence[Participant]:
        topic = conversation_topic(organizer, meeting_id)
        present, since = self._reader.read(
            (participations.PARTICIPANTS, (organizer, meeting_id)),
            (
                "select number, at, kind, facts from events where topic = ? and number > ? order by number limit ?",
                (topic, number, _MOST_UNDONE),
            ),
        )
        events = [Event(topic, each, at, kind, columns.facts(text)) for each, at, kind, text in since]
        return room_events.undone([participant_of(row) for row in present], events)

    async def leave(self, owner: str, application_id: str, conversation_id: str, at: int) -> None:
        def work(transaction: Transaction) -> None:
            gone = _own(transaction, owner, application_id, conversation_id)
            participations.end(transaction, (gone,), at)

        await self._writer.change(work)

    async def idle_conversations(self, polled_before: int) -> Sequence[Participation]:
        rows = self._reader.rows(_IDLE, polled_before)
        return [participation_of(row) for row in rows]

    async def admit(self, organizer: str, meeting_id: str, uri: str, at: int) -> None:
        meeting = (organizer, meeting_id)

        def work(transaction: Transaction) -> None:
            waiting = [each for each in find(transaction, _OF_URI, *meeting, uri) if each.in_lobby]
            if not waiting:
                raise ResourceNotFound("nobody with that address waits in the lobby")
            tell(transaction, at, room_events.LOBBY_LEFT, as_participant(waiting[0]), meeting)
            admitted = [replace(each, in_lobby=False) for each in waiting]
            tell(transaction, at, room_events.PARTICIPANT_JOINED, as_participant(admitted[0]), meeting)
            since = _last(transaction, waiting[0].topic)
            transaction.run(
                "update participations set in_lobby = 0, since = ? where " + _OF_URI,  # noqa: S608  # a constant
                since,
                *meeting,
                uri,
            )
            for each in admitted:
                begun = replace(each, since=since)
                invitations.end_of_conversation(
                    transaction, each.owner, each.application_id, each.id, InvitationState.CONNECTED, None
                )
                append(transaction, at, (room_events.about_conversation(begun, room_events.CONVERSATION_ADMITTED),))

        await self._writer.change(work)

    async def remove_participant(self, organizer: str, meeting_id: str, uri: str, reason: str, at: int) -> None:
        def work(transaction: Transaction) -> None:
            gone = find(transaction, _OF_URI, organizer, meeting_id, uri)
            if not gone:
                raise ResourceNotFound("nobody with that address is in this meeting")
            participations.end(transaction, gone, at, reason)

        await self._writer.change(work)

    async def change_role(self, organizer: str, meeting_id: str, uri: str, role: Role, at: int) -> None:
        meeting = (organizer, meeting_id)

        def work(transaction: Transaction) -> None:
            found = find(transaction, _OF_URI, *meeting, uri)
            if not found:
                raise ResourceNotFound("nobody with that address is in this meeting")
            was = found[0].role
            if was == role:
                return
            transaction.run("update participations set role = ? where " + _OF_URI, role, *meeting, uri)  # noqa: S608
            changed = replace(as_participant(found[0]), role=role)
            append(transaction, at, (room_events.role_changed(*meeting, changed, was),))

        await self._writer.change(work)

    async def change_messaging(
        self, participation: Participation, state: MessagingState, invitation: Invitation | None, at: int
    ) -> None:
        meeting = (participation.organizer, participation.meeting_id)

        def work(transaction: Transaction) -> None:
            own = _own(transaction, participation.owner, participation.application_id, participation.id)
            if invitation is not None:
                invitations.add(transaction, replace(invitation, state=InvitationState.CONNECTED))
            elif own.messaging == state:
                return
            transaction.run(
                "update participations set messaging = ?, typing = 0 where organizer = ? and meeting_id = ? and id = ?",
                state,
                *meeting,
                own.id,
            )
            elsewhere = [
                other
                for other in find(transaction, _OF_URI, *meeting, own.uri)
                if other.id != own.id and other.messaging == MessagingState.CONNECTED
            ]
            if own.messaging != state and not elsewhere:
                changed = replace(as_participant(own), messaging=state)
                tell(transaction, at, room_events.MESSAGING_CHANGED, changed, meeting)
            connected = state == MessagingState.CONNECTED
            kind = room_events.MESSAGING_CONNECTED if connected else room_events.MESSAGING_DISCONNECTED
            begun = replace(own, invitation=invitation.id) if invitation is not None else own
            append(transaction, at, (room_events.about_conversation(begun, kind),))

        await self._writer.change(work)

    async def send_message(
        self, participation: Participation, content_type: str, text: str, operation_id: str | None, at: int
    ) -> int:
        def work(transaction: Transaction) -> int:
            own = _own(transaction, participation.owner, participation.application_id, participation.id)
            if own.messaging != MessagingState.CONNECTED:
                raise Conflict("messaging is not connected: addMessaging has to come first")
            _stop_typing(transaction, own, at)
            append(transaction, at, (room_events.message(own, content_type, text, operation_id),))
            return _last(transaction, own.topic)

        return await self._writer.change(work)

    async def set_typing(self, participation: Participation, typing: bool, at: int) -> None:
        def work(transaction: Transaction) -> None:
            own = _own(transaction, participation.owner, participation.application_id, participation.id)
            if not typing:
                _stop_typing(transaction, own, at)
            elif transaction.run(
                "update participations set typing = 1 where organizer = ? and meeting_id = ? and id = ? and typing = 0",
                own.organizer,
                own.meeting_id,
                own.id,
            ):
                append(transaction, at, (room_events.typing_changed(own, typing=True),))

        await self._writer.change(work)

    async def typing_participants(self, organizer: str, meeting_id: str) -> Sequence[Participant]:
        rows = self._reader.rows(participations.TYPING, organizer, meeting_id)
        return [participant_of(row) for row in rows]

    async def event_numbers(self, topic: str, kind: str, after: int, most: int) -> Sequence[int]:
        rows = self._reader.rows(
            "select number from events where topic = ? and kind = ? and number > ? order by number desc limit ?",
            topic,
            kind,
            after,
            most,
        )
        return [number for (number,) in reversed(rows)]

    async def event(self, topic: str, number: int) -> Event:
        row = self._reader.row("select at, kind, facts from events where topic = ? and number = ?", topic, number)
        if row is None:
            raise ResourceNotFound("there is no such event, or no more")
        at, kind, text = row
        return Event(topic, number, at, kind, columns.facts(text))


def _check_meeting(transaction: Transaction, draft: Participation, etag: str) -> None:
    row = transaction.row("select etag from meetings where organizer = ? and id = ?", draft.organizer, draft.meeting_id)
    if row is None:
        raise DestinationNotFound("there is no such online meeting")
    if row[0] != etag:
        raise PreconditionFailed("the meeting has changed")


def _check_room(transaction: Transaction, draft: Participation, most: int) -> None:
    ((count,),) = transaction.rows(
        "select count(distinct uri) from participations where organizer = ? and meeting_id = ? and in_lobby = 0",
        draft.organizer,
        draft.meeting_id,
    )
    if count >= most:
        raise TooManyParticipants(f"the meeting has {count} participants, and no room for more")


def _own(transaction: Transaction, owner: str, application_id: str, conversation_id: str) -> Participation:
    found = find(transaction, _OF_APPLICATION + " and id = ?", owner, application_id, conversation_id)
    if not found:
        raise ConversationNotFound(_NO_CONVERSATION)
    return found[0]


def _stop_typing(transaction: Transaction, own: Participation, at: int) -> None:
    if transaction.run(
        "update participations set typing = 0 where organizer = ? and meeting_id = ? and id = ? and typing = 1",
        own.organizer,
        own.meeting_id,
        own.id,
    ):
        append(transaction, at, (room_events.typing_changed(own, typing=False),))


def _last(transaction: Transaction, topic: str) -> int:
    row = transaction.row("select last from topics where topic = ?", topic)
    return row[0] if row else 0

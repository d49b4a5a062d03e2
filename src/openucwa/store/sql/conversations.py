"""Conversations in live meetings."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence
from dataclasses import replace

from openucwa.model import conversation_events
from openucwa.model.conversation import (
    FirstMessage,
    Form,
    Invitation,
    InvitationState,
    Lobbies,
    LobbyEntry,
    MessagingState,
    Participant,
    Participation,
    Role,
    Span,
    conversation_topic,
)
from openucwa.model.meeting import MeetingRel
from openucwa.model.refusals import (
    AlreadyJoined,
    AttendeeNotAllowed,
    Conflict,
    ConversationNotFound,
    DestinationNotFound,
    PreconditionFailed,
    ResourceNotFound,
    TooManyParticipants,
)
from openucwa.store.engine import Transaction
from openucwa.store.sql import columns, events, history, participations
from openucwa.store.sql import invitation_rows as invitations
from openucwa.store.sql.events import append
from openucwa.store.sql.part import Part
from openucwa.store.sql.participations import as_participant, find, notify, participant_of, participation_of
from openucwa.store.sql.tables import EVENTS

_NO_CONVERSATION = "the application has no such conversation"
_OF_URI = "organizer = ? and meeting_id = ? and uri = ?"
_ONE = "organizer = ? and meeting_id = ? and id = ?"

#: Events that `participants_as_of` undoes at the most: as many as a log of usual age holds, and more.
_MAX_UNDONE = 1_000_000

#: How often one conversation may connect messaging with all messages in between left to be read: the log is not kept
#: for ever, and who polls at all reads them soon.
_MAX_SPANS = 100

_AUDIENCE_MESSAGING = "select audience_messaging from meetings where organizer = ? and id = ?"
_SET_AUDIENCE_MESSAGING = """
    update meetings set audience_messaging = ? where organizer = ? and id = ? and audience_messaging <> ?
"""
_TYPING_ATTENDEES = "organizer = ? and meeting_id = ? and typing = 1 and role = 'Attendee'"

_INCLUDING_ENDED = participations.SELECT + "where owner = ? and application_id = ?"
_OF_APPLICATION = _INCLUDING_ENDED + " and ended is null"
_OVERDUE = participations.SELECT + "where in_lobby = 1 and joined < ? order by joined limit ?"
_LOBBIES = """
    select m.id, m.rel, m.subject, p.uri, min(p.name), max(p.anonymous), min(p.joined), count(*) over ()
    from participations p join meetings m on m.organizer = p.organizer and m.id = p.meeting_id
    where p.organizer = ? and p.in_lobby = 1
    group by m.id, m.rel, m.subject, p.uri order by min(p.joined), m.id, min(p.position) limit ?
"""
_IDLE = (
    participations.SELECT + "where ended is null and (owner, application_id) in"
    " (select owner, id from applications where coalesce(last_poll, last_request) < ?)"
)


class Conversations(Part):
    """`store.contract.Conversations`, where each method is described."""

    async def join(
        self,
        draft: Participation,
        invitation: Invitation,
        meeting_etag: str,
        limit: int,
        at: int,
        *,
        once: bool = False,
    ) -> Participation:
        meeting = (draft.organizer, draft.meeting_id)

        async def work(transaction: Transaction) -> Participation:
            await invitations.require_open(transaction, invitation)
            await invitations.require_new_meeting(transaction, invitation, once=once)
            await _check_meeting(transaction, draft, meeting_etag)
            others = await find(transaction, _OF_URI, *meeting, draft.uri)
            for other in others:
                if other.application_id == draft.application_id and other.owner == draft.owner:
                    raise AlreadyJoined("the application has already joined this meeting", other.id)
            joined = draft
            if others:
                joined = replace(draft, role=others[0].role, in_lobby=others[0].in_lobby)
                since = await participations.last_number(transaction, joined.topic)
            else:
                if not draft.in_lobby:
                    await _check_room(transaction, draft, limit)
                kind = conversation_events.LOBBY_JOINED if joined.in_lobby else conversation_events.PARTICIPANT_JOINED
                since = await notify(transaction, at, kind, as_participant(joined), meeting)
            joined = replace(joined, since=since)
            await participations.add(transaction, joined)
            state = InvitationState.CONNECTING if joined.in_lobby else InvitationState.CONNECTED
            await invitations.put(transaction, replace(invitation, state=state, conversation=joined.id), at)
            begun = (
                conversation_events.CONVERSATION_WAITING if joined.in_lobby else conversation_events.CONVERSATION_BEGUN
            )
            await append(transaction, at, conversation_events.about_conversation(joined, begun))
            return joined

        return await self._writer.change(work, draft.organizer, draft.owner)

    async def get(self, owner: str, application_id: str, conversation_id: str) -> Participation:
        row = await self._reader.row(_OF_APPLICATION + " and id = ?", owner, application_id, conversation_id)
        if row is None:
            raise ConversationNotFound(_NO_CONVERSATION)
        return participation_of(row)

    async def all(self, owner: str, application_id: str) -> Sequence[Participation]:
        return await self._cache.read("conversations", self._all, owner, application_id)

    async def _all(self, owner: str, application_id: str) -> Sequence[Participation]:
        rows = await self._reader.rows(_OF_APPLICATION + " order by joined", owner, application_id)
        return [participation_of(row) for row in rows]

    async def including_ended(self, owner: str, application_id: str) -> Sequence[Participation]:
        return await self._cache.read("conversations including ended", self._including_ended, owner, application_id)

    async def _including_ended(self, owner: str, application_id: str) -> Sequence[Participation]:
        rows = await self._reader.rows(_INCLUDING_ENDED + " order by joined", owner, application_id)
        return [participation_of(row) for row in rows]

    async def participants(self, organizer: str, meeting_id: str) -> Sequence[Participant]:
        rows = await self._reader.rows(participations.PARTICIPANTS, organizer, meeting_id)
        return [participant_of(row) for row in rows]

    async def participants_as_of(self, organizer: str, meeting_id: str, number: int) -> Sequence[Participant]:
        topic = conversation_topic(organizer, meeting_id)
        present, since = await self._reader.read(
            (participations.PARTICIPANTS, (organizer, meeting_id)),
            (events.CHANGES_AFTER, (topic, number, _MAX_UNDONE)),
        )
        return conversation_events.undone(
            [participant_of(row) for row in present], [EVENTS.record(row) for row in since]
        )

    async def leave(self, owner: str, application_id: str, conversation_id: str, at: int) -> None:
        # Read beforehand, because the change is to hold the meeting, and a conversation stays in its meeting.
        leaving = await self.get(owner, application_id, conversation_id)

        async def work(transaction: Transaction) -> None:
            gone = await _own(transaction, leaving)
            await participations.end(transaction, (gone,), at)

        await self._writer.change(work, leaving.organizer, owner, must_notify=False)

    async def idle(self, polled_before: int) -> Sequence[Participation]:
        rows = await self._reader.rows(_IDLE, polled_before)
        return [participation_of(row) for row in rows]

    async def admit(self, organizer: str, meeting_id: str, uri: str, at: int) -> None:
        meeting = (organizer, meeting_id)

        async def work(transaction: Transaction) -> None:
            waiting = [each for each in await find(transaction, _OF_URI, *meeting, uri) if each.in_lobby]
            if not waiting:
                raise ResourceNotFound("no participant with that address is waiting in the lobby")
            await notify(transaction, at, conversation_events.LOBBY_LEFT, as_participant(waiting[0]), meeting)
            admitted = [replace(each, in_lobby=False) for each in waiting]
            since = await notify(
                transaction, at, conversation_events.PARTICIPANT_JOINED, as_participant(admitted[0]), meeting
            )
            await transaction.run(
                "update participations set in_lobby = 0, since = ? where " + _OF_URI, since, *meeting, uri
            )
            await transaction.lock(*sorted({each.owner for each in admitted}))
            for each in admitted:
                begun = replace(each, since=since)
                await invitations.end_of_conversation(
                    transaction, each.owner, each.application_id, each.id, InvitationState.CONNECTED, None
                )
                await append(
                    transaction,
                    at,
                    conversation_events.about_conversation(begun, conversation_events.CONVERSATION_ADMITTED),
                )

        await self._writer.change(work, organizer)

    async def overdue_in_lobby(self, joined_before: int, limit: int) -> Sequence[Participation]:
        rows = await self._reader.rows(_OVERDUE, joined_before, limit)
        return [participation_of(row) for row in rows]

    async def lobbies(self, organizer: str, limit: int) -> Lobbies:
        rows = await self._reader.rows(_LOBBIES, organizer, limit)
        entries = tuple(
            LobbyEntry(meeting_id, MeetingRel(rel), subject, uri, name, bool(anonymous), since)
            for meeting_id, rel, subject, uri, name, anonymous, since, _ in rows
        )
        return Lobbies(rows[0][-1] if rows else 0, entries)

    async def remove_participant(
        self, organizer: str, meeting_id: str, uri: str, reason: str, at: int, *, in_lobby: bool
    ) -> None:
        async def work(transaction: Transaction) -> None:
            found = await find(transaction, _OF_URI, organizer, meeting_id, uri)
            gone = [each for each in found if each.in_lobby == in_lobby]
            if not gone:
                where = "is waiting in the lobby" if in_lobby else "is in this meeting"
                raise ResourceNotFound(f"no participant with that address {where}")
            await participations.end(transaction, gone, at, reason)

        await self._writer.change(work, organizer)

    async def change_role(self, organizer: str, meeting_id: str, uri: str, role: Role, at: int) -> None:
        meeting = (organizer, meeting_id)

        async def work(transaction: Transaction) -> None:
            found = await find(transaction, _OF_URI, *meeting, uri)
            if not found:
                raise ResourceNotFound("no participant with that address is in this meeting")
            was = found[0].role
            if was == role:
                return
            await transaction.lock(*sorted({each.owner for each in found}))
            await transaction.run("update participations set role = ? where " + _OF_URI, role.value, *meeting, uri)
            changed = replace(as_participant(found[0]), role=role)
            await append(transaction, at, conversation_events.role_changed(*meeting, changed, was))

        await self._writer.change(work, organizer)

    async def set_audience_messaging(self, organizer: str, meeting_id: str, enabled: bool, at: int) -> None:
        meeting = (organizer, meeting_id)

        async def work(transaction: Transaction) -> None:
            if not await transaction.run(_SET_AUDIENCE_MESSAGING, int(enabled), *meeting, int(enabled)):
                if await transaction.row(_AUDIENCE_MESSAGING, *meeting) is None:
                    raise ResourceNotFound("no such online meeting")
                return
            if not enabled:
                typing = await find(transaction, _TYPING_ATTENDEES, *meeting)
                await transaction.lock(*sorted({each.owner for each in typing}))
                for each in typing:
                    await _stop_typing(transaction, each, at)
            await append(transaction, at, conversation_events.audience_messaging_changed(*meeting))

        await self._writer.change(work, organizer)

    async def change_messaging(
        self,
        participation: Participation,
        state: MessagingState,
        invitation: Invitation | None,
        at: int,
        first: FirstMessage | None = None,
    ) -> None:
        meeting = (participation.organizer, participation.meeting_id)

        async def work(transaction: Transaction) -> None:
            own = await _own(transaction, participation)
            if first is not None:
                await _check_audience(transaction, own)
            if invitation is not None:
                await invitations.add(transaction, replace(invitation, state=InvitationState.CONNECTED))
            elif own.messaging == state:
                return
            spans = _spans(own, state, await participations.last_number(transaction, own.topic))
            await transaction.run(
                "update participations set messaging = ?, typing = 0, hears = ? where " + _ONE,
                state.value,
                columns.json(spans),
                *meeting,
                own.id,
            )
            elsewhere = [
                other
                for other in await find(transaction, _OF_URI, *meeting, own.uri)
                if other.id != own.id and other.messaging == MessagingState.CONNECTED
            ]
            if own.messaging != state and not elsewhere:
                changed = replace(as_participant(own), messaging=state)
                await notify(transaction, at, conversation_events.MESSAGING_CHANGED, changed, meeting)
            connected = state == MessagingState.CONNECTED
            kind = conversation_events.MESSAGING_CONNECTED if connected else conversation_events.MESSAGING_DISCONNECTED
            begun = replace(own, invitation=invitation.id) if invitation is not None else own
            await append(transaction, at, conversation_events.about_conversation(begun, kind))
            if connected and first is not None:
                operation = invitation.operation_id if invitation is not None else None
                await append(
                    transaction, at, conversation_events.message(own, first.content_type, first.text, operation)
                )

        await self._writer.change(work, participation.organizer, participation.owner)

    async def send_message(
        self, participation: Participation, content_type: str, text: str, operation_id: str | None, at: int
    ) -> int:
        async def work(transaction: Transaction) -> int:
            own = await _own(transaction, participation)
            if own.messaging != MessagingState.CONNECTED:
                raise Conflict("messaging is not connected: POST addMessaging first")
            await _check_audience(transaction, own)
            await _stop_typing(transaction, own, at)
            number = await append(transaction, at, conversation_events.message(own, content_type, text, operation_id))
            if own.form == Form.TWO_PARTY:
                said = FirstMessage(content_type, text)
                await history.say(transaction, own.organizer, own.meeting_id, own.uri, said, at)
            return number

        return await self._writer.change(work, participation.organizer, participation.owner)

    async def set_typing(self, participation: Participation, typing: bool, at: int) -> None:
        async def work(transaction: Transaction) -> None:
            own = await _own(transaction, participation)
            if not typing:
                await _stop_typing(transaction, own, at)
                return
            await _check_audience(transaction, own)
            if await transaction.run(
                "update participations set typing = 1 where " + _ONE + " and typing = 0",
                own.organizer,
                own.meeting_id,
                own.id,
            ):
                await append(transaction, at, conversation_events.typing_changed(own, typing=True))

        await self._writer.change(work, participation.organizer, participation.owner, must_notify=typing)

    async def typing_participants(self, organizer: str, meeting_id: str) -> Sequence[Participant]:
        rows = await self._reader.rows(participations.TYPING, organizer, meeting_id)
        return [participant_of(row) for row in rows]


async def _check_meeting(transaction: Transaction, draft: Participation, etag: str) -> None:
    row = await transaction.row(
        "select etag from meetings where organizer = ? and id = ?", draft.organizer, draft.meeting_id
    )
    if row is None:
        raise DestinationNotFound("no such online meeting")
    if row[0] != etag:
        raise PreconditionFailed("the meeting has changed")


async def _check_room(transaction: Transaction, draft: Participation, limit: int) -> None:
    ((count,),) = await transaction.rows(
        "select count(distinct uri) from participations where organizer = ? and meeting_id = ? and in_lobby = 0",
        draft.organizer,
        draft.meeting_id,
    )
    if count >= limit:
        raise TooManyParticipants(f"the meeting has {count} participants, which is the maximum")


async def _check_audience(transaction: Transaction, own: Participation) -> None:
    """AttendeeNotAllowed: a leader has disabled the messaging of attendees, and this is one."""
    if own.form != Form.MEETING or own.role == Role.LEADER:
        return
    row = await transaction.row(_AUDIENCE_MESSAGING, own.organizer, own.meeting_id)
    if row is not None and not row[0]:
        raise AttendeeNotAllowed("a leader has disabled messaging for attendees")


def _spans(own: Participation, state: MessagingState, last: int) -> tuple[Span, ...]:
    """`messaging_spans` once messaging is in `state`, `last` being the topic's last event until now."""
    if own.messaging == state:
        return own.messaging_spans
    if state == MessagingState.CONNECTED:
        return (*own.messaging_spans, (last, None))[-_MAX_SPANS:]
    return participations.disconnected(own, last)


async def _own(transaction: Transaction, participation: Participation) -> Participation:
    """The participation as it is now."""
    found = await find(
        transaction,
        _ONE + " and owner = ? and application_id = ? and ended is null",
        participation.organizer,
        participation.meeting_id,
        participation.id,
        participation.owner,
        participation.application_id,
    )
    if not found:
        raise ConversationNotFound(_NO_CONVERSATION)
    return found[0]


async def _stop_typing(transaction: Transaction, own: Participation, at: int) -> None:
    if await transaction.run(
        "update participations set typing = 0 where " + _ONE + " and typing = 1",
        own.organizer,
        own.meeting_id,
        own.id,
    ):
        await append(transaction, at, conversation_events.typing_changed(own, typing=False))

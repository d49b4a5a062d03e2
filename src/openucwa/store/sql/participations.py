"""Rows of conversations, and what their coming and going raises. Other changes end conversations through `end`."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence
from dataclasses import replace

from openucwa.model import conversation_events
from openucwa.model.conversation import Form, InvitationState, MessagingState, Participant, Participation, Role, Span
from openucwa.model.meeting import ExtensionType
from openucwa.store.engine import Row, Transaction
from openucwa.store.sql import columns
from openucwa.store.sql import invitation_rows as invitations
from openucwa.store.sql.events import append, end_topic
from openucwa.store.sql.tables import PARTICIPATIONS

SELECT = f"select {PARTICIPATIONS.columns} from participations "

#: One row for each participant of a meeting, in the order of their coming.
PARTICIPANTS = """
    select uri, min(name), max(anonymous), min(role), max(in_lobby), min(messaging),
        max(case when owner = organizer then 1 else 0 end)
    from participations where organizer = ? and meeting_id = ? group by uri order by min(position)
"""

#: Those of them who type.
TYPING = PARTICIPANTS.replace("group by uri", "group by uri having max(typing) = 1")

_ANYBODY = "select 1 from participations where organizer = ? and meeting_id = ? limit 1"

_END_OTHER = """
    update participations set ended = ?, hears = ?, messaging = 'Disconnected', typing = 0
    where organizer = ? and meeting_id = ? and id = ?
"""

_LAST_POSITION = "select coalesce(max(position), 0) from participations where organizer = ? and meeting_id = ?"


def participation_of(row: Row) -> Participation:
    """From the columns of the record."""
    found = PARTICIPATIONS.record(row)
    spans = _spans(found.messaging_spans, found.messaging, found.since)
    return found if spans is found.messaging_spans else replace(found, messaging_spans=spans)


def _spans(spans: tuple[Span, ...], messaging: MessagingState, since: int) -> tuple[Span, ...]:
    """The spans as they are by `messaging`, which servers before migration 4 change without them."""
    goes_on = bool(spans) and spans[-1][1] is None
    if messaging == MessagingState.CONNECTED and not goes_on:
        return (*spans, ((spans[-1][1] if spans else since) or since, None))
    if messaging == MessagingState.DISCONNECTED and goes_on:
        return spans[:-1]
    return spans


def participant_of(row: Row) -> Participant:
    """From the columns of PARTICIPANTS. `min(messaging)`: Connected comes before Disconnected."""
    uri, name, anonymous, role, in_lobby, messaging, organizer = row
    return Participant(
        uri, name, bool(anonymous), Role(role), bool(in_lobby), MessagingState(messaging), bool(organizer)
    )


def as_participant(participation: Participation) -> Participant:
    """The participant that this participation shows to others."""
    return Participant(
        uri=participation.uri,
        name=participation.name,
        anonymous=participation.anonymous,
        role=participation.role,
        in_lobby=participation.in_lobby,
        messaging=participation.messaging,
        organizer=participation.owner == participation.organizer,
    )


async def add(transaction: Transaction, participation: Participation) -> None:
    """Adds the row behind the meeting's others."""
    ((position,),) = await transaction.rows(_LAST_POSITION, participation.organizer, participation.meeting_id)
    await transaction.run(PARTICIPATIONS.insert, *PARTICIPATIONS.values(participation), position + 1, 0)


async def find(transaction: Transaction, condition: str, *parameters: str) -> list[Participation]:
    """The participations for which `condition` holds, in the order of their coming."""
    sql = SELECT + "where " + condition + " order by organizer, meeting_id, position"
    return [participation_of(row) for row in await transaction.rows(sql, *parameters)]


async def find_own(transaction: Transaction, condition: str, *parameters: str) -> list[Participation]:
    """The participations of an owner whose key the change holds, or of one application; their meetings are held then,
    so that they stay as they are."""
    found = await find(transaction, condition, *parameters)
    if not found:
        return found
    await transaction.lock(*sorted({each.organizer for each in found}))
    return await find(transaction, condition, *parameters)


async def notify(
    transaction: Transaction, at: int, kind: str, participant: Participant, meeting: tuple[str, str]
) -> int:
    """Appends an event about a participant to the meeting's topic; its number."""
    return await append(transaction, at, conversation_events.about_participant(*meeting, kind, participant))


async def notify_of_meeting(transaction: Transaction, organizer: str, meeting_id: str, at: int) -> None:
    """Notifies the participants, if there are any, that the meeting was changed."""
    if await transaction.row(_ANYBODY, organizer, meeting_id):
        await append(transaction, at, conversation_events.meeting_changed(organizer, meeting_id))


async def notify_of_extension(
    transaction: Transaction, organizer: str, meeting_id: str, at: int, *types: ExtensionType
) -> None:
    """Tells those who could see an extension before its change, or can after it. `types`: its type before and after.

    It is for meetings that somebody takes part in. What is the organizer's alone goes to the organizer's own
    conversations and not to the meeting's topic: its events are numbered, and a gap in the numbers would tell the
    others that something happened.
    """
    if ExtensionType.ROAMED_PARTICIPANT_DATA in types:
        await append(transaction, at, conversation_events.extension_changed(organizer, meeting_id))
        return
    own = await find(transaction, "organizer = ? and meeting_id = ? and owner = organizer", organizer, meeting_id)
    events = [conversation_events.about_conversation(each, conversation_events.ORGANIZER_DATA_CHANGED) for each in own]
    await append(transaction, at, *events)


async def end(
    transaction: Transaction,
    ended: Sequence[Participation],
    at: int,
    reason: str | None = None,
    *,
    notify_application: bool = True,
) -> None:
    """Ends conversations: removes their rows, and notifies the meeting and the applications.

    The change has locked their meetings. `reason`: why, unless the application asked for it; pending invitations
    in them then fail. `notify_application`: False if the application itself ends. A conversation of two ends for the
    other user too.
    """
    if notify_application:
        await transaction.lock(*sorted({each.owner for each in ended}))
    for participation in ended:
        await _remove(transaction, participation, at)
        if participation.form != Form.MEETING and participation.ended is None:
            await _end_two_party(transaction, participation, at)
        if notify_application and participation.ended is None:
            await _notify_application(transaction, participation, at, reason)


async def _end_two_party(transaction: Transaction, gone: Participation, at: int) -> None:
    """Ends a conversation of two that one has left. The other one's row remains, to deliver what was said before."""
    key = (gone.organizer, gone.meeting_id)
    if gone.form == Form.CONNECTING:
        await invitations.withdraw(transaction, *key, "Canceled", at)
    for other in await find(transaction, "organizer = ? and meeting_id = ?", *key):
        await transaction.lock(other.owner)
        spans = columns.json(disconnected(other, await last_number(transaction, other.topic)))
        await transaction.run(_END_OTHER, at, spans, *key, other.id)
    await end_topic(transaction, gone.topic, at)


async def _notify_application(transaction: Transaction, ended: Participation, at: int, reason: str | None) -> None:
    state = InvitationState.FAILED if reason else InvitationState.CANCELLED
    why = reason or ("Canceled" if ended.form == Form.CONNECTING else None)
    under_way = await invitations.end_of_conversation(
        transaction, ended.owner, ended.application_id, ended.id, state, why
    )
    for invitation in under_way:
        await invitations.notify(transaction, at, conversation_events.INVITATION_ENDED, invitation)
    await append(
        transaction, at, conversation_events.about_conversation(ended, conversation_events.CONVERSATION_ENDED, reason)
    )


def disconnected(own: Participation, last: int) -> tuple[Span, ...]:
    """`messaging_spans` once messaging is disconnected, `last` being the topic's last event."""
    return tuple((before, last if end is None else end) for before, end in own.messaging_spans)


async def last_number(transaction: Transaction, topic: str) -> int:
    """The number of the topic's last event; 0: there was none."""
    row = await transaction.row("select last from topics where topic = ?", topic)
    return row[0] if row else 0


async def _remove(transaction: Transaction, gone: Participation, at: int) -> None:
    meeting = (gone.organizer, gone.meeting_id)
    ((typing,),) = await transaction.rows(
        "delete from participations where organizer = ? and meeting_id = ? and id = ? returning typing",
        *meeting,
        gone.id,
    )
    left = await find(transaction, "organizer = ? and meeting_id = ? and uri = ?", *meeting, gone.uri)
    if gone.ended is not None or gone.form == Form.CONNECTING:
        return  # nobody is there to be notified
    if typing:
        await append(transaction, at, conversation_events.typing_changed(gone, typing=False))
    if not left:
        kind = conversation_events.LOBBY_LEFT if gone.in_lobby else conversation_events.PARTICIPANT_LEFT
        await notify(transaction, at, kind, as_participant(gone), meeting)
    elif gone.messaging == MessagingState.CONNECTED and all(
        other.messaging == MessagingState.DISCONNECTED for other in left
    ):
        await notify(transaction, at, conversation_events.MESSAGING_CHANGED, as_participant(left[0]), meeting)

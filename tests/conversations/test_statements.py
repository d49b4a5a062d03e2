"""How many statements it takes to tell participants of a change."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from openucwa.app import Service
from openucwa.store.sqlite.cursor import Cursor
from tests.client import UcwaClient
from tests.conversations.conftest import Come
from tests.world import until

#: Participants.
MANY = 6


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that run from now on."""
    ran: list[str] = []
    execute = Cursor.execute

    def counted(cursor: Cursor, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        ran.append(" ".join(sql.split()))
        return execute(cursor, sql, parameters)

    monkeypatch.setattr(Cursor, "execute", counted)
    return ran


async def test_notifying_a_participant_of_a_change_takes_one_statement(
    service: Service, come: Come, lene: UcwaClient, statements: list[str]
) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    shared = await lene.extend(meeting, id="agenda", type="RoamedParticipantData")
    guests = [await come(f"Guest {number}", meeting) for number in range(MANY)]
    for guest in guests:
        await guest.join(meeting)
    answers = [await guest.client.get(guest.next) for guest in guests]
    nexts = [answer.json()["_links"]["next"]["href"] for answer in answers]
    polls = [asyncio.ensure_future(guest.client.get(href)) for guest, href in zip(guests, nexts, strict=True)]
    await until(lambda: service.channels.count == MANY)
    for guest in guests:
        await guest.get(f"{guest.client.app}/communication/conversations")  # in no cache yet, if it was just changed
    statements.clear()
    await lene.replace(shared, text="told")
    answers = await asyncio.gather(*polls)
    assert all("told" in answer.text for answer in answers)
    for_each = {text: times for text, times in Counter(statements).items() if times >= MANY}
    assert list(for_each.values()) == [MANY], for_each
    assert "insert into channels" in "".join(for_each)

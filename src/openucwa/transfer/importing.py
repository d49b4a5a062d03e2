"""Lines into a store. What is there already is left as it is, so an import that broke off can be run again."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from openucwa.config import Config
from openucwa.model.meeting import Meeting, MeetingRel
from openucwa.model.refusals import AlreadyExists, Refusal, ResourceNotFound, ServiceUnavailable
from openucwa.store.old_changes import add_changes
from openucwa.store.old_facts import add_link, add_removal
from openucwa.store.sql import SqlStore
from openucwa.transfer.lines import (
    AnyLine,
    ChangeLine,
    DataLine,
    ExtensionLine,
    HandoverLine,
    Header,
    MeetingLine,
    RemovedUserLine,
    SchemaLine,
    UserLine,
    change_of,
    meeting_of,
    user_of,
)
from openucwa.transfer.rules import ImportRules

#: How many lines are imported at the same time.
AT_A_TIME = 200
#: How many change sets are remembered, whose entries may be in different batches.
_SETS = 10_000


class Placed(NamedTuple):
    """A line, and where it stands, for people: `line 12`."""

    place: str
    line: AnyLine


class Wrong(NamedTuple):
    """What is wrong with a line, and where it stands."""

    place: str
    reason: str


class Different(Exception):
    """Something of the same name is there and is not the same."""


@dataclass(slots=True)
class Importer:
    """Imports lines in the order in which they are given.

    `refused`: called with the place of what was not imported, and why. `replaces`: whether what is there and differs is
    replaced, except for users. `history`: whether entries of the change log are imported.
    """

    store: SqlStore
    config: Config
    now: Callable[[], int]
    refused: Callable[[str, str], None]
    replaces: bool = False
    history: bool = True
    #: How many lines there were, by kind and what became of them.
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _sets: dict[str, dict[int, int]] = field(default_factory=dict)

    async def add(self, batch: Sequence[Placed]) -> None:
        """Imports up to AT_A_TIME lines. ServiceUnavailable: the store does not answer; some of them may be there."""
        group: list[Placed] = []
        for placed in batch:
            # Lines refer to those of other kinds before them.
            if group and type(group[0].line) is not type(placed.line):
                await self._add_group(group)
                group = []
            group.append(placed)
        if group:
            await self._add_group(group)

    async def _add_group(self, group: Sequence[Placed]) -> None:
        lanes: dict[object, list[Placed]] = {}
        for number, placed in enumerate(group):
            lanes.setdefault(_lane(placed.line, number), []).append(placed)
        if isinstance(group[0].line, ChangeLine):
            await asyncio.gather(*(self._add_changes(organizer, lane) for organizer, lane in lanes.items()))
        else:
            await asyncio.gather(*map(self._add_in_order, lanes.values()))

    async def _add_in_order(self, lane: Sequence[Placed]) -> None:
        for place, line in lane:
            if isinstance(line, Header | DataLine):
                continue
            kind, importing = self._importing(line)
            try:
                outcome = await importing
            except ServiceUnavailable:
                raise
            except Different:
                outcome = "different"
                self.refused(place, f"the {kind} exists and is different; --replace replaces it")
            except Refusal as refusal:
                outcome = "refused"
                self.refused(place, refusal.reason)
            self.counts[kind, outcome] += 1

    def _importing(self, line: AnyLine) -> tuple[str, Coroutine[Any, Any, str]]:
        match line:
            case UserLine():
                return "user", self._add_user(line)
            case RemovedUserLine():
                return "removed user", self._add_removal(line)
            case SchemaLine():
                return "schema", self._add_schema(line)
            case MeetingLine():
                return "meeting", self._add_meeting(line)
            case HandoverLine():
                return "handover", self._add_handover(line)
            case ExtensionLine():
                return "extension", self._add_extension(line)
            case _:
                raise TypeError(f"{type(line).__name__} is not imported")

    async def _add_user(self, line: UserLine) -> str:
        if await self.store.users.get(line.uri.lower()) is not None:
            return "unchanged"
        try:
            await self.store.users.add(user_of(line))
        except AlreadyExists:
            return "unchanged"
        return "added"

    async def _add_removal(self, line: RemovedUserLine) -> str:
        # A user of this store is not removed by an import.
        with suppress(AlreadyExists):
            if await add_removal(self.store, line.uri.lower()):
                return "added"
        return "unchanged"

    async def _add_schema(self, line: SchemaLine) -> str:
        owner = line.owner.lower()
        if await self.store.users.get(owner) is None:
            raise ResourceNotFound(f"there is no user {owner}")
        schema = bytes(line.schema)
        there = (await self.store.schemas.current(owner)).get(line.extension_id)
        if there is not None and there.schema == schema:
            return "unchanged"
        if there is not None and not self.replaces:
            raise Different
        limits = (self.config.max_schemas, self.config.max_schema_versions)
        await self.store.schemas.put(owner, line.extension_id, None, line.etag, schema, self.now(), *limits)
        return "added" if there is None else "replaced"

    async def _add_meeting(self, line: MeetingLine) -> str:
        meeting = meeting_of(line)
        if await self.store.users.get(meeting.organizer) is None:
            raise ResourceNotFound(f"there is no user {meeting.organizer}")
        there = await self._there(meeting)
        if there is None:
            if meeting.rel == MeetingRel.MY_ASSIGNED_ONLINE_MEETING:
                there = await self.store.meetings.assigned(meeting)
                if there.id != meeting.id:
                    raise AlreadyExists(f"{meeting.organizer} has another assigned meeting, {there.id}")
            else:
                await self.store.meetings.add(meeting, self.config.max_meetings)
            return "added"
        if there.settings == meeting.settings:
            return "unchanged"
        if not self.replaces:
            raise Different
        await self.store.meetings.replace(
            meeting.organizer, meeting.id, None, meeting.settings, meeting.etag, self.now()
        )
        return "replaced"

    async def _add_handover(self, line: HandoverLine) -> str:
        key, successor = (line.organizer.lower(), line.online_meeting_id), line.successor.lower()
        there = await add_link(self.store, *key, successor, replaces=self.replaces)
        if there not in {None, successor} and not self.replaces:
            raise Different
        return "added" if there is None else "unchanged" if there == successor else "replaced"

    async def _there(self, meeting: Meeting) -> Meeting | None:
        try:
            return await self.store.meetings.get(meeting.organizer, meeting.id)
        except ResourceNotFound:
            return None

    async def _add_extension(self, line: ExtensionLine) -> str:
        extension = ImportRules(self.config).extension(line)
        key = (line.organizer.lower(), line.online_meeting_id)
        try:
            await self.store.extensions.add(*key, extension, self.config.max_extensions, self.now())
        except AlreadyExists:
            there = await self.store.extensions.get(*key, extension.id)
            if (there.type, there.properties) == (extension.type, extension.properties):
                return "unchanged"
            if not self.replaces:
                raise Different from None
            await self.store.extensions.replace(*key, None, extension, self.now())
            return "replaced"
        return "added"

    async def _add_changes(self, organizer: object, lane: Sequence[Placed]) -> None:
        if not self.history:
            self.counts["change", "left out"] += len(lane)
            return
        changes = [change_of(placed.line) for placed in lane if isinstance(placed.line, ChangeLine)]
        sets = self._sets.setdefault(str(organizer), {})
        added = await add_changes(self.store, str(organizer), changes, sets)
        self.counts["change", "added"] += added
        self.counts["change", "unchanged"] += len(changes) - added
        if sum(map(len, self._sets.values())) > _SETS:
            self._sets.clear()


def _lane(line: AnyLine, number: int) -> object:
    """Lines of the same lane are imported one after the other. `number`: of the line, for one that has its own."""
    if isinstance(line, ExtensionLine):
        return line.organizer.lower(), line.online_meeting_id
    return line.organizer.lower() if isinstance(line, ChangeLine) else number

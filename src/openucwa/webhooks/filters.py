"""Whether a change passes a webhook's filter, which is in the language of queries (`meetings/filter_syntax.py`).

A filter sees what was changed, as it was afterwards or as it was removed: of an extension's change the extension, and
of the meeting its properties as they are by now.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from openucwa.config import Config
from openucwa.meetings.filter_syntax import FilterLimits, read_filter
from openucwa.model.change import Change
from openucwa.model.filters import Comparable, Filter, Filterable, matches
from openucwa.model.meeting import Meeting
from openucwa.model.refusals import ResourceNotFound
from openucwa.model.webhook import Webhook
from openucwa.store.contract import Meetings
from openucwa.store.findable import extension_values, meeting_values

_MAX_MEMOIZED = 1_000


class Filters:
    """Reads filters and applies them."""

    def __init__(self, meetings: Meetings, config: Config) -> None:
        self._meetings = meetings
        self._limits = FilterLimits(config.max_filter_length, config.max_filter_depth, config.max_filter_terms)
        self._max_values = config.max_body_elements
        self._read = lru_cache(_MAX_MEMOIZED)(self.read)

    def read(self, text: str) -> Filter:
        """The filter that `text` describes. ParameterValidationFailure: what is wrong with it."""
        return read_filter(text, self._limits, "filter")

    async def admits(self, webhook: Webhook, change: Change) -> bool:
        """Whether the change passes the filter of the webhook."""
        if not webhook.filter:
            return True
        return matches(self._read(webhook.filter), Filterable(await self._values(change), self._extensions(change)))

    async def _values(self, change: Change) -> Mapping[str, Sequence[Comparable]]:
        if change.of_meeting and change.contents is not None:
            return meeting_values(msgspec.json.decode(change.contents, type=Meeting))
        try:
            return meeting_values(await self._meetings.get(change.organizer, change.meeting_id))
        except ResourceNotFound:
            return {"onlineMeetingId": (change.meeting_id,), "organizerUri": (change.organizer,)}

    def _extensions(self, change: Change) -> Mapping[str, Mapping[str, Sequence[Comparable]]]:
        if change.of_meeting:
            return {}
        if (extension := change.extension) is not None:
            return {extension.id: extension_values(extension, self._max_values)}
        return {change.extension_id: {"id": (change.extension_id,), "type": (change.type or change.type_before,)}}

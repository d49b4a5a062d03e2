"""The messages that receivers get: JSON with `type`, `timestamp` and `data`, as Standard Webhooks recommends."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from openucwa.config import Config
from openucwa.meetings.properties import join_url, meeting_properties
from openucwa.model.change import Change, ChangeKind
from openucwa.model.meeting import Meeting, meeting_uri
from openucwa.model.webhook import ALL, Delivery, DeliveryState, Webhook
from openucwa.model.world import World, new_uuid
from openucwa.representation.custom import json_form

#: The type of a test message, and of the message that changes were forgotten before they could be delivered.
TEST = "webhook.test"
FORGOTTEN = "changes.forgotten"
#: All other types.
TYPES = tuple(f"{what}.{kind}" for what in ("meeting", "extension") for kind in ChangeKind)


def type_of(change: Change) -> str:
    """The type of a change's message."""
    return f"{'meeting' if change.of_meeting else 'extension'}.{change.kind}"


class Messages:
    """Writes messages. `config`: its addresses are in joinUrl."""

    def __init__(self, world: World, config: Config) -> None:
        self._world = world
        self._join_url = config.join_url
        self._base = (config.public_url or config.listen[0]).rstrip("/")
        self._encoder = msgspec.json.Encoder()

    def change(self, webhook: Webhook, change: Change) -> Delivery:
        """The message about a change, as the owner of the webhook sees it."""
        own = webhook.owner in {ALL, change.organizer}
        data: dict[str, Any] = {
            "organizerUri": change.organizer,
            "onlineMeetingId": change.meeting_id,
            "onlineMeetingUri": meeting_uri(change.organizer, change.meeting_id),
            "changedBy": change.actor or None,
            "etagAfter": change.etag or None,
            "etagBefore": change.etag_before or None,
        }
        if own:
            data["userAgent"] = change.user_agent or None
        if change.of_meeting:
            data |= self._meeting(change, own=own)
        else:
            data |= {"extensionId": change.extension_id, "extensionType": change.type or change.type_before}
            if change.contents is not None and change.kind is not ChangeKind.REMOVED:
                data["properties"] = msgspec.Raw(change.contents)
        shown = {name: value for name, value in data.items() if value is not None}
        return self._delivery(webhook, type_of(change), change.organizer, change.meeting_id, change.at, shown)

    def test(self, webhook: Webhook) -> Delivery:
        """A message that says nothing."""
        return self._delivery(webhook, TEST, "", "", self._world.now(), {"description": webhook.description})

    def forgotten(self, webhook: Webhook) -> Delivery:
        """The message that changes are missing: the receiver should read everything again."""
        return self._delivery(webhook, FORGOTTEN, "", "", self._world.now(), {})

    def _meeting(self, change: Change, *, own: bool) -> dict[str, Any]:
        if change.contents is None or change.kind is ChangeKind.REMOVED:
            return {}
        meeting = msgspec.json.decode(change.contents, type=Meeting)
        properties = meeting_properties(meeting, join_url(meeting, self._join_url, self._base))
        if not own:
            del properties["legacyOnlineMeetingUri"]
        return {"meeting": {name: json_form(value) for name, value in properties.items()}}

    def _delivery(
        self, webhook: Webhook, kind: str, organizer: str, meeting_id: str, at: int, data: dict[str, Any]
    ) -> Delivery:
        timestamp = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        body = self._encoder.encode({"type": kind, "timestamp": timestamp, "data": data})
        return Delivery(
            webhook=webhook.id,
            number=0,
            # Standard Webhooks: it must not contain a full stop.
            id=f"msg_{new_uuid(self._world).replace('-', '')}",
            type=kind,
            organizer=organizer,
            meeting_id=meeting_id,
            at=at,
            state=DeliveryState.PENDING,
            next_at=self._world.now(),
            first_at=0,
            tried=0,
            attempts=(),
            body=body,
        )

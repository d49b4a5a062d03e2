"""For receivers of webhooks: checks that a message is genuine (Standard Webhooks 1.0.0, signatures `v1`)."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

#: How far the time of a message may be from the receiver's, in seconds.
TOLERANCE = 300


class InvalidMessage(Exception):
    """A message that must be refused: forged, changed, or repeated much later. The text says why."""


def verify(
    secret: str | Sequence[str], headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> dict[str, Any]:
    """The content of a genuine message: `type`, `timestamp` and `data`.

    `secret`: of the webhook, `whsec_...`; several while it is being replaced. `headers`: of the request, in any case.
    `body`: as it was received, not parsed and written again. `now`: in seconds since 1970; None: the machine's time.
    A message may arrive more than once, with the same `webhook-id`. InvalidMessage.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, timestamp = given["webhook-id"], given["webhook-timestamp"]
        signatures = given["webhook-signature"].split(" ")
    except KeyError as missing:
        raise InvalidMessage(f"the header {missing} is missing") from None
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise InvalidMessage("webhook-timestamp is not a time")
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE:
        raise InvalidMessage("webhook-timestamp differs too much from the current time")
    signed = b"%b.%b.%b" % (message_id.encode(), timestamp.encode(), body)
    secrets = [secret] if isinstance(secret, str) else secret
    wanted = [_signature(each, signed) for each in secrets]
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in wanted for other in signatures):
        raise InvalidMessage("no signature matches the secret")
    content: dict[str, Any] = json.loads(body)
    return content


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()

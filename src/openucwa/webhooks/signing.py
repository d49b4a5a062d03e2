"""Secrets and signatures of webhooks, as Standard Webhooks 1.0.0 defines them (symmetric scheme, `v1`).

The library `standardwebhooks` is not used: it reads the system clock and would add four dependencies for one HMAC.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from openucwa.model.webhook import Secret
from openucwa.model.world import World

PREFIX = "whsec_"
#: The specification asks for 24 to 64 bytes.
_SECRET_BYTES = 32


def new_secret(world: World) -> str:
    """A new secret: `whsec_` and the base64 of 256 random bits."""
    return PREFIX + base64.b64encode(world.random_bytes(_SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature `v1,BASE64` of one message. `timestamp`: of the attempt, in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def signature_headers(secrets: Sequence[Secret], message_id: str, now: int, body: bytes) -> dict[str, str]:
    """The headers of one attempt, with a signature for each secret that is valid at `now`, in ms since 1970."""
    timestamp = now // 1000
    valid = [secret.value for secret in secrets if secret.until is None or now < secret.until]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(value, message_id, timestamp, body) for value in valid),
    }

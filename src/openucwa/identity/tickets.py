"""Tickets: what a caller shows with every request, signed by this server and kept nowhere.

Any server that has the signing keys can check a ticket. What a ticket allows is decided elsewhere.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from openucwa.model.refusals import Unauthorized
from openucwa.model.user import SigningKey
from openucwa.model.world import World

#: What the access token of a web ticket begins with (UCWA: Authentication in UCWA).
PREFIX = "cwt="
#: What the identity of an anonymous caller begins with.
ANONYMOUS = "anon:"

#: What a ticket begins with, the id of its key in it; see `new_signing_key`.
_NAMED = re.compile(re.escape(PREFIX) + r"([0-9a-f]{12})\.")

_SALT = b"openucwa.ticket"
_KEY_BYTES = 32
#: Longer than any ticket that this server issues.
_LONGEST = 8_192
_REMEMBERED = 4_096


@dataclass(frozen=True, slots=True)
class Ticket:
    """Who a caller is, for how long.

    `identity`: a user's SIP URI, or `anon:` and an opaque id. `name`: the display name; None where it is not known.
    `meeting`: for an anonymous caller the onlineMeetingUri of the one meeting that it may join, else None.
    `generation`: that of the user when the ticket was issued; None for an anonymous caller, and one of an issuer's.
    `expires`: ms since 1970. `scopes`: None is every scope. `issuer`: who issued the token; None: this server.
    """

    identity: str
    name: str | None
    meeting: str | None
    generation: int | None
    expires: int
    scopes: frozenset[str] | None
    issuer: str | None = None

    def is_of(self, generation: int | None) -> bool:
        """Whether a user of this generation may be the one whom the token was issued to. An issuer vouches for whoever
        has the address, whatever becomes of a password here."""
        return self.issuer is not None or self.generation == generation

    @property
    def anonymous(self) -> bool:
        return self.identity.startswith(ANONYMOUS)


def new_signing_key(world: World) -> SigningKey:
    """A new key for tickets, from 256 random bits."""
    return SigningKey(id=world.random_bytes(6).hex(), secret=world.random_bytes(_KEY_BYTES), created=world.now())


class Tickets:
    """Issues tickets with the newest key and checks them with all.

    A ticket reads `cwt=KEY.PAYLOAD.SIGNATURE`: the key's id, base64url of a JSON object, HMAC-SHA256 of both.
    """

    def __init__(self, keys: Sequence[SigningKey], world: World) -> None:
        self._world = world
        self._encoder = msgspec.json.Encoder(order="deterministic")
        self._decoder = msgspec.json.Decoder(Ticket)
        self.use_keys(keys)

    def use_keys(self, keys: Sequence[SigningKey]) -> None:
        """From now on uses `keys`, the newest of them first, and these only. ValueError: there are none."""
        self._newest = max(keys, key=lambda key: key.created).id
        self._signers = {
            key.id: Signer(key.secret, salt=_SALT, key_derivation="hmac", digest_method=hashlib.sha256) for key in keys
        }
        # Only what was signed by us gets in here, so nobody can fill it with rubbish.
        self._verified = lru_cache(_REMEMBERED)(self._verify)

    def issue(self, ticket: Ticket) -> str:
        """The access token that stands for `ticket`; it can stand in a header and in a URL's query."""
        payload = base64_encode(self._encoder.encode(ticket))
        signed = self._signers[self._newest].sign(self._newest.encode() + b"." + payload)
        return PREFIX + signed.decode()

    def check(self, text: str, allow_expired_by: int = 0) -> Ticket:
        """The ticket that this access token stands for.

        `allow_expired_by`: ms that it may be past its time. Unauthorized: it is expired, forged, or not ours.
        """
        ticket = self._verified(text)
        if self._world.now() >= ticket.expires + allow_expired_by:
            raise Unauthorized("the token has expired")
        return ticket

    def names_unknown_key(self, text: str) -> bool:
        """Whether this access token has the form of ours, and bears the name of a key that is not in use here."""
        found = _NAMED.match(text)
        return found is not None and found[1] not in self._signers

    def _verify(self, text: str) -> Ticket:
        key_id, _, rest = text.removeprefix(PREFIX).partition(".")
        signer = self._signers.get(key_id)
        if signer is not None and text.startswith(PREFIX) and len(text) <= _LONGEST and rest.isascii():
            payload, _, _ = rest.partition(".")
            # What would be issued is compared, not what a signature decodes to: base64 has several spellings.
            issued = PREFIX.encode() + signer.sign(f"{key_id}.{payload}")
            if hmac.compare_digest(issued, text.encode()):
                with suppress(BadData, msgspec.MsgspecError):  # issued by a version that had other tokens
                    return self._decoder.decode(base64_decode(payload))
        # One sentence for all of it: which check failed would only help a forger.
        raise Unauthorized("the token was not issued by this server")

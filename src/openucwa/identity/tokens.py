"""Access tokens: signed by this server and not stored.

Any server that has the signing keys can verify a token. What a token permits is decided elsewhere.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from openucwa.model.application import ANONYMOUS
from openucwa.model.refusals import Unauthorized
from openucwa.model.user import SigningKey
from openucwa.model.world import World

#: The prefix of a web ticket's access token (UCWA: Authentication in UCWA).
PREFIX = "cwt="

#: The beginning of a token with the id of its key; see `new_signing_key`.
_NAMED = re.compile(re.escape(PREFIX) + r"([0-9a-f]{12})\.")

_SALT = b"openucwa.ticket"
#: Another one, so that a photo cookie is no access token.
_COOKIE_SALT = b"openucwa.photos"
_KEY_BYTES = 32
#: Longer than any token that this server issues.
_MAX_LENGTH = 8_192
_MAX_MEMOIZED = 4_096


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller that a token names.

    `identity`: a user's SIP URI, or `anon:` and an opaque id. `name`: the display name; None if unknown. `meeting`: for
    an anonymous caller the onlineMeetingUri of the one meeting that it may join, else None. `generation`: that of the
    user when the token was issued; None for an anonymous caller, and for one with an issuer's token. `expires`: ms
    since 1970. `scopes`: None is every scope. `issuer`: the issuer of the token; None is this server.
    """

    identity: str
    name: str | None
    meeting: str | None
    generation: int | None
    expires: int
    scopes: frozenset[str] | None
    issuer: str | None = None

    def is_of(self, generation: int | None) -> bool:
        """Whether the token is valid for a user of this generation. Issuers' tokens are, for any: they do not depend on
        a password here."""
        return self.issuer is not None or self.generation == generation

    @property
    def anonymous(self) -> bool:
        return self.identity.startswith(ANONYMOUS)


@dataclass(frozen=True, slots=True)
class PhotoAccess:
    """What a photo cookie permits: to read photos as `caller`, below the application with this id."""

    caller: Caller
    application: str


def new_signing_key(world: World) -> SigningKey:
    """A new signing key of 256 random bits."""
    return SigningKey(id=world.random_bytes(6).hex(), secret=world.random_bytes(_KEY_BYTES), created=world.now())


class Tokens:
    """Issues tokens with the newest key and verifies them with all keys.

    A token has the form `cwt=KEY.PAYLOAD.SIGNATURE`: the key's id, base64url of a JSON object, HMAC-SHA256 of both.
    """

    def __init__(self, keys: Sequence[SigningKey], world: World) -> None:
        self._world = world
        self._encoder = msgspec.json.Encoder(order="deterministic")
        self._decoder = msgspec.json.Decoder(Caller)
        self._cookie_decoder = msgspec.json.Decoder(PhotoAccess)
        self.use_keys(keys)

    def use_keys(self, keys: Sequence[SigningKey]) -> None:
        """Replaces the keys, newest first. ValueError: there are none."""
        self._newest = max(keys, key=lambda key: key.created).id
        self._signers = {key.id: _signer(key, _SALT) for key in keys}
        self._cookie_signers = {key.id: _signer(key, _COOKIE_SALT) for key in keys}
        # Only tokens with a valid signature are memoized, so strangers cannot fill the memory.
        self._verified = lru_cache(_MAX_MEMOIZED)(self._verify)

    def issue(self, caller: Caller) -> str:
        """The access token for `caller`; it is safe in a header and in a URL's query."""
        return PREFIX + self._signed(self._signers, caller)

    def issue_cookie(self, access: PhotoAccess) -> str:
        """The value of a photo cookie."""
        return self._signed(self._cookie_signers, access)

    def check_cookie(self, text: str) -> PhotoAccess:
        """What this photo cookie permits. Unauthorized: it is expired or forged."""
        payload = _payload(self._cookie_signers, "", text)
        if payload is not None:
            with suppress(msgspec.MsgspecError):
                access = self._cookie_decoder.decode(payload)
                if self._world.now() < access.caller.expires:
                    return access
        raise Unauthorized("the photo cookie has expired or was not issued by this server")

    def check(self, text: str, allow_expired_by: int = 0) -> Caller:
        """The caller that this access token names. `allow_expired_by`: ms that it may have been expired for.

        Unauthorized: it is expired, forged, or of another issuer.
        """
        caller = self._verified(text)
        if self._world.now() >= caller.expires + allow_expired_by:
            raise Unauthorized("the token has expired")
        return caller

    def names_unknown_key(self, text: str) -> bool:
        """Whether this access token has the right form, but names a key that is not in use here."""
        found = _NAMED.match(text)
        return found is not None and found[1] not in self._signers

    def _signed(self, signers: Mapping[str, Signer], payload: Caller | PhotoAccess) -> str:
        encoded = base64_encode(self._encoder.encode(payload))
        return signers[self._newest].sign(self._newest.encode() + b"." + encoded).decode()

    def _verify(self, text: str) -> Caller:
        payload = _payload(self._signers, PREFIX, text)
        if payload is not None:
            with suppress(msgspec.MsgspecError):  # issued by a version whose tokens had another form
                return self._decoder.decode(payload)
        # One message for all cases: knowing which check failed would only help a forger.
        raise Unauthorized("the token was not issued by this server")


def _signer(key: SigningKey, salt: bytes) -> Signer:
    return Signer(key.secret, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)


def _payload(signers: Mapping[str, Signer], prefix: str, text: str) -> bytes | None:
    """What was signed with one of these keys; None: nothing, or something else."""
    key_id, _, rest = text.removeprefix(prefix).partition(".")
    signer = signers.get(key_id)
    if signer is None or not text.startswith(prefix) or len(text) > _MAX_LENGTH or not rest.isascii():
        return None
    payload, _, _ = rest.partition(".")
    # Compared with the text as it would be issued, because base64 has several spellings of the same bytes.
    issued = prefix.encode() + signer.sign(f"{key_id}.{payload}")
    if not hmac.compare_digest(issued, text.encode()):
        return None
    try:
        return base64_decode(payload)
    except BadData:
        return None

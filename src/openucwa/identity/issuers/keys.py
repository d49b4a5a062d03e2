"""The cached keys of one issuer: fetched on first use, refreshed regularly, and refetched for unknown key ids.

While the issuer is unreachable, cached keys stay in use. Unknown key ids, which anyone can invent, cause at most one
fetch in `key_refresh_min` seconds.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

from openucwa.identity.issuers.provider import IssuerAway, Provider
from openucwa.model.refusals import SourceUnavailable, Unauthorized
from openucwa.model.world import World

#: Maximum number of keys per issuer, and of remembered key ids that it does not have.
_MAX_KEYS = 64
_MAX_MISSING = 256
#: Characters of an RSA modulus in base64url: 2048 bits at least, 8192 at most.
_MODULUS = range(342, 1_367)
_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "Ed25519": "Ed25519", "EdDSA": "Ed25519"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A public key of an issuer. `id`: its `kid`. `thumbprint`: its hash by RFC 7638."""

    id: str | None
    thumbprint: str
    key: Key
    kind: str
    curve: str | None
    algorithm: str | None

    def fits(self, algorithm: str) -> bool:
        """Whether this key can verify signatures made with `algorithm`."""
        if self.kind != _KINDS.get(algorithm[:2]) or self.algorithm not in {None, algorithm}:
            return False
        return algorithm not in _CURVES or self.curve == _CURVES[algorithm]


class IssuerKeys:
    """The keys of `provider`'s issuer. `removed` is called when the issuer no longer publishes one."""

    def __init__(self, provider: Provider, world: World, removed: Callable[[], None]) -> None:
        self._removed = removed
        self._provider = provider
        self._world = world
        self._refresh = provider.issuer.key_refresh
        self._refresh_min = provider.issuer.key_refresh_min
        self._keys: tuple[IssuerKey, ...] = ()
        self._thumbprints: frozenset[str] = frozenset()
        #: Key ids that were not among the keys at the last fetch.
        self._missing: set[str | None] = set()
        self._read_at: float | None = None
        self._next_read = world.monotonic()
        self._one_read = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def has(self, key: str) -> bool:
        """Whether the cached keys include the one with this thumbprint."""
        self._refresh_if_old()
        return key in self._thumbprints

    async def find(self, key_id: str | None, algorithm: str) -> tuple[IssuerKey, ...]:
        """The keys that can verify a token with this `kid` and algorithm.

        Unauthorized: the issuer has no such key. ServiceUnavailable: the key is unknown and cannot be fetched now.
        """
        self._refresh_if_old()
        if not (found := self._named(key_id)):
            async with self._one_read:
                found = self._named(key_id) or await self._read_for(key_id)
        fitting = tuple(key for key in found if key.fits(algorithm))
        if not fitting:
            raise Unauthorized("the token is not signed with a key of its issuer")
        return fitting

    async def close(self) -> None:
        """Cancels a fetch in progress."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    def _named(self, key_id: str | None) -> tuple[IssuerKey, ...]:
        return self._keys if key_id is None else tuple(key for key in self._keys if key.id == key_id)

    async def _read_for(self, key_id: str | None) -> tuple[IssuerKey, ...]:
        wait = self._next_read - self._world.monotonic()
        if wait > 0:
            if key_id in self._missing:
                return ()
            raise SourceUnavailable(
                "the token's key is unknown; its issuer's keys will be fetched again shortly", max(1, round(wait))
            )
        try:
            await self._read()
        except IssuerAway as away:
            raise self._provider.outages.refusal(away, self._refresh_min) from None
        if not (found := self._named(key_id)) and len(self._missing) < _MAX_MISSING:
            self._missing.add(key_id)
        return found

    def _refresh_if_old(self) -> None:
        now = self._world.monotonic()
        old = self._read_at is not None and now - self._read_at >= self._refresh
        if old and now >= self._next_read and self._task is None and not self._one_read.locked():
            self._task = asyncio.create_task(self._read_in_background(), name="openucwa issuer keys")

    async def _read_in_background(self) -> None:
        try:
            async with self._one_read:
                await self._read()
        except IssuerAway as away:
            logger.warning(
                "could not refresh the keys of the issuer %s; the cached ones stay in use: %s",
                self._provider.issuer.url,
                away,
            )
        finally:
            self._task = None

    async def _read(self) -> None:
        try:
            published = await self._provider.keys()
        finally:
            # From the end on: an issuer that hangs for `timeout` must not be waited for by one request after another.
            self._next_read = self._world.monotonic() + self._refresh_min
        keys = tuple(filter(None, map(_usable, published[:_MAX_KEYS])))
        if not keys:
            raise IssuerAway("it publishes no usable key")
        before = self._thumbprints
        self._keys = keys
        self._thumbprints = frozenset(key.thumbprint for key in keys)
        if before - self._thumbprints:
            self._removed()
        self._missing.clear()
        self._read_at = self._world.monotonic()


def _usable(data: Mapping[str, Any]) -> IssuerKey | None:
    """The key; None: it is not for signatures, or not supported."""
    kind, key_id, algorithm = data.get("kty"), data.get("kid"), data.get("alg")
    if not isinstance(kind, str) or kind not in _KINDS.values() or data.get("use", "sig") != "sig":
        return None
    modulus = data.get("n")
    if kind == "RSA" and not (isinstance(modulus, str) and len(modulus) in _MODULUS):
        return None
    try:
        # `use` and `alg` are checked here; joserfc refuses keys with values that it does not know.
        key = import_key({name: data[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in data})
        name = key.thumbprint()
    except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError) as error:
        logger.info("ignored an unusable key: %s", error)
        return None
    return IssuerKey(
        id=key_id if isinstance(key_id, str) else None,
        thumbprint=name,
        key=key,
        kind=kind,
        curve=data.get("crv"),
        algorithm=algorithm if isinstance(algorithm, str) else None,
    )

"""Access tokens of other issuers: whose they are, verified once and then recognized.

A JWT is verified here, with the issuer's keys; a token that is none is shown to the issuer that has `introspection`.
The signatures are joserfc's affair. Whether the user is known here, and may do a thing, is decided elsewhere.
"""

import asyncio
import hashlib
import warnings
from collections import OrderedDict
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwt import JWTClaimsRegistry
from joserfc.util import urlsafe_b64decode

from openucwa.config import Config
from openucwa.config_identity import Issuer, texts
from openucwa.identity.issuers.claims import Claims, ForeignToken, expires, read_claims
from openucwa.identity.issuers.keys import IssuerKeys
from openucwa.identity.issuers.provider import IssuerAway, Provider, unavailable
from openucwa.identity.tokens import Caller
from openucwa.model.refusals import ServiceUnavailable, Unauthorized
from openucwa.model.world import World

T = TypeVar("T")

#: The types of a header that name an access token (RFC 9068, section 2.1), and those that name none.
_ACCESS_TOKEN = frozenset({"at+jwt", "application/at+jwt"})
_ANY_TYPE = _ACCESS_TOKEN | {"jwt"}
#: Seconds between two attempts to discover an issuer at the start.
_NEXT_DISCOVERY = 15.0

_REFUSED = "the token is not one that this server accepts"


class _Header(msgspec.Struct):
    alg: str
    kid: str | None = None
    typ: str | None = None
    crit: msgspec.Raw | None = None


class _Payload(msgspec.Struct):
    iss: str


class ConsoleSignIn(msgspec.Struct, frozen=True, rename="camel"):
    """What the console needs to sign in at an issuer: public, all of it."""

    issuer: str
    name: str
    authorization_endpoint: str
    token_endpoint: str
    client_id: str
    scope: str


@dataclass(slots=True)
class Recognized:
    """A token that was verified. `key`: the thumbprint of the key that signed it; None: introspection vouched for it.

    `until`: ms since 1970 from which on it is verified anew. `caller`: who calls with it, once that has been found out.
    """

    token: ForeignToken
    keys: IssuerKeys
    key: str | None
    until: int
    caller: Caller | None = None


class Verifier:
    """Verifies the JWTs of one issuer."""

    def __init__(self, provider: Provider, longest: int, world: World, removed: Callable[[], None]) -> None:
        self.issuer = provider.issuer
        self.provider = provider
        self.keys = IssuerKeys(provider, world, removed)
        self._world = world
        # What a header may hold besides is for others to know; what it holds as critical has to be known here.
        self._registry = jws.JWSRegistry(algorithms=self.issuer.algorithms, strict_check_header=False)
        self._registry.max_header_length = self._registry.max_payload_length = longest

    async def verify(self, token: str, audience: tuple[str, ...], types: frozenset[str]) -> tuple[dict[str, Any], str]:
        """The claims of a JWT, and the thumbprint of the key that signed it.

        Unauthorized: it is not of this issuer, not for this audience, not of these types, forged or out of its time.
        ServiceUnavailable: its key is not known and the issuer can't be asked.
        """
        header = _decoded(token.partition(".")[0], _Header)
        if header.alg not in self.issuer.algorithms or header.crit is not None:
            raise Unauthorized(_REFUSED)
        if header.typ is not None and header.typ.lower() not in types:
            raise Unauthorized("the token is not an access token")
        for key in await self.keys.find(header.kid, header.alg):
            payload = self._signed(token, key.key, header.alg)
            if payload is not None:
                return self._in_force(payload, audience), key.thumbprint
        raise Unauthorized(_REFUSED)

    def check_claims(self, claims: Claims, audience: tuple[str, ...]) -> None:
        """Unauthorized: these claims are of another issuer, for another audience, or out of their time."""
        rules = JWTClaimsRegistry(
            now=self._world.now() // 1000,
            leeway=self.issuer.leeway,
            iss={"essential": True, "value": self.issuer.url},
            aud={"essential": True, "values": list(audience)},
            exp={"essential": True},
        )
        try:
            rules.validate(dict(claims))
        except (JoseError, OverflowError):
            raise Unauthorized("the token is out of its time, or for somebody else") from None

    def _signed(self, token: str, key: Any, algorithm: str) -> bytes | None:
        """The payload, where `key` has signed it."""
        try:
            with warnings.catch_warnings() if algorithm == "EdDSA" else nullcontext():
                if algorithm == "EdDSA":  # RFC 9864 has a better name for it, which not all issuers know
                    warnings.simplefilter("ignore", SecurityWarning)
                return jws.deserialize_compact(token, key, registry=self._registry).payload
        except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, RecursionError):
            return None

    def _in_force(self, payload: bytes, audience: tuple[str, ...]) -> dict[str, Any]:
        try:
            claims = msgspec.json.decode(payload, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            raise Unauthorized(_REFUSED) from None
        self.check_claims(claims, audience)
        return claims


class ForeignTokens:
    """Checks the access tokens of the setting `issuers`. `scopes`: all that a resource may ask for.

    `removed` is called when an issuer has taken back a key.
    """

    def __init__(
        self, config: Config, scopes: frozenset[str], world: World, removed: Callable[[], None] = lambda: None
    ) -> None:
        self._world = world
        self._scopes = scopes
        self._max_bytes = config.max_token_bytes
        self._max_known = config.foreign_tokens_cached
        self._max_introspections = config.max_introspections
        self.verifiers = {
            issuer.url: Verifier(Provider(issuer), config.max_token_bytes, world, removed) for issuer in config.issuers
        }
        self._introspecting = next((each for each in self.verifiers.values() if each.issuer.introspection), None)
        #: By the token itself: digesting it would take longer than all else.
        self._known: OrderedDict[str, Recognized] = OrderedDict()
        #: Tokens for which introspection did not vouch, and until when that need not be asked again. Apart from the
        #: known ones, which strangers could push out otherwise.
        self._refused: OrderedDict[bytes, int] = OrderedDict()
        self._asked: dict[bytes, asyncio.Task[Recognized | None]] = {}
        self._discovering: asyncio.Task[None] | None = None

    def authorization_uris(self) -> tuple[str, ...]:
        """Where clients may sign in, for the challenge of a 401; an issuer that was not reached yet is left out."""
        found = []
        for verifier in self.verifiers.values():
            metadata = verifier.provider.known_metadata
            uri = verifier.issuer.authorization_uri or (metadata and metadata.authorization_endpoint)
            if uri:
                found.append(uri)
        return tuple(found)

    def console_sign_ins(self) -> tuple[ConsoleSignIn, ...]:
        """Where the console may sign in; an issuer that was not reached yet is left out."""
        found = []
        for verifier in self.verifiers.values():
            issuer, metadata = verifier.issuer, verifier.provider.known_metadata
            if issuer.console_client_id is None or metadata is None:
                continue
            if metadata.authorization_endpoint is not None and metadata.token_endpoint is not None:
                found.append(
                    ConsoleSignIn(
                        issuer=issuer.url,
                        name=issuer.name or urlsplit(issuer.url).hostname or issuer.url,
                        authorization_endpoint=metadata.authorization_endpoint,
                        token_endpoint=metadata.token_endpoint,
                        client_id=issuer.console_client_id,
                        scope=issuer.console_scope,
                    )
                )
        return tuple(found)

    def start(self) -> None:
        """Discovers the issuers from now on, so that the challenge can name them. None of them is waited for."""
        if self.verifiers:
            self._discovering = asyncio.create_task(self._discover(), name="openucwa issuers")

    async def close(self) -> None:
        """Ends what is going on and closes the connections."""
        tasks = [task for task in (self._discovering, *self._asked.values()) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for verifier in self.verifiers.values():
            await verifier.keys.close()
            await verifier.provider.close()

    def recognized(self, token: str) -> Recognized | None:
        """What `token` stands for, where it was verified before and still counts; None: `check` has to say."""
        known = self._known.get(token)
        if known is None:
            return None
        # A key that the issuer has taken back vouches for nothing any more.
        if self._world.now() >= known.until or (known.key is not None and not known.keys.has(known.key)):
            del self._known[token]
            return None
        self._known.move_to_end(token)
        return known

    async def check(self, token: str) -> Recognized:
        """What `token` stands for.

        Unauthorized: no issuer vouches for it. ServiceUnavailable: that can't be said just now.
        """
        if not self.verifiers or len(token) > self._max_bytes or not token.isascii():
            raise Unauthorized(_REFUSED)
        known = self.recognized(token)
        if known is None:
            known = await (self._verified(token) if token.count(".") == 2 else self._introspected(token))
            self._known[token] = known
            if len(self._known) > self._max_known:
                self._known.popitem(last=False)
        return known

    async def _verified(self, token: str) -> Recognized:
        verifier = self.verifiers.get(_decoded(token.split(".")[1], _Payload).iss)
        if verifier is None:
            raise Unauthorized("the token's issuer is not one that this server accepts")
        issuer = verifier.issuer
        types = _ACCESS_TOKEN if issuer.require_at_jwt else _ANY_TYPE
        if issuer.require_at_jwt and _decoded(token.partition(".")[0], _Header).typ is None:
            raise Unauthorized("the token is not an access token")
        claims, key = await verifier.verify(token, texts(issuer.audience), types)
        found = self._meaning(claims, issuer)
        return Recognized(found, verifier.keys, key, found.expires)

    def _meaning(self, claims: Claims, issuer: Issuer) -> ForeignToken:
        found = read_claims(claims, issuer, self._scopes)
        # It counts for as long as a clock that is slow may say so.
        return replace(found, expires=found.expires + issuer.leeway * 1000)

    async def _introspected(self, token: str) -> Recognized:
        """What the issuer says of a token that is no JWT; asked once for all that come with it meanwhile."""
        verifier, digest = self._introspecting, _digest(token)
        if verifier is None or self._refused.get(digest, 0) > self._world.now():
            raise Unauthorized(_REFUSED)
        task = self._asked.get(digest)
        if task is None:
            if len(self._asked) >= self._max_introspections:
                raise ServiceUnavailable("too many access tokens are being looked up", 1)
            task = self._asked[digest] = asyncio.create_task(self._introspect(verifier, token))
            task.add_done_callback(lambda done: self._answered(digest, done))
        known = await asyncio.shield(task)
        if known is None:
            raise Unauthorized(_REFUSED)
        return known

    def _answered(self, digest: bytes, task: "asyncio.Task[Recognized | None]") -> None:
        del self._asked[digest]
        # Looking at the exception says that it was seen, should whoever waited have gone.
        if not task.cancelled() and task.exception() is None and task.result() is None:
            lifetime = self._introspecting.issuer.introspection_lifetime if self._introspecting else 0
            self._refused[digest] = self._world.now() + lifetime * 1000
            if len(self._refused) > self._max_known:
                self._refused.popitem(last=False)

    async def _introspect(self, verifier: Verifier, token: str) -> Recognized | None:
        issuer, now = verifier.issuer, self._world.now()
        until = now + issuer.introspection_lifetime * 1000
        try:
            claims = await verifier.provider.introspect(token)
            if claims.get("active") is not True:
                return None
            # Who was asked for it need not name itself, nor say how long its word holds (RFC 7662, section 2.2).
            claims = {"iss": issuer.url, "exp": until // 1000 + 1} | claims
            verifier.check_claims(claims, texts(issuer.audience))
            found = self._meaning(claims, issuer)
            return Recognized(found, verifier.keys, None, min(until, expires(claims) + issuer.leeway * 1000))
        except Unauthorized:
            return None
        except IssuerAway as away:
            raise unavailable(issuer, away, issuer.key_refresh_min) from None

    async def _discover(self) -> None:
        missing = list(self.verifiers.values())
        while missing:
            for verifier in list(missing):
                try:
                    await verifier.provider.metadata()
                    missing.remove(verifier)
                except IssuerAway as away:
                    unavailable(verifier.issuer, away, _NEXT_DISCOVERY)
            if missing:
                await self._world.sleep(_NEXT_DISCOVERY)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii", "replace")).digest()


def _decoded(part: str, kind: type[T]) -> T:
    """A part of a JWT, which nobody has verified. Unauthorized: it is none."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(part.encode()), type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Unauthorized(_REFUSED) from None

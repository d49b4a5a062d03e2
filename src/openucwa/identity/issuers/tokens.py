"""Verifies access tokens of other issuers, and caches the result.

JWTs are verified with the issuer's keys, through joserfc; other tokens are sent to the issuer with `introspection`.
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

from openucwa.config_identity import Issuer, texts
from openucwa.identity.issuers.claims import Claims, ForeignToken, expires, read_claims
from openucwa.identity.issuers.keys import IssuerKeys
from openucwa.identity.issuers.provider import IssuerAway, Provider
from openucwa.identity.tokens import Caller
from openucwa.model.refusals import ServiceUnavailable, Unauthorized
from openucwa.model.world import World

T = TypeVar("T")

#: Values of `typ` in the header of access tokens (RFC 9068, section 2.1), and of JWTs without a specific type.
_ACCESS_TOKEN = frozenset({"at+jwt", "application/at+jwt"})
_ANY_TYPE = _ACCESS_TOKEN | {"jwt"}
#: Seconds between two attempts to discover an issuer.
_NEXT_DISCOVERY = 15.0

_REFUSED = "this server does not accept the token"


class _Header(msgspec.Struct):
    alg: str
    kid: str | None = None
    typ: str | None = None
    crit: msgspec.Raw | None = None


class _Payload(msgspec.Struct):
    iss: str


class ConsoleSignIn(msgspec.Struct, frozen=True, rename="camel"):
    """What the console needs to sign in at an issuer; all of it is public.

    `iss_required`: whether the issuer's authorization responses contain `iss` (RFC 9207).
    """

    issuer: str
    name: str
    authorization_endpoint: str
    token_endpoint: str
    client_id: str
    scope: str
    iss_required: bool


@dataclass(slots=True)
class Recognized:
    """A cached token. `key`: the thumbprint of the key that signed it; None: it was introspected.

    `until`: end of the entry, ms since 1970. `caller`: the caller, once its user was looked up.
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
        # Unknown header parameters are ignored, as JWS requires, unless they are critical.
        self._registry = jws.JWSRegistry(algorithms=self.issuer.algorithms, strict_check_header=False)
        self._registry.max_header_length = self._registry.max_payload_length = longest

    async def verify(self, token: str, audience: tuple[str, ...], types: frozenset[str]) -> tuple[dict[str, Any], str]:
        """The claims of a JWT, and the thumbprint of the key that signed it.

        Unauthorized: wrong issuer, audience or type, invalid signature, expired or not valid yet.
        ServiceUnavailable: the key is unknown and cannot be fetched.
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
        """Unauthorized: wrong issuer or audience, expired or not valid yet."""
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
            raise Unauthorized("the token has expired, is not valid yet, or is meant for another server") from None

    def _signed(self, token: str, key: Any, algorithm: str) -> bytes | None:
        """The payload; None: the signature is not valid."""
        try:
            with warnings.catch_warnings() if algorithm == "EdDSA" else nullcontext():
                if algorithm == "EdDSA":  # deprecated by RFC 9864, but still in use
                    warnings.simplefilter("ignore", SecurityWarning)
                return jws.deserialize_compact(token, key, registry=self._registry).payload
        except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, RecursionError):
            return None

    def _in_force(self, payload: bytes, audience: tuple[str, ...]) -> dict[str, Any]:
        try:
            claims = msgspec.json.decode(payload, type=dict[str, Any])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise Unauthorized(_REFUSED) from None
        self.check_claims(claims, audience)
        return claims


@dataclass(frozen=True, slots=True)
class ForeignTokenSettings:
    """The settings of these names."""

    issuers: tuple[Issuer, ...]
    max_token_bytes: int
    foreign_tokens_cached: int
    max_introspections: int


class ForeignTokens:
    """Verifies access tokens of the setting `issuers`. `scopes`: all UCWA scopes.

    `removed` is called when an issuer no longer publishes a key.
    """

    def __init__(
        self,
        settings: ForeignTokenSettings,
        scopes: frozenset[str],
        world: World,
        removed: Callable[[], None] = lambda: None,
    ) -> None:
        self._world = world
        self._scopes = scopes
        self._max_bytes = settings.max_token_bytes
        self._max_known = settings.foreign_tokens_cached
        self._max_introspections = settings.max_introspections
        self.verifiers = {
            issuer.url: Verifier(Provider(issuer, world), settings.max_token_bytes, world, removed)
            for issuer in settings.issuers
        }
        self._introspecting = next((each for each in self.verifiers.values() if each.issuer.introspection), None)
        #: By the token itself: a digest would take longer than everything else.
        self._known: OrderedDict[str, Recognized] = OrderedDict()
        #: Digests of tokens that introspection refused, until when. Separate, so that invalid tokens cannot evict valid
        #: ones.
        self._refused: OrderedDict[bytes, int] = OrderedDict()
        self._asked: dict[bytes, asyncio.Task[Recognized | None]] = {}
        self._discovering: asyncio.Task[None] | None = None
        #: Whether each issuer was tried once since `start`.
        self._tried = asyncio.Event()

    def authorization_uris(self) -> tuple[str, ...]:
        """The authorization endpoints for the challenge of a 401, of the issuers reached so far."""
        found = []
        for verifier in self.verifiers.values():
            metadata = verifier.provider.known_metadata
            uri = verifier.issuer.authorization_uri or (metadata and metadata.authorization_endpoint)
            if uri:
                found.append(uri)
        return tuple(found)

    async def tried(self) -> None:
        """Waits until each issuer was tried once: until the slowest one has answered or its `timeout` has passed."""
        await self._tried.wait()

    def console_sign_ins(self) -> tuple[ConsoleSignIn, ...]:
        """The issuers where the console may sign in, as far as reached."""
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
                        iss_required=metadata.authorization_response_iss_parameter_supported,
                    )
                )
        return tuple(found)

    def start(self) -> None:
        """Starts to discover the issuers, in the background."""
        if self.verifiers:
            self._discovering = asyncio.create_task(self._discover(), name="openucwa issuers")

    async def close(self) -> None:
        """Cancels requests in progress and closes the connections."""
        tasks = [task for task in (self._discovering, *self._asked.values()) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for verifier in self.verifiers.values():
            await verifier.keys.close()
            await verifier.provider.close()

    def recognized(self, token: str) -> Recognized | None:
        """The cached entry of `token`; None: it was not verified before, or not lately."""
        known = self._known.get(token)
        if known is None:
            return None
        # Tokens signed with a withdrawn key are no longer valid.
        if self._world.now() >= known.until or (known.key is not None and not known.keys.has(known.key)):
            del self._known[token]
            return None
        self._known.move_to_end(token)
        return known

    async def check(self, token: str) -> Recognized:
        """Verifies `token`.

        Unauthorized: it is not valid. ServiceUnavailable: its issuer is needed and unreachable.
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
            raise Unauthorized("this server does not accept tokens of this issuer")
        issuer = verifier.issuer
        types = _ACCESS_TOKEN if issuer.require_at_jwt else _ANY_TYPE
        if issuer.require_at_jwt and _decoded(token.partition(".")[0], _Header).typ is None:
            raise Unauthorized("the token is not an access token")
        claims, key = await verifier.verify(token, texts(issuer.audience), types)
        found = self._meaning(claims, issuer)
        return Recognized(found, verifier.keys, key, found.expires)

    def _meaning(self, claims: Claims, issuer: Issuer) -> ForeignToken:
        found = read_claims(claims, issuer, self._scopes)
        # Valid for as long as a slow clock may consider it so.
        return replace(found, expires=found.expires + issuer.leeway * 1000)

    async def _introspected(self, token: str) -> Recognized:
        """Introspects a token; concurrent requests with the same token share one introspection."""
        verifier, digest = self._introspecting, _digest(token)
        if verifier is None or self._refused.get(digest, 0) > self._world.now():
            raise Unauthorized(_REFUSED)
        task = self._asked.get(digest)
        if task is None:
            if len(self._asked) >= self._max_introspections:
                raise ServiceUnavailable("too many access tokens are being introspected", 1)
            task = self._asked[digest] = asyncio.create_task(self._introspect(verifier, token))
            task.add_done_callback(lambda done: self._answered(digest, done))
        known = await asyncio.shield(task)
        if known is None:
            raise Unauthorized(_REFUSED)
        return known

    def _answered(self, digest: bytes, task: "asyncio.Task[Recognized | None]") -> None:
        del self._asked[digest]
        # Retrieve the exception, in case the request that waited was cancelled.
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
            # `iss` and `exp` are optional in the response (RFC 7662, section 2.2).
            claims = {"iss": issuer.url, "exp": until // 1000 + 1} | claims
            verifier.check_claims(claims, texts(issuer.audience))
            found = self._meaning(claims, issuer)
            return Recognized(found, verifier.keys, None, min(until, expires(claims) + issuer.leeway * 1000))
        except Unauthorized:
            return None
        except IssuerAway as away:
            raise verifier.provider.outages.refusal(away, issuer.key_refresh_min) from None

    async def _discover(self) -> None:
        missing = list(self.verifiers.values())
        while missing:
            reached = await asyncio.gather(*(self._reached(verifier) for verifier in missing))
            missing = [verifier for verifier, there in zip(missing, reached, strict=True) if not there]
            self._tried.set()
            if missing:
                await self._world.sleep(_NEXT_DISCOVERY)

    async def _reached(self, verifier: Verifier) -> bool:
        try:
            await verifier.provider.metadata()
        except IssuerAway as away:
            verifier.provider.outages.refusal(away, _NEXT_DISCOVERY)
            return False
        return True


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii", "replace")).digest()


def _decoded(part: str, kind: type[T]) -> T:
    """Decodes a part of a JWT, unverified. Unauthorized: it is malformed."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(part.encode()), type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Unauthorized(_REFUSED) from None

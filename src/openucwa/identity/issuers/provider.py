"""HTTP requests to one issuer: discovery, keys, introspection, token endpoint.

Responses are limited in time and size; redirects and proxy settings from the environment are ignored.
"""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar
from urllib.parse import quote_plus, urlsplit

import msgspec

from openucwa.config_identity import Issuer, safe_url
from openucwa.identity.outages import Outages
from openucwa.model.world import World

if TYPE_CHECKING:
    import httpx

#: Maximum size of a response, in bytes. Key sets and discovery documents have a few thousand.
MAX_ANSWER = 1_048_576
#: Maximum number of connections for discovery and keys, which are fetched one after the other.
_KEY_CONNECTIONS = 2
_WELL_KNOWN = "/.well-known/openid-configuration"

#: What a request is for: discovery and keys, introspection, or the password grant.
Purpose: TypeAlias = Literal["keys", "introspection", "password"]

T = TypeVar("T")


class Metadata(msgspec.Struct, frozen=True):
    """The part of a discovery document that is used (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    introspection_endpoint: str | None = None
    #: Whether authorization responses name the issuer (RFC 9207).
    authorization_response_iss_parameter_supported: bool = False


def _endpoints(metadata: Metadata) -> tuple[str | None, ...]:
    return (
        metadata.authorization_endpoint,
        metadata.token_endpoint,
        metadata.userinfo_endpoint,
        metadata.introspection_endpoint,
    )


class IssuerAway(Exception):
    """The issuer is unreachable or its response is invalid. The text is for the log: it may contain addresses."""


class Provider:
    """Sends requests to one issuer. The HTTP client is created with the first one."""

    def __init__(self, issuer: Issuer, world: World) -> None:
        self.issuer = issuer
        self.outages = Outages("issuer", issuer.url, world)
        #: One pool for each purpose, so that an endpoint that hangs does not hold up the others.
        self._clients: dict[Purpose, httpx.AsyncClient] = {}
        self._metadata: Metadata | None = None
        self._discovering: asyncio.Task[Metadata] | None = None

    @property
    def known_metadata(self) -> Metadata | None:
        """The cached discovery document; None: not fetched yet."""
        return self._metadata

    async def discover(self) -> Metadata:
        """Fetches the discovery document. IssuerAway: it is unavailable, invalid, or another issuer's."""
        url = self.issuer.url.rstrip("/") + _WELL_KNOWN
        status, body = await self._ask("keys", "GET", url)
        metadata = decoded(body, Metadata, f"{url} is not a discovery document") if status == 200 else None
        if metadata is None:
            raise IssuerAway(f"{url} returned status {status}")
        if metadata.issuer != self.issuer.url:
            raise IssuerAway(f"{url} names the issuer {metadata.issuer!r}, not {self.issuer.url!r}")
        scheme = urlsplit(self.issuer.url).scheme
        for each in (metadata.jwks_uri, *_endpoints(metadata)):
            # Plain http is for issuers on this machine: others must not reach its services.
            if each is not None and not (safe_url(each) and urlsplit(each).scheme in {"https", scheme}):
                raise IssuerAway(f"{url} contains an unsafe URL: {each!r}")
        self._metadata = metadata
        return metadata

    async def metadata(self) -> Metadata:
        """As `discover`, from the cache if possible; concurrent calls share one request."""
        if self._metadata is not None:
            return self._metadata
        if self._discovering is None:
            self._discovering = asyncio.create_task(self.discover(), name="openucwa issuer discovery")
            self._discovering.add_done_callback(self._discovered)
        return await asyncio.shield(self._discovering)

    async def keys(self) -> list[dict[str, Any]]:
        """Fetches discovery document and keys. IssuerAway: they are unavailable or invalid."""
        url = (await self.discover()).jwks_uri
        status, body = await self._ask("keys", "GET", url)
        keys = decoded(body, dict[str, Any], f"{url} is not a key set").get("keys") if status == 200 else None
        if not isinstance(keys, list):
            raise IssuerAway(f"{url} returned status {status} and no list of keys")
        return [key for key in keys if isinstance(key, dict)]

    async def introspect(self, token: str) -> dict[str, Any]:
        """The introspection response for `token` (RFC 7662). IssuerAway: it is unavailable or invalid."""
        endpoint = (await self.metadata()).introspection_endpoint
        if endpoint is None:
            raise IssuerAway(f"{self.issuer.url} has no introspection endpoint")
        form = {"token": token, "token_type_hint": "access_token"}
        status, body = await self.post("introspection", endpoint, form)
        if status != 200:
            raise IssuerAway(f"{endpoint} returned status {status}")
        return decoded(body, dict[str, Any], f"{endpoint} returned no JSON")

    async def post(self, purpose: Purpose, url: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        """Posts a form with the client's credentials; status and body. IssuerAway: no response."""
        secret = self._secret()
        if self.issuer.client_id is not None and secret is not None:
            return await self._ask(purpose, "POST", url, form, (_quoted(self.issuer.client_id), _quoted(secret)))
        return await self._ask(purpose, "POST", url, {**form, "client_id": self.issuer.client_id or ""})

    async def get(self, purpose: Purpose, url: str, token: str) -> tuple[int, bytes]:
        """Gets `url` with `token`; status and body. IssuerAway: no response."""
        return await self._ask(purpose, "GET", url, token=token)

    async def close(self) -> None:
        """Closes the connections."""
        if self._discovering is not None:
            self._discovering.cancel()
            await asyncio.wait({self._discovering})
        while self._clients:
            await self._clients.popitem()[1].aclose()

    def _discovered(self, task: "asyncio.Task[Metadata]") -> None:
        self._discovering = None
        if not task.cancelled():
            task.exception()  # retrieved, in case every caller was cancelled

    async def _ask(
        self,
        purpose: Purpose,
        method: str,
        url: str,
        form: Mapping[str, str] | None = None,
        user: tuple[str, str] | None = None,
        token: str | None = None,
    ) -> tuple[int, bytes]:
        import httpx  # noqa: PLC0415

        headers = {"Accept": "application/json"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
        try:
            # httpx limits each step; this limits the whole exchange, also with a server that sends byte by byte.
            async with asyncio.timeout(self.issuer.timeout):
                client = self._clients.get(purpose) or self._new_client(purpose)
                auth = None if user is None else httpx.BasicAuth(*user)
                async with client.stream(method, url, data=form, headers=headers, auth=auth) as response:
                    body = bytearray()
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        if len(body) > MAX_ANSWER:
                            raise IssuerAway(f"{url} returned more than {MAX_ANSWER} bytes")
                    return response.status_code, bytes(body)
        except TimeoutError:
            raise IssuerAway(f"{url} did not answer within {self.issuer.timeout:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise IssuerAway(f"{url}: {type(error).__name__}: {error}") from None

    def _new_client(self, purpose: Purpose) -> "httpx.AsyncClient":
        import httpx  # noqa: PLC0415

        # httpx logs every request; problems are logged here.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        connections = _KEY_CONNECTIONS if purpose == "keys" else self.issuer.connections
        client = self._clients[purpose] = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=self.issuer.ca_file),
            timeout=self.issuer.timeout,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=1),
            follow_redirects=False,
            trust_env=False,
        )
        return client

    def _secret(self) -> str | None:
        if self.issuer.client_secret_file is None:
            return self.issuer.client_secret
        try:
            return Path(self.issuer.client_secret_file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise IssuerAway(f"client_secret_file cannot be read: {error}") from None


def decoded(body: bytes, kind: type[T], problem: str) -> T:
    """The JSON in `body`. IssuerAway: `problem`; also for nesting without end, and bytes that are not UTF-8."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise IssuerAway(f"{problem}: {error}") from None


def _quoted(text: str) -> str:
    # RFC 6749, section 2.3.1: form-encoded before it goes into the header.
    return quote_plus(text)

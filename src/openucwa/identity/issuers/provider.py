"""The way to one issuer: its discovery document, its keys, its introspection and its token endpoint, over HTTP.

Each answer is bounded in time and size, no redirect is followed and no proxy of the environment is used. What an
answer means is decided elsewhere.
"""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import msgspec

from openucwa.config_identity import Issuer, safe_url
from openucwa.model.refusals import ServiceUnavailable

if TYPE_CHECKING:
    import httpx

#: Bytes of an answer of the issuer. Its keys and its discovery document take some thousands.
MAX_ANSWER = 1_048_576
#: Connections to one issuer, of each process.
_CONNECTIONS = 8
_WELL_KNOWN = "/.well-known/openid-configuration"

logger = logging.getLogger(__name__)


class Metadata(msgspec.Struct, frozen=True):
    """What is used of a discovery document (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    introspection_endpoint: str | None = None


def _endpoints(metadata: Metadata) -> tuple[str | None, ...]:
    return (
        metadata.authorization_endpoint,
        metadata.token_endpoint,
        metadata.userinfo_endpoint,
        metadata.introspection_endpoint,
    )


class IssuerAway(Exception):
    """The issuer does not answer, or not as it should. The text is for the log: it may name addresses."""


class Provider:
    """Asks one issuer. The client is made with the first question, in the loop that asks it."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self._client: httpx.AsyncClient | None = None
        self._metadata: Metadata | None = None

    @property
    def known_metadata(self) -> Metadata | None:
        """What was discovered last; None: nothing yet."""
        return self._metadata

    async def discover(self) -> Metadata:
        """The issuer's discovery document, read anew. IssuerAway: it can't be had, or is another issuer's."""
        url = self.issuer.url.rstrip("/") + _WELL_KNOWN
        status, body = await self._ask("GET", url)
        try:
            metadata = msgspec.json.decode(body, type=Metadata) if status == 200 else None
        except msgspec.DecodeError as error:
            raise IssuerAway(f"{url} is not a discovery document: {error}") from None
        if metadata is None:
            raise IssuerAway(f"{url} answers {status}")
        if metadata.issuer != self.issuer.url:
            raise IssuerAway(f"{url} is the discovery document of {metadata.issuer!r}, and not of {self.issuer.url!r}")
        for each in (metadata.jwks_uri, *_endpoints(metadata)):
            if each is not None and not safe_url(each):
                raise IssuerAway(f"{url} names an address that is not safe: {each!r}")
        self._metadata = metadata
        return metadata

    async def metadata(self) -> Metadata:
        """As `discover`, but what was read once is used again."""
        return self._metadata or await self.discover()

    async def keys(self) -> list[dict[str, Any]]:
        """The issuer's keys as they are, with the discovery document read anew. IssuerAway: they can't be had."""
        url = (await self.discover()).jwks_uri
        status, body = await self._ask("GET", url)
        try:
            keys = msgspec.json.decode(body, type=dict[str, Any]).get("keys") if status == 200 else None
        except msgspec.DecodeError as error:
            raise IssuerAway(f"{url} is not a set of keys: {error}") from None
        if not isinstance(keys, list):
            raise IssuerAway(f"{url} answers {status}, without a list of keys")
        return [key for key in keys if isinstance(key, dict)]

    async def introspect(self, token: str) -> dict[str, Any]:
        """What the issuer says of `token` (RFC 7662). IssuerAway: nothing that can be used."""
        endpoint = (await self.metadata()).introspection_endpoint
        if endpoint is None:
            raise IssuerAway(f"{self.issuer.url} has no introspection endpoint")
        status, body = await self.post(endpoint, {"token": token, "token_type_hint": "access_token"})
        if status != 200:
            raise IssuerAway(f"{endpoint} answers {status}")
        try:
            return msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise IssuerAway(f"{endpoint} does not answer in JSON: {error}") from None

    async def post(self, url: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body of the answer to a form, sent with the client's id and secret. IssuerAway: there is none."""
        secret = self._secret()
        if self.issuer.client_id is not None and secret is not None:
            return await self._ask("POST", url, form, (_quoted(self.issuer.client_id), _quoted(secret)))
        return await self._ask("POST", url, {**form, "client_id": self.issuer.client_id or ""})

    async def get(self, url: str, token: str) -> tuple[int, bytes]:
        """Status and body of what `token` opens. IssuerAway: there is no answer."""
        return await self._ask("GET", url, token=token)

    async def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _ask(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None = None,
        user: tuple[str, str] | None = None,
        token: str | None = None,
    ) -> tuple[int, bytes]:
        import httpx  # noqa: PLC0415

        headers = {"Accept": "application/json"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
        try:
            # httpx bounds each step; this bounds all of them, and whoever sends a byte now and then.
            async with asyncio.timeout(self.issuer.timeout):
                client = self._client = self._client or self._new_client()
                auth = None if user is None else httpx.BasicAuth(*user)
                async with client.stream(method, url, data=form, headers=headers, auth=auth) as response:
                    body = bytearray()
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        if len(body) > MAX_ANSWER:
                            raise IssuerAway(f"{url} answers more than {MAX_ANSWER} bytes")
                    return response.status_code, bytes(body)
        except TimeoutError:
            raise IssuerAway(f"{url} does not answer within {self.issuer.timeout:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise IssuerAway(f"{url}: {type(error).__name__}: {error}") from None

    def _new_client(self) -> "httpx.AsyncClient":
        import httpx  # noqa: PLC0415

        return httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=self.issuer.ca_file),
            timeout=self.issuer.timeout,
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=1),
            follow_redirects=False,
            trust_env=False,
        )

    def _secret(self) -> str | None:
        if self.issuer.client_secret_file is None:
            return self.issuer.client_secret
        try:
            return Path(self.issuer.client_secret_file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise IssuerAway(f"client_secret_file can't be read: {error}") from None


def unavailable(issuer: Issuer, away: IssuerAway, retry_after: float) -> ServiceUnavailable:
    """The refusal of what can't be decided without the issuer, which is logged."""
    logger.warning("the issuer %s can't be asked: %s", issuer.url, away)
    return ServiceUnavailable("the token's issuer can't be reached", max(1, round(retry_after)))


def _quoted(text: str) -> str:
    # RFC 6749, section 2.3.1: form-encoded before it goes into the header.
    return quote_plus(text)

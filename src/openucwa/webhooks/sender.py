"""Sends one message to one receiver: a POST over HTTP to an address that was checked.

Redirects are not followed, proxies of the environment are ignored, and of the answer only the status and the first
bytes are read.
"""

import asyncio
import logging
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit, urlunsplit

from openucwa import __version__
from openucwa.model.world import World
from openucwa.webhooks.networks import ForbiddenAddress, Networks

if TYPE_CHECKING:
    import httpx

#: How much of an answer is read and shown in the list of deliveries, in bytes.
MAX_ANSWER = 1_024
#: Connections to one receiver that are kept open.
_KEPT_CONNECTIONS = 4
_PORTS = {"http": 80, "https": 443}
#: Retry-After in seconds; its other form, a date, is ignored.
_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of an attempt. `status`: of the answer; None: there was none, for the reason `error`. `answer`: the
    beginning of its body. `retry_after`: the seconds that the receiver asked for. `seconds`: how long it took.
    """

    status: int | None
    error: str = ""
    answer: str = ""
    retry_after: int | None = None
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the receiver took the message."""
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """Sends messages to one URL. Its connections are used for no other, whose certificate might be another's.

    `timeout`: of an attempt, in seconds. `context`: for TLS.
    """

    def __init__(
        self, url: str, networks: Networks, context: ssl.SSLContext, timeout: float, connections: int, world: World
    ) -> None:
        self.url = url
        self._parts: SplitResult = urlsplit(url)
        self._networks = networks
        self._context = context
        self._timeout = timeout
        self._connections = connections
        self._world = world
        self._pool: _Pool | None = None

    async def send(self, headers: Mapping[str, str], body: bytes) -> Sent:
        """Makes one attempt. It never raises, but if it is cancelled."""
        begin = self._world.monotonic()
        pool = self._pool = self._pool or self._new_pool()
        pool.users += 1
        answered = False
        try:
            sent = await self._send(pool.client, headers, body)
            answered = sent.status is not None
        finally:
            pool.users -= 1
            if not answered and pool is self._pool:
                # What an attempt leaves behind that was given up is not known for sure.
                self._pool = None
            if pool is not self._pool and not pool.users:
                await pool.client.aclose()
        return replace(sent, seconds=self._world.monotonic() - begin)

    async def close(self) -> None:
        """Closes the connections, once no attempt is in progress."""
        pool, self._pool = self._pool, None
        if pool is not None and not pool.users:
            await pool.client.aclose()

    async def _send(self, client: "httpx.AsyncClient", headers: Mapping[str, str], body: bytes) -> Sent:
        import httpx  # noqa: PLC0415

        parts = self._parts
        host = parts.hostname or ""
        secure = parts.scheme == "https"
        port = parts.port or _PORTS[parts.scheme]
        try:
            # The only limit: one of httpx's own, ending a moment earlier, would be cancelled amid its cleaning up.
            async with asyncio.timeout(self._timeout):
                address = await self._networks.resolve(host, port, secure=secure)
                literal = f"[{address}]" if ":" in address else address
                target = urlunsplit((parts.scheme, f"{literal}:{port}", parts.path or "/", parts.query, ""))
                named = {"Host": parts.netloc, "User-Agent": f"openucwa/{__version__}", **headers}
                # The certificate must be that of the name, whatever address it has.
                extensions = {"sni_hostname": host} if secure else {}
                request = client.build_request("POST", target, headers=named, content=body, extensions=extensions)
                response = await client.send(request, stream=True)
                try:
                    sent = await _read(response)
                finally:
                    await response.aclose()
                # What a private service says is not for everybody who may have a webhook.
                return replace(sent, answer="") if self._networks.is_private_and_allowed(address) else sent
        except TimeoutError:
            return Sent(None, f"no answer within {self._timeout:g} s")
        except ForbiddenAddress as forbidden:
            return Sent(None, str(forbidden))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return Sent(None, f"{type(error).__name__}: {error}"[:MAX_ANSWER])

    def _new_pool(self) -> "_Pool":
        import httpx  # noqa: PLC0415

        # httpx logs every request with its URL, which may contain a secret of the receiver.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        limits = httpx.Limits(max_connections=self._connections, max_keepalive_connections=_KEPT_CONNECTIONS)
        client = httpx.AsyncClient(
            verify=self._context,
            timeout=None,  # noqa: S113  # each attempt has one, as a whole
            limits=limits,
            follow_redirects=False,
            trust_env=False,
        )
        return _Pool(client)


@dataclass(slots=True)
class _Pool:
    """Connections to the receiver. `users`: attempts in progress."""

    client: "httpx.AsyncClient"
    users: int = 0


async def _read(response: "httpx.Response") -> Sent:
    """Status and the beginning of the body. It is not decompressed: a small one could become very large."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= MAX_ANSWER:
            break
    after = response.headers.get("retry-after", "")
    answer = bytes(body[:MAX_ANSWER]).decode("utf-8", "replace")
    return Sent(response.status_code, "", answer, int(after) if _SECONDS.fullmatch(after) else None)

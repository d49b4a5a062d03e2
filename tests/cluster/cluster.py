"""Several server processes on one PostgreSQL store, behind nginx."""

import asyncio
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from argon2 import PasswordHasher

from openucwa.model.user import User
from openucwa.store.postgres import PostgresStore
from tests.client import PASSWORD, UcwaClient
from tests.deploy.nginx import Nginx
from tests.ports import free_ports
from tests.process.running import RunningServer
from tests.users import ALEX, DANA, LENE

#: Timeout for everything in these tests, in seconds.
LIMIT = 60.0

#: The settings store_timeout, bus_poll_interval and key_refresh_interval, in seconds.
STORE_TIMEOUT = 2
LOOK = 1


@dataclass
class NodeAddress:
    """The addresses of a node, for clients and for its status. `running`: None if it is stopped."""

    port: int
    status_port: int
    running: RunningServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def status_url(self) -> str:
        return f"http://127.0.0.1:{self.status_port}"


class Cluster:
    """`count` nodes on the store `url`, and nginx, which needs `folder`. `settings`: of every node."""

    def __init__(self, folder: Path, url: str, count: int, **settings: str) -> None:
        self.url = url
        https, http, *ports = free_ports(2 + 2 * count)
        self.nodes = [NodeAddress(*ports[2 * index : 2 * index + 2]) for index in range(count)]
        self._settings = {
            "OPENUCWA_STORE_TIMEOUT": str(STORE_TIMEOUT),
            "OPENUCWA_BUS_POLL_INTERVAL": str(LOOK),
            "OPENUCWA_KEY_REFRESH_INTERVAL": str(LOOK),
            "OPENUCWA_LOG_LEVEL": "warning",
            "OPENUCWA_TRUSTED_PROXIES": "127.0.0.1",
            # These clients send as fast as they can.
            "OPENUCWA_PARTICIPANT_BURST": "1000000",
            "OPENUCWA_DATA": str(folder / "unused"),
            **settings,
        }
        self._nginx = Nginx(folder, [f"127.0.0.1:{node.port}" for node in self.nodes], (https, http))
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self._stop_all)
            asyncio.run(_add_users(self.url))
            with ThreadPoolExecutor(len(self.nodes)) as threads:
                for _ in threads.map(self.start, range(len(self.nodes))):
                    pass
            stack.enter_context(self._nginx)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start(self, index: int, **settings: str) -> None:
        """Starts a stopped node; returns once it accepts connections."""
        node = self.nodes[index]
        assert node.running is None
        own = {"OPENUCWA_STATUS_LISTEN": node.status_url}
        node.running = RunningServer(self.url, "--listen", node.url, **{**self._settings, **own, **settings})

    def stop(self, index: int) -> None:
        """Stops a node cleanly."""
        running, self.nodes[index].running = self.nodes[index].running, None
        assert running is not None
        assert running.stop() == 0, running.log

    def kill(self, index: int) -> None:
        """Ends a node with SIGKILL."""
        running, self.nodes[index].running = self.nodes[index].running, None
        assert running is not None
        running.kill()

    @property
    def log(self) -> list[str]:
        """The log lines of the running nodes."""
        return [line for node in self.nodes if node.running for line in node.running.log]

    @property
    def faults(self) -> list[str]:
        """The tracebacks among them, with the lines around them."""
        log = self.log
        return ["\n".join(log[max(0, at - 2) : at + 40]) for at, line in enumerate(log) if "Traceback" in line]

    def client(self, index: int | None = None) -> UcwaClient:
        """A client of a node; None: through nginx."""
        if index is not None:
            return UcwaClient(httpx.AsyncClient(base_url=self.nodes[index].url, timeout=LIMIT))
        trusting = ssl.create_default_context(cafile=self._nginx.certificate)
        base = f"https://localhost:{self._nginx.port}"
        return UcwaClient(httpx.AsyncClient(base_url=base, timeout=LIMIT, verify=trusting))

    async def states(self, path: str) -> Sequence[httpx.Response]:
        """The responses of all status addresses to a GET of `path`."""
        async with httpx.AsyncClient(timeout=LIMIT) as http:
            return await asyncio.gather(*(http.get(f"{node.status_url}{path}") for node in self.nodes))

    async def ready(self) -> bool:
        """Whether every node is ready."""
        return all(answer.status_code == 200 for answer in await self.states("/readyz"))

    async def in_use(self, index: int) -> bool:
        """Whether nginx sends requests to the node, which it does not for a while after it found it away. Where it
        found all of them away within that while it has nobody to ask."""
        return "openucwa_requests_total{" in (await self.states("/metrics"))[index].text

    def _stop_all(self) -> None:
        for index, node in enumerate(self.nodes):
            if node.running is not None:
                self.stop(index)


async def _add_users(url: str) -> None:
    # Cheap hashes: tests sign in often.
    hashed = PasswordHasher(1, 8, 1).hash(PASSWORD)
    store = PostgresStore(url, LIMIT)
    await store.open()
    for uri in (LENE, DANA, ALEX):
        await store.users.add(User(uri=uri, name=uri, email=None, pool=None, password_hash=hashed))
    await store.close()


def same_at(client: UcwaClient, other: UcwaClient) -> UcwaClient:
    """`other`, with the token and application of `client`."""
    other.token, other.app = client.token, client.app
    return other


async def shown(client: UcwaClient, href: str) -> dict[str, Any]:
    """The resource."""
    answer = await client.get(href)
    assert answer.status_code == 200, answer.text
    resource: dict[str, Any] = answer.json()
    return resource

"""Chromium and sites of other origins, shared by all tests in this folder; servers, each shared by the tests of a file.

A user's contacts, meetings, last choices and other pages are the same for all tests of a file, and begin anew with the
next: it does not matter what other files did before.
"""

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.console import Console, Enter, Resource
from tests.browser.guest import Arrive, Guest
from tests.certificate import make_certificate
from tests.client import PASSWORD, UcwaClient
from tests.needs import need
from tests.process.running import LIMIT, RunningServer, command
from tests.process.server import add_user
from tests.users import DANA, ERIK, LENE

expect.set_options(timeout=LIMIT * 1000)

ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = need("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS, timeout=LIMIT * 1000)
        yield browser
        await browser.close()


class SilentHandler(SimpleHTTPRequestHandler):
    """Serves files and tells nobody."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that is overridden
        pass


@dataclass(frozen=True)
class EmbeddingSite:
    """A web server with a page that talks to the frame."""

    origin: str

    @property
    def page(self) -> str:
        return f"{self.origin}/client.html"


def _sites(count: int) -> Iterator[list[EmbeddingSite]]:
    handler = partial(SilentHandler, directory=str(Path(__file__).parent))
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(count)]
    threads = [Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}) for server in servers]
    for thread in threads:
        thread.start()
    yield [EmbeddingSite(f"http://127.0.0.1:{server.server_port}") for server in servers]
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join(LIMIT)
        server.server_close()


@pytest.fixture(scope="session")
def sites() -> Iterator[list[EmbeddingSite]]:
    yield from _sites(2)


@pytest.fixture(scope="session")
def listed(sites: list[EmbeddingSite]) -> EmbeddingSite:
    """A site of an origin in the servers' allow-list."""
    return sites[0]


@pytest.fixture(scope="session")
def unlisted(sites: list[EmbeddingSite]) -> EmbeddingSite:
    return sites[1]


@pytest.fixture(scope="session")
def lene_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with Lene alone, which is only copied."""
    folder = tmp_path_factory.mktemp("browser") / "prepared"
    add_user(folder, LENE)
    return folder


@pytest.fixture(scope="module")
def data(lene_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(lene_alone, tmp_path_factory.mktemp("browser") / "data"))


@pytest.fixture(scope="module")
def plain(data: Path, listed: EmbeddingSite) -> Iterator[RunningServer]:
    """A server that serves http only. Its polls hear of changes from the bus, or not at all."""
    with RunningServer(data, "--allow-origin", listed.origin, OPENUCWA_BUS_POLL_INTERVAL="3600") as server:
        yield server


@pytest.fixture(scope="module")
def secure(data: Path, listed: EmbeddingSite) -> Iterator[RunningServer]:
    """A server that serves http and https, with a certificate that nobody trusts."""
    need("openssl")
    certificate, key = make_certificate(data.parent)
    arguments = [
        *("--listen", "http://127.0.0.1:0", "--listen", "https://127.0.0.1:0"),
        *("--tls-cert", certificate, "--tls-key", key, "--allow-origin", listed.origin),
    ]
    with RunningServer(data, *arguments, listeners=2) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lene(plain: RunningServer) -> AsyncIterator[UcwaClient]:
    """Lene again, with an application of her own beside the console."""
    async with httpx.AsyncClient(base_url=plain.urls[0], timeout=LIMIT) as http:
        client = UcwaClient(http)
        await client.sign_in("lenea@contoso.com")
        await client.open("beside")
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def enter(chromium: Browser, plain: RunningServer) -> AsyncIterator[Enter]:
    """Opens consoles on a meeting, signed in."""
    opened: list[Console] = []

    async def open_console(meeting: Resource | None = None) -> Console:
        console = await Console.enter(chromium, plain, meeting["onlineMeetingId"] if meeting else "")
        opened.append(console)
        return console

    yield open_console
    for console in opened:
        await console.leave()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which Lene, Dana and Erik are, and that nobody uses but for copies."""
    data = tmp_path_factory.mktemp("join") / "prepared"
    for uri, name in ((LENE, "Lene Aaling"), (DANA, "Dana Birkby"), (ERIK, "Erik Andersen")):
        arguments = ("user", "add", uri, "--name", name, "--data", str(data), "--password-stdin")
        assert command(*arguments, stdin=PASSWORD + "\n").returncode == 0
    return data


@pytest.fixture(scope="module")
def shared(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of all servers of a file that may have one in common."""
    return Path(shutil.copytree(prepared, tmp_path_factory.mktemp("shared") / "data"))


@pytest.fixture
def own(prepared: Path, tmp_path: Path) -> Path:
    """A store of the test's own."""
    return Path(shutil.copytree(prepared, tmp_path / "data"))


@pytest.fixture(scope="module")
def server(shared: Path) -> Iterator[RunningServer]:
    """A server whose invitations wait for slow machines, and whose users may do much at once."""
    settings = {"INVITATION_TIMEOUT": "3600", "INVITATION_BURST": "1000", "PRESENCE_BURST": "1000"}
    with RunningServer(shared, **{f"OPENUCWA_{name}": value for name, value in settings.items()}) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(chromium: Browser) -> AsyncIterator[Arrive]:
    """Opens the join page of a meeting, for one more person each time."""
    guests: list[Guest] = []

    async def open_page(meeting: Resource) -> Guest:
        guest = await Guest.arrive(chromium, meeting["joinUrl"])
        guests.append(guest)
        return guest

    yield open_page
    for guest in guests:
        await guest.leave()

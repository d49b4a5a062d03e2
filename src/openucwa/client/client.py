"""The two clients: `AsyncClient` for asyncio, and `Client`, which waits for each answer."""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Literal, Self

import httpx

from openucwa.client.application import Application
from openucwa.client.credentials import Credentials, Token
from openucwa.client.drivers import AsyncDriver, Observer, SyncDriver
from openucwa.client.formats import Json, Xml
from openucwa.client.operations import Bound, D_co, operation
from openucwa.client.policy import Policy
from openucwa.client.resources import Value
from openucwa.client.session import Session
from openucwa.client.steps import Steps


class BaseClient(Bound[D_co]):
    """The common base of both clients: a user who is, or will be, signed in."""

    def __init__(self, session: Session[D_co]) -> None:
        super().__init__(session.driver)
        self.session = session

    @property
    def token(self) -> Token | None:
        """The token that is used at present; None: there is none yet."""
        return self.session.token

    @operation
    def grants(self) -> Steps[tuple[str, ...]]:
        """The grant types that the server offers (UCWA: Authentication in UCWA)."""
        yield from self.session.discover()
        return self.session.grants

    @operation
    def open(
        self,
        user_agent: str,
        *,
        endpoint_id: str | None = None,
        culture: str = "en-US",
        instance_id: str | None = None,
        type: str | None = None,  # noqa: A002  # UCWA's name
        renew: bool = True,
    ) -> Steps[Application[D_co]]:
        """Finds the user's server, signs in, and opens an application (UCWA: applications, POST).

        `user_agent`: what calls. `endpoint_id`: one of its own for each installation; the same finds the same
        application again; None: a new one. `instance_id`: of a tab, say, with an event channel of its own. `renew`:
        whether to reopen it if it has ended.
        """
        options: dict[str, Value] = {
            "userAgent": user_agent,
            "endpointId": endpoint_id or str(uuid.uuid4()),
            "culture": culture,
        }
        options |= {name: value for name, value in (("instanceId", instance_id), ("type", type)) if value is not None}
        application = Application(self.session, options, renew=renew)
        yield from application.open()
        return application


class AsyncClient(BaseClient[AsyncDriver]):
    """A client for asyncio.

        async with AsyncClient("https://ucwa.example.com", Password("lene@example.com", "...")) as client:
            application = await client.open("my program")
            meeting = await application.schedule(subject="Budget")

    `url`: the server's address; everything else is found from there. `credentials`: None: only what needs no token.
    `format`: of bodies and answers. `http`: a client of httpx of one's own. `observer`: called with each request and
    its response. `chance`: a function that returns random numbers from 0 to 1.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        *,
        format: Literal["json", "xml"] = "json",  # noqa: A002
        policy: Policy | None = None,
        http: httpx.AsyncClient | None = None,
        observer: Observer | None = None,
        chance: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        form = Xml() if format == "xml" else Json()
        driver = AsyncDriver(http, observer, sleep)
        super().__init__(Session(driver, url, credentials, form, policy or Policy(), chance))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections. Applications stay open until they are closed, or have been idle for long."""
        await self._driver.close()


class Client(BaseClient[SyncDriver]):
    """A client that waits for each answer. Everything is as in `AsyncClient`, without `await` and `async`.

    Threads may share it.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        *,
        format: Literal["json", "xml"] = "json",  # noqa: A002
        policy: Policy | None = None,
        http: httpx.Client | None = None,
        observer: Observer | None = None,
        chance: Callable[[], float] = random.random,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        form = Xml() if format == "xml" else Json()
        driver = SyncDriver(http, observer, sleep)
        super().__init__(Session(driver, url, credentials, form, policy or Policy(), chance))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections. Applications stay open until they are closed, or have been idle for long."""
        self._driver.close()

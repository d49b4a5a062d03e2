"""Servers that are watched from outside."""

import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from openucwa.app import Service
from openucwa.config import Config
from openucwa.identity.passwords import Passwords
from openucwa.model.world import RealWorld
from tests.telemetry.watching import ObservedServer, Watch, watched


@pytest.fixture
def quiet_client() -> Iterator[None]:
    """Keeps what the tests' client says of its requests out of the server's log."""
    logger = logging.getLogger("httpx")
    level = logger.level
    logger.setLevel(logging.WARNING)
    yield
    logger.setLevel(level)


@pytest.fixture
def watch(tmp_path: Path, prepared_data: Path, quiet_client: None) -> Watch:
    """One server with settings of its own, on sockets; two users are there: Lene and Dana."""

    @asynccontextmanager
    async def serving(*, level: str = "info", **settings: Any) -> AsyncIterator[ObservedServer]:
        base = Config(
            data=str(tmp_path / "data"),
            listen=("http://127.0.0.1:0",),
            status_listen=("http://127.0.0.1:0",),
            shutdown_timeout=1.0,
        )
        config = replace(base, **settings)
        shutil.copytree(prepared_data, config.data)
        service = Service(config, RealWorld(), passwords=Passwords(hasher=PasswordHasher(1, 8, 1)))
        async with watched(service, level=level) as server:
            yield server

    return serving

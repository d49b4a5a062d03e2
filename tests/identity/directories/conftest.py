"""A running directory, and backends that verify passwords with it."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from openucwa.config_identity import Directory
from tests.identity.directories.slapd import BASE, SEARCHER, SEARCHER_PASSWORD, DirectoryServer
from tests.needs import need_module
from tests.world import FakeWorld

if TYPE_CHECKING:
    from openucwa.identity.directories.directory import DirectoryPasswords

#: Creates a backend; the arguments replace fields of the directory's table.
Verifying = Callable[..., "DirectoryPasswords"]


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DirectoryServer]:
    running = DirectoryServer(tmp_path_factory.mktemp("slapd"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def verifying(server: DirectoryServer) -> AsyncIterator[Verifying]:
    need_module("ldap", "python-ldap")
    from openucwa.identity.directories.directory import DirectoryPasswords

    made = []

    def make(**table: Any) -> DirectoryPasswords:
        usual = {
            "url": server.tls_url,
            "ca_file": server.ca_file,
            "domains": "contoso.com",
            "base": BASE,
            "bind_dn": SEARCHER,
            "bind_password": SEARCHER_PASSWORD,
            "login_filter": "(&(objectClass=person)(|(uid={user})(mail={login})(employeeType=sip:{login})))",
            "uri_attributes": ("employeeType", "mail"),
        }
        made.append(DirectoryPasswords(Directory(**usual | table), FakeWorld()))
        return made[-1]

    yield make
    for passwords in made:
        await passwords.close()

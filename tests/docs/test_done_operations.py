"""docs/compliance.md marks an operation as done only if a walk over a running server calls it with success."""

import json

import pytest

from tests.docs.called_operations import CalledOperations, visit
from tests.identity.directories.slapd import BASE, SEARCHER, SEARCHER_PASSWORD, DirectoryServer
from tests.needs import need_module
from tests.process.running import RunningServer
from tests.process.server import add_user
from tests.samples import compliance

REGION = '[{"name": "Denmark", "number": "tel:+4570000000"}]'


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> CalledOperations:
    """The walk over `openucwa serve`."""
    data = tmp_path_factory.mktemp("done") / "data"
    for address in ("lenea@contoso.com", "danab@contoso.com"):
        add_user(data, f"sip:{address}")
    need_module("ldap", "python-ldap")
    directory = DirectoryServer(tmp_path_factory.mktemp("slapd"))
    directory.start()
    table = {
        "url": directory.tls_url,
        "ca_file": directory.ca_file,
        "domains": "contoso.com",
        "base": BASE,
        "bind_dn": SEARCHER,
        "bind_password": SEARCHER_PASSWORD,
    }
    settings = {"OPENUCWA_DIAL_IN_REGIONS": REGION, "OPENUCWA_DIRECTORIES": json.dumps([table])}
    try:
        with RunningServer(data, **settings) as server:
            return visit(server, "lenea@contoso.com", "danab@contoso.com")
    finally:
        directory.stop()


def test_every_done_operation_is_called_with_success(visits: CalledOperations) -> None:
    done = {operation for operation, state in compliance.operations().items() if state == "done"}
    assert done
    assert done - visits.seen == set()

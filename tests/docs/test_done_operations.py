"""docs/compliance.md marks an operation as done only if a walk over a running server calls it with success."""

import pytest

from tests.docs.called_operations import CalledOperations, visit
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
    with RunningServer(data, OPENUCWA_DIAL_IN_REGIONS=REGION) as server:
        return visit(server, "lenea@contoso.com", "danab@contoso.com")


def test_every_done_operation_is_called_with_success(visits: CalledOperations) -> None:
    done = {operation for operation, state in compliance.operations().items() if state == "done"}
    assert done
    assert done - visits.seen == set()

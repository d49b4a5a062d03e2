"""The modules of the pages that need no browser, under Node's own test runner."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import PASSWORD
from tests.needs import need
from tests.process.running import LIMIT, RunningServer
from tests.process.server import add_user
from tests.users import LENE

MODULES = sorted(Path(__file__).parent.glob("*.test.js"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    data = tmp_path_factory.mktemp("web") / "data"
    add_user(data, LENE)
    with RunningServer(data) as running:
        yield running


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_module_passes_its_node_tests(server: RunningServer, module: Path) -> None:
    environment = {"OPENUCWA_URL": server.urls[0], "OPENUCWA_USER": "lenea@contoso.com", "OPENUCWA_PASSWORD": PASSWORD}
    run = subprocess.run(
        [need("nodejs"), "--test", "--test-reporter=spec", str(module)],
        capture_output=True,
        text=True,
        timeout=4 * LIMIT,
        check=False,
        env=os.environ | environment,
    )
    assert run.returncode == 0, run.stdout
    assert "fail 0" in run.stdout
    assert "pass 0" not in run.stdout

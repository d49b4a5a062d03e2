"""What `openucwa serve` says about its store when it starts, in processes of their own."""

from pathlib import Path

import pytest

from tests.process.running import RunningServer
from tests.process.server import add_user
from tests.users import LENE


@pytest.mark.parametrize("workers", ["1", "2"])
def test_server_without_users_logs_once_how_to_add_the_first_one(tmp_path: Path, workers: str) -> None:
    with RunningServer(tmp_path, "--workers", workers) as server:
        hint = server.logged("no users yet")
        assert hint.endswith(f"add the first one: openucwa user add --data {tmp_path} sip:NAME@DOMAIN")
        server.stop()
        assert len([line for line in server.log if "no users yet" in line]) == 1


def test_server_with_users_logs_its_store_and_no_hint(tmp_path: Path) -> None:
    add_user(tmp_path, LENE)
    with RunningServer(tmp_path) as server:
        server.logged(f"store: {tmp_path} (data: command line)")
        server.stop()
        assert [line for line in server.log if "no users yet" in line] == []

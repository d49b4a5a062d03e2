"""What the tests of commands share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings file of an installed server would be; no settings of this machine are read."""
    for name in list(os.environ):
        if name.startswith("OPENUCWA_"):
            monkeypatch.delenv(name)
    file = tmp_path / "etc" / "openucwa.toml"
    monkeypatch.setattr("openucwa.config_loading.SETTINGS_FILE", file)
    return file


@pytest.fixture
def data(tmp_path: Path) -> str:
    return str(tmp_path / "data")

"""`tools/lint-pages` on machines that lack npm."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "lint-pages"


@pytest.mark.parametrize(("settings", "status"), [({}, 0), ({"CI": "true"}, 1)])
def test_missing_npm_is_named_and_fails_only_in_ci(tmp_path: Path, settings: dict[str, str], status: int) -> None:
    done = subprocess.run(
        ["/bin/sh", str(SCRIPT)], env={"PATH": str(tmp_path), **settings}, capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert "npm is not installed" in done.stderr

"""README.md's lines from a package to a first request, run with pipx and a wheel of this checkout."""

import re
from pathlib import Path

from tests.docs.walking import ROOT, commands, walk
from tests.needs import need
from tests.ports import free_port

PAGE = "README.md"
SECTION = "From a package"


def test_lines_lead_from_a_wheel_to_a_first_request(tmp_path: Path) -> None:
    pipx = need("pipx")
    port = free_port()
    # The locked versions, without their hashes, which a wheel of our own does not have.
    locked = re.findall(r"^([\w.-]+==[\w.]+)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    (tmp_path / "constraints.txt").write_text("\n".join(locked), "utf-8")
    surroundings = (
        f'export PIPX_HOME="{tmp_path}/pipx" PIPX_BIN_DIR="{tmp_path}/bin" PIPX_DEFAULT_PYTHON="$PYTHON"\n'
        f'export PIP_NO_COMPILE=1 PIP_CONSTRAINT="{tmp_path}/constraints.txt"\nunset PYTHONPATH\nexec "{pipx}" "$@"'
    )
    stand_ins = {
        "make": f'test "$1" = dist\ncd "{ROOT}"\nexec "$PYTHON" -m hatchling build -d "{tmp_path}/dist"',
        "openucwa": f'unset PYTHONPATH\nexec "{tmp_path}/bin/openucwa" "$@"',
        "pipx": surroundings,
    }
    put = {
        "http://127.0.0.1:8080": f"http://127.0.0.1:{port}",
        "openucwa serve": f"openucwa serve --listen http://127.0.0.1:{port}",
    }
    said = walk(commands(PAGE, SECTION), tmp_path, put, stand_ins)
    assert "installed package openucwa" in said
    assert "added sip:lene@example.com" in said
    assert '"rel":"root"' in said
    assert '"rel":"application"' in said
    assert (tmp_path / "openucwa-data").is_dir()


def test_they_are_ten_lines() -> None:
    assert len(commands(PAGE, SECTION).splitlines()) == 10


def test_wheel_is_built_by_the_make_target_that_is_named() -> None:
    assert "dist: ## Build the source distribution and the wheel into dist/." in (ROOT / "Makefile").read_text("utf-8")

"""docs/client.md's code, run against a demo server, prints what the page shows."""

import doctest
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.generated.test_openapi_python_client import SETTINGS
from tests.needs import need
from tests.process.running import environment

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "client.md").read_text("utf-8")
#: The demo's address, as the page has it.
ADDRESS = "http://127.0.0.1:8080"
#: Seconds that anything may take on a busy machine.
LIMIT = 60.0

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> tuple[str, str]:
    """All code of a language, and all that it is said to print."""
    found = _BLOCK.findall(PAGE)
    code = [(text, found[number + 1 : number + 2]) for number, (kind, text) in enumerate(found) if kind == language]
    assert code, language
    shown = [following[0][1] for _, following in code if following and following[0][0] == "text"]
    return "".join(text for text, _ in code), "".join(shown)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a demo server."""
    data = tmp_path_factory.mktemp("client") / "data"
    words = [sys.executable, "-m", "openucwa", "demo", "--data", str(data), "--listen", f"{ADDRESS[:-5]}:0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment({})) as demo:
        try:
            assert demo.stdout is not None
            found = demo.stdout.readline().split()[3].rstrip(",")
            assert any("Ctrl-C" in line for line in demo.stdout)
            yield found
        finally:
            demo.kill()


def assert_prints(language: str, command: list[str], code: str, shown: str, folder: Path) -> None:
    done = subprocess.run(
        command,
        input=code,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        cwd=folder,
        env={**os.environ, **environment({})},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed = "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"
    assert doctest.OutputChecker().check_output(shown, printed, doctest.ELLIPSIS), f"{language} prints\n{printed}"


def test_python_prints_what_the_page_shows(address: str, tmp_path: Path) -> None:
    code, shown = blocks("python")
    assert_prints("python", [sys.executable, "-W", "error", "-"], code.replace(ADDRESS, address), shown, tmp_path)


def test_javascript_prints_what_the_page_shows(address: str, tmp_path: Path) -> None:
    code, shown = blocks("javascript")
    (tmp_path / "node_modules" / "@openucwa").mkdir(parents=True)
    (tmp_path / "node_modules" / "@openucwa" / "client").symlink_to(ROOT / "src" / "openucwa" / "web")
    (tmp_path / "client.mjs").write_text(code.replace(ADDRESS, address), "utf-8")
    assert_prints("javascript", [need("nodejs"), "client.mjs"], "", shown, tmp_path)


def test_curl_prints_what_the_page_shows(address: str, tmp_path: Path) -> None:
    need("curl")
    code, shown = blocks("bash")
    typed = f"set -eo pipefail\n{code.replace(ADDRESS, address)}"
    assert_prints("bash", [need("bash")], typed, shown, tmp_path)


def test_every_linked_page_of_ucwas_is_one_of_the_public_reference() -> None:
    linked = re.findall(r"\((https://learn[^)]*)\)", PAGE)
    assert linked
    assert all(each.startswith("https://learn.microsoft.com/en-us/skype-sdk/ucwa/") for each in linked)


def test_settings_of_the_generator_are_those_that_are_tested() -> None:
    (shown,) = re.findall(r"^  ```yaml\n(.*?)^  ```$", PAGE, re.MULTILINE | re.DOTALL)
    assert textwrap.dedent(shown).strip() == SETTINGS.strip()

"""docs/ci.md: its tests pass, in each language, and its workflows contain the commands that are run here."""

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from openucwa import __version__
from tests.docs.walking import LIMIT, ROOT, walk
from tests.needs import need
from tests.ports import free_port
from tests.process.running import environment
from tests.web.packing import install_package

PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
#: The address of the container in the page.
ADDRESS = "http://127.0.0.1:8080"
#: How the page starts the container.
CONTAINER = f"docker run --detach --publish 127.0.0.1:8080:8080 ghcr.io/contoso/openucwa:{__version__} "

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

#: Runs the tests of the page as a runner of NUnit does.
RUNNER = """
using System;
using System.Linq;
using System.Threading.Tasks;
using NUnit.Framework;

public static class Runner
{
    public static void Main()
    {
        var methods = typeof(ClientTests).GetMethods();
        var tests = new ClientTests();
        foreach (var test in methods.Where(method => method.IsDefined(typeof(TestAttribute), true)))
        {
            foreach (var first in methods.Where(method => method.IsDefined(typeof(SetUpAttribute), true)))
            {
                first.Invoke(tests, null);
            }
            ((Task)test.Invoke(tests, null)).GetAwaiter().GetResult();
            Console.WriteLine("passed: " + test.Name);
        }
    }
}
"""


def blocks(language: str) -> list[str]:
    return [text for kind, text in _BLOCK.findall(PAGE) if kind == language]


def workflows() -> list[Any]:
    return [yaml.safe_load(text) for text in blocks("yaml")]


def programs(folder: Path) -> dict[str, str]:
    """The environment of a machine on which openucwa is installed, without a sandbox of its own."""
    folder.mkdir()
    (folder / "openucwa").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m openucwa "$@"\n')
    (folder / "openucwa").chmod(0o755)
    return {**environment({}), "PATH": os.pathsep.join((str(folder), os.environ["PATH"])), "UCWA_SANDBOX": ""}


def run(folder: Path, *words: str) -> str:
    """What a program prints that succeeds."""
    environ = programs(folder / "programs") if not (folder / "programs").exists() else None
    done = subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write_python(folder: Path) -> None:
    (folder / "test_client.py").write_text("".join(blocks("python")))


def write_javascript(folder: Path) -> None:
    install_package(folder)
    for name, text in zip(("sandbox.mjs", "client.test.mjs"), blocks("js"), strict=True):
        (folder / name).write_text(text, "utf-8")


def pytest_words() -> list[str]:
    installed = any(point.value == "openucwa.testing.plugin" for point in entry_points(group="pytest11"))
    return ["-q", "-p", "no:cacheprovider", *(() if installed else ("-p", "openucwa.testing.plugin"))]


def test_tests_in_python_pass(tmp_path: Path) -> None:
    write_python(tmp_path)
    assert "2 passed" in run(tmp_path, sys.executable, "-m", "pytest", *pytest_words())


def test_tests_in_javascript_pass(tmp_path: Path) -> None:
    write_javascript(tmp_path)
    assert re.search(r"^. pass 3$", run(tmp_path, need("nodejs"), "--test"), re.MULTILINE)


def test_tests_in_csharp_pass(tmp_path: Path) -> None:
    compiler, runtime = need("mono-mcs"), need("mono-runtime")
    need("libmono-system-net-http4.0-cil")
    nunit = need("libnunit-framework2.6.3-cil")
    names = ("Sandbox.cs", "ClientTests.cs", "Runner.cs")
    for name, text in zip(names, (*blocks("csharp"), RUNNER), strict=True):
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "nunit.framework.dll").write_bytes(Path(nunit).read_bytes())
    environ = programs(tmp_path / "programs")
    for words in (
        [compiler, "-warnaserror", "-r:System.Net.Http.dll", "-r:nunit.framework.dll", "-out:tests.exe", *names],
        [runtime, "tests.exe"],
    ):
        done = subprocess.run(
            words, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("passed: ") == blocks("csharp")[1].count("[Test]") == 3


def steps(workflow: Any) -> str:
    """The commands of a workflow's job."""
    (job,) = workflow["jobs"].values()
    assert workflow[True] == ["push", "pull_request"]  # YAML takes `on` for a boolean
    variables = "".join(f"export {name}={value}\n" for name, value in job.get("env", {}).items())
    return variables + "".join(f"{step['run'].strip()}\n" for step in job["steps"] if "run" in step)


def test_actions_of_the_workflows_name_their_version() -> None:
    used = [step["uses"] for workflow in workflows() for step in workflow["jobs"]["test"]["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@v[0-9]+", action) for action in used)


def test_workflow_with_python_passes(tmp_path: Path) -> None:
    write_python(tmp_path)
    stand_ins = {"pip": "exit 0", "pytest": f'exec "$PYTHON" -m pytest {" ".join(pytest_words())}'}
    assert "2 passed" in walk(steps(workflows()[0]), tmp_path, {}, stand_ins)


def test_workflow_with_the_container_passes(tmp_path: Path) -> None:
    assert 'ENTRYPOINT ["openucwa"]' in (ROOT / "deploy" / "Containerfile").read_text()
    write_javascript(tmp_path)
    port = free_port()
    own = f"http://127.0.0.1:{port}"
    commands = re.sub(f"{re.escape(CONTAINER)}(.*)", rf"openucwa \1 --listen {own} &", steps(workflows()[1]))
    assert "docker" not in commands
    stand_ins = {"npm": "exit 0", "node": f'exec "{need("nodejs")}" "$@"'}
    said = walk(commands, tmp_path, {ADDRESS: own}, stand_ins)
    assert re.search(r"^. pass 3$", said, re.MULTILINE)


@pytest.mark.parametrize("language", ["python", "js", "csharp", "yaml"])
def test_every_language_has_its_programs(language: str) -> None:
    assert blocks(language)

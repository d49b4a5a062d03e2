"""`tools/release`, and what is in the packages that it builds."""

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from readme_renderer import markdown

from openucwa import __version__

PROJECT = Path(__file__).parents[1]
LIMIT = 60.0
#: What the release changes, and what the build reads.
FILES = (
    *(".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", "deploy", "docs"),
    *("examples", "hatch_build.py", "pyproject.toml", "requirements.txt", "requirements-ldap.txt", "src", "tests"),
    "tools",
)
_LINK = re.compile(r"\]\((?!https?:|#)[^)]*\)")


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    person = {
        f"GIT_{role}_{what}": "test@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    return subprocess.run(
        words,
        cwd=folder,
        env=os.environ | person | {"GIT_CONFIG_GLOBAL": os.devnull, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def release(folder: Path, version: str) -> "subprocess.CompletedProcess[str]":
    return run(folder, sys.executable, "tools/release", version)


def later(version: str) -> str:
    major, minor, _ = version.split(".")
    return f"{major}.{int(minor) + 1}.0"


NEXT = later(__version__)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit, whose changelog has a section *Unreleased*."""
    folder = tmp_path_factory.mktemp("project")
    for name in FILES:
        if (PROJECT / name).is_dir():
            unneeded = shutil.ignore_patterns("__pycache__", "node_modules")
            # Nothing reads the tests; one folder shows that they are left out.
            source = PROJECT / name / "samples" if name == "tests" else PROJECT / name
            shutil.copytree(source, folder / source.relative_to(PROJECT), ignore=unneeded)
        else:
            shutil.copy(PROJECT / name, folder / name)
    log = folder / "CHANGELOG.md"
    _, _, released = log.read_text("utf-8").partition(f"## {__version__}\n")
    log.write_text(f"# Changes\n\n## Unreleased\n\n- What is new.\n\n## {__version__}\n{released}", "utf-8")
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "All")):
        done = run(folder, "git", *words)
        assert done.returncode == 0, done.stderr
    return folder


def test_older_or_malformed_version_is_refused(project: Path) -> None:
    for version, reason in {__version__: "must be greater than", "2": "must be MAJOR.MINOR.PATCH"}.items():
        done = release(project, version)
        assert done.returncode == 1
        assert reason in done.stderr


def test_uncommitted_changes_are_refused(project: Path) -> None:
    stray = project / "stray.txt"
    stray.touch()
    done = release(project, NEXT)
    stray.unlink()
    assert done.returncode == 1
    assert "changes that are not committed" in done.stderr


def test_version_without_a_section_in_the_changelog_changes_nothing(project: Path) -> None:
    log = project / "CHANGELOG.md"
    text = log.read_text("utf-8")
    log.write_text(text.replace("- What is new.\n", ""), "utf-8")
    run(project, "git", "commit", "--quiet", "--all", "--message", "Nothing is new")
    done = release(project, NEXT)
    assert done.returncode == 1
    assert 'no section "Unreleased", or nothing in it' in done.stderr
    assert run(project, "git", "status", "--porcelain").stdout == ""
    run(project, "git", "reset", "--quiet", "--hard", "HEAD~1")


@pytest.fixture(scope="module")
def released(project: Path) -> Path:
    done = release(project, NEXT)
    assert done.returncode == 0, done.stderr
    return project


def test_release_is_a_commit_and_a_tag_with_its_changes(released: Path) -> None:
    tag = run(released, "git", "for-each-ref", "--format=%(objecttype) %(contents)", f"refs/tags/v{NEXT}").stdout
    assert tag.split() == ["tag", "openucwa", NEXT, "-", "What", "is", "new."]
    assert run(released, "git", "describe").stdout.strip() == f"v{NEXT}"
    assert run(released, "git", "status", "--porcelain").stdout == ""
    log = (released / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## (.*)$", log, re.MULTILINE)[:2] == [NEXT, __version__]


def test_migration_job_of_kubernetes_gets_a_new_name(released: Path) -> None:
    manifests = (released / "deploy" / "kubernetes" / "openucwa.yaml").read_text("utf-8")
    assert f"name: openucwa-migrate-{NEXT.replace('.', '-')}\n" in manifests
    assert manifests.count(f"image: openucwa:{NEXT}\n") == 2


def test_same_version_is_not_released_twice(released: Path) -> None:
    assert release(released, NEXT).returncode == 1


def wheel_of(released: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(released / "dist" / f"openucwa-{NEXT}-py3-none-any.whl")


def metadata_of(released: Path) -> Message:
    with wheel_of(released) as wheel:
        return email.message_from_bytes(wheel.read(f"openucwa-{NEXT}.dist-info/METADATA"))


def test_wheel_has_all_files_of_the_package_and_nothing_else(released: Path) -> None:
    with wheel_of(released) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    source = released / "src"
    guides = [*(released / "docs").glob("*.md"), *map(released.joinpath, ("README.md", "CHANGELOG.md"))]
    guides += map(released.joinpath, ("CONTRIBUTING.md", "SECURITY.md"))
    assert names == {
        *(str(file.relative_to(source)) for file in source.rglob("*") if file.is_file()),
        *(f"openucwa/guides/{file.relative_to(released)}" for file in guides),
    }
    assert {
        "openucwa/py.typed",
        "openucwa/web/console.html",
        "openucwa/store/sqlite/migrations/0001_first.sql",
    } <= names


def test_source_distribution_has_docs_and_deploy_but_no_tests(released: Path) -> None:
    with tarfile.open(released / "dist" / f"openucwa-{NEXT}.tar.gz") as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"README.md", "docs/operating.md", "deploy/openucwa.service", "requirements.txt", "hatch_build.py"}
    assert needed <= names
    assert [name for name in names if name.startswith("tests/")] == []


def test_description_on_a_package_index_has_no_dead_links(released: Path) -> None:
    text = metadata_of(released).get_payload()
    assert isinstance(text, str)
    assert "## Five minutes" in text
    assert _LINK.findall((PROJECT / "README.md").read_text("utf-8"))
    assert _LINK.findall(text) == []


@pytest.mark.parametrize("package", ["sdist", "wheel"])
def test_package_index_accepts_and_shows_what_the_package_says(released: Path, package: str) -> None:
    """What `twine check --strict` checks, by its own renderer, and the form of every field."""
    if package == "wheel":
        with wheel_of(released) as wheel:
            content = wheel.read(f"openucwa-{NEXT}.dist-info/METADATA")
    else:
        with tarfile.open(released / "dist" / f"openucwa-{NEXT}.tar.gz") as archive:
            file = archive.extractfile(f"openucwa-{NEXT}/PKG-INFO")
            assert file is not None
            content = file.read()
    described = Metadata.from_email(content, validate=True)  # ExceptionGroup: a field that an index refuses
    assert described.description_content_type == "text/markdown"
    assert described.description is not None
    shown = markdown.render(described.description)
    assert shown is not None
    assert '<h2 id="user-content-five-minutes">Five minutes<' in shown
    assert "```" not in shown


def test_package_has_its_extras_and_console_script(released: Path) -> None:
    extras = metadata_of(released).get_all("Provides-Extra")
    assert extras is not None
    assert set(extras) == {"ldap", "nats", "postgres", "traces"}
    with wheel_of(released) as wheel:
        assert "openucwa = openucwa.cli:main" in wheel.read(f"openucwa-{NEXT}.dist-info/entry_points.txt").decode()

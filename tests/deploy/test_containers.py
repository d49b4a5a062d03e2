"""The container file and the examples of Compose and Kubernetes, checked by validators and by the server's settings."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from openucwa.cli import main
from openucwa.config import Config
from openucwa.config_loading import environment_name, load, options
from tests.process.running import LIMIT

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
KUBERNETES: list[dict[str, Any]] = list(
    yaml.safe_load_all((DEPLOY / "kubernetes" / "openucwa.yaml").read_text("utf-8"))
)
SETTINGS = {environment_name(option.name) for option in options()}


def of_kind(kind: str) -> dict[str, Any]:
    (found,) = (each for each in KUBERNETES if each["kind"] == kind)
    return found


def pods() -> list[dict[str, Any]]:
    return [each["spec"]["template"]["spec"] for each in KUBERNETES if "template" in each.get("spec", {})]


def test_linter_has_nothing_to_say_about_the_container_file() -> None:
    program = Path(sys.executable).parent / "hadolint"
    done = subprocess.run(
        [program, "--no-color", str(DEPLOY / "Containerfile")],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_build_sees_what_it_copies_and_little_else() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert lines[1] == "*"
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = [
        name for line in re.findall(r"^COPY (?!--from)(.*)$", CONTAINERFILE, re.MULTILINE) for name in line.split()[:-1]
    ]
    assert let_in == set(copied)


def test_container_runs_as_a_user_with_a_number() -> None:
    (user,) = re.findall(r"^USER (.*)$", CONTAINERFILE, re.MULTILINE)
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert f"--uid {user.partition(':')[0]} " in CONTAINERFILE


def test_health_check_of_the_container_is_a_command() -> None:
    ((words),) = re.findall(r"^    CMD \[(.*)\]$", CONTAINERFILE, re.MULTILINE)
    program, command, *arguments = re.findall(r'"([^"]*)"', words)
    assert program == "openucwa"
    main.commands[command].make_context(command, arguments)


@pytest.mark.parametrize("manifest", KUBERNETES, ids=lambda each: each["kind"])
@pytest.mark.parametrize("version", ["1.29", kubernetes_validate.latest_version()])
def test_kubernetes_accepts_the_manifests(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_settings_of_the_manifests_are_valid(tmp_path: Path) -> None:
    file = tmp_path / "openucwa.toml"
    file.write_text(of_kind("ConfigMap")["data"]["openucwa.toml"], "utf-8")
    config = load(file, {"OPENUCWA_STORE": of_kind("Secret")["stringData"]["store"]})
    assert config.workers == 1
    assert config.shutdown_timeout + 10 + 5 <= pods()[1]["terminationGracePeriodSeconds"]


def test_pods_run_without_root_and_without_rights() -> None:
    assert len(pods()) == 2
    for pod in pods():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert f"USER {pod['securityContext']['runAsUser']}:" in CONTAINERFILE
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            name, *arguments = container["args"]
            main.commands[name].make_context(name, arguments)
            assert {each["name"] for each in container["env"]} <= SETTINGS


def test_probes_ask_paths_that_the_server_answers() -> None:
    (container,) = pods()[1]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    paths = {
        name: (container[name]["httpGet"]["path"], ports[container[name]["httpGet"]["port"]])
        for name in ("startupProbe", "readinessProbe", "livenessProbe")
    }
    assert paths == {
        "startupProbe": ("/healthz", 8080),
        "readinessProbe": ("/readyz", 8080),
        "livenessProbe": ("/healthz", 8080),
    }


def test_service_and_budget_select_the_nodes() -> None:
    labels = of_kind("Deployment")["spec"]["template"]["metadata"]["labels"]
    for selector in (
        of_kind("Service")["spec"]["selector"],
        of_kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
    assert (
        not of_kind("Service")["spec"]["selector"].items()
        <= of_kind("Job")["spec"]["template"]["metadata"]["labels"].items()
    )


def test_nodes_of_compose_have_valid_settings() -> None:
    nodes = [service for service in COMPOSE["services"].values() if service["image"] == "openucwa"]
    assert len(nodes) == 2
    for node in nodes:
        assert set(node["environment"]) <= SETTINGS
        config = load(None, node["environment"])
        assert config.store is not None
        assert config.shutdown_timeout + 10 <= float(node["stop_grace_period"].removesuffix("s"))
        assert (ROOT / "deploy" / node["build"]["context"] / node["build"]["dockerfile"]).exists()
    assert isinstance(config, Config)

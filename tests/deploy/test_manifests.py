"""What deploys the service names things that exist. No container engine runs here, so the files are read."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

from tierwise.serving.app import create_app
from tierwise.serving.run import GRACEFUL_SECONDS
from tierwise.serving.settings import Settings, load_settings
from tierwise.serving.watching.metrics import Metrics

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
SETTINGS = {f"TIERWISE_{name.upper()}" for name in Settings.model_fields}


@pytest.fixture(scope="module")
def manifests() -> dict[str, Any]:
    """Kubernetes objects by kind."""
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in MANIFESTS]
    return {document["kind"]: document for document in documents}


@pytest.fixture(scope="module")
def container(manifests: dict[str, Any]) -> dict[str, Any]:
    (found,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_every_manifest_is_applied(manifests: dict[str, Any]) -> None:
    applied = set(manifests["Kustomization"]["resources"])
    assert applied == {path.name for path in MANIFESTS} - {"kustomization.yaml"}


def test_selectors_find_the_pods(manifests: dict[str, Any]) -> None:
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for selector in (
        manifests["Deployment"]["spec"]["selector"]["matchLabels"],
        manifests["Service"]["spec"]["selector"],
        manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()


def test_probes_ask_what_the_service_answers_without_a_key(container: dict[str, Any], tmp_path: Path) -> None:
    settings = load_settings({}, log_url=f"sqlite:///{tmp_path}/d.db", state_folder=tmp_path, keys=f"admin:{'0' * 64}")
    paths = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    with TestClient(create_app(settings), "http://localhost") as client:
        assert {client.get(path).status_code for path in paths.values()} == {200}


def test_every_variable_is_a_setting(manifests: dict[str, Any], container: dict[str, Any]) -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    named = {
        *manifests["ConfigMap"]["data"],
        *(variable["name"] for variable in container["env"]),
        *compose["services"]["tierwise"]["environment"],
        *re.findall(r"(TIERWISE_\w+)=", dockerfile),
    }
    assert named <= SETTINGS
    load_settings({}, **{name[9:].lower(): value for name, value in manifests["ConfigMap"]["data"].items()})


def test_the_container_runs_without_root_and_without_writing_to_its_image(
    manifests: dict[str, Any], container: dict[str, Any]
) -> None:
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, 10001)
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/state", "/tmp"}
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (.+)$", dockerfile, re.MULTILINE) == ["10001"]


def test_the_image_copies_what_exists_and_installs_extras_without_torch() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    kept = [line[1:] for line in ignored if line.startswith("!")]
    assert [name for name in kept if not (ROOT / name).exists()] == []
    extras = re.findall(r"EXTRAS=([\w,]+)", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    assert {extra for each in extras for extra in each.split(",")} == {"serve", "postgres", "registry"}


def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    board = json.loads((DEPLOY / "grafana" / "tierwise.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    registry = Metrics().registry
    known = {metric.name for metric in registry.collect()}
    for name in {found for expression in expressions for found in re.findall(r"tierwise_\w+", expression)}:
        assert re.sub(r"_(total|bucket|sum|count)$", "", name) in known or name in known, name
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_a_pod_has_the_time_to_leave(manifests: dict[str, Any]) -> None:
    settings = load_settings({}, leave_seconds=float(manifests["ConfigMap"]["data"]["TIERWISE_LEAVE_SECONDS"]))
    grace_seconds = manifests["Deployment"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert settings.leave_seconds > 0
    assert settings.leave_seconds + GRACEFUL_SECONDS + settings.drain_seconds < grace_seconds

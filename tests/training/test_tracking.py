"""Tracking and registry against a real MLflow store in the test's folder."""

import json
import os
import warnings
from pathlib import Path
from typing import Any

import pytest

from tierwise.router_model.router import Router
from tierwise.training.tracking import (
    PROGRESS_BAR,
    RegisteredBundle,
    TrackingError,
    mlflow_errors,
    track_bundle,
    track_report,
)

pytestmark = pytest.mark.slow
NAME = "tests-router"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tracking")


@pytest.fixture(autouse=True)
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="module")
def registered(folder: Path, bundle_folder: Path) -> list[RegisteredBundle]:
    """The same bundle registered three times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        return [track_bundle(bundle_folder, NAME) for _ in range(3)]


def client() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow import MlflowClient

        uri = f"sqlite:///{Path('.tierwise').absolute() / 'mlflow.db'}"
        return MlflowClient(uri, uri)


def aliases(name: str) -> dict[str, str]:
    """The version behind each alias; MLflow answers numbers or texts, by its version."""
    return {alias: str(version) for alias, version in client().get_registered_model(name).aliases.items()}


def test_the_first_version_is_champion_and_every_later_one_the_challenger(registered: list[RegisteredBundle]) -> None:
    assert [one.alias for one in registered] == ["champion", "challenger", "challenger"]
    assert [one.version for one in registered] == ["1", "2", "3"]
    assert registered[0].address == f"models:/{NAME}@champion"
    assert aliases(NAME) == {"champion": "1", "challenger": "3"}


def test_another_name_has_a_champion_of_its_own(registered: list[RegisteredBundle], bundle_folder: Path) -> None:
    other = track_bundle(bundle_folder, "another")
    assert (other.alias, other.version) == ("champion", "1")
    assert aliases(NAME)["champion"] == registered[0].version


def test_the_registered_bytes_are_the_bytes_that_were_evaluated(
    registered: list[RegisteredBundle], bundle_folder: Path, tmp_path: Path
) -> None:
    version = client().get_model_version_by_alias(NAME, "champion")
    assert str(version.version) == registered[0].version
    copy = Path(client().download_artifacts(version.run_id, "bundle", str(tmp_path)))
    for path in bundle_folder.iterdir():
        assert (copy / path.name).read_bytes() == path.read_bytes()
    assert Router.load(copy).version == Router.load(bundle_folder).version


def test_the_run_holds_what_the_manifest_says(registered: list[RegisteredBundle], bundle_folder: Path) -> None:
    manifest = json.loads((bundle_folder / "manifest.json").read_text())
    version = client().get_model_version_by_alias(registered[0].name, "champion")
    run = client().get_run(version.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["tierwise.router_version"] == manifest["router_version"]
    assert run.data.tags["tierwise.data_fingerprint"] == manifest["data_fingerprint"]
    assert run.data.params["n_steps"] == str(manifest["training"]["n_steps"])
    assert run.data.metrics["held_out_loss"] == pytest.approx(manifest["training"]["held_out_loss"])


def test_a_report_joins_the_run_of_its_bundle_or_opens_one(
    registered: list[RegisteredBundle], bundle_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "report.md").write_text("# Report")
    router_version = json.loads((bundle_folder / "manifest.json").read_text())["router_version"]
    versions = client().search_model_versions(f"name = '{registered[0].name}'")
    joined = track_report(tmp_path, router_version, {"saving": 0.25})
    assert joined in {version.run_id for version in versions} | {
        version.run_id for version in client().search_model_versions("name = 'another'")
    }
    assert client().get_run(joined).data.metrics["saving"] == 0.25
    assert [artifact.path for artifact in client().list_artifacts(joined, "report")] == ["report/report.md"]
    opened = track_report(tmp_path, "unheard-of", {"saving": 0.5})
    assert client().get_run(opened).data.tags["tierwise.router_version"] == "unheard-of"


def test_a_store_in_trouble_is_one_line(bundle_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no database")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/file")
    with pytest.raises(TrackingError, match=r"^MLflow: .+") as caught:
        track_bundle(bundle_folder, NAME)
    assert "\n" not in str(caught.value)


def test_no_progress_bar_stands_in_logs_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, found in ((None, "false"), ("true", "true")):
        monkeypatch.delenv(PROGRESS_BAR, raising=False)
        if given is not None:
            monkeypatch.setenv(PROGRESS_BAR, given)
        with mlflow_errors():
            assert os.environ[PROGRESS_BAR] == found

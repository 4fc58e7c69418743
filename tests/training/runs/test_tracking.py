"""Tracking and registry against a real MLflow store in the test's folder."""

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from tierwise.cli import main
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.router_model.router import Router
from tierwise.training.config import TrainConfig
from tierwise.training.runs.account import TrainingAccount
from tierwise.training.runs.tracking import (
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


def test_every_training_tells_of_its_data_parameters_and_findings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What ``tierwise train`` leaves, read back as MLflow's own pages read it."""
    config = tmp_path / "train.toml"
    config.write_text("n_folds = 2\nn_components = 0\n[booster]\nn_rounds = 8\nnum_leaves = 7\n")
    log, tiers = sample_log_path(), sample_tiers_path()
    options = ["--config", str(config), "--out", str(tmp_path / "bundle"), "--name", "told"]
    monkeypatch.setattr(sys, "argv", ["tierwise", "train", "--log", str(log), "--tiers", str(tiers), *options])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert not stopped.value.code, capfd.readouterr().err
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    version = client().get_model_version_by_alias("told", "champion")
    run = client().get_run(version.run_id)

    (used,) = run.inputs.dataset_inputs
    assert {tag.key: tag.value for tag in used.tags} == {"mlflow.data.context": "training"}
    assert json.loads(used.dataset.source) == {"uri": str(log)}
    assert used.dataset.digest == manifest["data_fingerprint"][:36]
    profile = json.loads(used.dataset.profile)
    assert profile["n_steps"] == manifest["training"]["n_steps"] <= profile["n_read"]

    asked = {"n_folds": "2", "booster.n_rounds": "8", "booster.num_leaves": "7", "seed": "0", "target": "success"}
    assert {name: run.data.params[name] for name in asked} == asked
    description = run.data.tags["mlflow.note.content"]
    assert description == version.description
    assert (tmp_path / "bundle" / "card.md").read_text() in description
    assert "with 90% confidence" in description
    files = {file.path for file in client().list_artifacts(version.run_id, "report")}
    assert files == {"report/training.md", "report/train.toml"}
    kept = Path(client().download_artifacts(version.run_id, "report/train.toml", str(tmp_path)))
    assert TrainConfig.load(kept) == TrainConfig.load(config)
    kind = client().get_experiment(run.info.experiment_id).tags["mlflow.experimentKind"]
    assert kind == "custom_model_development"


def test_no_password_of_a_log_reaches_the_run(bundle_folder: Path) -> None:
    account = TrainingAccount(["postgresql://ada:secret@db/log", "steps.jsonl"], 10, TrainConfig())
    registered = track_bundle(bundle_folder, "discreet", account=account)
    run = client().get_run(client().get_model_version_by_alias(registered.name, "champion").run_id)
    report = Path(client().download_artifacts(run.info.run_id, "report/training.md")).read_text()
    told = f"{run.to_dictionary()} {run.inputs.dataset_inputs[0].dataset.source} {report}"
    assert "ada@db/log" in told
    assert "secret" not in told

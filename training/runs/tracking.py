"""Tracking and registry in MLflow: the run, its figures, the bundle as artifact, and the registered version.

Without ``MLFLOW_TRACKING_URI`` everything lives in ``.tierwise/`` of the working directory: a SQLite store and a
folder of artifacts. A version becomes ``champion`` when there is none yet, and ``challenger`` otherwise.
"""

import json
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierwise.data.errors import TierwiseError, install_command
from tierwise.router_model.bundle import read_card
from tierwise.training.runs.account import NOTE, TrainingAccount, describe_run, log_data

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "tierwise"
CHAMPION, CHALLENGER = "champion", "challenger"
PROGRESS_BAR = "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"
# MLflow guesses from what an experiment holds whether to show its view for agents or the one for training.
_CLASSIC_VIEW = {"mlflow.experimentKind": "custom_model_development"}
_LOCAL_FOLDER = Path(".tierwise")


class TrackingError(TierwiseError):
    """MLflow is not installed, not reachable, or refused."""


@dataclass(frozen=True, slots=True)
class RegisteredBundle:
    """``address`` is what ``tierwise serve --registry`` takes."""

    name: str
    version: str
    alias: str
    tracking_uri: str

    @property
    def address(self) -> str:
        return f"models:/{self.name}@{self.alias}"


def track_bundle(
    bundle: Path,
    name: str,
    report: Path | None = None,
    alias: str | None = None,
    tags: Mapping[str, str] | None = None,
    account: TrainingAccount | None = None,
) -> RegisteredBundle:
    """Logs a run for the bundle (with its report, if any) and registers it. Raises ``TrackingError``.

    ``alias`` None makes the first version champion and any other one challenger; ``tags`` go to the version.
    ``account`` says what the bundle was trained on and how.
    """
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    with mlflow_errors():
        client, uri = open_client()
        run = client.create_run(_experiment(client, uri), run_name=f"{name}-{manifest['router_version']}")
        run_id = run.info.run_id
        description = describe_run(manifest, read_card(bundle), account)
        client.set_tag(run_id, NOTE, description)
        _log_summary(client, run_id, manifest)
        if account is not None:
            _log_account(client, run_id, manifest, account)
        client.log_artifacts(run_id, str(bundle), "bundle")
        if report is not None:
            client.log_artifacts(run_id, str(report), "report")
        client.set_terminated(run_id)
        known = {"tierwise.router_version": manifest["router_version"]}
        version = client.create_model_version(
            _model(client, name),
            f"{run.info.artifact_uri}/bundle",
            run_id,
            tags=known | dict(tags or {}),
            description=description,
        ).version
        alias = alias or _default_alias(client, name)
        client.set_registered_model_alias(name, alias, version)
        return RegisteredBundle(name, str(version), alias, uri)


def track_report(report: Path, router_version: str, figures: Mapping[str, float]) -> str:
    """Logs a report folder and its main figures to the run of the bundle, or to a new run where there is none.

    Returns the id of the run. Raises ``TrackingError``.
    """
    with mlflow_errors():
        client, uri = open_client()
        experiment = _experiment(client, uri)
        known = client.search_runs([experiment], f"tags.`tierwise.router_version` = '{router_version}'", max_results=1)
        run = known[0] if known else client.create_run(experiment, run_name=f"evaluation-{router_version}")
        run_id = str(run.info.run_id)
        client.set_tag(run_id, "tierwise.router_version", router_version)
        for key, value in figures.items():
            client.log_metric(run_id, key, value)
        client.log_artifacts(run_id, str(report), "report")
        client.set_terminated(run_id)
        return run_id


@contextmanager
def mlflow_errors() -> Iterator[None]:
    """MLflow warns and logs much that concerns only its own developers; what it raises becomes one line."""
    try:
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        raise TrackingError(f"mlflow is not installed; run: {install_command('train')}") from None
    os.environ.setdefault(PROGRESS_BAR, "false")  # MLflow reads it of the environment only
    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise TrackingError(f"MLflow: {str(error).splitlines()[0]}") from error


def open_client() -> tuple["MlflowClient", str]:
    from mlflow import MlflowClient

    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if not uri:
        _LOCAL_FOLDER.mkdir(exist_ok=True)
        # MLflow keeps a store open by its address; a relative one would mean another file in another folder.
        uri = f"sqlite:///{_LOCAL_FOLDER.absolute() / 'mlflow.db'}"
    return MlflowClient(uri, uri), uri


def _experiment(client: "MlflowClient", uri: str) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        for key, value in _CLASSIC_VIEW.items():
            if key not in found.tags:
                client.set_experiment_tag(found.experiment_id, key, value)
        return str(found.experiment_id)
    is_local = uri.startswith("sqlite:")
    artifacts = (_LOCAL_FOLDER / "artifacts").absolute().as_uri() if is_local else None
    return str(client.create_experiment(EXPERIMENT, artifact_location=artifacts, tags=_CLASSIC_VIEW))


def _log_summary(client: "MlflowClient", run_id: str, manifest: Mapping[str, Any]) -> None:
    for key, value in manifest["training"].items():
        if isinstance(value, float) and not isinstance(value, bool):
            client.log_metric(run_id, key, value)
        else:
            client.log_param(run_id, key, value)
    for key in ("router_version", "feature_fingerprint", "data_fingerprint"):
        client.set_tag(run_id, f"tierwise.{key}", manifest[key])


def _log_account(client: "MlflowClient", run_id: str, manifest: Mapping[str, Any], account: TrainingAccount) -> None:
    for key, value in account.params().items():
        if key not in manifest["training"] or isinstance(value, float):
            client.log_param(run_id, key, value)
    log_data(client, run_id, manifest, account)
    client.set_tag(run_id, "mlflow.source.name", "tierwise")
    for file, text in account.report(manifest).items():
        client.log_text(run_id, text, f"report/{file}")


def _model(client: "MlflowClient", name: str) -> str:
    """``name``, after making the registered model if it is new."""
    from mlflow.exceptions import MlflowException

    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name)
    return name


def _default_alias(client: "MlflowClient", name: str) -> str:
    return CHALLENGER if CHAMPION in client.get_registered_model(name).aliases else CHAMPION

"""Finds bundles in MLflow's model registry: the only module of serving that knows MLflow."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tierwise.data.errors import MissingExtraError, TierwiseError

REGISTRY_PREFIX = "models:/"

_ADDRESS = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>[^/@]+))")


class RegistryError(TierwiseError):
    """A registry that cannot be reached, or a model, alias or bundle that it does not have."""


@dataclass(frozen=True, slots=True)
class RegistrySource:
    """A bundle by ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``."""

    address: str
    tracking_uri: str | None = None

    def fingerprint(self) -> str:
        """The version that the address means now; another value means another bundle."""
        try:
            from mlflow import MlflowClient
            from mlflow.exceptions import MlflowException
        except ImportError:
            raise MissingExtraError("mlflow", "registry") from None
        found = _ADDRESS.fullmatch(self.address)
        if found is None:
            raise RegistryError(f"'{self.address}' is no registry address; write models:/NAME@ALIAS")
        if found["version"]:
            return f"models:/{found['name']}/{found['version']}"
        client = MlflowClient(self.tracking_uri, self.tracking_uri)
        try:
            version = client.get_model_version_by_alias(found["name"], found["alias"]).version
        except MlflowException as error:
            raise RegistryError(f"{self.address}: {error.message}") from None
        return f"models:/{found['name']}/{version}"

    @contextmanager
    def opened(self, fingerprint: str) -> Iterator[Path]:
        """Downloads the version, gives the folder of its bundle, and removes what was downloaded."""
        with TemporaryDirectory(prefix="tierwise-bundle-") as target:
            yield self._downloaded(fingerprint, target)

    def _downloaded(self, fingerprint: str, target: str) -> Path:
        from mlflow import MlflowClient
        from mlflow.artifacts import download_artifacts
        from mlflow.exceptions import MlflowException

        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # bars have no place in a log
        name, _, version = fingerprint.removeprefix(REGISTRY_PREFIX).rpartition("/")
        try:  # a models:/ address would be looked up in the registry of the environment, not in ours
            where = MlflowClient(self.tracking_uri, self.tracking_uri).get_model_version_download_uri(name, version)
            downloaded = Path(download_artifacts(artifact_uri=where, dst_path=target, tracking_uri=self.tracking_uri))
        except (MlflowException, OSError) as error:
            raise RegistryError(f"{fingerprint} cannot be downloaded: {error}") from None
        manifests = [downloaded / "manifest.json", *sorted(downloaded.glob("*/manifest.json"))]
        for manifest in manifests:
            if manifest.is_file():
                return manifest.parent
        raise RegistryError(f"{fingerprint} holds no bundle: there is no manifest.json in it")

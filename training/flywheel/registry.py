"""The model registry as the flywheel sees it: versions with tags, and the two aliases that name them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tierwise.training.flywheel.errors import FlywheelError
from tierwise.training.runs.tracking import mlflow_errors, open_client

if TYPE_CHECKING:
    from mlflow import MlflowClient

TAG_SNAPSHOT = "tierwise.snapshot"
TAG_NEWEST_STEP = "tierwise.newest_step"
TAG_GATES = "tierwise.gates"
TAG_MEASURED_AGAINST = "tierwise.measured_against"
TAG_REPLACED = "tierwise.replaced"
TAG_ROUTER_VERSION = "tierwise.router_version"


@dataclass(frozen=True, slots=True)
class Version:
    """A registered bundle."""

    number: str
    tags: Mapping[str, str]

    @property
    def router_version(self) -> str | None:
        """What decisions of this bundle carry in the decision log."""
        return self.tags.get(TAG_ROUTER_VERSION)


class Registry:
    """One registered model in MLflow. Every method raises ``TrackingError`` when MLflow is away or refuses."""

    def __init__(self, client: "MlflowClient", name: str, tracking_uri: str) -> None:
        self._client = client
        self.name = name
        self.tracking_uri = tracking_uri

    @classmethod
    def open(cls, name: str) -> "Registry":
        """The registry of ``MLFLOW_TRACKING_URI``, or the local one in ``.tierwise/``."""
        with mlflow_errors():
            client, uri = open_client()
        return cls(client, name, uri)

    def by_alias(self, alias: str) -> Version | None:
        """None when nothing has the alias."""
        number = self._aliases().get(alias)
        return None if number is None else self.version(str(number))

    def version(self, number: str) -> Version:
        """Raises ``FlywheelError`` for a version that is not there."""
        found = next((version for version in self.versions() if version.number == number), None)
        if found is None:
            raise FlywheelError(f"'{self.name}' has no version {number}; see the versions in MLflow")
        return found

    def versions(self) -> list[Version]:
        """Newest first; none when the model does not exist."""
        with mlflow_errors():
            found = self._client.search_model_versions(f"name = '{self.name}'")
            versions = [Version(str(each.version), dict(each.tags)) for each in found]
        return sorted(versions, key=lambda version: -int(version.number))

    def tag(self, number: str, tags: Mapping[str, str]) -> None:
        with mlflow_errors():
            for key, value in tags.items():
                self._client.set_model_version_tag(self.name, number, key, value)

    def point(self, alias: str, number: str) -> None:
        """From now on ``alias`` means version ``number``; whoever serves the alias follows."""
        with mlflow_errors():
            self._client.set_registered_model_alias(self.name, alias, number)

    def unpoint(self, alias: str) -> None:
        with mlflow_errors():
            self._client.delete_registered_model_alias(self.name, alias)

    def download(self, number: str) -> Path:
        """The folder of the version's bundle."""
        with mlflow_errors():
            from mlflow.artifacts import download_artifacts

            uri = self._client.get_model_version_download_uri(self.name, number)
            folder = Path(download_artifacts(artifact_uri=uri, tracking_uri=self.tracking_uri))
        manifests = [folder / "manifest.json", *sorted(folder.glob("*/manifest.json"))]
        found = next((manifest.parent for manifest in manifests if manifest.is_file()), None)
        if found is None:
            raise FlywheelError(f"version {number} of '{self.name}' holds no bundle; register it again")
        return found

    def _aliases(self) -> Mapping[str, str]:
        """Of a model that may not exist yet."""
        with mlflow_errors():
            found = self._client.search_registered_models(f"name = '{self.name}'")
            return dict(found[0].aliases) if found else {}

"""Traces from an MLflow tracking server or store, page by page; :mod:`tierwise.data.importers` knows what they mean."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.json_source import Numbered
from tierwise.data.importers.reading.records import Record
from tierwise.data.importers.traces.mlflow_traces import trace_records
from tierwise.training.runs.tracking import TrackingError, mlflow_errors

if TYPE_CHECKING:
    from mlflow import MlflowClient

_PAGE_TRACES = 100


def read_tracked_traces(uri: str, experiments: Sequence[str], mapping: ImportMap) -> Iterator[Record]:
    """Every trace of the named experiments at a tracking address. Raises ``TrackingError``."""
    with mlflow_errors():
        for number, trace in enumerate(_traces(uri, experiments), start=1):
            yield from trace_records(Numbered(uri, number, trace.to_dict()), mapping)


def _traces(uri: str, experiments: Sequence[str]) -> Iterator[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(uri, uri)
    ids = [_experiment_id(client, name) for name in experiments]
    if not ids:
        known = ", ".join(experiment.name for experiment in client.search_experiments())
        raise TrackingError(f"say which experiment to read with --experiment; {uri} has {known}")
    token = None
    while True:
        page = client.search_traces(
            locations=ids, max_results=_PAGE_TRACES, order_by=["timestamp_ms ASC"], page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def _experiment_id(client: "MlflowClient", name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        raise TrackingError(f"MLflow has no experiment '{name}'")
    return str(found.experiment_id)

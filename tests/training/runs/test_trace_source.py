"""Traces from a real MLflow store, with feedback that was given after the fact."""

import warnings
from pathlib import Path

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.importers import ImportMap, import_records
from tierwise.training.runs.trace_source import read_tracked_traces
from tierwise.training.runs.tracking import TrackingError

pytestmark = pytest.mark.slow
N_TRACES = 3


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with traces of an agent that called a model once each; the first got a thumb down."""
    import mlflow

    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
        mlflow.set_tracking_uri(uri)
        experiment = mlflow.create_experiment("agent", artifact_location=folder.as_uri())
        ids = [_trace(experiment, number) for number in range(N_TRACES)]
        mlflow.log_feedback(trace_id=ids[0], name="thumbs", value=False)
        mlflow.set_tracking_uri(None)
    return uri


def _trace(experiment: str, number: int) -> str:
    import mlflow

    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_span("billing", span_type="AGENT") as root:
        with mlflow.start_span("answer", span_type="CHAT_MODEL") as span:
            span.set_inputs({"messages": [{"role": "user", "content": f"Question {number}?"}]})
            span.set_attributes(
                {"model": "gpt-4o-mini", "mlflow.chat.tokenUsage": {"input_tokens": 9, "output_tokens": 4}}
            )
            span.set_outputs({"choices": [{"message": {"role": "assistant", "content": "Yes."}}]})
        return str(root.trace_id)


def test_traces_and_their_feedback_become_steps(store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tiers = {"tiers": [{"name": "small", "models": [{"name": "gpt-4o-mini"}]}, {"name": "frontier"}]}
    mapping = ImportMap.from_mapping({"success": {"thumbs": {"success": [True], "failure": [False]}}})
    records = read_tracked_traces(store, ["agent"], mapping)
    report = import_records("mlflow", records, TierCatalogue.from_mapping(tiers), mapping)
    assert report.malformed == ()
    found = {step.step.prompt: step for step in report.assembled.steps}
    assert list(found) == [f"Question {number}?" for number in range(N_TRACES)]
    assert [step.attempts[0].success for step in found.values()] == [False, None, None]
    assert {step.step.agent for step in found.values()} == {"billing"}
    assert {step.attempts[0].input_tokens for step in found.values()} == {9}


@pytest.mark.parametrize(
    ("experiments", "message"),
    [([], "say which experiment to read with --experiment; .* has agent"), (["other"], "has no experiment 'other'")],
)
def test_an_experiment_that_is_not_there_is_refused(
    experiments: list[str], message: str, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TrackingError, match=message):
        list(read_tracked_traces(store, experiments, ImportMap()))

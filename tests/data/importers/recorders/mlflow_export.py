"""MLflow traces of the openai autologger, as ``Trace.to_dict`` gives them, with feedback on traces and on spans."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # MLflow asks LiteLLM for prices, which would ask the network
os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = (
    "false"  # its thread imports LiteLLM while openai looks at the modules
)

import mlflow
import mlflow.openai
from openai import OpenAI, OpenAIError
from scenario import TASKS
from upstream import upstream


def record(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as store:
        mlflow.set_tracking_uri(f"sqlite:///{store}/mlflow.db")
        experiment = mlflow.create_experiment("agent", artifact_location=Path(store).as_uri())
        mlflow.set_experiment(experiment_id=experiment)
        mlflow.openai.autolog()
        with upstream() as base_url:
            _run(OpenAI(base_url=base_url, api_key="none", max_retries=0))
        _judge(experiment)
        traces = mlflow.search_traces(locations=[experiment], return_type="list")
        rows = sorted((_impersonal(trace.to_dict()) for trace in traces), key=lambda row: row["info"]["request_time"])
    with (folder / "mlflow.jsonl").open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")


def _run(client: OpenAI) -> None:
    for task in TASKS:
        with mlflow.start_span(task.name, span_type="AGENT"):
            mlflow.update_current_trace(metadata={"mlflow.trace.session": "s-1"})
            for call in task.calls:
                with mlflow.start_span(call.node, span_type="CHAIN"):
                    try:
                        client.chat.completions.create(model=call.model, messages=call.messages, **call.options)
                    except OpenAIError:
                        continue


def _judge(experiment: str) -> None:
    for trace in mlflow.search_traces(locations=[experiment], return_type="list"):
        source: Any = mlflow.entities.AssessmentSource("HUMAN", "ada")
        mlflow.log_feedback(trace_id=trace.info.trace_id, name="thumbs", value=True, source=source)
        for span in trace.data.spans:
            if span.span_type == "CHAT_MODEL" and span.status.status_code == "OK":
                mlflow.log_feedback(
                    trace_id=trace.info.trace_id, name="correct", value="yes", source=source, span_id=span.span_id
                )


def _impersonal(row: dict[str, Any]) -> dict[str, Any]:
    """Without what MLflow notes about the machine: user, repository, paths."""
    for part in ("trace_metadata", "tags"):
        own = ("mlflow.user", "mlflow.source.", "mlflow.artifactLocation")
        row["info"][part] = {key: value for key, value in row["info"][part].items() if not key.startswith(own)}
    return row

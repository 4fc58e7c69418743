"""Langfuse observations and scores: the shapes of its public API, serialised by the SDK's own models.

The Langfuse server cannot run here, so the values are the scenario's and the field names are those of
``ObservationV2`` and ``NumericScore``.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from langfuse.api.commons.types.numeric_score import NumericScore
from langfuse.api.commons.types.observation_v2 import ObservationV2
from openai import APIStatusError, OpenAI
from scenario import TASKS, Call
from upstream import upstream

_START = datetime(2026, 11, 24, 12, tzinfo=UTC)


def record(folder: Path) -> None:
    observations: list[ObservationV2] = []
    with upstream() as base_url:
        client = OpenAI(base_url=base_url, api_key="none", max_retries=0)
        for task in TASKS:
            observations.append(_span(task.name))
            for number, call in enumerate(task.calls):
                observations.append(_generation(client, task.name, number, call))
    body = {"data": [_plain(observation) for observation in observations], "meta": {"cursor": None}}
    (folder / "langfuse_observations.json").write_text(json.dumps(body, indent=1), encoding="utf-8")
    scores = [_score(observation) for observation in observations if observation.type == "GENERATION"]
    lines = (json.dumps(_plain(score)) + "\n" for score in scores)
    (folder / "langfuse_scores.jsonl").write_text("".join(lines), encoding="utf-8")


def _plain(model: Any) -> Any:
    return json.loads(model.json())


def _span(task: str) -> ObservationV2:
    return ObservationV2(
        id=f"span-{task}", trace_id=f"trace-{task}", start_time=_START, project_id="p", type="AGENT", name=task
    )


def _generation(client: OpenAI, task: str, number: int, call: Call) -> ObservationV2:
    start = _START + timedelta(seconds=1 + number)
    shared: dict[str, Any] = {
        "id": f"generation-{task}-{number}",
        "trace_id": f"trace-{task}",
        "parent_observation_id": f"span-{task}",
        "project_id": "p",
        "session_id": "s-1",
        "type": "GENERATION",
        "name": call.node,
        "start_time": start,
        "end_time": start + timedelta(milliseconds=420),
        "input": {"messages": call.messages, **{k: v for k, v in call.options.items() if k == "tools"}},
        "model_parameters": {k: v for k, v in call.options.items() if k != "tools"},
        "model": call.model,
        "latency": 0.42,
    }
    try:
        completion = client.chat.completions.create(model=call.model, messages=call.messages, **call.options)
    except APIStatusError as error:
        return ObservationV2(**shared, level="ERROR", status_message=str(error))
    usage = completion.usage
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    cached = usage.prompt_tokens_details.cached_tokens or 0
    return ObservationV2(
        **shared,
        level="DEFAULT",
        output=completion.choices[0].message.model_dump(exclude_unset=True),
        usage_details={
            "input": usage.prompt_tokens - cached,
            "input_cached_tokens": cached,
            "output": usage.completion_tokens,
            "total": usage.total_tokens,
        },
        cost_details={"input": 0.00001, "output": 0.00002, "total": 0.00003},
        total_cost=0.00003,
    )


def _score(observation: ObservationV2) -> NumericScore:
    return NumericScore(
        id=f"score-{observation.id}",
        trace_id=observation.trace_id,
        observation_id=observation.id,
        name="correctness",
        source="EVAL",
        timestamp=_START,
        created_at=_START,
        updated_at=_START,
        environment="default",
        value=0.0 if observation.level == "ERROR" else 0.9,
    )

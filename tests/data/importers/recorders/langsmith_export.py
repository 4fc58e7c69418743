"""LangSmith runs: traced by the SDK's ``wrap_openai``, serialised by the SDK's own ``Run`` and ``Feedback`` schemas.

The LangSmith server cannot run here. What it adds to a run (token counts, costs, feedback) is filled into the
schema's fields by hand, as its documentation describes them.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from langsmith import Client, traceable, tracing_context
from langsmith.run_helpers import get_current_run_tree
from langsmith.run_trees import RunTree
from langsmith.schemas import Feedback, Run
from langsmith.wrappers import wrap_openai
from openai import OpenAI, OpenAIError
from scenario import TASKS, Task
from upstream import upstream


def record(folder: Path) -> None:
    roots: list[RunTree] = []
    with upstream() as base_url:
        langsmith = Client(api_url=base_url, api_key="none", auto_batch_tracing=False)
        client = wrap_openai(OpenAI(base_url=base_url, api_key="none", max_retries=0))
        with tracing_context(enabled=True, client=langsmith):
            for task in TASKS:
                _trace(client, task, roots)
    runs = [run for root in roots for run in _runs(root)]
    _write(folder / "langsmith_runs.jsonl", runs)
    _write(folder / "langsmith_feedback.jsonl", [_feedback(run) for run in runs if run.run_type == "llm"])


def _trace(client: OpenAI, task: Task, roots: list[RunTree]) -> None:
    @traceable(run_type="chain", name=task.name)
    def run_task() -> None:
        tree = get_current_run_tree()
        assert tree is not None
        roots.append(tree)
        for call in task.calls:

            @traceable(run_type="chain", name=call.node, metadata={"langgraph_node": call.node})
            def run_node(call: Any = call) -> None:
                client.chat.completions.create(model=call.model, messages=call.messages, **call.options)

            try:
                run_node()
            except OpenAIError:
                continue

    run_task()


def plain_run(tree: RunTree) -> Run:
    """A traced run in the schema in which it comes back, with what the server would have counted."""
    fields = {
        name: getattr(tree, name)
        for name in ("id", "name", "start_time", "end_time", "run_type", "extra", "error", "inputs", "outputs")
    }
    fields |= {"parent_run_id": tree.parent_run_id, "trace_id": tree.trace_id, "dotted_order": tree.dotted_order}
    if tree.run_type == "llm" and not tree.error:
        fields |= {"prompt_tokens": 120, "completion_tokens": 14, "total_tokens": 134, "total_cost": "0.000026"}
        fields |= {"prompt_token_details": {"cache_read": 64}, "status": "success"}
    return Run(**fields)


def _runs(tree: RunTree) -> list[Run]:
    return [plain_run(tree), *(run for child in tree.child_runs for run in _runs(child))]


def _feedback(run: Run) -> Feedback:
    now = datetime.now(UTC)
    return Feedback(
        id=UUID(int=run.id.int ^ 1),
        created_at=now,
        modified_at=now,
        run_id=run.id,
        trace_id=run.trace_id,
        key="correctness",
        score=0.0 if run.error else 1.0,
    )


def _write(path: Path, models: list[Any]) -> None:
    rows = [json.loads(model.model_dump_json()) for model in models]
    for row in rows:
        (row.get("extra") or {}).pop("runtime", None)  # the machine it ran on
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

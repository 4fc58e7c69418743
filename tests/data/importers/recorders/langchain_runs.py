"""LangSmith runs of LangChain: chains and chat models traced by LangChain's own tracer, as the SDK's ``Run`` schema."""

import json
from pathlib import Path
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tracers.langchain import LangChainTracer
from langchain_openai import ChatOpenAI
from langsmith import Client
from langsmith_export import plain_run
from openai import OpenAIError
from scenario import TASKS, Call, Task
from upstream import upstream


class _Collector(LangChainTracer):
    """LangChain's own tracer, which keeps the runs instead of sending them; LangChain makes copies of it."""

    runs: ClassVar[dict[Any, Any]] = {}

    def _persist_run_single(self, run: Any) -> None:
        self.runs[run.id] = run

    _update_run_single = _persist_run_single


def record(folder: Path) -> None:
    with upstream() as base_url:
        tracer = _Collector(client=Client(api_url=base_url, api_key="none", auto_batch_tracing=False))
        for task in TASKS:
            _run(task, base_url, tracer)
    runs = [plain_run(run) for run in tracer.runs.values()]
    rows = [json.loads(run.model_dump_json()) for run in runs]
    for row in rows:
        (row.get("extra") or {}).pop("runtime", None)
        row["serialized"] = None  # the client's settings, with the address of the upstream
    (folder / "langchain.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _run(task: Task, base_url: str, tracer: _Collector) -> None:
    def run_task(_: Any, config: RunnableConfig) -> None:
        for call in task.calls:
            try:
                RunnableLambda(lambda _, config, call=call: _ask(call, base_url, config), name=call.node).invoke(
                    0, config
                )
            except OpenAIError:
                continue

    RunnableLambda(run_task, name=task.name).invoke(0, {"callbacks": [tracer]})


def _ask(call: Call, base_url: str, config: RunnableConfig) -> None:
    model = ChatOpenAI(model=call.model, base_url=base_url, api_key="none", max_retries=0)
    options = dict(call.options)
    asked = model.bind_tools(options.pop("tools")) if "tools" in options else model
    asked.bind(**options).invoke(call.messages, config)

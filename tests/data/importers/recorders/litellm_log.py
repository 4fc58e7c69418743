"""LiteLLM's standard logging payloads, as a callback gets them, and the spend-log rows made of the same calls."""

import asyncio
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from litellm.integrations.custom_logger import CustomLogger
from scenario import TASKS
from upstream import upstream


class _Collector(CustomLogger):
    """Keeps what LiteLLM hands to loggers, without the price table that it repeats in every payload."""

    def __init__(self) -> None:
        super().__init__()
        self.payloads: list[dict[str, Any]] = []

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        del response_obj, start_time, end_time
        payload = json.loads(json.dumps(kwargs["standard_logging_object"], default=str))
        payload.pop("model_map_information")
        if payload.get("error_information"):
            payload["error_information"].pop("traceback", None)
        self.payloads.append(payload)

    async_log_failure_event = async_log_success_event


def record(folder: Path) -> None:
    collector = _Collector()
    litellm.callbacks = [collector]
    asyncio.run(_run(collector))
    lines = (json.dumps(payload) + "\n" for payload in collector.payloads)
    (folder / "litellm.jsonl").write_text("".join(lines), encoding="utf-8")


async def _run(collector: _Collector) -> None:
    with upstream() as base_url:
        calls = [(task.name, call) for task in TASKS for call in task.calls]
        for n_before, (task, call) in enumerate(calls):
            with suppress(litellm.RateLimitError):
                await litellm.acompletion(
                    model=f"openai/{call.model}",
                    messages=call.messages,
                    api_base=base_url,
                    api_key="none",
                    max_retries=0,
                    litellm_trace_id=task,
                    metadata={"agent": task, "node": call.node},
                    **call.options,
                )
            await _logged(collector, n_before + 1)


async def _logged(collector: _Collector, n_payloads: int) -> None:
    """Callbacks run after the call has returned."""
    for _ in range(200):
        if len(collector.payloads) >= n_payloads:
            return
        await asyncio.sleep(0.02)
    raise RuntimeError("LiteLLM did not log the call")

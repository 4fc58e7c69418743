"""Small logs of projects that write a row for each call, or a session: a good answer, and one that will not do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.data.importers.made_calls import Made, Rows
from tests.data.importers.row_logs import (
    autogen,
    braintrust,
    datadog,
    dspy,
    helicone,
    llm_tool,
    mastra,
    opik,
    posthog,
    weave,
)

MADE = Made("Count.", "How many boxes?", "Four.", "find", 90, 4, 60, 0.25, is_good=True)
TOO_LONG = "Input is too long for requested model."
SAID = {"type": "text", "text": "Four."}


def _written(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _of(write: Callable[[Made], Rows], **more: Any) -> Callable[[Path], Path]:
    """The rows of a dialect; and once more with other ids, cut off, and with ``more`` in its last row."""

    def run(folder: Path) -> Path:
        rows = write(MADE)[1]
        text = json.dumps(rows[-1]).replace('"finish_reason": "stop"', '"finish_reason": "length"')
        other = json.loads(text.replace('"2"', '"3"').replace('"s"', '"z"').replace('"u"', '"v"').replace('"8"', '"9"'))
        return _written(folder / "log.jsonl", [*rows, {**other, **more}])

    return run


def _datadog(folder: Path) -> Path:
    (row,) = datadog(MADE)[1]
    meta = {**row["meta"], "error": {"message": TOO_LONG, "type": "ValidationException"}}
    return _written(folder / "log.jsonl", [row, {**row, "span_id": "9", "meta": meta}])


def _posthog(folder: Path) -> Path:
    (row,) = posthog(MADE)[1]
    failed = {**row["properties"], "$ai_span_id": "z", "$ai_is_error": True, "$ai_error": TOO_LONG}
    return _written(folder / "log.jsonl", [row, {**row, "uuid": "2", "properties": failed}])


def _pi(folder: Path) -> Path:
    usage = {"input": 30, "output": 4, "cacheRead": 60, "cacheWrite": 0, "totalTokens": 94, "cost": {"total": 0.25}}
    said = {"role": "assistant", "model": "gpt-4o-mini", "usage": usage, "content": [SAID], "stopReason": "stop"}
    failed = {**said, "content": [], "stopReason": "error", "errorMessage": TOO_LONG}
    asked = {"role": "user", "content": "How many boxes?"}
    messages = [asked, said, asked, failed]
    rows = [
        {"type": "message", "id": f"e{n}", "parentId": f"e{n - 1}" if n else None, "message": message}
        for n, message in enumerate(messages)
    ]
    return _written(folder / "session.jsonl", [{"type": "session", "id": "s", "version": 3}, *rows])


def _goose(folder: Path) -> Path:
    call = {
        "type": "toolRequest",
        "id": "c",
        "toolCall": {"status": "success", "value": {"name": "f", "arguments": {}}},
    }
    given = {"type": "toolResponse", "id": "c", "toolResult": {"status": "error", "error": "no"}}
    told = [("user", SAID), ("assistant", call), ("user", given), ("assistant", SAID)]
    messages = [{"id": f"m{n}", "role": role, "created": n, "content": [part]} for n, (role, part) in enumerate(told)]
    head = {"id": "s", "working_dir": "/", "model_config": {"model_name": "gpt-4o-mini"}, "input_tokens": 9,
            "output_tokens": 4, "total_tokens": 13}  # fmt: skip
    return _written(folder / "session.json", [{**head, "conversation": messages}])


def _cline(folder: Path) -> Path:
    told = {"ts": 1_790_000_000_000, "modelInfo": {"modelId": "gpt-4o-mini"},
            "metrics": {"tokens": {"prompt": 90, "completion": 4, "cached": 60}, "cost": 0.25}}  # fmt: skip
    use = {"type": "tool_use", "id": "c", "name": "read_file", "input": {"path": "a"}}
    result = {"type": "tool_result", "tool_use_id": "c", "content": "a b"}
    rows = [{"role": "user", "content": [SAID]}, {"role": "assistant", "content": [use], **told},
            {"role": "user", "content": [result]}, {"role": "assistant", "content": [SAID], **told}]  # fmt: skip
    return _written(folder / "task.jsonl", rows)


ROW_LOGS: dict[str, Callable[[Path], Path]] = {
    "braintrust": _of(lambda made: ("braintrust", braintrust(made)[1][0]["events"])),
    "weave": _of(weave),
    "opik": _of(opik, error_info={"exception_type": "BadRequest", "message": TOO_LONG}),
    "helicone": _of(lambda made: ("helicone", helicone(made)[1][0]["data"]), request_id="2"),
    "datadog": _datadog,
    "mastra": _of(lambda made: ("mastra", mastra(made)[1][0]["spans"]), id="other", errorInfo={"message": TOO_LONG}),
    "posthog": _posthog,
    "dspy": _of(dspy),
    "autogen": _of(autogen),
    "llm": _of(llm_tool, id="other"),
    "pi": _pi,
    "goose": _goose,
    "cline": _cline,
}

"""Widely used logs that no reader takes, known by their shape: what they are, and what to do with them in one line."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tierwise.data.errors import TierwiseError
from tierwise.data.importers.reading.json_source import Numbered, read_json_objects

_N_RECORDS = 20
_PAIRS = 'write its calls as lines of {"request": …, "response": …} and use --from openai'
_ASK_AGAIN = (
    "it does not name the model or its tokens; run the tasks with inspect_ai, or name its columns with --from csv"
)
_VCR = "jq -c '.interactions[] | {request: (.request.body | fromjson), response: (.response.body.string | fromjson)}'"
_NO_MODEL = "it names neither models nor tokens of a call; use what the calls were logged to"


def _none_in(name: str) -> str:
    return f"none of its first records is a call with its prompt; --from {name} says why"


_NAME_MODEL = 'it does not name its model; add "replay_config": {"agent": {"model": {"name": "…"}}} to it'

_KNOWN: tuple[tuple[str, Callable[[Mapping[str, Any]], bool], str], ...] = (
    ("a call of W&B Weave", lambda row: str(row.get("op_name")).startswith("weave:///"), _none_in("weave")),
    ("a span of Braintrust", lambda row: {"span_attributes", "root_span_id"} <= row.keys(), _none_in("braintrust")),
    ("a request of Helicone", lambda row: {"request_body", "response_body"} <= row.keys(), _none_in("helicone")),
    ("a recording of VCR", lambda row: isinstance(row.get("interactions"), list), f"{_PAIRS}: {_VCR}"),
    ("what LangSmith's SDK sends", lambda row: {"post", "patch"} <= row.keys(),
     "export the runs with client.list_runs() and use --from langsmith"),
    ("a run of SWE-agent", lambda row: isinstance(row.get("history"), list), _NAME_MODEL),
    ("samples of lm-evaluation-harness", lambda row: {"doc_id", "arguments", "resps"} <= row.keys(), _ASK_AGAIN),
    ("a scenario of HELM", lambda row: {"adapter_spec", "request_states"} <= row.keys(), _ASK_AGAIN),
    ("results of tau-bench", lambda row: {"task_id", "reward", "traj"} <= row.keys(), _ASK_AGAIN),
    ("results of tau2-bench", lambda row: {"simulations", "tasks"} <= row.keys(), _ASK_AGAIN),
    ("results of BFCL", lambda row: {"result", "input_token_count", "latency"} <= row.keys(), _ASK_AGAIN),
    ("a task of Cline or Roo Code", lambda row: {"ts", "role", "content"} <= row.keys(),
     "it does not name the model; send its calls through the gateway with --observe"),
    ("an export of ChatGPT", lambda row: {"mapping", "current_node"} <= row.keys(), _NO_MODEL),
    ("an export of Claude", lambda row: {"chat_messages", "uuid"} <= row.keys(), _NO_MODEL),
    ("a test run of DeepEval", lambda row: "testCases" in row or "test_cases" in row, _NO_MODEL),
    ("the memory of a smolagents run", lambda row: {"model_input_messages", "model_output"} <= row.keys(),
     "it does not name the model; trace the run with OpenInference and use --from otlp"),
    ("a data set for fine-tuning", lambda row: "messages" in row and row.keys() <= {"messages", "tools"},
     "it names neither models nor tokens; use the log that it was made of"),
)  # fmt: skip


def describe_unread(paths: Sequence[Path]) -> str | None:
    """What the files are and what to do, where they are of a known kind that is not read."""
    for path in paths:
        if path.suffix in (".yaml", ".yml"):
            return f"{path} is YAML; {_PAIRS}"
        if path.suffix == ".md":
            return f"{path} is a text for people, without models and tokens; use the program's own log"
        for row in _rows(path):
            found = next((f"{path} is {name}; {advice}" for name, fits, advice in _KNOWN if fits(row)), None)
            if found is not None:
                return found
    return None


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        for record in islice(read_json_objects(path), _N_RECORDS):
            if isinstance(record, Numbered):
                yield record.value
    except (TierwiseError, OSError, ValueError):
        return

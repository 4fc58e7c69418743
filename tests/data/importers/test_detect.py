"""A file says which format it is in: by the calls that exactly one reader finds."""

import json
from pathlib import Path

import pytest

from tierwise.data.importers import ForeignLogError, ImportMap
from tierwise.data.importers.detect import detect_format
from tierwise.data.samples import sample_log_path

HERE = Path(__file__).parent
KNOWN = {
    "fixtures/openai_pairs.jsonl": "openai",
    "fixtures/openai_stored.jsonl": "openai",
    "fixtures/litellm.jsonl": "litellm",
    "fixtures/litellm_spend.jsonl": "litellm",
    "fixtures/langfuse_observations.json": "langfuse",
    "fixtures/langsmith_runs.jsonl": "langsmith",
    "fixtures/langchain.jsonl": "langsmith",
    "fixtures/mlflow.jsonl": "mlflow",
    "fixtures/openinference.jsonl": "otlp",
    "fixtures/pydantic_ai.jsonl": "otlp",
    "fixtures/traceloop.jsonl": "otlp",
    "fixtures/agents/claude_code.jsonl": "claude-code",
    "fixtures/agents/codex.jsonl": "codex",
    "fixtures/agents/mini_swe_agent.traj.json": "mini-swe-agent",
    "fixtures/agents/opencode.json": "opencode",
    "evaluations/promptfoo.json": "promptfoo",
    "evaluations/phoenix_spans.json": "phoenix",
    "evaluations/inspect.jsonl": "inspect",
}


@pytest.mark.parametrize(("name", "expected"), KNOWN.items())
def test_the_format_of_a_file_is_found(name: str, expected: str) -> None:
    assert detect_format([str(HERE / name)], ImportMap()) == expected


def test_files_of_one_format_are_looked_at_together() -> None:
    paths = [str(HERE / "fixtures" / name) for name in ("openai_batch_input.jsonl", "openai_batch_output.jsonl")]
    assert detect_format(paths, ImportMap()) == "openai"


def test_our_own_log_and_tables_are_known(tmp_path: Path) -> None:
    assert detect_format([str(sample_log_path())], ImportMap()) == "tierwise"
    (tmp_path / "x.csv").write_text("a\n", encoding="utf-8")
    assert detect_format([str(tmp_path / "x.csv")], ImportMap()) == "csv"


@pytest.mark.parametrize("text", ["", "\n", "nonsense\n", "[" * 5000, '{"a": 1}\n', "\x00\x01"])
def test_what_nobody_reads_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ForeignLogError, match=r"log\.jsonl: no LLM call found .*--from"):
        detect_format([str(path)], ImportMap())


def test_two_formats_at_once_are_no_guess(tmp_path: Path) -> None:
    path = tmp_path / "both.jsonl"
    lines = [(HERE / "fixtures" / name).read_text(encoding="utf-8") for name in ("openai_pairs.jsonl", "litellm.jsonl")]
    path.write_text("\n".join(line for text in lines for line in text.splitlines() if json.loads(line)), "utf-8")
    with pytest.raises(ForeignLogError, match=r"could be openai or litellm; name the format with --from"):
        detect_format([str(path)], ImportMap())


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ForeignLogError, match=r"nowhere\.jsonl: no such file"):
        detect_format(["nowhere.jsonl"], ImportMap())

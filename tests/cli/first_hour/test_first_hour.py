"""The first hour as a new user walks it: a log of calls to one dear model, no verdicts, in three formats."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Reply, Stub, completion
from tierwise.data.compared.mirrored import mirrored_steps
from tierwise.data.labels import outcome_table
from tierwise.data.step_log import load_step_logs

N_CALLS = 120
TOP = "gpt-4o"
RunTierwise = Callable[..., Any]


def question(i: int) -> str:
    return f"Add {i} and {i + 1}. Reply with only the number."


def openai_line(i: int) -> dict[str, Any]:
    asked = {"model": TOP, "messages": [{"role": "user", "content": question(i)}]}
    message = {"role": "assistant", "content": str(2 * i + 1)}
    usage = {"prompt_tokens": 20, "completion_tokens": 3}
    answer = {"id": f"c-{i}", "model": TOP, "choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
    return {"request": asked, "response": answer}


def litellm_line(i: int) -> dict[str, Any]:
    return {
        "id": f"c-{i}",
        "call_type": "acompletion",
        "model": TOP,
        "messages": [{"role": "user", "content": question(i)}],
        "response": {"choices": [{"message": {"role": "assistant", "content": str(2 * i + 1)}}]},
        "prompt_tokens": 20,
        "completion_tokens": 3,
        "startTime": 1_793_534_400.0 + i,
        "status": "success",
    }


def otlp_line(i: int) -> dict[str, Any]:
    said = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": TOP,
        "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": question(i)}]}]),
        "gen_ai.output.messages": json.dumps(
            [{"role": "assistant", "parts": [{"type": "text", "content": str(2 * i + 1)}], "finish_reason": "stop"}]
        ),
    }
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in said.items()]
    attributes += [
        {"key": f"gen_ai.usage.{name}_tokens", "value": {"intValue": str(n)}}
        for name, n in (("input", 20), ("output", 3))
    ]
    moment = 1_793_534_400_000_000_000 + i
    span = {
        "traceId": f"{i + 1:032x}",
        "spanId": f"{i + 1:016x}",
        "name": "chat",
        "startTimeUnixNano": str(moment),
        "endTimeUnixNano": str(moment + 10**9),
        "attributes": attributes,
    }
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


LINES = {"openai": openai_line, "litellm": litellm_line, "otlp": otlp_line}


@pytest.fixture
def provider() -> Iterator[Stub]:
    """Cheap models that answer as the dear one does, but for every twelfth (mid) or every fifth question (small)."""

    def answer(_: str, body: Any) -> Reply:
        number = int(re.findall(r"Add (\d+)", body["messages"][-1]["content"])[0])
        every = 5 if body["model"].startswith("gpt-6-luna") else 12
        return completion(str(2 * number + (number % every > 0)), (20, 3))

    with Stub(answer) as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("format_name", LINES)
def test_from_a_log_to_what_cheaper_tiers_would_have_answered(
    format_name: str, tierwise: RunTierwise, provider: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    lines = [json.dumps(LINES[format_name](i)) for i in range(N_CALLS)]
    Path("calls.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

    began = tierwise("init", "--log", "calls.jsonl", "--from", format_name)
    assert began.code == 0, began.err
    assert f"In use: {TOP}, {N_CALLS} calls" in began.err
    tiers = Path("tiers.toml").read_text(encoding="utf-8")
    Path("tiers.toml").write_text(
        tiers.replace("https://api.openai.com/v1", f"{provider.address}/v1"), encoding="utf-8"
    )

    read = tierwise("import", "calls.jsonl", "--from", format_name, "--tiers", "tiers.toml", "--out", "steps.jsonl")
    assert read.code == 0, read.err
    assert f"{N_CALLS} new step(s)" in read.err

    taxed = tierwise("tax", "--log", "steps.jsonl", "--tiers", "tiers.toml")
    assert taxed.code == 0, taxed.err
    assert TOP in taxed.out

    ran = tierwise(
        "collect", "--steps", "steps.jsonl", "--tiers", "tiers.toml", "--compare", "frontier", "--budget-usd", "1",
        "--max-tokens", "8", "--out", "compared.jsonl",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert f"{N_CALLS} of {N_CALLS} steps hold an answer of 'frontier'" in ran.err
    assert TOP not in {body["model"] for _, body in provider.requests}
    shares = {line.split("│")[1].strip(): line for line in ran.out.splitlines() if "│" in line and "[" in line}
    assert "80.0%" in shares["small"]
    assert "91.7%" in shares["mid"]

    steps = load_step_logs([Path("compared.jsonl")]).steps
    table = outcome_table(steps, ("small", "mid", "frontier"))
    assert table.is_complete.all()
    assert table.success.mean(axis=0).tolist() == pytest.approx([0.8, 11 / 12, 1.0])
    assert len(list(mirrored_steps(steps, "frontier"))) == N_CALLS

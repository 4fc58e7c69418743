"""The local backend, as far as it goes without weights: prompts, clear refusals, and reading the server's replies."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tierwise.agents.collect import CollectError
from tierwise.agents.collect.__main__ import main
from tierwise.agents.collect.journal import read_attempts
from tierwise.agents.collect.llamacpp import LlamaCppBackend, Resampler, file_sha256
from tierwise.agents.collect.prompts import plain_prompt
from tierwise.data.parts import Logprobs

TIMINGS = {"cache_n": 30, "prompt_n": 12, "predicted_n": 3}


class FakeServer:
    """Stands for xllamacpp.Server: keeps the request, gives a fixed reply."""

    requests: list[dict[str, Any]]

    def __init__(self, params: Any) -> None:
        self.requests = []
        self.n_threads = params.cpuparams.n_threads

    def handle_completions(self, request: dict[str, Any]) -> str:
        self.requests.append(request)
        choice = {
            "text": " 42",
            "finish_reason": "stop",
            "logprobs": {"content": [{"logprob": -0.5}, {"logprob": 1e-9}]},
        }
        return json.dumps({"choices": [choice], "timings": TIMINGS})

    def handle_chat_completions(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        if not request["messages"][0]["content"]:
            return {"error": "empty prompt"}
        return {"choices": [{"message": {"content": "42"}}], "timings": TIMINGS}


def fake_params() -> SimpleNamespace:
    return SimpleNamespace(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace())


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    module = SimpleNamespace(CommonParams=fake_params, Server=FakeServer)
    monkeypatch.setitem(sys.modules, "xllamacpp", module)
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF")
    return path


def test_the_plain_prompt_shows_examples_as_earlier_turns() -> None:
    text = "Add.\n\nExample task: 1 + 1\nExample answer: 2\n\nTask: 2 + 3"
    assert plain_prompt(text) == "Add.\n\nTask: 1 + 1\nAnswer: 2\n\nTask: 2 + 3\nAnswer:"


@pytest.mark.parametrize(("prompt_format", "output"), [("plain", " 42"), ("chat", "42")])
def test_tokens_count_the_whole_prompt(weights: Path, prompt_format: str, output: str) -> None:
    backend = LlamaCppBackend(weights, "tiny", prompt_format)
    completion = backend.complete("Task: 6 * 7", max_tokens=5)
    assert completion.output == output
    assert (completion.input_tokens, completion.reused_tokens, completion.output_tokens) == (42, 30, 3)
    assert backend.info.sha256 == file_sha256(weights)


def test_log_probabilities_are_asked_for_and_missing_where_none_come(weights: Path) -> None:
    plain, chat = (LlamaCppBackend(weights, "tiny", form) for form in ("plain", "chat"))
    told = plain.complete("Task: 6 * 7", max_tokens=5)
    assert (told.logprobs, told.finish_reason) == (Logprobs(-0.25, -0.5, 2), "stop")
    silent = chat.complete("Task: 6 * 7", max_tokens=5)
    assert (silent.logprobs, silent.finish_reason) == (None, None)
    asked = [backend._server.requests[0] for backend in (plain, chat)]
    assert asked[0]["logprobs"] == 1
    assert (asked[1]["logprobs"], asked[1]["top_logprobs"]) == (True, 1)
    assert [request["temperature"] for request in asked] == [0, 0]


def test_resamples_are_drawn_each_by_its_own_seed_and_resumed(weights: Path, tmp_path: Path) -> None:
    backend = LlamaCppBackend(weights, "tiny", "plain")
    Resampler(backend, 0.7, 2).complete("Task: 6 * 7", max_tokens=5)
    (request,) = backend._server.requests
    assert (request["temperature"], request["seed"]) == (0.7, 2)

    step = {"step_id": "s-1", "step": {"text": "Task: 6 * 7"}, "verify": {"kind": "number", "expect": 42}}
    steps, out = tmp_path / "steps.jsonl", tmp_path / "drawn.jsonl"
    steps.write_text(json.dumps(step) + "\n")
    arguments = ["run", "--steps", str(steps), "--model", str(weights), "--name", "tiny", "--tier", "small"]
    arguments += ["--prompt-format", "plain", "--out", str(out), "--resamples", "2"]
    assert main(arguments) == 0
    drawn = read_attempts([out])["s-1"]
    assert [(name, one["sample"], one["temperature"]) for name, one in drawn.items()] == [
        ("small#1", 1, 0.7),
        ("small#2", 2, 0.7),
    ]
    assert drawn["small#1"]["logprobs"] == {"mean": -0.25, "min": -0.5, "n": 2}
    out.write_text(out.read_text().splitlines(keepends=True)[0])
    assert main(arguments) == 0
    assert list(read_attempts([out])["s-1"]) == ["small#1", "small#2"]
    assert len(out.read_text().splitlines()) == 2


def test_a_refused_request_is_an_error(weights: Path) -> None:
    with pytest.raises(CollectError, match="refused the request: empty prompt"):
        LlamaCppBackend(weights, "tiny", "chat").complete("", max_tokens=5)


def test_an_unknown_prompt_format_is_refused(weights: Path) -> None:
    with pytest.raises(CollectError, match="unknown prompt format 'xml'; known: plain, chat"):
        LlamaCppBackend(weights, "tiny", "xml")


def test_a_missing_package_names_the_command(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(CollectError, match="pip install xllamacpp"):
        LlamaCppBackend(weights, "tiny", "chat")


def test_a_missing_model_file_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = tmp_path / "steps.jsonl"
    steps.write_text("")
    arguments = ["run", "--steps", str(steps), "--model", str(tmp_path / "none.gguf"), "--name", "n", "--tier", "small"]
    assert main([*arguments, "--prompt-format", "chat", "--out", str(tmp_path / "out.jsonl")]) == 1
    assert "no model file" in capsys.readouterr().err


def test_run_and_merge_make_a_log(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    step = {"step_id": "s-1", "group": "a/1/x", "step": {"text": "Task: 6 * 7"}, "gold": "42"}
    steps, out = tmp_path / "steps.jsonl", tmp_path / "log.jsonl.gz"
    steps.write_text(json.dumps(step | {"verify": {"kind": "number", "expect": 42}}) + "\n")
    for tier in ("small", "mid"):
        arguments = ["run", "--steps", str(steps), "--model", str(weights), "--name", tier, "--tier", tier]
        assert main([*arguments, "--prompt-format", "chat", "--out", str(tmp_path / tier)]) == 0
    assert "mid: 1 of 1 attempts, 100.0% of 1 passed" in capsys.readouterr().err
    assert (
        main(
            [
                "merge",
                "--steps",
                str(steps),
                "--attempts",
                *(str(tmp_path / t) for t in ("small", "mid")),
                "--out",
                str(out),
            ]
        )
        == 0
    )
    assert "1 of 1 steps" in capsys.readouterr().out

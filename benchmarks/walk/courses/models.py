"""The three tiers of the run: two real local models, and a scripted top tier that answers what is known to be right."""

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.plans.__main__ import LOCAL
from benchmarks.walk.asked import CHARACTERS_PER_TOKEN, REFERENCE
from benchmarks.walk.courses.provider import Handler, Provider, running, tool_call

_MARK = "listening at "
_TIER = """[[tiers]]
name = "{tier}"
"""
_MODEL = """[[tiers.models]]
name = "{name}"
base_url = "{url}"
input_usd_per_mtok = {input_usd}
output_usd_per_mtok = {output_usd}
capabilities = {capabilities}
"""
PRICES = {"small": (0.02, 0.02), "mid": (0.10, 0.10), "frontier": (3.00, 15.00)}
"""Assumptions: those of the sample log."""
NAMES = {
    "small": ("SmolLM2-135M-Instruct Q4_1", "SmolLM2-135M-Instruct Q4_1, tools by prompt"),
    "mid": ("Qwen2.5-Coder-1.5B-Instruct Q4_K_M", "Qwen2.5-Coder-1.5B-Instruct Q4_K_M, tools by prompt"),
    "frontier": (REFERENCE,),
}


@contextmanager
def llama_server(models: Path, tier: str, python: str) -> Iterator[str]:
    """llama.cpp's HTTP server with the model of ``tier``, in a process of its own; its address."""
    command = [python, "-W", "ignore", "-m", "benchmarks.walk.courses.llama_server"]
    process = subprocess.Popen(
        [*command, "--model", str(models / LOCAL[tier][0])],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        lines = process.stdout or iter(())
        address = next((line.partition(_MARK)[2].strip() for line in lines if _MARK in line), None)
        if address is None:
            raise SystemExit(f"the {tier} model did not start")
        threading.Thread(target=lambda: [None for _ in lines], daemon=True).start()  # a full pipe would stop it
        yield f"{address}/v1"
    finally:
        process.terminate()
        process.wait()


def tiers_toml(addresses: Mapping[str, str], calling: Mapping[str, str]) -> str:
    """The tiers of the sample log at ``addresses``. Those in ``calling`` have the same model there once more, for calls
    with tools."""
    parts = []
    for tier, names in NAMES.items():
        parts.append(_TIER.format(tier=tier))
        if tier in calling:  # naming one, the first lacks tools
            parts += [_model(tier, names[0], addresses[tier], "json"), _model(tier, names[1], calling[tier], "tools")]
        else:
            parts.append(_model(tier, names[0], addresses[tier], "tools", "json"))
    return "\n".join(parts)


def _model(tier: str, name: str, url: str, *capabilities: str) -> str:
    input_usd, output_usd = PRICES[tier]
    return _MODEL.format(
        name=name, url=url, input_usd=input_usd, output_usd=output_usd, capabilities=json.dumps(capabilities)
    )


@contextmanager
def scripted_top(answers: Mapping[str, str]) -> Iterator[str]:
    """A provider that is no model: prompt -> the reference answer, whole, as a stream or as a call of a tool."""
    server = _Top(("127.0.0.1", 0), _Handler)
    server.answers = answers
    with running(server) as address:
        yield address


class _Top(Provider):
    answers: Mapping[str, str]


class _Handler(Handler):
    server: _Top

    def answer(self, body: Any) -> None:
        prompt = body["messages"][-1]["content"]
        answer = self.server.answers.get(prompt, "I do not know.")
        message = _message(answer, bool(body.get("tools")))
        usage = {"prompt_tokens": _tokens(json.dumps(body["messages"])), "completion_tokens": _tokens(answer)}
        usage["total_tokens"] = sum(usage.values())
        finish = "tool_calls" if "tool_calls" in message else "stop"
        head = {"id": "c-1", "created": 1, "model": REFERENCE}
        if body.get("stream"):
            self.send("text/event-stream", _stream(head, message, finish, usage))
            return
        choice = {"index": 0, "message": message, "finish_reason": finish}
        whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
        self.send("application/json", json.dumps(whole).encode())


def _message(answer: str, has_tools: bool) -> dict[str, Any]:
    if not has_tools:
        return {"role": "assistant", "content": answer}
    wanted = json.loads(answer)
    return {"role": "assistant", "content": None, "tool_calls": [tool_call(wanted["tool"], wanted["args"])]}


def _stream(head: Mapping[str, Any], message: Mapping[str, Any], finish: str, usage: Mapping[str, int]) -> bytes:
    choices: list[list[dict[str, Any]]] = [
        [{"index": 0, "delta": dict(message), "finish_reason": None}],
        [{"index": 0, "delta": {}, "finish_reason": finish}],
        [],
    ]
    events = [{**head, "object": "chat.completion.chunk", "choices": each} for each in choices]
    events[-1]["usage"] = usage
    return b"".join(b"data: %s\n\n" % json.dumps(each).encode() for each in events) + b"data: [DONE]\n\n"


def _tokens(text: str) -> int:
    return max(1, round(len(text) / CHARACTERS_PER_TOKEN))

"""Three tiers behind the OpenAI form: two local models that write calls as text, and a scripted frontier.

**The frontier is no model**: it knows the plan of every goal and the right call in every state. What it reads and
writes is priced as a frontier model's.
"""

import json
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.long_tasks.loops import n_tokens_of
from benchmarks.long_tasks.routers import TIERS, catalogue
from benchmarks.long_tasks.work import Job, ticket_of
from tierwise.agents.collect import CollectError, Completion, ModelInfo
from tierwise.agents.collect.merge import GOLD_CHARACTERS_PER_TOKEN
from tierwise.agents.collect.model_server import ModelServer
from tierwise.data.catalogue import Tier, TierCatalogue
from tools.long_tasks.calls import Call, read_call
from tools.long_tasks.models import Answer, Asked, NotRecordedError
from tools.long_tasks.telling import SYSTEM, prompt_of
from tools.long_tasks.world import SIGNATURES

_DONE = "Done."


class _NoBackend:
    """Servers here answer by themselves."""

    info = ModelInfo("study", "0" * 64, "scripted")

    def complete(self, text: str, max_tokens: int) -> Completion:
        raise NotImplementedError


@dataclass
class Desk:
    """What the three tiers share: the job that is under way, and the seconds that its model calls took."""

    models: Asked
    job: Job | None = None
    seconds: float = 0.0
    missing: str = ""
    """What no answer is recorded for, where there is no model to ask."""


class TierServer(ModelServer):
    """One tier."""

    def __init__(self, tier: str, desk: Desk) -> None:
        super().__init__(_NoBackend(), 0)
        self._tier = tier
        self._desk = desk

    def complete(self, request: Any) -> dict[str, Any]:
        with self.turn:
            messages, offered = request["messages"], request.get("tools") or []
            if self._tier == TIERS[-1]:
                return self._scripted(messages, offered)
            if not offered:  # a question about a kept plan: only the frontier plans
                return _completion(self._tier, "yes", None, n_tokens_of(str(messages[-1]["content"])), 1)
            try:
                answer = self._desk.models.answer(self._tier, _told(messages, offered))
            except NotRecordedError as error:
                self._desk.missing = str(error)
                raise CollectError(str(error)) from None
            self._desk.seconds += answer["latency_ms"] / 1000
            return _answered(self._tier, answer)

    def _scripted(self, messages: Sequence[Mapping[str, Any]], offered: Sequence[Any]) -> dict[str, Any]:
        job = self._desk.job
        assert job is not None
        first = str(messages[-1]["content"]) if not offered else ""
        if offered:
            prompt = _told(messages, offered)
            call = job.reference_call(ticket_of(str(messages[1]["content"])))
            if call.tool == "done" or _is_last(messages):
                return _completion(self._tier, _DONE, None, n_tokens_of(prompt), 2)
            n_out = math.ceil(len(call.written()) / GOLD_CHARACTERS_PER_TOKEN)
            return _completion(self._tier, "", call, n_tokens_of(prompt), n_out)
        if first.startswith("Plan how"):
            text = job.plan(asks_slots='"slots"' in first)
        elif first.startswith("A plan has failed"):
            text = json.dumps({"steps": [{"for": each} for each in _failed(first)]}, separators=(",", ":"))
        else:
            text = "All tickets are done." if job.is_done() else "Some tickets are open."
        n_in = math.ceil(len(first) / GOLD_CHARACTERS_PER_TOKEN)
        return _completion(self._tier, text, None, n_in, math.ceil(len(text) / GOLD_CHARACTERS_PER_TOKEN))


@contextmanager
def three_tiers(desk: Desk) -> Iterator[TierCatalogue]:
    """The sample's tiers and prices, at addresses of this machine."""
    with ExitStack() as stack:
        addresses = {}
        for tier in TIERS:
            server = stack.enter_context(TierServer(tier, desk))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            addresses[tier] = f"http://127.0.0.1:{server.server_address[1]}/v1"
        yield TierCatalogue(tuple(_moved(tier, addresses[tier.name]) for tier in catalogue().tiers))


def _moved(tier: Tier, address: str) -> Tier:
    model = replace(tier.models[0], base_url=address, api_key_env=None, capabilities=("tools",), context_window=None)
    return Tier(tier.name, (model,))


def _told(messages: Sequence[Mapping[str, Any]], offered: Sequence[Mapping[str, Any]]) -> str:
    """The conversation in the short form that the sample's models know; the end of a step is a call like the others."""
    names = [each["function"]["name"] for each in offered]
    short = [{**message, "content": _bare(message)} for message in messages]
    short[0]["content"] = SYSTEM
    return prompt_of(short, [SIGNATURES[name] for name in [*names, "done"]])


def _bare(message: Mapping[str, Any]) -> str:
    """A tool's result without its frame."""
    content = str(message.get("content") or "")
    if message["role"] != "tool":
        return content
    framed = json.loads(content)
    return str(framed["result"]) if framed["status"] == "ok" else f"error: {framed['result']}"


def _is_last(messages: Sequence[Mapping[str, Any]]) -> bool:
    return messages[-1]["role"] == "user" and len(messages) > 2


def _failed(prompt: str) -> list[str]:
    lines = prompt.rpartition("Failed:\n")[2].splitlines()
    return [line[2:].partition(":")[0] for line in lines if line.startswith("- ")]


def _answered(tier: str, answer: Answer) -> dict[str, Any]:
    call = read_call(answer["output"], SIGNATURES)
    is_end = call is not None and call.tool == "done"
    text = _DONE if is_end else "" if call is not None else str(answer["output"])
    made = None if is_end else call
    return _completion(tier, text, made, answer["input_tokens"], answer["output_tokens"], answer["logprobs"])


def _completion(
    tier: str, text: str, call: Call | None, n_in: int, n_out: int, logprobs: Mapping[str, float] | None = None
) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if call is not None:
        arguments = json.dumps(call.named(SIGNATURES))
        message["tool_calls"] = [
            {"id": "c1", "type": "function", "function": {"name": call.tool, "arguments": arguments}}
        ]
    reason = "tool_calls" if call is not None else "stop"
    choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": logprobs}
    usage = {"prompt_tokens": n_in, "completion_tokens": n_out}
    return {"object": "chat.completion", "model": tier, "choices": [choice], "usage": usage}

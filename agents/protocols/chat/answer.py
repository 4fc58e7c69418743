"""Answers of the chat completions protocol: read whole or chunk by chunk, and written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.agents.protocols.canonical import Completion, Finish, Message, Part, Refusal, Text, Thinking, ToolCall
from tierwise.agents.protocols.chat.request import NAME
from tierwise.agents.protocols.chat.usage import usage_of
from tierwise.agents.protocols.fields import known_only
from tierwise.data.replies.calls import arguments_text
from tierwise.data.replies.parts import read_content
from tierwise.data.replies.usage import Usage

FINISHES: Mapping[str, Finish] = {
    "stop": Finish.STOP,
    "length": Finish.LENGTH,
    "tool_calls": Finish.TOOLS,
    "function_call": Finish.TOOLS,
    "content_filter": Finish.FILTERED,
}
REASONS = {Finish.STOP: "stop", Finish.LENGTH: "length", Finish.TOOLS: "tool_calls", Finish.FILTERED: "content_filter"}


def read_answer(body: Mapping[str, Any]) -> Completion:
    """A whole completion. Parts of the wrong type are passed over: the caller gets them as they are."""
    draft = Draft()
    draft.add(body, part="message")
    return draft.completion()


def write_answer(answer: Completion, answer_id: str, created: int, model: str) -> dict[str, Any]:
    """A completion with one choice."""
    message = answer.message
    said: dict[str, Any] = {"role": "assistant", "content": message.content or None}
    said["refusal"] = "".join(part.text for part in message.parts if isinstance(part, Refusal)) or None
    thought = "".join(part.text for part in message.parts if isinstance(part, Thinking))
    if thought:
        said["reasoning_content"] = thought
    if message.tool_calls:
        said["tool_calls"] = [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": REASONS[message.finish or Finish.STOP]}
    body = {"id": answer_id, "object": "chat.completion", "created": created, "model": model}
    return body | {"choices": [choice]} | known_only({"usage": write_usage(answer.usage)})


def write_usage(usage: Usage) -> dict[str, Any] | None:
    """None where the provider told nothing."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    n_in, n_out = usage.input_tokens or 0, usage.output_tokens or 0
    told = {"prompt_tokens": n_in, "completion_tokens": n_out, "total_tokens": n_in + n_out}
    return told | {"prompt_tokens_details": {"cached_tokens": usage.cached_tokens or 0}}


@dataclass(slots=True)
class _Choice:
    thought: list[str] = field(default_factory=list)
    content: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    heads: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    arguments: dict[int, list[str]] = field(default_factory=dict)
    moved: dict[int, int] = field(default_factory=dict)
    finish_reason: str | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.content or self.arguments or self.refusal)

    def add(self, delta: Mapping[str, Any]) -> None:
        content = delta.get("content")
        if isinstance(content, str):
            self.content.append(content)
        elif isinstance(content, list):  # Mistral's: thought and words as parts
            self._add_parts(content)
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(thought, str):
            self.thought.append(thought)
        if isinstance(delta.get("refusal"), str):
            self.refusal.append(delta["refusal"])
        calls = delta.get("tool_calls")
        for position, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, Mapping) and isinstance(call.get("function"), Mapping):
                self._add_call(_index(call, position), call["function"], call.get("id"))

    def message(self) -> Message:
        thought, content, refusal = "".join(self.thought), "".join(self.content), "".join(self.refusal)
        parts: list[Part] = [Thinking(thought, origin=NAME)] if thought else []
        parts += [Text(content)] if content else []
        parts += [Refusal(refusal)] if refusal else []
        for n, arguments in sorted(self.arguments.items()):
            name, call_id = self.heads.get(n, ("", None))
            parts.append(ToolCall(name, "".join(arguments), call_id))
        return Message(tuple(parts), FINISHES.get(self.finish_reason or ""), self.finish_reason)

    def _add_parts(self, parts: list[Any]) -> None:
        content = read_content(parts)
        self.content += content.texts
        self.refusal += content.refusals
        for call in content.tool_calls:
            self._add_call(len(self.arguments), {"name": call.name, "arguments": call.arguments}, call.call_id)

    def _add_call(self, index: int, function: Mapping[str, Any], call_id: object) -> None:
        index = self._place(index, function, call_id)
        if isinstance(function.get("name"), str) and function["name"]:
            self.heads[index] = (function["name"], call_id if isinstance(call_id, str) else None)
        arguments = function.get("arguments")
        if isinstance(arguments, Mapping):  # some servers send an object where a text belongs
            arguments = arguments_text(arguments)
        self.arguments.setdefault(index, []).append(arguments if isinstance(arguments, str) else "")

    def _place(self, index: int, function: Mapping[str, Any], call_id: object) -> int:
        """Gemini's compatible interface gives every call the index 0: another id and name begin another call."""
        at = self.moved.get(index, index)
        name, known = self.heads.get(at, ("", None))
        is_other = name and known and call_id and function.get("name") and call_id != known
        if is_other and is_json("".join(self.arguments.get(at, []))):
            at = self.moved[index] = max(self.arguments) + 1
        return at


class Draft:
    """Puts an answer of any number of choices together from its chunks."""

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._usage = Usage()
        self._model: str | None = None
        self._answer_id: str | None = None
        self._has_end = False

    @property
    def is_finished(self) -> bool:
        """Whether every choice that began has said why it ended."""
        return self._has_end and all(choice.finish_reason for choice in self._choices.values())

    @property
    def has_begun(self) -> bool:
        """Whether there is any choice at all."""
        return bool(self._choices)

    def add(self, chunk: Mapping[str, Any], part: str = "delta") -> None:
        counted = usage_of(chunk)
        if counted is not None:
            self._usage = self._usage.updated(counted)
        if isinstance(chunk.get("model"), str):
            self._model = chunk["model"]
        if self._answer_id is None and isinstance(chunk.get("id"), str):
            self._answer_id = chunk["id"]
        choices = chunk.get("choices")
        for raw in choices if isinstance(choices, list) else ():
            if isinstance(raw, Mapping):
                choice = self._choices.setdefault(_index(raw, 0), _Choice())
                said = raw.get(part)
                if said is None and choice.is_empty:  # some proxies stream the message itself
                    said = raw.get("message")
                choice.add(said if isinstance(said, Mapping) else {})
                if isinstance(raw.get("finish_reason"), str):
                    choice.finish_reason = raw["finish_reason"]
                    self._has_end = True

    def completion(self) -> Completion:
        messages = tuple(choice.message() for choice in self._choices.values())
        return Completion(messages, self._usage, self._model, self._answer_id)


def _index(raw: Mapping[str, Any], default: int) -> int:
    index = raw.get("index")
    return index if isinstance(index, int) else default


def is_json(text: str) -> bool:
    """Whether a text is the whole of some JSON, so that what follows is something else."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True

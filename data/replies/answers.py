"""Whole answers in the shapes that providers send and tools log, as one answer: text, tool calls, why it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.data.replies.calls import ToolCall, read_tool_call, read_tool_calls
from tierwise.data.replies.finish import CONTENT_FILTER, REFUSAL, TOOL_CALLS, finish_reason
from tierwise.data.replies.json_text import decoded
from tierwise.data.replies.parts import read_content

_FINISH = ("finish_reason", "finishReason", "stop_reason", "stopReason", "done_reason", "finish_reasons")
_CALLS = ("tool_calls", "toolCalls")
_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered, without its thinking. ``text`` is None where there is none beside tool calls or a
    refusal; ``finish_reason`` is in our words where we know the provider's."""

    text: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    refusal: str | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether the model, or a filter around it, would not answer. That says nothing about what it is able to."""
        return self.refusal is not None or self.finish_reason in (REFUSAL, CONTENT_FILTER)


def read_answer(raw: object) -> Answer | None:
    """The answer in a completion, a Responses object, an Anthropic message, Gemini's candidates, LangChain's
    generations, a message, a list of messages, or a text. None where there is none.

    >>> read_answer({"choices": [{"message": {"content": "40"}, "finish_reason": "stop"}]})
    Answer(text='40', tool_calls=(), finish_reason='stop', refusal=None)
    """
    return _read(raw, 0)


def read_message(message: object, reason: object = None) -> Answer | None:
    """The answer in one message of an assistant."""
    if not isinstance(message, Mapping):
        return Answer(read_content(message).answer) if isinstance(message, str | list) else None
    kwargs = message.get("kwargs")
    if isinstance(kwargs, Mapping):  # LangChain's serialised form
        return read_message(kwargs, reason)
    inner = message.get("data")
    if isinstance(inner, Mapping) and "content" in inner and "content" not in message:  # LangChain's message_to_dict
        return read_message(inner, reason)
    source = next((message[key] for key in ("content", "parts", "text") if message.get(key) is not None), None)
    content = read_content(_unwrapped(source))
    calls = [call for key in _CALLS for call in read_tool_calls(decoded(message.get(key)))] or content.tool_calls
    single = read_tool_call(message.get("function_call"))
    refusal = message.get("refusal")
    refusals = [refusal] if isinstance(refusal, str) and refusal else content.refusals
    own = next((message[key] for key in _FINISH if message.get(key)), None)
    return Answer(
        text=content.answer or None,
        tool_calls=tuple(calls) or (() if single is None else (single,)),
        finish_reason=finish_reason(_one(reason or own)),
        refusal="\n".join(refusals) if refusals else None,
    )


def _read(raw: object, depth: int) -> Answer | None:
    raw = decoded(raw)
    if isinstance(raw, str):
        return Answer(read_content(raw).answer)
    if depth > _MAX_DEPTH or raw is None or isinstance(raw, int | float):
        return None
    if isinstance(raw, Mapping):
        return _read_mapping(raw, depth)
    return _read_list(raw, depth) if isinstance(raw, list) and raw else None


def _read_mapping(raw: Mapping[str, Any], depth: int) -> Answer | None:
    reason = _one(next((raw[key] for key in _FINISH if raw.get(key)), None))
    for key in ("choices", "candidates", "generations"):
        if isinstance(raw.get(key), list):
            return _read_choice(raw[key][0], depth) if raw[key] else None
    if isinstance(raw.get("output"), list):
        return _read_items(raw)
    if isinstance(raw.get("messages"), list):
        return _read(raw["messages"], depth + 1)
    for key in ("message", "output", "response", "result"):
        inner = decoded(raw.get(key))
        if isinstance(inner, Mapping) and not _has_words(raw):
            found = _read(inner, depth + 1)
            return _with_reason(found, reason)
        if isinstance(inner, str) and not _has_words(raw):
            return Answer(read_content(inner).answer, finish_reason=finish_reason(reason))
    return read_message(raw, reason) if _has_words(raw) or _is_langchain(raw) else None


def _read_choice(choice: object, depth: int) -> Answer | None:
    """One of ``choices``, ``candidates`` or ``generations``."""
    if isinstance(choice, list):  # LangChain nests generations once
        return _read_choice(choice[0], depth + 1) if choice and depth < _MAX_DEPTH else None
    if not isinstance(choice, Mapping):
        return None
    info = choice.get("generation_info")
    reason = next((choice[key] for key in _FINISH if choice.get(key)), None)
    if reason is None and isinstance(info, Mapping):
        reason = next((info[key] for key in _FINISH if info.get(key)), None)
    inner = next((choice[key] for key in ("message", "content", "delta") if choice.get(key) is not None), None)
    return read_message(choice if inner is None or isinstance(inner, str) else inner, reason)


def _read_items(raw: Mapping[str, Any]) -> Answer:
    """The items of OpenAI's Responses: messages, calls, reasoning."""
    texts: list[str] = []
    calls: list[ToolCall] = []
    refusals: list[str] = []
    for item in raw["output"]:
        content = read_content(item.get("content") if _is_item_message(item) else item)
        texts += content.texts
        calls += content.tool_calls
        refusals += content.refusals
    status, details = raw.get("status"), raw.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, Mapping) else status
    return Answer(
        text=read_content(texts).answer or None,
        tool_calls=tuple(calls),
        finish_reason=TOOL_CALLS if calls else finish_reason(reason),
        refusal="\n".join(refusals) if refusals else None,
    )


def _is_item_message(item: object) -> bool:
    return isinstance(item, Mapping) and (item.get("type") == "message" or "role" in item)


def _read_list(raw: list[Any], depth: int) -> Answer | None:
    """Messages, of which the last one is the answer; content parts; or items of a response."""
    items = [item for item in raw if isinstance(item, Mapping)]
    if items and all("role" in item or "kwargs" in item or _is_langchain(item) for item in items):
        return _read(items[-1], depth + 1)
    if items and any(_is_item_message(item) for item in items):
        return _read_items({"output": items})
    if (
        items
        and len(items) == len(raw)
        and all(set(item) & {"type", "text", "functionCall", "toolUse"} for item in items)
    ):
        return read_message({"content": raw})
    return _read(raw[-1], depth + 1)


def _is_langchain(item: Mapping[str, Any]) -> bool:
    return ("content" in item or isinstance(item.get("data"), Mapping)) and str(item.get("type")).lower() in (
        "ai",
        "human",
        "system",
        "tool",
        "aimessage",
    )


def _has_words(raw: Mapping[str, Any]) -> bool:
    keys = ("content", "parts", "text", "tool_calls", "toolCalls", "kwargs", "refusal", "function_call")
    return any(raw.get(key) is not None for key in keys)


def _unwrapped(content: Any) -> Any:
    """Gemini's ``{"parts": [...]}`` inside ``content``."""
    return content["parts"] if isinstance(content, Mapping) and isinstance(content.get("parts"), list) else content


def _one(reason: object) -> object:
    return reason[0] if isinstance(reason, list) and reason else reason


def _with_reason(answer: Answer | None, reason: object) -> Answer | None:
    if answer is None or answer.finish_reason or not reason:
        return answer
    return Answer(answer.text, answer.tool_calls, finish_reason(reason), answer.refusal)

"""Content as a list of parts: what of it is text, what is thinking, which tools are called, what is no text at all.

The shapes are those of OpenAI (chat and Responses), Anthropic, Gemini, Bedrock, the GenAI conventions, the AI SDK and
the tools that log them. A part is told by its ``type``, or by its only key where it has none.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tierwise.data.replies.calls import ToolCall, read_tool_call
from tierwise.data.replies.json_text import decoded

_THINKING = re.compile(r"think|reason|thought|analysis", re.IGNORECASE)
_MEDIA = re.compile(r"image|audio|video|file|media|blob|uri|document|pdf|inline_?data|search_result", re.IGNORECASE)
_CALL_KINDS = frozenset({"toolcall", "tooluse", "functioncall", "toolrequest"})
_RESULT_KINDS = frozenset(
    {"toolresult", "toolcallresponse", "toolresponse", "functioncalloutput", "functionresponse", "functionresult"}
)
_RESULT_FIELDS = ("result", "response", "output", "content", "text", "value")
_TAGS = "think|thinking|thought|thoughts|reasoning|reflection|scratchpad"
# <think>, ByteDance's <seed:think>, Mistral's [THINK], Kimi's ◁think▷, <|begin_of_thought|>
_LEADING_THOUGHT = re.compile(
    rf"\s*(?:<((?:\w+:)?(?:{_TAGS}))>.*?</\1>|\[THINK\].*?\[/THINK\]|◁think▷.*?◁/think▷|"
    r"<\|begin_of_thought\|>.*?<\|end_of_thought\|>)\s*",
    re.DOTALL | re.IGNORECASE,
)
_LEFT_OPEN = re.compile(rf"\s*(?:<(?:\w+:)?(?:{_TAGS})>|\[THINK\]|◁think▷)(?!.*(?:</|\[/THINK|◁/))", re.DOTALL)
# some chat templates put the opening tag into the prompt
_CLOSINGS = ("</think>", "</thinking>", "</seed:think>", "[/THINK]", "◁/think▷")
_MARKS = ("</", "[/THINK]", "◁/", "<|")
# OpenAI's open models between their special tokens: <|channel|>final<|message|>40<|return|>
_FINAL_CHANNEL = re.compile(
    r"<\|channel\|>\s*final\b.{0,40}?<\|message\|>(.*?)(?:<\|(?:return|end|call)\|>|\Z)", re.DOTALL
)
_MAX_DEPTH = 20


@dataclass(slots=True)
class Content:
    """What the parts of one message say. ``lost`` names the kinds of parts that are no text, such as pictures."""

    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    tool_calls: list[ToolCall] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def answer(self) -> str:
        """The parts of an answer are pieces of one text."""
        return without_thoughts("".join(self.texts))

    @property
    def prompt(self) -> str:
        """The parts of a prompt are texts of their own; results of tools are part of what the model reads."""
        return "\n".join([*self.texts, *self.results])


def read_content(raw: object) -> Content:
    """The content of a message: a text, a part, or a list of both. None is an empty one.

    >>> read_content([{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "40"}]).answer
    '40'
    """
    content = Content()
    _read(raw, content, 0)
    return content


def parts_in(text: str) -> list[Any] | None:
    """The parts that a text is the JSON of, as tools flatten them; None for any other text, other JSON included.

    >>> parts_in('[{"type": "text", "text": "40"}]'), parts_in('[{"id": 1}]')
    ([{'type': 'text', 'text': '40'}], None)
    """
    if not text.lstrip().startswith("[{"):
        return None
    value = decoded(text)
    is_parts = isinstance(value, list) and all(isinstance(part, Mapping) and _is_known(part) for part in value)
    return value if is_parts else None


def without_thoughts(text: str) -> str:
    """``text`` without what a reasoning model wrote between tags before it began to answer.

    >>> without_thoughts("<think>It says 40.</think> 40")
    '40'
    """
    text = text.removeprefix("\ufeff")  # the mark of an encoding is no part of an answer either
    if not any(mark in text for mark in _MARKS):
        return text
    leading = _LEADING_THOUGHT.match(text)
    if leading is not None:
        return text[leading.end() :]
    if text.lstrip().startswith("<|"):
        final = _FINAL_CHANNEL.search(text)
        return text if final is None else final.group(1).strip()
    for tag in _CLOSINGS:
        before, found, after = text.partition(tag)
        if found and tag.replace("/", "", 1) not in before and not before.lstrip().startswith("<"):
            return after.lstrip()
    return text


def is_thinking_only(text: str) -> bool:
    """Whether ``text`` ends inside of its thinking, before anything was answered.

    >>> is_thinking_only("<think>It says"), is_thinking_only("<think>It says 40.</think>40")
    (True, False)
    """
    return _LEFT_OPEN.match(text) is not None


def _read(raw: object, content: Content, depth: int) -> None:
    if isinstance(raw, str):
        content.texts.append(raw)
    elif isinstance(raw, Sequence) and not isinstance(raw, bytes) and depth < _MAX_DEPTH:
        for part in raw:
            _read(part, content, depth + 1)
    elif isinstance(raw, Mapping):
        _read_part(raw, content)
    elif raw is not None:
        content.texts.append(json.dumps(raw, default=str))


def _read_part(part: Mapping[str, Any], content: Content) -> None:
    kind = _kind(part)
    if kind in _CALL_KINDS or _is_wrapped_call(part):
        call = read_tool_call(part)
        content.tool_calls += [] if call is None else [call]
    elif kind in _RESULT_KINDS:
        content.results.append(_result(part, 0))
    elif kind == "refusal":
        content.refusals.append(str(part.get("refusal") or part.get("text") or part.get("content") or ""))
    elif part.get("thought") is True or _THINKING.search(kind):
        content.thoughts.append(_text(part) or "")
    elif _MEDIA.search(kind):
        content.lost.append(kind)
    elif (text := _text(part)) is not None:
        content.texts.append(text)
    elif kind not in ("text", "json"):
        content.lost.append(kind or "part")


def _is_wrapped_call(part: Mapping[str, Any]) -> bool:
    """An entry of ``tool_calls`` where a part belongs, as Koog writes it; a tool's definition has no arguments."""
    function = part.get("function")
    return isinstance(function, Mapping) and "name" in function and "arguments" in function


def _is_known(part: Mapping[str, Any]) -> bool:
    kind = _kind(part)
    is_text = kind in ("text", "outputtext", "inputtext", "refusal") and _text(part) is not None
    return (
        is_text or kind in _CALL_KINDS or kind in _RESULT_KINDS or bool(_THINKING.search(kind) or _MEDIA.search(kind))
    )


def _kind(part: Mapping[str, Any]) -> str:
    """The part's type without its spelling (``tool-call``, ``toolCall`` and ``tool_call`` are one), or the key that
    stands for it: Gemini and Bedrock name parts so."""
    for key in ("type", "part_kind", "block_type", "kind"):
        if isinstance(part.get(key), str):
            return re.sub(r"[-_.\s]", "", part[key]).lower()
    if isinstance(part.get("text"), str):
        return "text"
    keys = [re.sub(r"[-_]", "", str(key)).lower() for key in part]
    known = [*_CALL_KINDS, *_RESULT_KINDS, "reasoningcontent", "refusal"]
    return next((key for key in keys if key in known), next((key for key in keys if _MEDIA.search(key)), ""))


def _text(part: Mapping[str, Any]) -> str | None:
    for key in ("text", "content", "value"):
        if isinstance(part.get(key), str):
            return str(part[key])
    nested = part.get("text")  # {"type": "text", "text": {"value": ...}}, as assistants write it
    if isinstance(nested, Mapping) and isinstance(nested.get("value"), str):
        return str(nested["value"])
    return json.dumps(part["json"], default=str) if "json" in part else None


def _result(raw: Any, depth: int) -> str:
    """What a tool gave back, as the model reads it."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, list) and depth < _MAX_DEPTH:
        return "\n".join(_result(item, depth + 1) for item in raw)
    if isinstance(raw, Mapping) and depth < _MAX_DEPTH:
        wrapped = next(
            (raw[key] for key in ("functionResponse", "function_response", "toolResult") if key in raw), None
        )
        found = next((raw[key] for key in _RESULT_FIELDS if raw.get(key) is not None), None)
        inner = found if wrapped is None else wrapped
        if inner is not None and (wrapped is not None or "type" in raw or len(raw) == 1 or "toolUseId" in raw):
            return _result(inner, depth + 1)
        if inner is not None and {"name", "id"} & set(raw):
            return _result(inner, depth + 1)
    return json.dumps(raw, default=str)

"""What a model was asked, in the shapes that tools log: messages, items, prompts, and what was said beside them.

OpenAI's chat and Responses requests, Anthropic's with its ``system``, Gemini's ``contents``, the GenAI conventions'
parts, LangChain's and LlamaIndex's messages, the arguments of a traced function. Parts that are no text are named, so
that nobody takes two questions for one because they differ only in a picture.
"""

import json
import re
from ast import literal_eval
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tierwise.data.replies.calls import read_tool_calls
from tierwise.data.replies.json_text import decoded
from tierwise.data.replies.parts import Content, parts_in, read_content

_ROLES = {
    "human": "user", "humanmessage": "user", "ai": "assistant", "aimessage": "assistant", "aimessagechunk": "assistant",
    "model": "assistant", "chatbot": "assistant", "bot": "assistant", "systemmessage": "system",
    "toolmessage": "tool", "functionmessage": "tool", "function": "tool",
}  # fmt: skip
_SYSTEM = (
    "system", "system_instruction", "systemInstruction", "system_instructions", "instructions", "systemPrompt",
    "system_prompt",
)  # fmt: skip
_PROMPTS = ("messages", "contents", "input", "prompt", "prompts", "chat_history", "history", "inputs", "inputText")
_CONTENTS = ("parts", "content", "blocks", "text")
_REDACTED = re.compile(
    r"\s*(redacted-by-\w+|[<\[{(*_]*(redacted|filtered|scrubbed|hidden|removed|masked)\b.{0,60}[>\]})*_]+|\*{3,})\s*",
    re.IGNORECASE,
)
_MAX_DEPTH = 12


@dataclass(slots=True)
class Request:
    """Messages as the step log wants them. ``lost`` names the kinds of parts that are no text; ``problem`` says why
    there are no messages, where that is known."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    problem: str | None = None


def read_request(raw: object) -> Request:
    """The question in ``raw``. A text is one message of the user; what has no known shape gives no messages."""
    request = Request()
    value = _opened(raw)
    if isinstance(value, str) and _is_cut_off(value):
        request.problem = "its prompt is JSON that breaks off; is there a limit on the length of attributes?"
        return request
    request.messages = _messages(value, request.lost, 0)
    texts = [message["content"] for message in request.messages if message["role"] != "system"]
    if texts and all(is_redacted(text) for text in texts):
        return Request(problem="its prompt is redacted")
    return request


def is_redacted(text: str) -> bool:
    """Whether a text is what tools write in place of one that they hide."""
    return bool(_REDACTED.fullmatch(text))


def plain_messages(raw: object) -> list[dict[str, Any]]:
    """The messages of ``read_request``."""
    return read_request(raw).messages


def system_message(raw: object) -> list[dict[str, Any]]:
    """Instructions that stand beside the messages: a text, parts, or messages of their own; none where there are
    none."""
    value = _opened(raw)
    if isinstance(value, list) and value and all(isinstance(item, Mapping) and "role" in item for item in value):
        return [{**message, "role": "system"} for message in plain_messages(value)]
    if isinstance(value, Mapping) and any(key in value for key in ("parts", "content")):
        value = next(value[key] for key in ("parts", "content") if key in value)
    text = read_content(value).prompt
    return [{"role": "system", "content": text}] if text.strip() else []


def _opened(raw: object) -> Any:
    """JSON text, or the text of a Python list, as what it says."""
    value = decoded(raw)
    if isinstance(value, str) and value[:2] in ("[{", "{'", "['") and "'" in value[:3]:
        try:
            return literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return value
    return decoded(value) if isinstance(value, str) and value is not raw else value


def _is_cut_off(text: str) -> bool:
    return text.lstrip().startswith(('[{"', '{"role"', '{"messages"', '{"model"', '{"contents"', '{"input"'))


def _messages(raw: object, lost: list[str], depth: int) -> list[dict[str, Any]]:
    if isinstance(raw, str):
        value = _opened(raw)
        raw = value if depth == 0 or _holds_messages(value) else raw  # a prompt may be JSON and stays a text
    if isinstance(raw, str):
        return [{"role": "user", "content": raw}] if raw else []
    if depth > _MAX_DEPTH:
        return []
    if isinstance(raw, Mapping):
        return _of_mapping(raw, lost, depth)
    if not isinstance(raw, Sequence) or isinstance(raw, bytes):
        return []
    if all(isinstance(item, str) for item in raw):
        return [message for item in raw for message in _messages(item, lost, depth + 1)]
    items = [item for part in raw for item in (part if isinstance(part, list) else [part])]  # LangChain nests once
    if items and not any(isinstance(item, Mapping) and _is_message(item) for item in items):
        content = read_content(items)  # parts without a message around them, as Gemini takes them
        lost += content.lost
        return [{"role": "user", "content": content.prompt}] if content.prompt else []
    return [
        message
        for item in items
        for message in ([_message(item, lost)] if isinstance(item, Mapping) else _messages(item, lost, depth + 1))
        if message is not None
    ]


def _holds_messages(value: object) -> bool:
    if isinstance(value, Mapping):
        return _is_message(value) or any(value.get(key) for key in _PROMPTS)
    return isinstance(value, list) and any(isinstance(item, Mapping) and _is_message(item) for item in value)


def _of_mapping(raw: Mapping[str, Any], lost: list[str], depth: int) -> list[dict[str, Any]]:
    if _is_message(raw) and not any(raw.get(key) for key in ("messages", "contents")):
        message = _message(raw, lost)
        return [] if message is None else [message]
    if "args" in raw or "kwargs" in raw:
        return _of_arguments(raw, lost, depth)
    configs = [raw[key] for key in ("config", "generationConfig", "options") if isinstance(raw.get(key), Mapping)]
    holders = [raw, *configs]
    beside = next((holder[key] for holder in holders for key in _SYSTEM if holder.get(key)), None)
    asked = next((raw[key] for key in _PROMPTS if raw.get(key)), None)
    messages = [] if asked is None else _messages(asked, lost, depth + 1)
    last = raw.get("message") if asked is not None and isinstance(raw.get("message"), str) else None  # Cohere's turn
    messages += [{"role": "user", "content": last}] if last else []
    return [*system_message(beside), *messages] if messages else []


def _of_arguments(raw: Mapping[str, Any], lost: list[str], depth: int) -> list[dict[str, Any]]:
    """What a traced function was called with: its prompt where one is found, else its arguments as they stand."""
    args, kwargs = raw.get("args") or [], raw.get("kwargs") or {}
    named = _of_mapping(kwargs, lost, depth + 1) if isinstance(kwargs, Mapping) and kwargs else []
    if named and not args:
        return named
    if not kwargs and isinstance(args, list) and args and all(isinstance(arg, str) for arg in args):
        return [{"role": "user", "content": "\n".join(args)}]
    if not kwargs and isinstance(args, list) and len(args) == 1:
        found = _messages(args[0], lost, depth + 1)
        if found:
            return found
    if not args and not kwargs:
        return []
    return [{"role": "user", "content": json.dumps({"args": args, "kwargs": kwargs}, default=str, ensure_ascii=False)}]


def _is_message(raw: Mapping[str, Any]) -> bool:
    if "role" in raw or isinstance(raw.get("parts"), list):
        return True
    if isinstance(raw.get("kwargs"), Mapping) and ("lc" in raw or "id" in raw):
        return True
    kind = raw.get("type")
    return isinstance(kind, str) and (
        kind in _ITEM_KINDS or (kind.lower() in _ROLES and ("content" in raw or _is_dumped(raw)))
    )


def _is_dumped(raw: Mapping[str, Any]) -> bool:
    """Whether it is LangChain's ``message_to_dict``: {"type": "human", "data": {"content": …}}."""
    inner = raw.get("data")
    return isinstance(inner, Mapping) and "content" in inner


_ITEM_KINDS = frozenset(
    {"message", "function_call", "function_call_output", "reasoning", "item_reference", "system", "user", "assistant"}
)


def _message(raw: Mapping[str, Any], lost: list[str]) -> dict[str, Any] | None:
    kwargs = raw.get("kwargs")
    if isinstance(kwargs, Mapping):  # LangChain's serialised form: {"lc": 1, "id": [..., "HumanMessage"], "kwargs": …}
        kind = raw["id"][-1] if isinstance(raw.get("id"), list) and raw["id"] else kwargs.get("type", "user")
        inner = {key: value for key, value in kwargs.items() if key in ("content", "tool_calls", "tool_call_id")}
        return _message({"role": kind, **inner}, lost)
    kind = raw.get("type")
    if "role" not in raw and _is_dumped(raw):
        return _message({"type": kind, **raw["data"], "role": kind}, lost)
    if "role" not in raw and kind in ("function_call", "function_call_output", "reasoning", "item_reference"):
        return _item(raw, str(kind), lost)
    source = next((raw[key] for key in _CONTENTS if raw.get(key) is not None), None)
    content = read_content((parts_in(source) or source) if isinstance(source, str) else source)
    if isinstance(source, Mapping) and not (content.texts or content.results or content.lost or content.tool_calls):
        content.texts.append(json.dumps(source, default=str))
    lost += content.lost
    return {"role": _role(raw, content), "content": content.prompt} | _kept(raw, content)


def _item(raw: Mapping[str, Any], kind: str, lost: list[str]) -> dict[str, Any] | None:
    """An item of OpenAI's Responses that is no message."""
    content = read_content([raw])
    if kind == "function_call_output":
        return {"role": "tool", "content": content.prompt, "tool_call_id": str(raw.get("call_id") or "")}
    if kind == "function_call":
        return {"role": "assistant", "content": ""} | _kept({}, content)
    if kind == "item_reference":
        lost.append(kind)
    return None


def _role(raw: Mapping[str, Any], content: Content) -> str:
    name = str(raw.get("role") or raw.get("type") or "user").rpartition(".")[2]
    role = _ROLES.get(name.lower(), name.lower())
    if content.tool_calls and not content.texts and not content.results:
        return "assistant"  # some write the call as a message of the tool
    return "tool" if role == "user" and content.results and not content.texts else role


def _kept(raw: Mapping[str, Any], content: Content) -> dict[str, Any]:
    """Tool calls in OpenAI's form, and the names that tie results to them."""
    kept = {key: raw[key] for key in ("tool_call_id", "name") if raw.get(key)}
    calls = list(read_tool_calls(decoded(raw.get("tool_calls")))) or content.tool_calls
    if calls:
        kept["tool_calls"] = [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in calls
        ]
    return kept

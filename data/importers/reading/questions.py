"""When are two calls the same question? When what was sent is the same, not when what we read of it is.

A question is known by a fingerprint of the raw request. Where a log itself left something out - a text that was cut, a
picture without its address - nothing tells whether two requests were the same, so they are never taken for one.
"""

import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from tierwise.data.replies.json_text import decoded

# What may differ between two tries of one question: who is asked, how, and how the caller is billed.
_HOW = frozenset(
    {
        "model", "model_id", "model_name", "modelId", "deployment", "engine", "stream", "stream_options", "metadata",
        "user", "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "max_output_tokens",
        "maxOutputTokens", "seed", "timeout", "api_key", "api_base", "base_url", "headers", "extra_headers",
        "extra_body", "service_tier", "store", "reasoning", "reasoning_effort", "thinking", "litellm_call_id",
        "litellm_trace_id", "proxy_server_request", "callbacks", "tags", "run_name", "n", "frequency_penalty",
        "presence_penalty", "parallel_tool_calls", "prompt_cache_key", "safety_identifier",
    }
)  # fmt: skip
_CUT = re.compile(r"litellm_truncated|[<\[({.…]\s*(truncated|cut off|omitted|elided|skipped)\b", re.IGNORECASE)
# What a tool writes where it blackened something, such as Logfire, Sentry, Langfuse's masks and Presidio.
_MASK = re.compile(
    r"[\[<(]\s*(redacted|filtered|masked|scrubbed|removed|hidden|sensitive|pii|anonymi[sz]ed)\b[^\])>]{0,80}[\])>]|"
    r"[\[<]redacted_\w+[\]>]|\{\{\s*(pii|redacted|masked)[^}]{0,40}\}|(?<!\*)\*{4,}(?!\*)|█{2,}|"
    r"<(person|email_address|phone_number|location|date_time|credit_card|ip_address|us_ssn|iban_code|url|nrp|"
    r"us_bank_number|us_driver_license|us_passport|medical_license|crypto)>",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(r"(\.\.\.|…)\s*$")
_CUT_CHARS = 100
# Lengths at which exporters stop without a mark; a text of just that length is taken to be cut.
_LIMITS = frozenset(
    {*(2**power for power in range(7, 18)), *(1000 * n for n in (1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 100))}
)
_MEDIA_KIND = re.compile(r"image|audio|video|file|media|blob|uri|document", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\s*([<\[({]?(omitted|redacted|base64|binary|image|data|bytes|removed|filtered|none)"
                          r"[^a-z0-9]{0,3}.{0,20}|\.{3}|…|)\s*", re.IGNORECASE)  # fmt: skip
_MAX_DEPTH = 40


def fingerprint(asked: object) -> bytes:
    """A digest of everything that was asked, whatever of it can be read as text."""
    plain = _what(_plain(asked, 0))
    return sha256(json.dumps(plain, sort_keys=True, default=str).encode("utf-8", "surrogatepass")).digest()


def is_whole(asked: object) -> bool:
    """Whether the log kept all of what was asked."""
    plain = _plain(asked, 0)
    return not any(_is_cut(text) for text in _all_texts(plain)) and all(_has_substance(part) for part in _media(plain))


def asked_beside(parameters: object) -> dict[str, Any]:
    """What the parameters of a call say of the question itself: some clients send the system prompt among them."""
    plain = decoded(parameters)
    return {key: plain[key] for key in _QUESTIONS if plain.get(key)} if isinstance(plain, Mapping) else {}


_QUESTIONS = (
    "system", "instructions", "system_instruction", "systemInstruction", "system_prompt", "systemPrompt", "preamble",
    "messages", "input", "prompt", "contents", "documents", "previous_response_id", "conversation", "response_format",
    "tool_choice",
)  # fmt: skip


def _is_cut(text: str) -> bool:
    """Whether the log left something out of a text: cut off its end, or blackened a part of it."""
    is_ended = len(text) >= _CUT_CHARS and _ELLIPSIS.search(text[-20:]) is not None
    return is_ended or len(text) in _LIMITS or bool(_CUT.search(text[-200:]) or _MASK.search(text))


def _what(value: Any, depth: int = 0) -> Any:
    """The request without how it was made; a message's own ``name`` or ``user`` is part of what it says."""
    if isinstance(value, list) and depth == 0:
        return [_what(inner, 1) for inner in value]
    if isinstance(value, dict) and "role" not in value:
        said = {key: _without_effort(inner) for key, inner in value.items() if key not in _HOW}
        return {key: inner for key, inner in said.items() if inner is not None}
    return value


def _without_effort(value: Any) -> Any:
    """Anthropic says the effort beside the schema, Gemini the thinking beside the instructions."""
    if isinstance(value, dict) and _EFFORT & value.keys():
        return {key: inner for key, inner in value.items() if key not in _EFFORT} or None
    return value


_EFFORT = frozenset({"effort", "thinkingConfig", "thinking_config"})


def _plain(value: object, depth: int) -> Any:
    value = decoded(value)
    if depth > _MAX_DEPTH:
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, depth + 1) for key, inner in value.items()}
    return [_plain(inner, depth + 1) for inner in value] if isinstance(value, list | tuple) else value


def _media(value: object) -> Iterator[dict[str, Any]]:
    """The parts that are pictures and the like, wherever they stand."""
    if isinstance(value, dict):
        kind = value.get("type") or value.get("modality") or value.get("block_type")
        if isinstance(kind, str) and _MEDIA_KIND.search(kind) and "role" not in value:
            yield value
        else:
            for inner in value.values():
                yield from _media(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _media(inner)


def _has_substance(part: Mapping[str, Any]) -> bool:
    """Whether a picture brings its bytes, its address or its id: something that another picture does not have."""
    said = {key: inner for key, inner in part.items() if key not in _DESCRIBING}
    return any(len(text) > 3 and not _PLACEHOLDER.fullmatch(text) for text in _all_texts(said))


_DESCRIBING = frozenset(
    {"type", "modality", "mime_type", "mimeType", "media_type", "mediaType", "detail", "format", "kind", "block_type"}
)


def _all_texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _DESCRIBING:
                yield from _all_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _all_texts(inner)

"""The parts of a usage object: which counts are details of the prompt or of the answer, and which stand beside them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from tierwise.data.replies.counts import count

# The keys that objects of client packages are asked for; mappings tell their own.
_ATTRIBUTES = (
    "usage", "usage_metadata", "token_usage", "prompt_tokens", "completion_tokens", "total_tokens", "input_tokens",
    "output_tokens", "prompt_tokens_details", "input_tokens_details", "completion_tokens_details",
    "output_tokens_details", "input_token_details", "output_token_details", "cached_tokens", "cache_read_input_tokens",
    "cache_creation_input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_read", "cache_creation",
    "reasoning_tokens", "prompt_token_count", "candidates_token_count", "thoughts_token_count",
    "cached_content_token_count", "tool_use_prompt_token_count", "total_token_count", "request_tokens",
    "response_tokens", "prompt_cache_hit_tokens", "service_tier", "cost", "cost_details", "is_byok",
    "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "upstream_inference_cost", "total_cost",
)  # fmt: skip
_MAX_PARTS = 10
_BY_TIME = re.compile(r"ephemeral_(?:5m|1h)_input_tokens$")
_IGNORED = ("miss", "accepted", "rejected", "ephemeral", "cost", "price", "usd", "per_second", "duration",
            "seconds", "_time", "no_cache")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One count that is a part of something. ``kind`` is ``cached``, ``written`` or ``other``; ``is_inside`` says
    where it stands by the custom of its words, None where that depends on the word for the whole."""

    name: str
    n_tokens: int
    kind: str
    is_input: bool
    is_inside: bool | None


def attributes(raw: object) -> Mapping[str, Any]:
    """``raw`` as a mapping: itself, or the attributes of an object that usage objects have."""
    if isinstance(raw, Mapping):
        return raw
    if raw is None or isinstance(raw, str | bytes | int | float | list | tuple):
        return {}
    return {name: value for name in _ATTRIBUTES if (value := getattr(raw, name, None)) is not None}


def flattened(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Details under dotted names: logs nest them, flatten them with dots, or with underscores."""
    flat: dict[str, Any] = {}
    for key, value in usage.items():
        inner = attributes(value)
        if inner:
            flat |= {f"{key}.{name}": each for name, each in inner.items()}
        else:
            flat[str(key)] = value
    return flat


def find_parts(usage: Mapping[str, Any]) -> tuple[Part, ...]:
    """Every count that is a part of the prompt or of the answer. Two words for one thing are one part."""
    found: dict[tuple[str, bool, str], Part] = {}
    for name in usage:
        part = _part(name, usage)
        if part is None:
            continue
        key = (part.kind, part.is_input, part.name if part.kind == "other" else "")
        if key not in found or part.n_tokens > found[key].n_tokens:  # "cached" twice is one thing said twice
            found[key] = part
    written = _written_by_time(usage)
    if written is not None and not any(part.kind == "written" and part.n_tokens for part in found.values()):
        found = {key: part for key, part in found.items() if part.kind != "written"} | {("written", True, ""): written}
    return tuple(found.values())


def _written_by_time(usage: Mapping[str, Any]) -> Part | None:
    """LangChain takes back the sum where it says for how long each token was written."""
    counts = [count(value) or 0 for key, value in usage.items() if _BY_TIME.search(key)]
    inside = any(key.startswith("input_token_details") for key in usage)
    return Part("ephemeral", sum(counts), "written", True, True if inside else None) if sum(counts) else None


def hour_long(usage: Mapping[str, Any], depth: int = 3) -> int | None:
    """The tokens that were written to Anthropic's cache for an hour, wherever among the details they stand."""
    for key, value in usage.items():
        if "ephemeral_1h" in str(key) and (n_tokens := count(value)) is not None:
            return n_tokens
        inner = attributes(value)
        if inner and depth and (found := hour_long(inner, depth - 1)) is not None:
            return found
        if isinstance(value, list) and (found := _of_an_hour(value)) is not None:
            return found
    return None


def _of_an_hour(details: list[Any]) -> int | None:
    """Bedrock lists what was written by how long it stays."""
    rows = [row for row in details if isinstance(row, Mapping) and row.get("ttl") == "1h"]
    counted = [n_tokens for row in rows if (n_tokens := count(row.get("inputTokens"))) is not None]
    return sum(counted) if counted else None


def settled(
    parts: tuple[Part, ...], input_name: str, n_input: int | None, n_output: int | None, total: int | None
) -> frozenset[Part]:
    """The parts that the counts of the whole already include."""
    custom = frozenset(part for part in parts if _is_inside(part, input_name))
    if total is None or n_input is None or n_output is None or not parts:
        return custom
    loose = [part for part in parts if part.n_tokens][:_MAX_PARTS]
    missing = total - n_input - n_output
    if sum(part.n_tokens for part in loose if part not in custom) == missing:
        return custom
    candidates = [
        frozenset(parts) - frozenset(beside)
        for size in range(len(loose) + 1)
        for beside in combinations(loose, size)
        if sum(part.n_tokens for part in beside) == missing
    ]
    return min(candidates, key=lambda inside: len(inside ^ custom), default=custom)


def _part(name: str, usage: Mapping[str, Any]) -> Part | None:
    n_tokens = count(usage[name])
    plain = "".join(f"_{char.lower()}" if char.isupper() else char for char in name)
    words = plain.replace("-", "_")
    if n_tokens is None or any(word in words for word in _IGNORED):
        return None
    is_nested = "." in words or "details" in words
    if "cach" in words:
        is_written = any(word in words for word in ("creat", "writ"))
        return Part(name, n_tokens, "written" if is_written else "cached", True, _cache_custom(words, is_nested))
    if is_nested:
        is_output = words.startswith(("output", "completion", "candidates", "response"))
        return Part(name, n_tokens, "other", not is_output, True) if "reason" in words else None
    if words in ("thoughts_token_count", "thoughts_tokens"):
        return Part(name, n_tokens, "other", False, False)
    if words in ("tool_use_prompt_token_count", "tool_use_tokens"):
        return Part(name, n_tokens, "other", True, False)
    if words in ("reasoning_tokens", "reasoning", "reasoning_output_tokens"):
        return Part(name, n_tokens, "other", False, True)
    return _bucket(name, words, n_tokens)


def _bucket(name: str, words: str, n_tokens: int) -> Part | None:
    """``input_audio_tokens`` or ``output_reasoning``: buckets that a tool split a prompt or an answer into."""
    for whole, is_input in (("input_", True), ("prompt_", True), ("output_", False), ("completion_", False)):
        rest = words.removeprefix(whole)
        if words.startswith(whole) and not rest.startswith(("token", "eval", "ms", "len")):
            return Part(name, n_tokens, "other", is_input, False)
    return None


def _cache_custom(words: str, is_nested: bool) -> bool | None:
    if is_nested or words in ("cached_tokens", "cached_content_token_count", "cached_input_tokens"):
        return True
    if words.startswith("prompt_cache") or words in ("cache_read_tokens", "cache_write_tokens"):
        return True
    if words.startswith(("input_", "prompt_")):
        return False
    return None


def _is_inside(part: Part, input_name: str) -> bool:
    """Beside Anthropic's and Bedrock's word for the input the cache stands apart; inside everybody else's."""
    if part.is_inside is not None:
        return part.is_inside
    return input_name not in ("input_tokens", "inputTokens", "input")

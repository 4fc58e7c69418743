"""The usage of a completion in OpenAI's own words, read at once; other people's words take longer."""

from collections.abc import Mapping
from typing import Any

from tierwise.data.replies.usage import Usage, read_usage

_PLAIN = frozenset(
    {"prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details"}
)
_PLAIN_PARTS = frozenset({"cached_tokens", "audio_tokens"})
_USUAL_TIERS = (None, "default", "auto", "standard")


def usage_of(chunk: Mapping[str, Any]) -> Usage | None:
    """As ``read_usage`` reads it; None for a piece that counts nothing."""
    usage = chunk.get("usage")
    if not isinstance(usage, Mapping):
        choices = chunk.get("choices")
        last = choices[-1] if isinstance(choices, list) and choices else None
        is_told = "x_groq" in chunk or (isinstance(last, Mapping) and "usage" in last)
        return read_usage(chunk) if is_told else None
    if usage.keys() <= _PLAIN and chunk.get("service_tier") in _USUAL_TIERS:
        n_in, n_out = usage.get("prompt_tokens"), usage.get("completion_tokens")
        parts = usage.get("prompt_tokens_details")
        if type(n_in) is int and type(n_out) is int and n_in + n_out == usage.get("total_tokens") and n_in > 0 <= n_out:
            if parts is None:
                return Usage(n_in, n_out)
            if type(parts) is dict and parts.keys() <= _PLAIN_PARTS:
                cached = parts.get("cached_tokens")
                if type(cached) is int and 0 <= cached <= n_in:
                    return Usage(n_in, n_out, cached)
    return read_usage(chunk)

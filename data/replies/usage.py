"""Token counts out of whatever a provider, a client or a tool's log states, in anybody's words.

The words do not settle what a count includes: cached tokens stand inside the input for OpenAI and beside it for
Anthropic, thinking inside the output for OpenAI and beside it for Gemini. The row's own total decides where there is
one; only without one does the custom of the words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.data.foreign.limits import MAX_TOKENS
from tierwise.data.replies.counts import count, first_count
from tierwise.data.replies.usage_cost import stated_cost_usd
from tierwise.data.replies.usage_parts import Part, attributes, find_parts, flattened, hour_long, settled

_INPUTS = (
    "prompt_tokens", "input_tokens", "inputTokens", "promptTokens", "promptTokenCount", "prompt_token_count", "input",
    "prompt", "prompt_eval_count", "request_tokens", "inputTokenCount", "input_token_count", "tokens_prompt",
    "inputTokens.total",
)  # fmt: skip
_OUTPUTS = (
    "completion_tokens", "output_tokens", "outputTokens", "completionTokens", "candidatesTokenCount",
    "candidates_token_count", "output", "completion", "eval_count", "response_tokens", "outputTokenCount",
    "output_token_count", "tokens_completion", "outputTokens.total", "responseTokenCount", "generated_tokens",
    "generated_token_count",
)  # fmt: skip
_TOTALS = ("total_tokens", "totalTokens", "totalTokenCount", "total_token_count", "total")
_USUAL_TIERS = ("", "default", "standard", "auto", "on_demand", "unspecified")
_HOLDERS = ("usage", "usageMetadata", "usage_metadata", "token_usage", "tokenUsage")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; ``input_tokens`` counts the whole prompt, ``cached_tokens`` the part of it that the provider
    had in its cache, ``cache_write_tokens`` the part that it put there. None is unknown. ``service_tier`` is how it
    was served where that has a price of its own: ``batch``, ``flex``, ``priority``; None is the usual way.
    ``cache_write_1h_tokens`` is the part of what was written that stays an hour; ``cost_usd`` what the provider itself
    says that the call cost."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    service_tier: str | None = None
    cache_write_1h_tokens: int | None = None
    cost_usd: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether anything is known. A call of no tokens at all is one that nobody counted."""
        return bool(self.input_tokens or self.output_tokens)

    def updated(self, later: "Usage") -> "Usage":
        """These counts with those that a later piece of the same reply states."""
        return Usage(
            self.input_tokens if not later.input_tokens else later.input_tokens,
            self.output_tokens if not later.output_tokens else later.output_tokens,
            self.cached_tokens if later.cached_tokens is None else later.cached_tokens,
            self.cache_write_tokens if later.cache_write_tokens is None else later.cache_write_tokens,
            later.service_tier or self.service_tier,
            self.cache_write_1h_tokens if later.cache_write_1h_tokens is None else later.cache_write_1h_tokens,
            self.cost_usd if later.cost_usd is None else later.cost_usd,
        )


def read_usage(reply: object) -> Usage:
    """The usage that a reply states, or is. Mappings and objects with attributes are both read.

    >>> usage = read_usage({"usage": {"prompt_tokens": 12, "completion_tokens": 3, "cost": 0.5}})
    >>> usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.cost_usd
    (12, 3, None, 0.5)
    """
    holder = _stated(reply)
    stated = flattened(holder)
    parts = find_parts(stated)
    name, fresh = _first(stated, _INPUTS)
    visible = _first(stated, _OUTPUTS)[1]
    inside = settled(parts, name, fresh, visible, first_count(stated, *_TOTALS))
    fresh, visible = _with_unnamed(stated, fresh, visible, parts)
    cached, written = _of_kind(parts, "cached"), _of_kind(parts, "written")
    whole_in = _plus(fresh, [part for part in parts if part.is_input and part not in inside])
    whole_out = _plus(visible, [part for part in parts if not part.is_input and part not in inside])
    if whole_in is not None and (cached or 0) + (written or 0) > whole_in:  # a part cannot be more than the whole
        whole_in += (cached or 0) + (written or 0)
    tier = _service_tier(stated.get("service_tier") or attributes(reply).get("service_tier"))
    usage = Usage(whole_in, whole_out, cached, written, tier, hour_long(holder), stated_cost_usd(holder))
    return usage if usage.is_known else Usage(service_tier=tier, cost_usd=usage.cost_usd)


def _stated(reply: object) -> Mapping[str, Any]:
    holder = attributes(reply)
    holder = attributes(holder.get("llm_output")) or holder  # LangChain
    for key in _HOLDERS:
        inner = attributes(holder.get(key))
        if inner:
            holder = inner
            break
    else:
        holder = _in_a_choice(holder) or holder
    tokens = attributes(holder.get("tokens"))  # Cohere: what was counted stands beside what is billed
    return {**holder, **tokens} if tokens else holder


def _with_unnamed(
    stated: Mapping[str, Any], fresh: int | None, visible: int | None, parts: tuple[Part, ...]
) -> tuple[int | None, int | None]:
    """What the total has and nobody names: sounds that are counted in seconds, else thinking, which Gemini's compatible
    interface adds to the total alone. Both are billed."""
    total = first_count(stated, *_TOTALS)
    if total is None or fresh is None or visible is None or any(part.n_tokens for part in parts):
        return fresh, visible
    unnamed = max(0, total - fresh - visible)
    if count(stated.get("prompt_audio_seconds")):
        return fresh + unnamed, visible
    return fresh, visible + unnamed


def _in_a_choice(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    """Moonshot's streams count inside the last choice, Groq's beside it under a name of their own."""
    choices = holder.get("choices")
    last = attributes(choices[-1]) if isinstance(choices, list) and choices else {}
    return attributes(last.get("usage")) or attributes(attributes(holder.get("x_groq")).get("usage"))


def _service_tier(raw: object) -> str | None:
    name = raw.strip().lower() if isinstance(raw, str) else ""
    return None if name in _USUAL_TIERS else name


def _first(stated: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, int | None]:
    return next(((name, found) for name in names if (found := count(stated.get(name))) is not None), ("", None))


def _plus(base: int | None, parts: list[Part]) -> int | None:
    if base is None and not parts:
        return None
    total = (base or 0) + sum(part.n_tokens for part in parts)
    return total if total <= MAX_TOKENS else None


def _of_kind(parts: tuple[Part, ...], kind: str) -> int | None:
    return next((part.n_tokens for part in parts if part.kind == kind), None)

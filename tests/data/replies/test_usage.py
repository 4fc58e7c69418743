"""Counts in everybody's words: the whole, its parts, and the total that says which is which."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.replies import Usage, read_usage

# what is stated, and what it means: (input, output, cached, written)
STATED: dict[str, tuple[dict[str, Any], tuple[int | None, ...]]] = {
    "openai": (
        {"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 60}},
        (100, 5, 60, None),
    ),
    "openai responses": (
        {
            "input_tokens": 100, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 60},
            "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 105,
        },
        (100, 5, 60, None),
    ),
    "anthropic": (
        {
            "input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 30,
            "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 0},
        },
        (100, 5, 60, 30),
    ),
    "databricks": (
        {
            "prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105, "cache_read_input_tokens": 60,
            "cache_creation_input_tokens": 0,
        },
        (100, 5, 60, 0),
    ),
    "anthropic's words beside openai's, apart by the total": (
        {"prompt_tokens": 40, "completion_tokens": 5, "total_tokens": 105, "cache_read_input_tokens": 60},
        (100, 5, 60, None),
    ),
    "deepseek": (
        {
            "prompt_tokens": 100, "completion_tokens": 5, "prompt_cache_hit_tokens": 60, "prompt_cache_miss_tokens": 40,
        },
        (100, 5, 60, None),
    ),
    "moonshot": ({"prompt_tokens": 100, "completion_tokens": 5, "cached_tokens": 60}, (100, 5, 60, None)),
    "gemini": (
        {
            "promptTokenCount": 100, "candidatesTokenCount": 5, "thoughtsTokenCount": 20, "totalTokenCount": 125,
            "cachedContentTokenCount": 60, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 100}],
        },
        (100, 25, 60, None),
    ),
    "xai: reasoning beside, by the total": (
        {
            "prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 125,
            "completion_tokens_details": {"reasoning_tokens": 20},
        },
        (100, 25, None, None),
    ),
    "bedrock": (
        {
            "inputTokens": 10, "outputTokens": 5, "totalTokens": 105, "cacheReadInputTokens": 60,
            "cacheWriteInputTokens": 30,
        },
        (100, 5, 60, 30),
    ),
    "ai sdk": (
        {"inputTokens": 100, "outputTokens": 5, "cachedInputTokens": 60, "totalTokens": 105},
        (100, 5, 60, None),
    ),
    "langchain": (
        {
            "input_tokens": 100, "output_tokens": 5, "total_tokens": 105,
            "input_token_details": {"cache_read": 60, "cache_creation": 0},
        },
        (100, 5, 60, 0),
    ),
    "langfuse buckets": ({"input": 40, "input_cached_tokens": 60, "output": 5, "total": 105}, (100, 5, 60, None)),
    "langfuse buckets of thinking": (
        {"input": 100, "output": 5, "output_reasoning_tokens": 20, "total": 125},
        (100, 25, None, None),
    ),
    "langfuse details": (
        {"input": 6, "output": 2055, "total": 2061, "completion_details.reasoning": 1104},
        (6, 2055, None, None),
    ),
    "langfuse cache": (
        {"input": 2, "output": 20, "cache_read": 0, "cache_write": 62005, "total": 62027},
        (62007, 20, 0, 62005),
    ),
    "a total without the cache": (
        {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15, "cache_read_input_tokens": 60},
        (70, 5, 60, None),
    ),
    "inspect": (
        {
            "input_tokens": 10, "output_tokens": 5, "total_tokens": 105, "input_tokens_cache_read": 60,
            "input_tokens_cache_write": 30, "reasoning_tokens": 2,
        },
        (100, 5, 60, 30),
    ),
    "pydantic-ai": ({"input_tokens": 100, "output_tokens": 5, "cache_read_tokens": 60}, (100, 5, 60, None)),
    "ollama": ({"prompt_eval_count": 100, "eval_count": 5, "prompt_eval_duration": 9}, (100, 5, None, None)),
    "cohere": (
        {"billed_units": {"input_tokens": 90, "output_tokens": 5}, "tokens": {"input_tokens": 100, "output_tokens": 5}},
        (100, 5, None, None),
    ),
    "ai sdk 6": (
        {
            "inputTokens": {"total": 100, "noCache": 90, "cacheRead": 10, "cacheWrite": 0},
            "outputTokens": {"total": 5, "text": 2, "reasoning": 3},
        },
        (100, 5, 10, 0),
    ),
    "ai sdk 6, flat": (
        {
            "inputTokens": 100, "outputTokens": 5, "totalTokens": 105,
            "inputTokenDetails": {"noCacheTokens": 90, "cacheReadTokens": 10},
        },
        (100, 5, 10, None),
    ),
    "groq: times are no tokens": (
        {"prompt_tokens": 100, "prompt_time": 2.0, "completion_tokens": 5, "completion_time": 3.0, "queue_time": 1.0},
        (100, 5, None, None),
    ),
    "voxtral: seconds of sound are counted in the total alone": (
        {"prompt_audio_seconds": 203, "prompt_tokens": 4, "completion_tokens": 635, "total_tokens": 3264},
        (2629, 635, None, None),
    ),
    "gemini's compatible interface: thinking is in the total alone": (
        {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 125}, (100, 25, None, None),
    ),
    "watsonx": ({"input_token_count": 100, "generated_token_count": 5}, (100, 5, None, None)),
    "floats": ({"prompt_tokens": 100.0, "completion_tokens": "5"}, (100, 5, None, None)),
}  # fmt: skip


@pytest.mark.parametrize("name", STATED)
def test_everybodys_words_mean_the_same(name: str) -> None:
    stated, meant = STATED[name]
    for reply in (stated, {"usage": stated}):
        usage = read_usage(reply)
        assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.cache_write_tokens) == meant


@pytest.mark.parametrize(
    "stated",
    [
        {}, {"usage": None}, {"usage": {}}, {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        {"prompt_tokens": -1}, {"prompt_tokens": True}, {"prompt_tokens": float("inf")}, {"prompt_tokens": "many"},
        None, "text", 5, [],
    ],
)  # fmt: skip
def test_what_states_nothing_is_unknown(stated: Any) -> None:
    assert read_usage(stated) == Usage()


def test_objects_are_read_as_mappings_are() -> None:
    details = SimpleNamespace(cached_tokens=60)
    usage = SimpleNamespace(prompt_tokens=100, completion_tokens=5, prompt_tokens_details=details)
    assert read_usage(SimpleNamespace(usage=usage)) == Usage(100, 5, 60)


@pytest.mark.parametrize(
    ("reply", "tier"),
    [
        ({"service_tier": "flex", "usage": {"prompt_tokens": 1, "completion_tokens": 1}}, "flex"),
        ({"usage": {"input_tokens": 1, "output_tokens": 1, "service_tier": "batch"}}, "batch"),
        ({"service_tier": "default", "usage": {"prompt_tokens": 1, "completion_tokens": 1}}, None),
        ({"usage": {"input_tokens": 1, "output_tokens": 1, "service_tier": "standard"}}, None),
    ],
)
def test_the_way_of_serving_is_known_where_it_has_a_price(reply: dict[str, Any], tier: str | None) -> None:
    assert read_usage(reply).service_tier == tier


def test_a_later_piece_without_counts_takes_nothing_away() -> None:
    first = read_usage({"usage": {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 60}})
    assert first.updated(read_usage({"usage": {}})) == first
    assert first.updated(Usage(output_tokens=9)) == Usage(70, 9, 60)


@pytest.mark.slow
@given(st.integers(1, 10**6), st.integers(0, 10**5), st.integers(0, 10**6), st.integers(0, 10**6), st.booleans())
def test_with_a_total_the_whole_is_what_the_total_says(
    fresh: int, output: int, cached: int, written: int, is_inside: bool
) -> None:
    whole = fresh + cached + written
    stated = {
        "input_tokens": whole if is_inside else fresh, "output_tokens": output, "total_tokens": whole + output,
        "cache_read_input_tokens": cached, "cache_creation_input_tokens": written,
    }  # fmt: skip
    assert read_usage(stated) == Usage(whole, output, cached, written)


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": [{"delta": {}, "usage": {"prompt_tokens": 100, "completion_tokens": 5, "cached_tokens": 60}}]},
        {"choices": [], "x_groq": {"usage": {"prompt_tokens": 100, "completion_tokens": 5, "cached_tokens": 60}}},
    ],
)
def test_usage_is_found_where_a_stream_hides_it(chunk: dict[str, Any]) -> None:
    assert read_usage(chunk) == Usage(100, 5, 60)


@pytest.mark.parametrize("cost", [0, 0.0, -0.1, True, "free", None, [], {"total_cost": 0}, float("nan"), 1e300])
def test_a_cost_that_says_nothing_is_none(cost: Any) -> None:
    assert read_usage({"usage": {"prompt_tokens": 10, "completion_tokens": 1, "cost": cost}}).cost_usd is None


def test_a_cost_without_counts_is_still_one() -> None:
    assert read_usage({"usage": {"cost": 0.5}}) == Usage(cost_usd=0.5)
    assert Usage(10, 1, cost_usd=0.5).updated(Usage(12, 2)).cost_usd == 0.5

"""Tokens and money: a row's own total and cost decide, the rest is priced as it is billed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.importers import FORMATS, ImportMap, import_records
from tierwise.data.records import Attempt

PRICES = {
    "input_usd_per_mtok": 10.0, "cached_input_usd_per_mtok": 1.0, "output_usd_per_mtok": 30.0,
    "cache_write_usd_per_mtok": 12.5,
    "long_prompts": [{"above_tokens": 1000, "input_usd_per_mtok": 20.0, "output_usd_per_mtok": 40.0}],
}  # fmt: skip
CATALOGUE = TierCatalogue.from_mapping(
    {"tiers": [{"name": "small", "models": [{"name": "m", **PRICES}]}, {"name": "large", "models": []}]}
)
ASKED = [{"role": "user", "content": "x"}]
Attempts = Callable[..., list[Attempt]]


@pytest.fixture
def attempts(tmp_path: Path) -> Attempts:
    """``attempts(format, rows)``: what an import of the rows gives."""

    def run(format_name: str, rows: list[dict[str, Any]]) -> list[Attempt]:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        mapping = ImportMap()
        report = import_records(format_name, FORMATS[format_name].read([path], mapping), CATALOGUE, mapping)
        assert report.malformed == ()
        return [attempt for step in report.assembled.steps for attempt in step.attempts]

    return run


def langfuse(**fields: Any) -> dict[str, Any]:
    return {"id": "a", "traceId": "t", "type": "GENERATION", "name": "g", "model": "m", "input": ASKED, **fields}


def payload(**fields: Any) -> dict[str, Any]:
    return {"id": "a", "trace_id": "t", "call_type": "acompletion", "status": "success", "model": "m",
            "messages": ASKED, **fields}  # fmt: skip


@pytest.mark.parametrize(
    ("details", "counts"),
    [
        ({"input": 6, "output": 2055, "total": 2061, "completion_details.reasoning": 1104}, (6, 2055, None)),
        ({"input": 1000, "output": 50, "total": 1050, "prompt_details.cache_read": 900}, (1000, 50, 900)),
        ({"input": 100, "input_cached_tokens": 900, "output": 50, "total": 1050}, (1000, 50, 900)),
        (
            {"input": 2, "output": 20, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 98},
            (1000, 20, 900),
        ),
        ({"input": 2, "output": 20, "cache_read": 900, "cache_write": 98, "total": 1020}, (1000, 20, 900)),
        ({"promptTokens": 10, "completionTokens": 3, "totalTokens": 13}, (10, 3, None)),
        ({"input": 10, "output": 3, "total": 13, "unit": "CHARACTERS"}, (None, None, None)),
        ({"input": 0, "output": 0, "total": 0}, (None, None, None)),
        ({"input": 100.0, "output": "5", "total": 105}, (100, 5, None)),
    ],
)
def test_details_are_counted_once(details: dict[str, Any], counts: tuple[int | None, ...], attempts: Attempts) -> None:
    (attempt,) = attempts("langfuse", [langfuse(usageDetails=details)])
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cached_tokens) == counts


@pytest.mark.parametrize(
    ("fields", "cost_usd"),
    [
        ({"costDetails": {"total": 0.5, "input": 0.3, "output": 0.2}}, 0.5),
        ({"costDetails": {"input": 0.3, "output": 0.2}}, 0.5),
        ({"totalCost": 0.5, "costDetails": {"total": 0.7}}, 0.5),
        ({"calculatedTotalCost": "0.5"}, 0.5),
    ],
)
def test_a_cost_of_the_row_decides(fields: dict[str, Any], cost_usd: float, attempts: Attempts) -> None:
    (attempt,) = attempts("langfuse", [langfuse(usageDetails={"input": 9, "output": 9}, **fields)])
    assert (attempt.cost_usd, attempt.cost_is_estimate) == (pytest.approx(cost_usd), False)


@pytest.mark.parametrize(
    ("usage", "cost_usd"),
    [
        ({"prompt_tokens": 1000, "completion_tokens": 10}, (1000 * 10 + 10 * 30) / 1e6),
        ({"prompt_tokens": 1001, "completion_tokens": 10}, (1001 * 20 + 10 * 40) / 1e6),
        ({"input_tokens": 100, "output_tokens": 10, "cache_creation_input_tokens": 900},
         (100 * 10 + 900 * 12.5 + 10 * 30) / 1e6),
        ({"prompt_tokens": 1000, "completion_tokens": 10, "prompt_cache_hit_tokens": 900},
         (100 * 10 + 900 * 1 + 10 * 30) / 1e6),
        ({"prompt_tokens": 1000, "completion_tokens": 10, "service_tier": "batch"}, (1000 * 10 + 10 * 30) / 2e6),
        ({"prompt_tokens": 1000, "completion_tokens": 10, "service_tier": "flex"}, (1000 * 10 + 10 * 30) / 2e6),
        ({"prompt_tokens": 1000, "completion_tokens": 10, "service_tier": "priority"}, None),
    ],
)  # fmt: skip
def test_an_estimate_is_what_would_be_billed(usage: Any, cost_usd: float | None, attempts: Attempts) -> None:
    (attempt,) = attempts("litellm", [payload(response={"usage": usage})])
    assert attempt.cost_usd == (None if cost_usd is None else pytest.approx(cost_usd))
    assert attempt.cost_is_estimate is (cost_usd is not None)


@pytest.mark.parametrize("cost", [0.5, {"total_cost": 0.5, "request_cost": 0.006}])
def test_what_a_provider_says_that_a_call_cost_decides(cost: Any, attempts: Attempts) -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 10, "cost": cost}
    answer = {"id": "r", "model": "m", "choices": [{"message": {"content": "y"}}], "usage": usage}
    (attempt,) = attempts("openai", [{"id": "e", "request": {"model": "m", "messages": ASKED}, "response": answer}])
    assert (attempt.cost_usd, attempt.cost_is_estimate) == (0.5, False)


@pytest.mark.parametrize("hit", [True, "True", "true"])
def test_a_cache_hit_costs_nothing_and_tells_nothing(hit: Any, attempts: Attempts) -> None:
    row = payload(
        cache_hit=hit, response_cost=0.0, prompt_tokens=1000, completion_tokens=20, startTime=1.0, endTime=2.0
    )
    (attempt,) = attempts("litellm", [row])
    assert (attempt.cost_usd, attempt.cost_is_estimate, attempt.latency_ms) == (0.0, False, None)
    from tierwise.data.labels import outcome_table
    from tierwise.data.records import LoggedStep, Step

    table = outcome_table([LoggedStep("s", Step("x"), (attempt,))], CATALOGUE.names)
    assert str(table.cost_usd[0, 0]) == "nan"


@pytest.mark.parametrize("hit", [None, False, "False", "", "None"])
def test_what_is_no_cache_hit_is_priced(hit: Any, attempts: Attempts) -> None:
    (attempt,) = attempts("litellm", [payload(cache_hit=hit, prompt_tokens=1000, completion_tokens=10)])
    assert (attempt.cost_usd, attempt.cost_is_estimate) == (pytest.approx(0.0103), True)


def test_a_batch_costs_half(attempts: Attempts) -> None:
    body = {"model": "m", "messages": ASKED}
    answer = {"id": "r", "model": "m", "choices": [{"message": {"content": "y"}}],
              "usage": {"prompt_tokens": 1000, "completion_tokens": 10}}  # fmt: skip
    rows = [{"custom_id": "c", "body": body}, {"custom_id": "c", "response": {"body": answer}}]
    (attempt,) = attempts("openai", rows)
    assert attempt.cost_usd == pytest.approx(0.0103 / 2)
    message = {"id": "m", "type": "message", "model": "m", "content": [{"type": "text", "text": "y"}],
               "usage": {"input_tokens": 1000, "output_tokens": 10, "service_tier": "batch"}}  # fmt: skip
    anthropic = [
        {"custom_id": "c", "params": body},
        {"custom_id": "c", "result": {"type": "succeeded", "message": message}},
    ]
    (attempt,) = attempts("openai", anthropic)
    assert attempt.cost_usd == pytest.approx(0.0103 / 2)


def test_a_free_offer_is_not_priced_as_the_paid_one(attempts: Attempts) -> None:
    (attempt,) = attempts("litellm", [payload(model="x/m:free", prompt_tokens=1000, completion_tokens=10)])
    assert (attempt.tier, attempt.cost_usd) == ("small", None)


@pytest.mark.parametrize(
    ("usage", "cost_usd"),
    [
        ({"prompt_tokens": 1000, "completion_tokens": 2000}, (1000 * 10 + 2000 * 30) / 1e6),  # answers do not count
        (
            {"prompt_tokens": 2000, "completion_tokens": 10, "prompt_cache_hit_tokens": 1500},
            (2000 * 20 + 10 * 40) / 1e6,
        ),
        ({"input_tokens": 100, "cache_read_input_tokens": 901, "output_tokens": 10}, (1001 * 20 + 10 * 40) / 1e6),
        ({"input_tokens": 100, "cache_read_input_tokens": 900, "output_tokens": 10}, (100 * 10 + 900 + 10 * 30) / 1e6),
        ({"input_tokens": 1, "cache_creation_input_tokens": 1000, "output_tokens": 0}, 1001 * 20 / 1e6),
        ({"prompt_tokens": 2000, "completion_tokens": 10, "service_tier": "batch"}, (2000 * 20 + 10 * 40) / 2e6),
    ],
)
def test_the_whole_prompt_decides_the_price_of_a_call(usage: Any, cost_usd: float, attempts: Attempts) -> None:
    """Cached and written tokens are part of its length; the dearer prices hold for every token."""
    (attempt,) = attempts("litellm", [payload(response={"usage": usage})])
    assert attempt.cost_usd == pytest.approx(cost_usd)


@pytest.mark.parametrize(
    ("model", "n_in", "cost_usd"),
    [("gemini-2.5-pro", 250_000, 0.64), ("gemini-2.5-pro", 200_000, 0.26), ("claude-sonnet-4-5", 200_001, 1.222506)],
)
def test_list_prices_have_steps_by_length(model: str, n_in: int, cost_usd: float, tmp_path: Path) -> None:
    rows = [payload(model=model, prompt_tokens=n_in, completion_tokens=1000, response={})]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    listed = {"tiers": [{"name": "small", "models": [{"name": model}]}, {"name": "large", "models": []}]}
    records = FORMATS["litellm"].read([path], ImportMap())
    report = import_records("litellm", records, TierCatalogue.from_mapping(listed), ImportMap())
    assert report.assembled.steps[0].attempts[0].cost_usd == pytest.approx(cost_usd)


HOUR = {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 800}


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": 50, "output_tokens": 10, "cache_creation_input_tokens": 900, "cache_creation": HOUR},
        {"prompt_tokens": 950, "completion_tokens": 10, "total_tokens": 960,
         "prompt_tokens_details": {"cached_tokens": 0, "cache_creation_tokens": 900,
                                   "cache_creation_token_details": HOUR}},
        {"input_tokens": 950, "output_tokens": 10, "total_tokens": 960,
         "input_token_details": {"cache_read": 0, "cache_creation": 0, **HOUR}},
        {"inputTokens": 50, "outputTokens": 10, "cacheWriteInputTokens": 900,
         "cacheDetails": [{"ttl": "5m", "inputTokens": 100}, {"ttl": "1h", "inputTokens": 800}]},
    ],
)  # fmt: skip
def test_what_is_cached_for_an_hour_costs_twice_the_input(usage: Any, attempts: Attempts) -> None:
    (attempt,) = attempts("litellm", [payload(response={"usage": usage})])
    assert attempt.input_tokens == 950
    assert (attempt.extra["cache_write_tokens"], attempt.extra["cache_write_1h_tokens"]) == (900, 800)
    assert attempt.cost_usd == pytest.approx((50 * 10 + 100 * 12.5 + 800 * 20 + 10 * 30) / 1e6)


@pytest.mark.parametrize(
    ("stated", "cost_usd"),
    [
        ({"cost": 0.5}, 0.5),
        ({"cost": 0.5, "cost_details": {"upstream_inference_cost": 0.4}}, 0.5),
        ({"cost": 0.02, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.4}}, 0.42),
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.4}}, 0.4),
        ({"cost": "0.5"}, 0.5),
        ({"estimated_cost": 0.5}, 0.5),
        ({"cost": {"input_tokens_cost": 0.1, "total_cost": 0.5}}, 0.5),
        ({"cost": 0}, (1000 * 10 + 10 * 30) / 1e6),
        ({"cost": -1}, (1000 * 10 + 10 * 30) / 1e6),
        ({"cost": None, "cost_details": None}, (1000 * 10 + 10 * 30) / 1e6),
    ],
)
def test_the_cost_that_a_reply_states_is_the_calls(stated: Any, cost_usd: float, attempts: Attempts) -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 10, **stated}
    answer = {"id": "r", "model": "m", "choices": [{"message": {"content": "y"}}], "usage": usage}
    (attempt,) = attempts("openai", [{"id": "e", "request": {"model": "m", "messages": ASKED}, "response": answer}])
    assert attempt.cost_usd == pytest.approx(cost_usd)

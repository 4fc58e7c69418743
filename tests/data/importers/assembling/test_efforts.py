"""Two tiers that share a model and differ in its effort: what a log says of a call finds the right one, in every format
that records it, and what stays open is counted and not guessed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.importers import FORMATS, ImportMap, import_records
from tierwise.data.importers.assembling.entries import Place, Undecided
from tierwise.data.importers.assembling.models import TierLookup
from tierwise.data.importers.reading.parameters import call_parameters
from tierwise.data.importers.reading.records import Call

ASK = [{"role": "user", "content": "What is the total?"}]
ANSWER = {"id": "c", "model": "gpt-x", "choices": [{"message": {"role": "assistant", "content": "7"}}]}


def entry(name: str, **parameters: Any) -> dict[str, Any]:
    prices = {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0}
    return {"name": name, "provider_name": "gpt-x", "parameters": parameters, **prices}


def tiers(small: dict[str, Any], large: dict[str, Any]) -> TierCatalogue:
    models = [{"name": "small", "models": [small]}, {"name": "large", "models": [large]}]
    return TierCatalogue.from_mapping({"tiers": models})


EFFORTS = tiers(entry("x-low", reasoning_effort="low"), entry("x-high", reasoning_effort="high"))
BUDGETS = tiers(
    entry("x-little", thinking={"type": "enabled", "budget_tokens": 1024}),
    entry("x-much", thinking={"type": "enabled", "budget_tokens": 16000}),
)


def openai_chat(effort: str | None) -> tuple[str, Any]:
    return "openai", {"request": {"model": "gpt-x", "messages": ASK, "reasoning_effort": effort}, "response": ANSWER}


def openai_responses(effort: str | None) -> tuple[str, Any]:
    asked = {"model": "gpt-x", "input": "What is the total?", "reasoning": {"effort": effort, "summary": "auto"}}
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "7"}]}
    return "openai", {"request": asked, "response": {"object": "response", "model": "gpt-x", "output": [said]}}


def openai_responses_echo(effort: str | None) -> tuple[str, Any]:
    """The request said nothing, and the answer says what stood in."""
    kind, row = openai_responses(None)
    return kind, {**row, "response": {**row["response"], "reasoning": {"effort": effort}}}


def anthropic(effort: str | None) -> tuple[str, Any]:
    asked = {"model": "gpt-x", "max_tokens": 99, "messages": ASK, "output_config": {"effort": effort}}
    said = {"type": "message", "model": "gpt-x", "content": [{"type": "text", "text": "7"}], "stop_reason": "end_turn"}
    return "openai", {"request": asked, "response": said}


def gemini(effort: str | None) -> tuple[str, Any]:
    config = {"thinkingConfig": {"thinkingLevel": None if effort is None else effort.upper()}}
    asked = {"model": "gpt-x", "contents": [{"role": "user", "parts": [{"text": "x"}]}], "generationConfig": config}
    said = {"candidates": [{"content": {"parts": [{"text": "7"}]}}], "modelVersion": "gpt-x"}
    return "openai", {"request": asked, "response": said}


def span(attributes: dict[str, Any]) -> tuple[str, Any]:
    words = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-x"}
    words |= {"gen_ai.input.messages": json.dumps(ASK), **attributes}
    listed = [{"key": key, "value": {"stringValue": value}} for key, value in words.items() if value is not None]
    one = {"traceId": "a" * 32, "spanId": "b" * 16, "name": "chat gpt-x", "attributes": listed}
    return "otlp", {"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}


def otlp_effort(effort: str | None) -> tuple[str, Any]:
    return span({"gen_ai.request.reasoning_effort": effort})


def otlp_level(effort: str | None) -> tuple[str, Any]:
    return span({"gen_ai.request.reasoning.level": effort})


def openinference(effort: str | None) -> tuple[str, Any]:
    parameters = json.dumps({"model": "gpt-x", "reasoning_effort": effort})
    return span({"openinference.span.kind": "LLM", "llm.model_name": "gpt-x", "llm.invocation_parameters": parameters,
                 "input.value": json.dumps({"messages": ASK})})  # fmt: skip


def litellm(effort: str | None) -> tuple[str, Any]:
    row = {"id": "c", "call_type": "acompletion", "model": "openai/gpt-x", "messages": ASK, "response": ANSWER}
    return "litellm", {**row, "model_parameters": {"reasoning_effort": effort}, "status": "success"}


def litellm_spend(effort: str | None) -> tuple[str, Any]:
    body = {"model": "gpt-x", "messages": ASK, "reasoning_effort": effort}
    row = {"request_id": "c", "call_type": "acompletion", "model": "gpt-x", "messages": json.dumps(ASK)}
    return "litellm", {**row, "proxy_server_request": json.dumps(body), "response": json.dumps(ANSWER), "spend": 1}


def langfuse(effort: str | None) -> tuple[str, Any]:
    row = {"id": "o", "type": "GENERATION", "traceId": "t", "model": "gpt-x", "input": ASK, "output": "7"}
    return "langfuse", {**row, "modelParameters": {"reasoning_effort": effort, "temperature": "1"}}


def langsmith(effort: str | None) -> tuple[str, Any]:
    extra = {"invocation_params": {"model": "gpt-x", "reasoning_effort": effort}}
    return "langsmith", {"id": "r", "run_type": "llm", "inputs": {"messages": ASK}, "outputs": ANSWER, "extra": extra}


DIALECTS = [
    openai_chat, openai_responses, openai_responses_echo, anthropic, gemini, otlp_effort, otlp_level, openinference,
    litellm, litellm_spend, langfuse, langsmith,
]  # fmt: skip


def imported(found: tuple[str, Any], catalogue: TierCatalogue, folder: Path) -> Any:
    name, row = found
    path = folder / "log.json"
    path.write_text(json.dumps(row), encoding="utf-8")
    return import_records(name, FORMATS[name].read([path], ImportMap()), catalogue, ImportMap())


@pytest.mark.parametrize("write", DIALECTS)
def test_a_call_finds_the_tier_of_its_effort(write: Any, tmp_path: Path) -> None:
    for effort, tier in (("low", "small"), ("high", "large")):
        report = imported(write(effort), EFFORTS, tmp_path)
        (step,) = report.assembled.steps
        assert [(attempt.tier, attempt.model) for attempt in step.attempts] == [(tier, f"x-{effort}")]


@pytest.mark.parametrize("write", DIALECTS)
def test_what_stays_open_is_counted_and_not_guessed(write: Any, tmp_path: Path) -> None:
    for effort, why in ((None, "no reasoning_effort"), ("medium", "reasoning_effort medium, which tells none")):
        report = imported(write(effort), EFFORTS, tmp_path)
        assert report.assembled.steps == ()
        ((reason, n_calls),) = report.skipped.items()
        assert n_calls == 1
        assert reason.endswith(f"stands for small and large, and the call says {why}")


@pytest.mark.parametrize(
    "said",
    [
        {"thinking": {"type": "enabled", "budget_tokens": 16000}},
        {"thinking": json.dumps({"type": "enabled", "budget_tokens": 16000})},
        {"generationConfig": {"thinkingConfig": {"thinkingBudget": 16000}}},
        {"config": {"thinking_config": {"thinking_budget": 16000}}},
        {"reasoning": {"max_tokens": 16000}},
        {"thinking.budget_tokens": "16000"},
    ],
)
def test_budgets_of_thinking_are_read_in_every_dialect(said: dict[str, Any]) -> None:
    place = TierLookup(BUDGETS, {}).find("gpt-x", call_parameters(said))
    assert isinstance(place, Place)
    assert (place.tier, place.is_told) == ("large", True)
    assert isinstance(TierLookup(BUDGETS, {}).find("gpt-x", call_parameters({"thinking": None})), Undecided)


def found(catalogue: TierCatalogue, is_whole: bool, **said: Any) -> str | None:
    place = TierLookup(catalogue, {}).find("gpt-x", call_parameters(said, is_whole=is_whole))
    return place.tier if isinstance(place, Place) else None


def test_an_entry_without_parameters_stands_for_every_other_effort() -> None:
    """Where a log keeps whole requests, an effort that is not there was not asked for; a span may leave it out."""
    plain = tiers({"name": "gpt-x"}, entry("x-high", reasoning_effort="high"))
    for is_whole in (True, False):
        assert found(plain, is_whole, reasoning_effort="HIGH") == "large"
        assert found(plain, is_whole, reasoning_effort="low") == "small"
    assert found(plain, True, temperature=1) == "small"
    assert found(plain, False, temperature=1) is None


def test_other_parameters_count_only_where_the_effort_leaves_it_open() -> None:
    long = tiers(
        entry("x-low", reasoning_effort="low", max_output_tokens=4000), entry("x-high", reasoning_effort="high")
    )
    assert found(long, True, reasoning_effort="low") == "small"
    assert found(long, True, reasoning_effort="high", max_completion_tokens=4000) == "large"
    served = tiers(entry("x-flex", service_tier="flex"), entry("x-now", service_tier="priority"))
    assert found(served, False, service_tier="priority") == "large"
    assert found(served, False) is None
    shared = tiers(entry("a", reasoning_effort="low", temperature=0), entry("b", reasoning_effort="low", temperature=1))
    assert found(shared, False, reasoning_effort="low", temperature=1.0) == "large"
    assert found(shared, False, reasoning_effort="low") is None


def test_excluding_the_others_is_not_enough_where_the_entrys_own_parameter_is_open() -> None:
    mixed = tiers(entry("a", reasoning_effort="low"), entry("b", thinking={"budget_tokens": 8000}))
    assert found(mixed, False, thinking={"budget_tokens": 1000}) is None
    assert found(mixed, False, thinking={"budget_tokens": 1000}, reasoning_effort="low") == "small"
    served = tiers(entry("a", reasoning_effort="low"), entry("b", reasoning_effort="high", service_tier="flex"))
    assert found(served, False, service_tier="default") is None
    assert found(served, False, service_tier="flex") == "large"


def test_two_ways_of_one_tier_leave_only_the_price_open() -> None:
    def both(usd: float) -> TierCatalogue:
        now, flex = entry("x-now"), {**entry("x-flex", service_tier="flex"), "input_usd_per_mtok": usd}
        small = {"name": "small", "models": [now, flex]}
        return TierCatalogue.from_mapping({"tiers": [small, {"name": "large", "models": [{"name": "other"}]}]})

    for usd, name in ((1.0, "x-now"), (0.5, None)):
        place = TierLookup(both(usd), {}).find("gpt-x")
        assert isinstance(place, Place)
        assert (place.tier, place.model and place.model.name) == ("small", name)


def test_a_budget_that_no_entry_has_is_told_without_its_number() -> None:
    place = TierLookup(BUDGETS, {}).find("gpt-x", call_parameters({"thinking": {"budget_tokens": 5}}))
    assert isinstance(place, Undecided)
    assert place.reason.endswith("the call says a thinking_budget, which tells none")


def test_entries_that_do_not_differ_are_the_cheaper_ones_and_a_map_overrules() -> None:
    alike = tiers(entry("a", reasoning_effort="low"), entry("b", reasoning_effort="low"))
    assert found(alike, False) == "small"
    place = TierLookup(EFFORTS, {"gpt-x": "large"}).find("gpt-x")
    assert isinstance(place, Place)
    assert (place.tier, place.model and place.model.name) == ("large", "x-high")


def test_the_same_question_at_a_higher_effort_is_a_further_attempt(tmp_path: Path) -> None:
    """And it says that the first answer would not do, as with any dearer tier."""
    rows = []
    for second, effort in ((0, "low"), (5, "high")):
        _, row = litellm(effort)
        times = {"startTime": 1_700_000_000 + second, "endTime": 1_700_000_002 + second}
        rows.append({**row, "id": f"c-{second}", "trace_id": "t", **times})
    report = imported(("litellm", rows), EFFORTS, tmp_path)
    (step,) = report.assembled.steps
    assert [(each.tier, each.success) for each in step.attempts] == [("small", False), ("large", None)]


@pytest.mark.parametrize("write", [openai_chat, openai_responses, anthropic, gemini])
def test_neither_effort_nor_the_records_own_id_is_part_of_the_question(write: Any, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    rows = [{**write(effort)[1], "id": f"row-{effort}", "logged_at": effort} for effort in ("low", "high")]
    path.write_text(json.dumps(rows), encoding="utf-8")
    first, second = FORMATS["openai"].read([path], ImportMap())
    assert isinstance(first, Call)
    assert isinstance(second, Call)
    assert first.question == second.question is not None
    assert first.parameters != second.parameters

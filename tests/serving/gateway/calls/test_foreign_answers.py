"""Answers as providers really give them: content in parts, counts in other words, cut emojis, refusals, odd ends."""

from typing import Any

import pytest

from tests.serving.gateway.calls.foreign_provider import FORMAT, GOOD, USAGE, Provider, chunk, good, whole

ROLE = chunk({"role": "assistant", "content": ""})


CONTENTS: list[Any] = [
    [{"type": "text", "text": GOOD}],
    [{"type": "thinking", "thinking": [{"type": "text", "text": "Forty."}]}, {"type": "text", "text": GOOD}],
    [
        {"type": "reasoning", "text": "Forty."},
        {"type": "output_text", "text": '{"n":'},
        {"type": "text", "text": "40}"},
    ],
    f"<think>It says {{3}}.</think>\n{GOOD}",
    f"[THINK]It says {{3}}.[/THINK]{GOOD}",
    f"<|channel|>analysis<|message|>It says {{3}}.<|end|><|start|>assistant<|channel|>final<|message|>{GOOD}",
    f"\ufeff{GOOD}",
]


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("is_stream", [False, True])
def test_content_in_parts_is_judged_by_its_text(content: Any, is_stream: bool, ask: Any, provider: Provider) -> None:
    events = [ROLE, chunk({"content": content}), chunk({}, "stop"), "[DONE]"]
    says = (200, events if is_stream else whole({"content": content}))
    _, (outcome,) = ask(says, stream=is_stream, response_format=FORMAT)
    assert (outcome["success"], outcome["evaluator"], len(provider.seen)) == (True, "schema", 1)


@pytest.mark.parametrize(
    ("usage", "cost_usd"),
    [
        ({**USAGE, "prompt_tokens_details": {"cached_tokens": 60}}, 5.6e-05),
        ({**USAGE, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 0}, 5.6e-05),
        ({**USAGE, "prompt_cache_hit_tokens": 60, "prompt_cache_miss_tokens": 40}, 5.6e-05),
        ({**USAGE, "cached_tokens": 60}, 5.6e-05),
        ({"prompt_tokens": 100.0, "completion_tokens": 5.0}, 1.1e-04),
        ({**USAGE, "service_tier": "flex"}, 5.5e-05),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True])
def test_the_cached_part_is_priced_as_such(usage: Any, cost_usd: float, is_stream: bool, ask: Any) -> None:
    ends = [{"choices": [], "usage": usage}, {"choices": [], "usage": {}}, {"choices": [], "usage": None}, "[DONE]"]
    events = [chunk({"content": "ok"}), chunk({}, "stop"), *ends]
    says = (200, events if is_stream else whole({"content": "ok"}) | {"usage": usage})
    _, (outcome,) = ask(says, stream=is_stream)
    assert (outcome["input_tokens"], outcome["output_tokens"]) == (100, 5)
    assert outcome["cost_usd"] == pytest.approx(cost_usd)


@pytest.mark.parametrize(
    ("stated", "cost_usd"),
    [
        ({"cost": 0.25}, 0.25),
        ({"cost": 0.25, "cost_details": {"upstream_inference_cost": None}, "is_byok": False}, 0.25),
        ({"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}}, 0.21),
        ({"cost": 0}, 1.1e-4),
        ({"cost": "free"}, 1.1e-4),
        ({"cost": 1e300}, 1.1e-4),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True])
def test_the_cost_that_a_reply_states_is_the_calls(stated: Any, cost_usd: float, is_stream: bool, ask: Any) -> None:
    usage = {**USAGE, **stated}
    events = [chunk({"content": "ok"}), chunk({}, "stop"), {"choices": [], "usage": usage}, "[DONE]"]
    says = (200, events if is_stream else whole({"content": "ok"}) | {"usage": usage})
    _, (outcome,) = ask(says, stream=is_stream)
    assert (outcome["input_tokens"], outcome["cost_usd"]) == (100, pytest.approx(cost_usd))


def test_what_is_cached_for_an_hour_costs_twice_the_input(ask: Any) -> None:
    kept = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 80}
    usage = {**USAGE, "cache_creation_input_tokens": 80, "cache_creation": kept}
    _, (outcome,) = ask((200, whole({"content": "ok"}) | {"usage": usage}))
    assert outcome["cost_usd"] == pytest.approx((20 * 1.0 + 80 * 2.0 + 5 * 2.0) / 1e6)


FENCED_GOOD = f"```json\n{GOOD}\n```"


@pytest.mark.parametrize(("content", "is_stream"), [(FENCED_GOOD, True), ('{"n": 4', True), ('{"n": 4', False)])
def test_a_fence_in_a_stream_and_a_limit_of_tokens_judge_nobody(
    content: str, is_stream: bool, ask: Any, provider: Provider
) -> None:
    """Neither kept nor broken: the answer goes to the caller, and nobody else is paid."""
    finish = "stop" if content.startswith("`") else "length"
    events = [chunk({"content": content}), chunk({}, finish), "[DONE]"]
    response, (outcome,) = ask(
        (200, events if is_stream else whole({"content": content}, finish)), stream=is_stream, response_format=FORMAT
    )
    assert (outcome["success"], outcome["evaluator"], len(provider.seen)) == (None, None, 1)
    assert outcome["error"] == ("is JSON in a fence" if finish == "stop" else "ended at its limit of tokens")
    assert "x-tierwise-verified" not in response.headers


def test_a_fence_is_taken_off_where_the_caller_asked_for_json(ask: Any, provider: Provider) -> None:
    """The caller's parser meets what was asked for; nobody else is paid, and the log keeps what the model said."""
    response, (outcome,) = ask((200, whole({"content": FENCED_GOOD})), response_format=FORMAT)
    assert response.json()["choices"][0]["message"]["content"] == GOOD
    assert response.headers["x-tierwise-verified"] == "true"
    assert (outcome["success"], outcome["evaluator"], len(provider.seen)) == (True, "schema", 1)


def test_a_fence_stays_where_no_json_was_asked_for_or_it_holds_another_schema(ask: Any) -> None:
    response, _ = ask((200, whole({"content": FENCED_GOOD})))
    assert response.json()["choices"][0]["message"]["content"] == FENCED_GOOD
    response, outcomes = ask((200, whole({"content": "```json\n{}\n```"})), response_format=FORMAT)
    assert outcomes[0]["success"] is False


HALF = '{"id": "c", "choices": [{"index": 0, "%s": {"content": "%s"}, "finish_reason": %s}]%s}'


@pytest.mark.parametrize("more", ["", ', "note": "\\ud83d"'])
def test_half_an_emoji_goes_through(more: str, ask: Any, provider: Provider) -> None:
    raw = HALF % ("message", "fine \\ud83d", '"stop"', more)
    response, (outcome,) = ask((200, raw.encode()))
    assert response.json()["choices"][0]["message"]["content"] == "fine \ud83d"
    assert (outcome["status"], len(provider.seen)) == (200, 1)


def test_an_emoji_that_is_split_over_two_chunks_is_judged_whole(ask: Any) -> None:
    halves = [HALF % ("delta", text, "null", "") for text in ('{\\"n\\": 40, \\"t\\": \\"\\ud83d', '\\ude80\\"}')]
    _, (outcome,) = ask((200, [*halves, chunk({}, "stop"), "[DONE]"]), stream=True, response_format=FORMAT)
    assert outcome["success"] is True


def test_half_an_emoji_in_a_request_reaches_the_provider(ask: Any, provider: Provider) -> None:
    response, _ = ask(good, messages=[{"role": "user", "content": "cut \ud83d"}])
    assert (response.status_code, response.headers["x-tierwise-model"]) == (200, "small-1")
    assert provider.seen[0]["messages"][0]["content"].startswith("cut ")


@pytest.mark.parametrize(
    ("message", "finish"),
    [
        ({"content": None, "refusal": "I cannot."}, "stop"),
        ({"content": None}, "content_filter"),
        ({"content": [{"type": "refusal", "refusal": "I cannot."}]}, "stop"),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_refusal_under_a_schema_blames_nobody(message: Any, finish: str, is_stream: bool, ask: Any) -> None:
    says = (200, [chunk(message), chunk({}, finish), "[DONE]"] if is_stream else whole(message, finish))
    response, (outcome,) = ask(says, stream=is_stream, response_format=FORMAT)
    assert (response.status_code, response.headers["x-tierwise-model"]) == (200, "small-1")
    assert (outcome["success"], outcome["error"]) == (None, "refusal")


def test_a_stream_without_a_finish_reason_is_whole_when_it_says_so(ask: Any) -> None:
    response, (outcome,) = ask((200, [chunk({"content": GOOD}), "[DONE]"]), stream=True, response_format=FORMAT)
    assert response.text.endswith("data: [DONE]\n\n")
    assert (outcome["success"], outcome["status"]) == (True, 200)


def test_a_stream_that_just_ends_is_broken(ask: Any) -> None:
    response, (outcome,) = ask((200, [chunk({"content": '{"n"'})]), stream=True, response_format=FORMAT)
    assert "[DONE]" not in response.text
    assert (outcome["success"], outcome["error"]) == (None, "broken_connection")


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "required": ["a"]}}}


def call(call_id: str, arguments: str, index: int | None = 0) -> dict[str, Any]:
    said = {"id": call_id, "type": "function", "function": {"name": "f", "arguments": arguments}}
    return {"role": "assistant", "tool_calls": [said if index is None else {"index": index, **said}]}


@pytest.mark.parametrize(
    "deltas",
    [
        [call("a", '{"a": 1}'), call("b", '{"a": 2}')],
        [call("a", '{"a": 1}', None), call("b", '{"a": 2}', None)],
        [call("a", '{"a"'), call("a", ": 1}")],
        [call("a", '{"a"'), {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]}],
    ],
)
def test_calls_that_share_an_index_are_told_apart_by_their_ids(deltas: list[Any], ask: Any) -> None:
    says = (200, [*map(chunk, deltas), chunk({}, "tool_calls"), "[DONE]"])
    _, (outcome,) = ask(says, stream=True, tools=[TOOL])
    assert (outcome["success"], outcome["evaluator"]) == (True, "tool_call")


def test_a_stream_of_messages_instead_of_deltas_is_read(ask: Any) -> None:
    said = {"id": "c", "choices": [{"index": 0, "message": {"content": GOOD}, "finish_reason": "stop"}]}
    _, (outcome,) = ask((200, [said, "[DONE]"]), stream=True, response_format=FORMAT)
    assert (outcome["success"], outcome["evaluator"]) == (True, "schema")


@pytest.mark.parametrize("place", ["choice", "x_groq"])
def test_counts_in_odd_places_of_a_stream_are_read(place: str, ask: Any) -> None:
    last = chunk({}, "stop")
    if place == "choice":
        last["choices"][0]["usage"] = USAGE
    else:
        last["x_groq"] = {"id": "r", "usage": USAGE}
    _, (outcome,) = ask((200, [chunk({"content": "ok"}), last, "[DONE]"]), stream=True)
    assert (outcome["input_tokens"], outcome["output_tokens"]) == (100, 5)

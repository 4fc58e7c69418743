"""POST /v1/chat/completions without a stream: decide, pass through, fall back, escalate, record."""

import time
from pathlib import Path
from typing import Any

import pytest

PATH = "/v1/chat/completions"
SCHEMA = {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "invoice", "schema": SCHEMA}}
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": SCHEMA}}
EASY = {"tierwise": {"step": {"task_type": "extract"}}}


def body(text: str = "Say hello.", **fields: Any) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": text}], **EASY, **fields}


def test_the_answer_comes_from_the_model_of_the_decided_tier(gateway: Any, stored: Any) -> None:
    client = gateway()
    response = client.post(PATH, json=body())
    answer = response.json()
    assert answer["choices"][0]["message"]["content"] == "You said: Say hello."
    assert (answer["model"], answer["provider_note"]) == ("small-1", "unknown fields are kept")
    headers = response.headers
    assert (headers["x-tierwise-tier"], headers["x-tierwise-model"]) == ("small", "small-1")
    decision = stored(client, headers["x-tierwise-decision-id"])
    (outcome,) = decision["outcomes"]
    assert decision["step"]["task_type"] == "extract"
    assert (outcome["tier"], outcome["model"], outcome.get("success")) == ("small", "small-1", None)
    assert (outcome["input_tokens"], outcome["output_tokens"], outcome["cached_tokens"]) == (2, 4, 1)
    assert outcome["cost_usd"] == pytest.approx((2 + 2 * 4) / 1e6)
    assert outcome["latency_ms"] > 0
    assert (outcome["status"], outcome["stream"]) == (200, False)


def test_messages_tools_and_schema_become_the_step(gateway: Any, stored: Any) -> None:
    client = gateway()
    parts = [{"type": "text", "text": "Find it."}]
    asked = body(tools=[TOOL], response_format=FORMAT)
    asked["messages"] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}]
    response = client.post(PATH, json=asked, headers={"x-tierwise-task-id": "t-1", "x-tierwise-agent": "clerk"})
    decision = stored(client, response.headers["x-tierwise-decision-id"])
    step = decision["step"]
    assert [message["content"] for message in step["messages"]] == ["Be brief.", "Find it."]
    assert (step["tools"][0]["name"], step["response_schema"]) == ("look_up", SCHEMA)
    assert (decision["task_id"], step["agent"]) == ("t-1", "clerk")


def test_the_provider_gets_the_body_as_it_came_but_for_the_model(gateway: Any, seen: Any) -> None:
    asked = body(temperature=0.25, made_up_field={"kept": [1, 2.5, None]}, seed=2**53)
    gateway(small="as-it-came").post(PATH, json=asked)
    (entry,) = seen("as-it-came")
    del asked["tierwise"]
    assert entry["body"] == {**asked, "model": "as-it-came"}


def test_the_key_of_the_provider_comes_from_the_environment(
    start: Any, write_tiers: Any, seen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tiers(small="with-key")
    path.write_text(path.read_text().replace("input_usd", 'api_key_env = "OUR_KEY"\ninput_usd'))
    monkeypatch.setenv("OUR_KEY", "s3cret")
    start(tiers=path).post(PATH, json=body(), headers={"authorization": "Bearer callers-own"})
    assert seen("with-key")[0]["key"] == "Bearer s3cret"


@pytest.mark.parametrize(
    ("model", "tier"),
    [("auto", "small"), ("auto:cheap", "small"), ("auto:balanced", "small"), ("auto:best", "frontier")],
)
def test_automatic_models_pick_the_tier(gateway: Any, model: str, tier: str) -> None:
    assert gateway().post(PATH, json=body(model=model)).headers["x-tierwise-tier"] == tier


def test_limits_of_the_caller_win_over_the_name_of_the_model(gateway: Any) -> None:
    options = {"tierwise": {"options": {"max_tier": "mid"}}}
    assert gateway().post(PATH, json=body(model="auto:best", **options)).headers["x-tierwise-tier"] == "mid"


def test_a_named_model_is_called_and_recorded_as_the_callers_choice(gateway: Any, stored: Any) -> None:
    client = gateway()
    response = client.post(PATH, json=body(model="mid-1"))
    assert response.json()["model"] == "mid-1"
    decision = stored(client, response.headers["x-tierwise-decision-id"])
    assert (decision["tier"], decision["model"], decision["policy"]) == ("mid", "mid-1", "caller")
    assert decision["outcomes"][0]["input_tokens"] == 2


@pytest.mark.parametrize("trouble", ["fails-503", "fails-429", "fails-401", "fails-404"])
def test_a_provider_that_fails_is_replaced(gateway: Any, stored: Any, trouble: str) -> None:
    client = gateway(small=[trouble, "small-2"], mid="mid-1")
    response = client.post(PATH, json=body())
    assert (response.status_code, response.json()["model"]) == (200, "small-2")
    assert response.headers["x-tierwise-attempts"] == "2"
    outcomes = stored(client, response.headers["x-tierwise-decision-id"], n=2)["outcomes"]
    errors = [(each["model"], each.get("error"), each.get("success")) for each in outcomes]
    assert errors == [(trouble, f"status_{trouble[6:]}", None), ("small-2", None, None)]


def test_the_next_dearer_tier_stands_in(gateway: Any) -> None:
    response = gateway(small="fails-500", frontier="frontier-1").post(PATH, json=body())
    assert (response.headers["x-tierwise-tier"], response.json()["model"]) == ("frontier", "frontier-1")


def test_nothing_above_the_callers_highest_tier_stands_in(gateway: Any) -> None:
    limited = {"tierwise": {"step": {"task_type": "extract"}, "options": {"max_tier": "small"}}}
    response = gateway(small="fails-500", mid="mid-1").post(PATH, json=body(**limited))
    assert response.status_code == 500


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/v1", "http://127.0.0.1:99999/v1", "no address"])
def test_a_provider_that_is_away_or_silent_is_replaced(
    start: Any, write_tiers: Any, stored: Any, stub_url: str, address: str
) -> None:
    path = write_tiers(small=["away", "slow-2"], mid="mid-1")
    path.write_text(path.read_text().replace(stub_url, address, 1))
    client = start(tiers=path, upstream_timeout_seconds=0.2)
    response = client.post(PATH, json=body())
    assert response.json()["model"] == "mid-1"
    outcomes = stored(client, response.headers["x-tierwise-decision-id"], n=3)["outcomes"]
    assert [each.get("error") for each in outcomes] == ["unreachable", "timeout", None]
    assert [each["status"] for each in outcomes] == [502, 504, 200]


def test_when_no_provider_answers_the_last_error_is_the_callers(gateway: Any, stored: Any) -> None:
    client = gateway(small="fails-500", frontier="fails-503")
    response = client.post(PATH, json=body())
    assert (response.status_code, response.json()["error"]["message"]) == (503, "the stub fails with 503")
    outcomes = stored(client, response.headers["x-tierwise-decision-id"], n=2)["outcomes"]
    assert [each["error"] for each in outcomes] == ["status_500", "status_503"]


@pytest.mark.parametrize(("model", "status"), [("fails-401", 502), ("fails-404", 502), ("fails-429", 429)])
def test_refusals_of_our_keys_and_addresses_are_not_shown_as_the_callers(gateway: Any, model: str, status: int) -> None:
    response = gateway(small=model).post(PATH, json=body())
    assert response.status_code == status
    if status == 502:
        error = response.json()["error"]
        assert (error["type"], error["code"]) == ("server_error", "upstream_failed")
        assert model in error["message"]


def test_what_every_provider_would_refuse_is_not_tried_again(gateway: Any) -> None:
    response = gateway(small="fails-400", mid="mid-1").post(PATH, json=body())
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
    assert response.headers["x-tierwise-attempts"] == "1"


def test_an_answer_that_breaks_its_schema_goes_one_tier_up(gateway: Any, stored: Any) -> None:
    client = gateway(small=["nonsense", "nonsense+2"], mid="mid-1", frontier="frontier-1")
    response = client.post(PATH, json=body(response_format=FORMAT))
    assert response.json()["choices"][0]["message"]["content"] == '{"total": 7}'
    assert (response.headers["x-tierwise-tier"], response.headers["x-tierwise-verified"]) == ("mid", "true")
    outcomes = stored(client, response.headers["x-tierwise-decision-id"], n=2)["outcomes"]
    found = [(each["tier"], each["success"], each["evaluator"]) for each in outcomes]
    assert found == [("small", False, "schema"), ("mid", True, "schema")]


def test_a_tool_call_with_wrong_arguments_goes_one_tier_up(gateway: Any, stored: Any) -> None:
    client = gateway(small="nonsense", frontier="frontier-1")
    response = client.post(PATH, json=body(tools=[TOOL]))
    (call,) = response.json()["choices"][0]["message"]["tool_calls"]
    assert (call["function"]["name"], call["function"]["arguments"]) == ("look_up", '{"total": 7}')
    outcomes = stored(client, response.headers["x-tierwise-decision-id"], n=2)["outcomes"]
    assert [(each["success"], each["evaluator"]) for each in outcomes] == [
        (False, "tool_call"),
        (True, "tool_call"),
    ]


def test_when_no_answer_will_do_the_caller_gets_the_dearest_and_is_told(gateway: Any) -> None:
    response = gateway(small="nonsense", mid="nonsense+mid").post(PATH, json=body(response_format=FORMAT))
    assert (response.status_code, response.json()["model"]) == (200, "nonsense+mid")
    assert response.headers["x-tierwise-verified"] == "false"


def test_an_answer_that_will_not_do_is_better_than_a_provider_that_fails(gateway: Any) -> None:
    response = gateway(small="nonsense", mid="fails-503").post(PATH, json=body(response_format=FORMAT))
    assert (response.status_code, response.json()["model"]) == (200, "nonsense")


def test_a_model_that_lacks_a_capability_is_passed_over(start: Any, write_tiers: Any) -> None:
    path = write_tiers(small="plain", mid="able")
    text = path.read_text().replace('name = "plain"', 'name = "plain"\ncapabilities = ["json"]')
    path.write_text(text)
    client = start(tiers=path)
    assert client.post(PATH, json=body(tools=[TOOL])).headers["x-tierwise-model"] == "able"
    assert client.post(PATH, json=body()).headers["x-tierwise-model"] == "plain"
    only_small = {"tierwise": {"options": {"max_tier": "small"}}}
    assert client.post(PATH, json=body(tools=[TOOL], **only_small)).headers["x-tierwise-model"] == "plain"


def test_usage_that_the_provider_does_not_tell_stays_unknown(gateway: Any, stored: Any) -> None:
    client = gateway(small="no-usage")
    response = client.post(PATH, json=body())
    (outcome,) = stored(client, response.headers["x-tierwise-decision-id"])["outcomes"]
    assert "cost_usd" not in outcome
    assert "input_tokens" not in outcome


def test_a_provider_that_keeps_failing_is_left_alone_for_a_while(gateway: Any) -> None:
    client = gateway(small=["fails-502", "small-2"])
    attempts = [client.post(PATH, json=body()).headers["x-tierwise-attempts"] for _ in range(5)]
    assert attempts == ["2", "2", "2", "1", "1"]


def test_a_provider_that_keeps_failing_is_called_where_there_is_no_other(gateway: Any) -> None:
    client = gateway(small="fails-502")
    assert [client.post(PATH, json=body()).status_code for _ in range(5)] == [502] * 5


def test_outcomes_wait_for_a_database_that_is_away(
    gateway: Any, stored: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tierwise.serving.gateway.reports.RETRY_SECONDS", 0.05)
    folder = tmp_path / "away"
    folder.write_text("a file is in the way of the folder")
    client = gateway({"log_url": f"sqlite:///{folder}/decisions.db"})
    response = client.post(PATH, json=body())
    assert response.status_code == 200
    time.sleep(0.3)
    folder.unlink()
    folder.mkdir()
    (outcome,) = stored(client, response.headers["x-tierwise-decision-id"])["outcomes"]
    assert outcome["output_tokens"] == 4
    assert "tierwise_lost_gateway_outcomes_total 0.0" in client.get("/metrics").text

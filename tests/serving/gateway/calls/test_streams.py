"""Streams: chunks as they come, usage when it was asked for, trouble before and in the middle, callers who hang up."""

import json
import time
from typing import Any

import httpx2
import pytest

PATH = "/v1/chat/completions"
SCHEMA = {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "invoice", "schema": SCHEMA}}
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": SCHEMA}}


def body(text: str = "Say hello.", **fields: Any) -> dict[str, Any]:
    step = {"tierwise": {"step": {"task_type": "extract"}}}
    return {"model": "auto", "stream": True, "messages": [{"role": "user", "content": text}], **step, **fields}


def events(response: httpx2.Response) -> list[Any]:
    assert response.headers["content-type"].startswith("text/event-stream")
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    return ["[DONE]" if line == "[DONE]" else json.loads(line) for line in lines]


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])


def test_chunks_pass_as_they_are_and_usage_is_recorded_though_nobody_asked(gateway: Any, stored: Any) -> None:
    client = gateway()
    response = client.post(PATH, json=body())
    *chunks, done = events(response)
    assert (text_of(chunks), done) == ("You said: Say hello.", "[DONE]")
    assert all(chunk["choices"] and chunk["model"] == "small-1" for chunk in chunks)
    assert response.headers["x-tierwise-model"] == "small-1"
    (outcome,) = stored(client, response.headers["x-tierwise-decision-id"])["outcomes"]
    assert (outcome["input_tokens"], outcome["output_tokens"], outcome["stream"]) == (2, 4, True)
    assert outcome["cost_usd"] == pytest.approx((2 + 2 * 4) / 1e6)
    assert 0 < outcome["first_chunk_ms"] <= outcome["latency_ms"]


def test_a_caller_who_asks_for_usage_gets_it(gateway: Any, seen: Any) -> None:
    asked = body(stream_options={"include_usage": True, "include_obfuscation": False})
    *chunks, _ = events(gateway(small="asked").post(PATH, json=asked))
    assert (chunks[-1]["choices"], chunks[-1]["usage"]["total_tokens"]) == ([], 6)
    (entry,) = seen("asked")
    assert entry["body"]["stream_options"] == {"include_usage": True, "include_obfuscation": False}


def test_a_provider_that_refuses_to_stream_is_replaced(gateway: Any) -> None:
    for trouble in ("fails-503", "broken-0", "cut-0"):
        response = gateway(small=trouble, mid="mid-1").post(PATH, json=body())
        assert (response.status_code, response.headers["x-tierwise-model"]) == (200, "mid-1")
        assert text_of(events(response)[:-1]) == "You said: Say hello."


def test_an_error_before_the_first_chunk_keeps_its_status(gateway: Any) -> None:
    response = gateway(small="fails-429").post(PATH, json=body())
    assert (response.status_code, response.json()["error"]["message"]) == (429, "the stub fails with 429")


@pytest.mark.parametrize(("model", "error"), [("cut-3", "broken_connection"), ("broken-3", "error_event")])
def test_trouble_in_the_middle_is_an_error_event_and_no_end(gateway: Any, stored: Any, model: str, error: str) -> None:
    client = gateway(small=model)
    response = client.post(PATH, json=body())
    *chunks, last = events(response)
    assert text_of(chunks) == "You said: "
    assert last["error"]["type"] == "server_error"
    (outcome,) = stored(client, response.headers["x-tierwise-decision-id"])["outcomes"]
    assert (outcome["error"], outcome["status"], outcome.get("success")) == (error, 502, None)


@pytest.mark.parametrize(
    ("fields", "evaluator"), [({"response_format": FORMAT}, "schema"), ({"tools": [TOOL]}, "tool_call")]
)
def test_a_stream_is_judged_when_it_is_complete(
    gateway: Any, stored: Any, fields: dict[str, Any], evaluator: str
) -> None:
    for model, success in (("small-1", True), ("nonsense", False)):
        client = gateway(small=model, mid="mid-1")
        response = client.post(PATH, json=body(**fields))
        (outcome,) = stored(client, response.headers["x-tierwise-decision-id"])["outcomes"]
        assert (outcome["tier"], outcome["success"], outcome["evaluator"]) == ("small", success, evaluator)


def test_a_caller_who_hangs_up_stops_the_provider_and_is_recorded(live: Any, stored: Any, seen: Any) -> None:
    model = "pause-0.1"
    url = live(small=model)
    text = "word " * 200
    with httpx2.stream("POST", url + PATH, json=body(text)) as response:
        next(response.iter_bytes())
        decision_id = response.headers["x-tierwise-decision-id"]
    with httpx2.Client(base_url=url) as client:
        (outcome,) = stored(client, decision_id)["outcomes"]
    assert (outcome["error"], outcome["status"]) == ("client_closed", 499)
    assert outcome["latency_ms"] < 5_000
    assert wait_for(lambda: seen(model)[-1].get("finished") is False)


def test_a_caller_who_hangs_up_before_the_answer_is_recorded(live: Any, tmp_path: Any) -> None:
    url = live(small="slow-2")
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(url + PATH, json=body(stream=False), timeout=0.5)
    with httpx2.Client(base_url=url) as client:
        outcome = wait_for(lambda: outcomes_of(tmp_path))[0]
        assert (outcome.error, outcome.extra["status"]) == ("client_closed", 499)
        assert client.get("/healthz").status_code == 200


def outcomes_of(folder: Any) -> list[Any]:
    from tierwise.data.decision_log import DecisionLog

    with DecisionLog.open(f"sqlite:///{folder}/decisions.db") as log:
        return [attempt for step in log.logged_steps() for attempt in step.attempts]


def wait_for(ready: Any, seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = ready()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")

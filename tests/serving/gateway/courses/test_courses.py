"""Courses in the gateway: cheap tiers side by side, judged, one answer to the caller, every opinion in the log."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import httpx2
import pytest

from tests.serving.gateway.scripted_models import LOGPROBS, TIERS, Models, scripted
from tierwise.data.courses import ran_course
from tierwise.data.decision_log import DecisionLog
from tierwise.router_model.monitor.evidence import show

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
TOOL_SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
TOOL = {"type": "function", "function": {"name": "book", "parameters": TOOL_SCHEMA}}


@pytest.fixture
def app(start: Any, answered: Any, tiers: Path) -> Any:
    return start(answered, tiers=tiers, courses=True, answers="text", audit_share=0.0)


def body(**fields: Any) -> dict[str, Any]:
    step = {"step": {"task_type": "count"}, "options": {"max_quality_loss": 0.05}}
    return {"model": "auto", "messages": [{"role": "user", "content": "How many? (53)"}], "tierwise": step, **fields}


def told(response: Any) -> tuple[str, str, str]:
    return tuple(response.headers[f"x-tierwise-{name}"] for name in ("asked", "accepted", "tier"))  # type: ignore[return-value]


def test_answers_that_agree_are_accepted_and_the_top_tier_is_not_asked(app: Any, models: Models, stored: Any) -> None:
    response = app.post(CHAT, json=body())
    asked, accepted, tier = told(response)
    assert response.status_code == 200
    assert models.asked() == ["mid", "small"]
    assert (asked, accepted) == ("small,mid", tier)
    assert response.headers["x-tierwise-course"] == "learned small+mid else frontier"
    assert float(response.headers["x-tierwise-opinions-usd"]) == pytest.approx(105 * 11 / 1e6)
    assert response.json()["model"] == f"{tier}-1"
    outcomes = stored(app, response.headers["x-tierwise-decision-id"], 2)["outcomes"]
    assert sorted(each["tier"] for each in outcomes) == ["mid", "small"]
    for each in outcomes:
        assert each["course"] == {"ask": ["small", "mid"], "accept": "learned", "otherwise": "frontier"}
        assert each["acceptance"]["accepted"] == accepted
        assert set(each["acceptance"]["p_success"]) == set(TIERS)
        assert each["is_used"] == (each["tier"] == accepted)
        assert each["logprobs"] == {"mean": pytest.approx(-0.3), "min": -0.5, "n": 2}
        assert each["output"]
        assert each["latency_ms"] > 0


def test_log_probabilities_are_asked_for_and_taken_out(app: Any, models: Models) -> None:
    response = app.post(CHAT, json=body())
    assert all(each["logprobs"] is True for each in models.seen)
    assert response.json()["choices"][0]["logprobs"] is None


def test_a_caller_with_log_probabilities_of_its_own_keeps_them(app: Any, models: Models) -> None:
    response = app.post(CHAT, json=body(logprobs=True, top_logprobs=2))
    assert response.json()["choices"][0]["logprobs"] == LOGPROBS
    assert [each["top_logprobs"] for each in models.seen] == [2, 2]


def test_a_model_that_refuses_log_probabilities_is_asked_without_and_remembered(app: Any, models: Models) -> None:
    def says(sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if sent.get("logprobs"):
            return 400, {"error": {"message": "'logprobs' is not supported with this model", "param": "logprobs"}}
        return scripted("The answer is 7.", sent)

    models.says["small"] = says
    assert told(app.post(CHAT, json=body()))[1] != "none"
    assert told(app.post(CHAT, json=body()))[1] != "none"
    assert [each.get("logprobs") for each in models.seen if each["model"] == "small-1"] == [True, None, None]


def test_answers_that_differ_go_on_to_the_top_tier(app: Any, models: Models, stored: Any) -> None:
    models.says["mid"] = "812"
    response = app.post(CHAT, json=body())
    assert told(response) == ("small,mid,frontier", "none", "frontier")
    assert response.json()["choices"][0]["message"]["content"] == "7, of course."
    outcomes = stored(app, response.headers["x-tierwise-decision-id"], 3)["outcomes"]
    assert [each["tier"] for each in outcomes][-1] == "frontier"
    assert all(each["course"] for each in outcomes)
    assert "logprobs" not in next(each for each in models.seen if each["model"] == "frontier-1")


@pytest.mark.parametrize("is_same", [True, False])
def test_streams_are_those_of_the_one_answer(app: Any, models: Models, is_same: bool) -> None:
    models.says["mid"] = "**7**" if is_same else "812"
    response = app.post(CHAT, json=body(stream=True))
    assert response.headers["content-type"].startswith("text/event-stream")
    events = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert events.pop() == "[DONE]"
    chunks = [json.loads(event) for event in events]
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
    expected = {"small": "The answer is 7.", "mid": "**7**", "frontier": "7, of course."}
    assert text == expected[told(response)[2]]
    assert (told(response)[1] == "none") == (not is_same)
    assert [bool(each.get("stream")) for each in models.seen] == [False, False, True][: len(models.seen)]


@pytest.mark.parametrize(
    ("text", "finish", "is_accepted"),
    [('{"n": 7}', "stop", True), ('```json\n{"n": 7}\n```', "stop", False), ('{"n": 7}', "length", False)],
)
def test_an_answer_of_which_nobody_can_tell_is_no_opinion(
    text: str, finish: str, is_accepted: bool, app: Any, models: Models
) -> None:
    def says(sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        status, answer = scripted(text, sent)
        answer["choices"][0]["finish_reason"] = finish
        return status, answer

    models.says = {"small": says, "mid": says}
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": TOOL_SCHEMA}}
    response = app.post(CHAT, json=body(response_format=wanted))
    assert response.status_code == 200
    assert (told(response)[1] != "none") is is_accepted
    assert ("frontier" in models.asked()) is not is_accepted


def test_other_protocols_run_courses_too(app: Any, models: Models) -> None:
    extra = body()["tierwise"]
    asked = {"model": "auto", "max_tokens": 50, "tierwise": extra, "messages": body()["messages"]}
    found = app.post(MESSAGES, json=asked)
    assert told(found)[1] in ("small", "mid")
    assert "7" in found.json()["content"][0]["text"]
    asked = {"model": "auto", "input": "How many? (53)", "store": False, "tierwise": extra, "stream": True}
    found = app.post(RESPONSES, json=asked)
    assert told(found)[1] in ("small", "mid")
    assert "response.completed" in found.text
    assert models.asked() == ["mid", "mid", "small", "small"]


@pytest.mark.parametrize(
    ("path", "fields", "headers"),
    [
        (CHAT, {}, {"x-tierwise-once": "true"}),
        (CHAT, {"store": True}, {}),
        (CHAT, {"n": 2}, {}),
        (CHAT, {"web_search_options": {"search_context_size": "low"}}, {}),
        (CHAT, {"stream": True, "logprobs": True}, {}),
        (CHAT, {"tierwise": {"step": {"task_type": "count"}, "options": {"courses": False}}}, {}),
        (CHAT, {"model": "mid-1"}, {}),
        (CHAT, {"model": "auto:best"}, {}),
        (RESPONSES, {"input": "How many? (53)", "messages": None}, {}),
        (RESPONSES, {"input": "How many?", "store": False, "tools": [{"type": "web_search"}]}, {}),
    ],
)
def test_what_must_not_run_twice_runs_once(
    app: Any, models: Models, path: str, fields: dict[str, Any], headers: dict[str, str]
) -> None:
    sent = {name: value for name, value in body(**fields).items() if value is not None}
    if path == RESPONSES:
        sent.pop("messages", None)
    response = app.post(path, json=sent, headers=headers)
    assert "x-tierwise-course" not in response.headers
    assert len(models.seen) <= 1


def test_without_the_setting_nothing_is_asked_twice(start: Any, answered: Any, tiers: Path, models: Models) -> None:
    response = start(answered, tiers=tiers).post(CHAT, json=body())
    assert response.status_code == 200
    assert len(models.seen) == 1


def test_tool_calls_are_compared_and_one_of_them_is_passed_on(app: Any, models: Models) -> None:
    def call(arguments: str) -> dict[str, Any]:
        function = {"name": "book", "arguments": arguments}
        return {"tool_calls": [{"id": "call-1", "type": "function", "function": function}]}

    models.says |= {"small": call('{"n": 41234}'), "mid": call('{ "n":41234 }'), "frontier": call('{"n": 5}')}
    response = app.post(CHAT, json=body(tools=[TOOL]))
    (found,) = response.json()["choices"][0]["message"]["tool_calls"]
    assert found["function"]["name"] == "book"
    models.says["mid"] = call('{"m": 1}')
    response = app.post(CHAT, json=body(tools=[TOOL]))
    assert told(response) == ("small,mid,frontier", "none", "frontier")


def test_a_model_that_fails_in_the_middle_sends_the_step_to_the_top_tier(app: Any, models: Models, stored: Any) -> None:
    models.says["mid"] = lambda _: (500, {"error": {"message": "broken"}})
    response = app.post(CHAT, json=body())
    assert told(response) == ("small,mid,frontier", "none", "frontier")
    outcomes = stored(app, response.headers["x-tierwise-decision-id"], 3)["outcomes"]
    assert [each["tier"] for each in outcomes if each.get("error")] == ["mid"]


@pytest.mark.parametrize("is_stream", [True, False])
def test_where_the_top_tier_fails_an_opinion_is_better_than_nothing(app: Any, models: Models, is_stream: bool) -> None:
    models.says |= {"mid": "812", "frontier": lambda _: (500, {"error": {"message": "broken"}})}
    response = app.post(CHAT, json=body(stream=is_stream))
    assert (response.status_code, told(response)[1:]) == (200, ("none", "mid"))
    assert "812" in response.text


@pytest.mark.slow
def test_a_top_tier_that_rests_is_still_asked_when_a_course_goes_on(app: Any, models: Models) -> None:
    models.says |= {"mid": "812", "frontier": lambda _: (500, {"error": {"message": "broken"}})}
    for _ in range(6):
        app.post(CHAT, json=body())
    models.says["frontier"] = "7, of course."
    assert told(app.post(CHAT, json=body()))[2] == "frontier"


def test_opinions_are_asked_side_by_side(app: Any, models: Models) -> None:
    meeting = Barrier(2, timeout=60)  # breaks unless both calls are under way at once

    def says(sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        meeting.wait()
        return scripted("7", sent)

    models.says |= {"small": says, "mid": says}
    assert told(app.post(CHAT, json=body()))[1] != "none"


def test_a_caller_who_hangs_up_ends_all_opinions(
    answered: Any, tiers: Path, models: Models, serve_live: Callable[..., str]
) -> None:
    begun, release = Barrier(3, timeout=60), Event()

    def says(sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        begun.wait()
        release.wait(60)
        return scripted("7" * 1_000_000, sent)

    models.says |= {"small": says, "mid": says}
    address = serve_live(answered, tiers=tiers, courses=True, audit_share=0.0)
    with ThreadPoolExecutor(1) as threads:
        gone = threads.submit(_hang_up, address)
        begun.wait()
        assert gone.result()
    release.set()

    def count() -> int:
        counters = [line for line in httpx2.get(f"{address}/metrics").text.splitlines() if 'status="499"' in line]
        return len([line for line in counters if line.startswith("tierwise_upstream_calls_total")])

    assert _until(count, 2) == 2
    assert models.asked() == ["mid", "small"]


@pytest.mark.slow
def test_fifty_calls_side_by_side_get_their_own_answers(
    answered: Any, tiers: Path, models: Models, serve_live: Callable[..., str]
) -> None:
    def says(sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        number = sent["messages"][0]["content"].removeprefix("How many? ")
        return scripted(f"The answer is {number}.", sent)

    models.says |= {"small": says, "mid": says, "frontier": says}
    with httpx2.Client(base_url=serve_live(answered, tiers=tiers, courses=True, audit_share=0.0), timeout=60) as client:

        def ask(number: int) -> str:
            asked = body(messages=[{"role": "user", "content": f"How many? {number}"}])
            return str(client.post(CHAT, json=asked).json()["choices"][0]["message"]["content"])

        with ThreadPoolExecutor(50) as threads:
            answers = list(threads.map(ask, range(1000, 1050)))
    assert answers == [f"The answer is {number}." for number in range(1000, 1050)]


def test_the_log_of_courses_is_no_collected_log_and_breaks_no_promise(
    app: Any, models: Models, stored: Any, tmp_path: Path
) -> None:
    models.says["mid"] = "812"
    response = app.post(CHAT, json=body())
    stored(app, response.headers["x-tierwise-decision-id"], 3)
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        (step,) = log.logged_steps()
    assert ran_course(step)
    assert show(step, TIERS) is None


def _hang_up(address: str) -> bool:
    """Gives up after half a second."""
    try:
        httpx2.post(address + CHAT, json=body(), timeout=0.5)
    except httpx2.TimeoutException:
        return True
    return False


def _until(count: Callable[[], int], wanted: int) -> int:
    for _ in range(400):
        if count() >= wanted:
            break
        time.sleep(0.025)
    return count()

"""Courses over real local models: what is asked, the scripted parts, and how the report counts."""

import json
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.walk.asked import REFERENCE
from benchmarks.walk.courses.__main__ import _acts
from benchmarks.walk.courses.asks import N_TOGETHER, SHARES, TOGETHER, TOOLS, course_asks
from benchmarks.walk.courses.found import by_kind, in_the_log
from benchmarks.walk.courses.models import NAMES, scripted_top, tiers_toml
from benchmarks.walk.courses.prompted_tools import called, prompt_of, prompting
from tierwise.agents.collect.joining import read_log
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.parts import Logprobs
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.data.samples import sample_log_path
from tierwise.data.samples.verifiers import verify

GOLD = '{"tool": "set_timer", "args": {"minutes": 180}}'
PARAMETERS = {"type": "object", "properties": {"minutes": {"type": "integer"}, "label": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "set_timer", "parameters": PARAMETERS}}


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return read_log(sample_log_path())


def post(url: str, **body: Any) -> str:
    request = urllib.request.Request(
        f"{url}/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        return str(response.read().decode())


def ask(content: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": content}], **more}


def test_every_kind_of_call_is_there_on_different_steps(records: list[dict[str, Any]]) -> None:
    asks = course_asks(records)
    assert Counter(each.kind for each in asks) == SHARES
    assert len({each.record["step_id"] for each in asks}) == len(asks)
    assert course_asks(records) == asks
    sizes = {(act[0].kind, len(act)) for act in _acts(asks)}
    assert sizes == {(kind, N_TOGETHER if kind == TOGETHER else 1) for kind in SHARES}
    assert {each.kind for each in asks[: len(asks) // 4]} == set(SHARES)


def test_a_call_with_tools_offers_the_right_one_and_another(records: list[dict[str, Any]]) -> None:
    for each in course_asks(records):
        names = [tool["function"]["name"] for tool in each.tools]
        assert bool(names) == (each.kind == TOOLS)
        if names:
            assert json.loads(each.record["gold"])["tool"] in names
            assert len(set(names)) == 2
            assert each.record["step"]["text"].endswith(f"Task: {each.prompt}")


def test_the_scripted_top_answers_whole_as_a_stream_and_with_a_tool() -> None:
    with scripted_top({"How many?": "Seven.", "Ring a bell in 3 hours.": GOLD}) as url:
        whole = json.loads(post(url, **ask("How many?")))
        assert whole["choices"][0]["message"]["content"] == "Seven."
        assert whole["model"] == REFERENCE
        stream = post(url, **ask("How many?", stream=True))
        assert '"content": "Seven."' in stream
        assert stream.endswith("data: [DONE]\n\n")
        choice = json.loads(post(url, **ask("Ring a bell in 3 hours.", tools=[TOOL])))["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "set_timer", "arguments": '{"minutes": 180}'}


def test_tools_are_named_in_a_prompt_as_the_log_names_them(records: list[dict[str, Any]]) -> None:
    texts = [
        (record["step"]["text"], [{"type": "function", "function": tool} for tool in record["step"]["tools"]])
        for record in records
        if record["family"] == "tool_call"
    ]
    assert any(prompt_of(text.rpartition("Task: ")[2], tools) == text for text, tools in texts)


@pytest.mark.parametrize("text", [GOLD, f"```json\n{GOLD}\n```", f"Sure: {GOLD}"])
def test_a_call_in_words_is_read_back(text: str) -> None:
    call = called(text)
    assert call is not None
    assert json.loads(call["function"]["arguments"]) == {"minutes": 180}


@pytest.mark.parametrize("text", ["I cannot.", "{", '{"args": {}}', '{"tool": 3}', "[1]", ""])
def test_what_calls_nothing_stays_a_text(text: str) -> None:
    assert called(text) is None


def test_a_model_without_tools_calls_one_by_prompt() -> None:
    prompt = prompt_of("Ring a bell in 3 hours.", [TOOL])
    with scripted_top({prompt: f"Sure: {GOLD}"}) as model, prompting(model) as url:
        message = json.loads(post(url, **ask("Ring a bell in 3 hours.", tools=[TOOL])))["choices"][0]["message"]
        other = json.loads(post(url, **ask("Something else.", tools=[TOOL])))["choices"][0]["message"]
    assert message["tool_calls"][0]["function"]["name"] == "set_timer"
    assert other["content"] == "I do not know."


def test_calls_with_tools_go_to_the_models_that_have_them(tmp_path: Path) -> None:
    tiers = tmp_path / "tiers.toml"
    addresses = {tier: f"http://127.0.0.1:{at}/v1" for at, tier in enumerate(NAMES, start=1)}
    tiers.write_text(tiers_toml(addresses, {"small": "http://127.0.0.1:8/v1", "mid": "http://127.0.0.1:9/v1"}))
    catalogue = TierCatalogue.load(tiers)
    with_tools = [
        [model.base_url[-4] for model in tier.models if "tools" in model.capabilities] for tier in catalogue.tiers
    ]
    assert with_tools == [["8"], ["9"], ["3"]]
    assert [tier.models[0].base_url[-4] for tier in catalogue.tiers] == ["1", "2", "3"]


def logged() -> LoggedStep:
    course = {"course": {"ask": ["small", "mid"]}}
    return LoggedStep(
        "s-1",
        Step(text="How many?"),
        (
            Attempt("small", cost_usd=0.001, logprobs=Logprobs(-0.1, -0.2, 3), extra=course),
            Attempt("mid", cost_usd=0.002, extra=course),
            Attempt("frontier", cost_usd=0.5, extra={"audit": True, "is_same": True}),
        ),
        task_id="plain-s-1",
    )


def test_the_report_counts_opinions_and_leaves_audits_out_of_the_bill() -> None:
    told = {"tier": "mid", "asked": "small,mid", "accepted": "mid", "course": "learned small+mid else frontier"}
    done = {"name": "plain-s-1", "kind": "plain", "seconds": 2.0, "is_hung_up": False, "told": told, "is_right": True}
    left = {"name": "hung-up-s-2", "kind": "hung up", "seconds": 4.0, "is_hung_up": True, "told": {}, "is_right": None}
    table = by_kind([done, left], {"plain-s-1": logged()})
    assert "0.003000" in table
    assert "1 of 1" in table
    assert "0 of 0" in table
    lines = in_the_log([done, left], {"plain-s-1": logged()})
    assert lines[:4] == [
        "1 of 2 calls ran a course to its end.",
        "2 of the 2 tiers that they asked stand in the decision log.",
        "2 opinions stand there with their course, 1 of them with log-probabilities.",
        "1 of 1 audited answers are the top tier's.",
    ]


def test_an_audit_is_no_answer_of_a_tier_that_was_asked() -> None:
    told = {"tier": "frontier", "asked": "small,mid,frontier", "course": "learned small+mid else frontier"}
    call = {"name": "plain-s-1", "kind": "plain", "is_hung_up": False, "told": told}
    assert (
        in_the_log([call], {"plain-s-1": logged()})[1] == "2 of the 3 tiers that they asked stand in the decision log."
    )


def test_gold_answers_pass_their_verifier_as_calls(records: list[dict[str, Any]]) -> None:
    for each in course_asks(records):
        if each.kind == TOOLS:
            call = called(each.record["gold"])
            assert call is not None
            said = {"tool": call["function"]["name"], "args": json.loads(call["function"]["arguments"])}
            assert verify(each.record["verify"], json.dumps(said))

"""Every kind of exchange, with every protocol on either side, whole and streamed, against strict ends."""

from typing import Any

import pytest

from tests.strict_stub.callers import PATHS, Heard, hear, hear_stream, request, with_results

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOTAL = {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}
EASY = {"step": {"task_type": "extract"}}
FINISHES = {
    "chat": {"stop": "stop", "tools": "tool_calls", "cut": "length"},
    "responses": {"stop": "completed", "tools": "completed", "cut": "incomplete"},
    "messages": {"stop": "end_turn", "tools": "tool_use", "cut": "max_tokens"},
}
SHAPES: dict[str, tuple[str, dict[str, Any], str]] = {
    "plain": ("Say hello.", {}, "m"),
    "system": ("Say hello.", {"system": "Be brief."}, "m"),
    "image": ("What is it?", {"image": True}, "m"),
    "structured": ("How much?", {"schema": TOTAL}, "m"),
    "tool": ("Weather?", {"tools": {"weather": CITY}}, "m"),
    "parallel": ("Weather for both?", {"tools": {"weather": CITY}}, "m"),
    "two tools": ("Call add.", {"tools": {"weather": CITY, "add": TOTAL}}, "m"),
    "thinking": ("Say hello.", {}, "thinks"),
    "thinking and tool": ("Weather?", {"tools": {"weather": CITY}}, "thinks"),
    "refusal": ("Do harm.", {}, "refuses"),
    "truncation": ("Say it all, one after the other.", {}, "truncates"),
    "unicode": ("Grüße 🚀 \n\n data: x", {}, "m"),
    "temperature": ("Say hello.", {"temperature": 0.5, "top_p": 0.9}, "m"),
}


@pytest.fixture(params=["whole", "stream"])
def is_stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "stream")


def ask(client: Any, caller: str, body: dict[str, Any], is_stream: bool) -> tuple[Heard, Any]:
    response = client.post(PATHS[caller], json={**body, "stream": is_stream, "tierwise": EASY})
    assert response.status_code == 200, response.text
    return (hear_stream(caller, response.text) if is_stream else hear(caller, response.json())), response


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("upstream", PATHS)
@pytest.mark.parametrize("caller", PATHS)
def test_an_exchange(everyone: Any, caller: str, upstream: str, shape: str, is_stream: bool) -> None:
    text, fields, model = SHAPES[shape]
    model = f"{model}+{upstream}"
    heard, response = ask(everyone, caller, request(caller, text, model=model, **fields), is_stream)
    kind = "tools" if "tools" in fields else "cut" if "truncates" in model else "stop"
    if shape == "refusal":
        assert heard.refusal + heard.text == "I will not do that."
        return
    assert heard.finish == FINISHES[caller][kind]
    assert response.headers["x-tierwise-model"] == model
    assert response.headers["x-request-id"] == "req-1"
    assert heard.thinking == ("Let me see." if "thinks" in model else "")
    expected: list[tuple[str, Any]] = []
    if "tools" in fields:
        name, arguments = ("add", {"total": 7}) if shape == "two tools" else ("weather", {"city": "Berlin"})
        expected = [(name, arguments)] * (2 if shape == "parallel" else 1)
    assert heard.calls == expected
    said = '{"total": 7}' if shape == "structured" else f"You said: {text}"
    said = said[: len(said) // 2] if shape == "truncation" else said
    assert heard.text.strip() == ("" if expected else said)


@pytest.mark.parametrize("model", ["m", "thinks"])
@pytest.mark.parametrize("upstream", PATHS)
@pytest.mark.parametrize("caller", PATHS)
def test_a_loop_of_tools(everyone: Any, stored: Any, caller: str, upstream: str, model: str, is_stream: bool) -> None:
    """Two calls, their results, and the answer; thought finds its way back to the one who thought it."""
    body = request(caller, "Weather for both?", tools={"weather": CITY}, model=f"{model}+{upstream}")
    heard, _ = ask(everyone, caller, body, is_stream)
    again, response = ask(everyone, caller, with_results(caller, body, heard, "sunny"), is_stream)
    assert again.text == "You said: sunny"
    decision = stored(everyone, response.headers["x-tierwise-decision-id"])
    roles = [message["role"] for message in decision["step"]["messages"]]
    assert (roles[0], roles[-2:]) == ("user", ["tool", "tool"])
    assert decision["step"]["tools"][0]["name"] == "weather"
    assert decision["outcomes"][0]["input_tokens"] > 10


@pytest.mark.parametrize("upstream", PATHS)
@pytest.mark.parametrize("caller", PATHS)
def test_turns_may_go_to_models_of_different_protocols(everyone: Any, strict: Any, caller: str, upstream: str) -> None:
    """What one provider thought never reaches another."""
    body = request(caller, "Weather?", tools={"weather": CITY}, model=f"thinks+{upstream}")
    heard, _ = ask(everyone, caller, body, False)
    for other in PATHS:
        if other != upstream:
            turn = {**with_results(caller, body, heard, "sunny"), "model": f"m+{other}"}
            again, _ = ask(everyone, caller, turn, False)
            assert again.text == "You said: sunny"
            assert "Let me see." not in str(strict.seen[-1]["body"])


@pytest.mark.parametrize("upstream", PATHS)
@pytest.mark.parametrize("caller", PATHS)
def test_an_answer_that_breaks_its_schema_goes_one_tier_up(gateway: Any, caller: str, upstream: str) -> None:
    client = gateway(
        small=[{"name": "nonsense", "protocols": [upstream]}], mid=[{"name": "m", "protocols": [upstream]}]
    )
    for fields in ({"schema": TOTAL}, {"tools": {"add": TOTAL}}):
        heard, response = ask(client, caller, request(caller, "How much?", **fields), False)
        assert (response.headers["x-tierwise-tier"], response.headers["x-tierwise-verified"]) == ("mid", "true")
        assert heard.text == '{"total": 7}' or heard.calls == [("add", {"total": 7})]

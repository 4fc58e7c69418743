"""The clients of npm in their default setting: tools and streams, against models of every protocol."""

from typing import Any


def test_openai(run_node: Any, gateway: Any) -> None:
    found = run_node("openai.mjs")
    hello = "You said: Say hello."
    assert found == {"responses": hello, "responsesTools": "You said: sunny", "chat": hello, "models": "auto"}
    assert len(gateway.recorded(4)) == 4


def test_anthropic(run_node: Any, gateway: Any) -> None:
    found = run_node("anthropic.mjs")
    assert (found["messages"], found["models"]) == ("You said: sunny", "auto")
    assert found["tokens"] > 0
    assert len(gateway.recorded(2)) == 2


def test_ai_sdk(run_node: Any, gateway: Any) -> None:
    found = run_node("ai_sdk.mjs")
    assert found == {"whole": "You said: Say hello.", "loop": "You said: sunny in Berlin", "steps": 2}
    assert len(gateway.recorded(3)) == 3

"""Every path through the gateway: what comes into the log as success or failure names the check that said so."""

from pathlib import Path
from typing import Any

import pytest

from tests.serving.gateway.scripted_models import TIERS, Models
from tierwise.data.decision_log import DecisionLog

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "schema": NUMBER}}
FLAT_FORMAT = {"type": "json_schema", "name": "n", "schema": NUMBER}
TOOL = {"name": "book", "parameters": NUMBER}
WORDS = [{"role": "user", "content": "How many? (53)"}]
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/chat/completions", {"messages": WORDS}),
    ("/v1/chat/completions", {"messages": WORDS, "response_format": FORMAT}),
    ("/v1/chat/completions", {"messages": WORDS, "tools": [{"type": "function", "function": TOOL}]}),
    ("/v1/responses", {"input": "How many? (53)"}),
    ("/v1/responses", {"input": "How many? (53)", "text": {"format": FLAT_FORMAT}}),
    ("/v1/messages", {"messages": WORDS, "max_tokens": 50}),
    ("/v1/messages", {"messages": WORDS, "max_tokens": 50, "tools": [{"name": "book", "input_schema": NUMBER}]}),
]  # fmt: skip
CALL = {"id": "c", "type": "function", "function": {"name": "book", "arguments": '{"n": "seven"}'}}
ANSWERS: dict[str, Any] = {
    "a number": '{"n": 7}',
    "words": "7, of course.",
    "nothing": "",
    "a refusal": {"content": None, "refusal": "I would rather not."},
    "a call that breaks its schema": {"content": None, "tool_calls": [CALL]},
    "trouble": lambda _: (503, {"error": {"message": "overloaded", "type": "server_error"}}),
}
MODES: dict[str, dict[str, Any]] = {
    "by rules": {"rules": True},
    "observing": {"observe": True, "rules": False},
    "mirroring": {"observe": True, "rules": False, "mirror_usd_per_day": 9.0, "mirror_share": 1.0},
    "by courses": {"courses": True, "answers": "text", "audit_share": 1.0, "audit_usd_per_day": 9.0, "rules": False},
}
AUTO = {"model": "auto", "tierwise": {"step": {"task_type": "count"}}}
NAMED = {"observing": {"model": "small-1"}, "mirroring": {"model": "frontier-1"}}
CHECKS = ("schema", "tool_call")


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_no_path_knows_of_success_without_its_check(
    mode: str, start: Any, answered: Any, tiers: Path, models: Models, tmp_path: Path
) -> None:
    app = start(answered if mode == "by courses" else None, tiers=tiers, **MODES[mode])
    for says in ANSWERS.values():
        models.says = {**dict.fromkeys(TIERS, says), ("small" if mode == "mirroring" else "frontier"): "7."}
        for path, asked in REQUESTS:
            for is_stream in (False, True):
                body = {**NAMED.get(mode, AUTO), "stream": is_stream, **asked}
                assert app.post(path, json=body).status_code in (200, 502, 503), path
    app.__exit__(None, None, None)  # everything that is under way comes into the log
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        attempts = [attempt for step in log.logged_steps() for attempt in step.attempts]
    assert len(attempts) > len(ANSWERS) * len(REQUESTS)
    assert [each for each in attempts if each.success is not None and each.evaluator not in CHECKS] == []
    assert [each for each in attempts if each.success is None and each.evaluator is not None] == []
    assert False in {each.success for each in attempts}
    if mode == "mirroring":
        assert any("mirror" in each.extra for each in attempts)

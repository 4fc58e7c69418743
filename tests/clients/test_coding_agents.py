"""Codex, Claude Code and opencode finish a small edit through the gateway, with another tier for each turn."""

import json
from pathlib import Path
from typing import Any

CODEX = """
model = "gpt-5"
model_provider = "tierwise"
[model_providers.tierwise]
name = "tierwise"
base_url = "{url}/v1"
wire_api = "responses"
"""


def task(work: Path) -> str:
    return f"Please EDIT {work}/hello.txt world"


def check(gateway: Any, work: Path, said: str) -> None:
    """The file is written, the last turn heard of it, and each turn left its decision and outcome."""
    assert (work / "hello.txt").read_text(encoding="utf-8") == "world"
    assert "You said:" in said
    turns = [model for model in gateway.models() if model in ("frontier-1", "small-1")]
    assert turns[-2:] == ["frontier-1", "small-1"]
    recorded = gateway.recorded(len(turns))
    assert len(recorded) == len(turns)
    assert all(len(each["attempts"]) == 1 and each["attempts"][0].extra["status"] == 200 for each in recorded)


def test_codex(gateway: Any, run: Any, home: Path, work: Path) -> None:
    (home / ".codex").mkdir()
    (home / ".codex" / "config.toml").write_text(CODEX.format(url=gateway.url), encoding="utf-8")
    check(gateway, work, run("codex", "exec", "--sandbox", "danger-full-access", task(work)))
    sessions = {each["session"] for each in gateway.recorded(2)}
    assert len(sessions) == 1
    assert None not in sessions


def test_claude_code(gateway: Any, run: Any, work: Path) -> None:
    arguments = ["-p", task(work), "--allowedTools", "Write", "Bash", "Read", "--permission-mode", "acceptEdits"]
    settings = {"ANTHROPIC_BASE_URL": gateway.url, "ANTHROPIC_AUTH_TOKEN": "unused", "ANTHROPIC_MODEL": "claude-any"}
    said = run("claude", *arguments, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1", **settings)
    check(gateway, work, said)
    sessions = {each["session"] for each in gateway.recorded(2)}
    assert len(sessions) == 1
    assert None not in sessions


def test_opencode(gateway: Any, run: Any, home: Path, work: Path) -> None:
    models = {"auto": {"tool_call": True, "limit": {"context": 100_000, "output": 4_000}}}
    options = {"baseURL": f"{gateway.url}/v1", "apiKey": "unused"}
    provider = {"npm": "@ai-sdk/openai-compatible", "name": "Tierwise", "options": options, "models": models}
    config = {"provider": {"tierwise": provider}, "model": "tierwise/auto", "small_model": "tierwise/auto"}
    folder = home / ".config" / "opencode"
    folder.mkdir(parents=True)
    (folder / "opencode.json").write_text(json.dumps(config), encoding="utf-8")
    check(gateway, work, run("opencode", "run", task(work)))

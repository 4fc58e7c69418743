"""The guides' snippets run as they stand."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Reply, Stub, completion
from tierwise.data.catalogue import TierCatalogue

ROOT = Path(__file__).parents[2]
GUIDES = ("client.md", "plan-and-execute.md")
TOOL_PLAN = {"steps": [{"id": "note", "instruction": "Note the answer.", "task_type": "write", "tools": ["add_note"]}]}
PLAN = {"steps": [{"id": "product", "instruction": "Multiply 6 and 7.", "task_type": "reason", "input_complexity": 2}]}


def snippets(guide: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "guides" / guide).read_text(encoding="utf-8"), re.DOTALL)


def answer(_: str, body: Any) -> Reply:
    """Small models are wrong, the others right; who is asked for a plan has one, who has a tool calls it once."""
    if body["messages"][0]["content"].startswith("Plan how"):
        return completion(json.dumps(TOOL_PLAN if "add_note" in str(body) else PLAN))
    if body.get("tools") and body["messages"][-1]["role"] != "tool":
        called = {"name": body["tools"][0]["function"]["name"], "arguments": '{"text": "42"}'}
        return completion("", tool_calls=[{"id": "call-1", "type": "function", "function": called}])
    return completion("41" if body["model"] == "small-1" else "42")


def write_tiers(path: Path, tiers: TierCatalogue) -> None:
    entries = [
        f'[[tiers]]\nname = "{tier.name}"\n[[tiers.models]]\nname = "{model.name}"\nbase_url = "{model.base_url}"\n'
        f"input_usd_per_mtok = {model.input_usd_per_mtok}\noutput_usd_per_mtok = {model.output_usd_per_mtok}\n"
        for tier in tiers.tiers
        for model in tier.models
    ]
    path.write_text("\n".join(entries))


@pytest.mark.slow
@pytest.mark.parametrize("guide", GUIDES)
def test_the_snippets_of_a_guide_run(
    guide: str,
    stub: Callable[[Callable[[str, Any], Reply]], Stub],
    tiers_at: Callable[..., TierCatalogue],
    tmp_path: Path,
) -> None:
    """In one process, as a reader would try them, with a `tiers.toml` of stub models and no service."""
    write_tiers(tmp_path / "tiers.toml", tiers_at(stub(answer).address))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", "\n".join(snippets(guide))]
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    if guide == "plan-and-execute.md":
        assert "True mid 42" in run.stdout
        assert "synthesise" in run.stdout
        assert "[('add_note', 'ok')]" in run.stdout
        assert (tmp_path / "notes.txt").read_text() == "42\n"
        assert (tmp_path / "tasks" / "note-42.jsonl").exists()

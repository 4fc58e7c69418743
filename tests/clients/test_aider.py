"""aider, which has no tools and reads its edits out of the answer, writes a file through the gateway."""

from pathlib import Path
from typing import Any


def test_aider(gateway: Any, run: Any, work: Path) -> None:
    plain = ("--no-git", "--yes-always", "--no-check-update", "--no-show-model-warnings", "--analytics-disable")
    known = {"OPENAI_API_BASE": f"{gateway.url}/v1", "OPENAI_API_KEY": "unused", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    asked = ("--message", "Please EDIT hello.txt world", "hello.txt")
    said = run("aider", "--model", "openai/auto", *plain, *asked, **known)
    assert "Applied edit to hello.txt" in said
    assert (work / "hello.txt").read_text(encoding="utf-8").strip() == "world"
    assert gateway.models() == ["frontier-1"]
    (recorded,) = gateway.recorded(1)
    assert [attempt.extra["status"] for attempt in recorded["attempts"]] == [200]
    assert recorded["attempts"][0].output_tokens > 0

"""Weeks in minutes: the whole flywheel, as ``python -m benchmarks.flywheel`` plays it for the picture in the docs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A real service process, a real MLflow store, a real decision log; the acts fail where one does not end well."""
    folder = tmp_path_factory.mktemp("weeks")
    command = [sys.executable, "-m", "benchmarks.flywheel", "--json", "weeks.json", "--picture", "weeks.png"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TIERWISE_", "MLFLOW_"))}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (folder / "weeks.png").stat().st_size > 20_000
    found: dict[str, Any] = json.loads((folder / "weeks.json").read_text(encoding="utf-8"))
    return found


def success_between(timeline: dict[str, Any], start: str, end: str | None) -> float:
    """Share of the steps between two events that ended well."""
    at = {event["name"]: event["at_step"] for event in timeline["events"]}
    stretch = timeline["success"][at[start] : at[end] if end else None]
    return sum(stretch) / len(stretch)


@pytest.mark.slow
def test_the_flywheel_turns_and_is_reversible(timeline: dict[str, Any]) -> None:
    names = [event["name"] for event in timeline["events"]]
    assert names == ["experiment", "promoted", "degrades", "drift", "poison", "refused", "forced", "rollback"]
    before = timeline["events"][0]["at_step"]
    alone = sum(timeline["success"][:before]) / before
    learned = success_between(timeline, "promoted", "degrades")
    degraded = success_between(timeline, "degrades", "drift")
    recovered = success_between(timeline, "drift", "poison")
    forced = success_between(timeline, "forced", "rollback")
    after = success_between(timeline, "rollback", None)
    assert learned > alone - 0.25, "what its operating point tolerates"
    assert degraded < learned - 0.15
    assert recovered > degraded + 0.08  # one step in five explores, and most of those meet the broken tier
    assert forced > recovered - 0.2, "false successes of a tier that was not drawn certify nothing, even forced in"
    assert after > recovered - 0.2
    trail = timeline["commands"][-1]["output"].split(", ")
    assert trail == ["experiment start", "experiment stop", "promote", "promote", "refuse", "promote", "rollback"]

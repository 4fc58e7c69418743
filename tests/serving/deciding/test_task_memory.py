"""A service that remembers tasks: what it tells, logs and forgets, and that training rebuilds the very same."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import LoggedStep
from tierwise.features.tasks import TaskMemory, rebuilt
from tierwise.serving.app import create_app
from tierwise.serving.settings import Settings, SettingsError

MakeSettings = Callable[..., Settings]
CALL = {"name": "bash", "arguments": {"command": "cat /home/ada/secret.txt"}}


def act(client: TestClient, index: int, **outcome: Any) -> dict[str, Any]:
    """A step of the task, and what came of it."""
    step = {"text": f"The file {index} is listed. What next?", "step_index": index, "task_type": "format"}
    answer: dict[str, Any] = client.post("/route", json={"step": step, "task_id": "t", "session_id": "s"}).json()
    report = {"decision_id": answer["decision_id"], "tier": answer["tier"], "success": True, "tool_calls": [CALL]}
    assert client.post("/outcomes", json=report | outcome).json()["new"] == 1
    return answer


def logged(settings: Settings) -> list[LoggedStep]:
    with DecisionLog.open(settings.log_url) as log:
        return list(log.logged_steps())


def told(steps: Iterable[LoggedStep]) -> list[int]:
    return [len(each.step.before) for each in steps]


def bare(each: LoggedStep) -> LoggedStep:
    return replace(each, step=replace(each.step, before=()))


@pytest.mark.parametrize("redaction", ["full", "redacted", "features_only"])
def test_what_was_told_is_in_the_log_and_is_what_training_would_rebuild(settings: MakeSettings, redaction: str) -> None:
    made = settings(task_memory=100, redaction=redaction)
    with TestClient(create_app(made), "http://localhost") as client:
        for index in range(4):
            act(client, index, success=index != 1, output_tokens=7, error="exit 2" if index == 1 else None)
    steps = logged(made)
    assert told(steps) == [0, 1, 2, 3]
    first = steps[1].step.before[0]
    assert (first.action, first.kind, first.success, first.output_tokens) == ("bash:cat", "read", True, 7)
    assert "secret.txt" not in str(steps[3].step.before)
    assert list(rebuilt(steps, ("small", "mid", "frontier"))) == steps, "what was served stays as it was"
    if redaction == "full":
        assert list(rebuilt(map(bare, steps), ("small", "mid", "frontier"))) == steps


def test_without_the_setting_nothing_is_told(settings: MakeSettings) -> None:
    made = settings()
    with TestClient(create_app(made), "http://localhost") as client:
        for index in range(2):
            act(client, index)
    assert told(logged(made)) == [0, 0]


def test_a_step_that_was_not_seen_here_silences_the_task(settings: MakeSettings) -> None:
    made = settings(task_memory=100)
    with TestClient(create_app(made), "http://localhost") as client:
        act(client, 0)
        act(client, 2)
    assert told(logged(made)) == [0, 0]


@pytest.mark.parametrize("address", ["/tasks/t", "/sessions/s"])
def test_what_is_deleted_is_forgotten(settings: MakeSettings, address: str) -> None:
    made = settings(task_memory=100)
    with TestClient(create_app(made), "http://localhost") as client:
        act(client, 0)
        assert client.delete(address).status_code == 200
        step = {"text": "What next?"}
        client.post("/route", json={"step": step, "task_id": "t"})
    assert told(logged(made)) == [0]


def test_a_stuck_agent_gets_the_dearer_tier_by_what_is_remembered(settings: MakeSettings) -> None:
    made = settings(task_memory=100, stuck_min_tier="frontier")
    with TestClient(create_app(made), "http://localhost") as client:
        answers = [act(client, index, success=False) for index in range(5)]
    assert [answer["tier"] for answer in answers] == ["small"] * 3 + ["frontier"] * 2
    assert "3 actions in a row failed, bash:cat last" in answers[3]["reason"]["text"]


def test_the_same_step_decided_again_is_not_answered_from_before_it_was_stuck(settings: MakeSettings) -> None:
    """The cache of decisions knows what a step was told."""
    made = settings(task_memory=100, stuck_min_tier="frontier")
    step, tiers = {"text": "What next?", "task_type": "format"}, []
    with TestClient(create_app(made), "http://localhost") as client:
        for _ in range(5):
            answer = client.post("/route", json={"step": step, "task_id": "t"}).json()
            tiers.append(answer["tier"])
            report = {"decision_id": answer["decision_id"], "tier": answer["tier"], "tool_calls": [CALL]}
            client.post("/outcomes", json=report | {"success": False})
    assert tiers == ["small"] * 3 + ["frontier"] * 2


def test_trouble_in_the_memory_costs_the_caller_nothing(
    settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    made = settings(task_memory=100)
    with TestClient(create_app(made), "http://localhost") as client:
        for name in ("recalled", "note_step", "note_outcome"):
            monkeypatch.setattr(TaskMemory, name, fail)
        assert act(client, 0)["tier"] == "small"
    assert told(logged(made)) == [0]


def test_several_workers_cannot_remember(settings: MakeSettings) -> None:
    with pytest.raises(SettingsError, match="task_memory is 100 with 2 workers"):
        settings(task_memory=100, workers=2)

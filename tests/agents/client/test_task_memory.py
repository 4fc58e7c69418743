"""The in-process client remembers tasks as the service does, and only where it is told to."""

from pathlib import Path

from tierwise.agents.client.in_process import LocalClient
from tierwise.data.decision_log import DecisionLog
from tierwise.features.tasks import rebuilt

CALL = {"name": "search", "arguments": {"query": "lamps"}}


def test_the_next_step_is_told_and_the_log_says_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    with LocalClient(log_url=url, redaction="full", task_memory=10) as client:
        for index in range(3):
            decision = client.route(text=f"What after {index}?", task_type="format", step_index=index, task_id="t")
            assert [each.action for each in decision.step.before] == ["search"] * index
            client.outcome(decision, success=index > 0, tool_calls=[CALL])
        tiers = client.catalogue.names
    with DecisionLog.open(url) as log:
        steps = list(log.logged_steps())
    assert [each.success for each in steps[2].step.before] == [False, True]
    assert list(rebuilt(steps, tiers)) == steps


def test_without_it_nothing_is_told() -> None:
    with LocalClient() as client:
        for _ in range(2):
            decision = client.route(text="What next?", task_id="t")
            client.outcome(decision, success=True)
        assert client.route(text="What next?", task_id="t").step.before == ()

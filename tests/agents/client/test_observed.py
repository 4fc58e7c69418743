"""Calls that were made without asking are logged with their answers, priced, and as nobody's fallback."""

from pathlib import Path

import pytest

from tests.agents.conftest import Service
from tierwise import Client, LocalClient, Step
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log import DecisionLog
from tierwise.data.errors import RecordError
from tierwise.data.records import LoggedStep, ToolCall
from tierwise.router_model.rules import RulesRouter

PRICES = {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 10.0}
TIERS = TierCatalogue.from_mapping(
    {"tiers": [{"name": "small", "models": [{"name": "mini", **PRICES}]}, {"name": "frontier", "models": []}]}
)


def logged(log_url: str) -> list[LoggedStep]:
    with DecisionLog.open(log_url) as log:
        return list(log.logged_steps())


def test_a_call_is_logged_with_its_answer_and_cost(tmp_path: Path) -> None:
    log_url = f"sqlite:///{tmp_path}/log.db"
    with LocalClient(RulesRouter(TIERS), log_url=log_url) as client:
        mini = client.observe("Hi", model="mini", output="Hello.", input_tokens=1000, output_tokens=100, task_id="t-1")
        other = client.observe(
            [{"role": "user", "content": "Hi"}], model="dear", tool_calls=[{"name": "f", "arguments": {}}]
        )
        assert (mini.tier, other.tier) == ("small", "frontier")
    one, two = logged(log_url)
    assert (one.step.text, one.task_id, one.attempts[0].model) == ("Hi", "t-1", "mini")
    assert (one.attempts[0].cost_usd, one.attempts[0].cost_is_estimate) == (0.002, True)
    assert one.attempts[0].output == "Hello."
    assert two.attempts[0].tool_calls == (ToolCall("f", {}),)
    assert one.decision is not None
    assert (one.decision.policy, one.decision.arm, one.decision.extra["fallback"]) == ("caller", "caller", False)


def test_the_service_takes_them_too(service: Service, tmp_path: Path) -> None:
    service.start()
    with Client(service.address, spool=tmp_path / "spool") as client:
        client.observe(Step(text="Hi", task_type="extract"), model="gpt-4o", output="Hello.", tier="mid")
        assert client.decisions.local == 0
    (step,) = logged(service.log_url)
    assert (step.attempts[0].tier, step.attempts[0].output) == ("mid", "Hello.")


def test_bad_input_is_refused_at_once() -> None:
    with LocalClient() as client, pytest.raises(RecordError, match=r"outcome\.input_tokens: is -1"):
        client.observe("Hi", model="m", input_tokens=-1)

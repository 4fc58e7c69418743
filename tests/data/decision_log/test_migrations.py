"""A log of any earlier schema opens with all its rows, on every database."""

import json
from collections.abc import Callable
from contextlib import closing

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.decision_log.engine import parse_url
from tierwise.data.decision_log.schema import MIGRATIONS_PATH, head
from tierwise.data.records import Outcome

DAY = 86_400.0
NOW = 1_800_000_000.0
AGES = {"fresh": 1.0, "month": 30 * DAY, "ancient": 5_000 * DAY}
EARLIER = ("0001", "0002", "0003", "0004")

_DECISION = """
INSERT INTO decisions (decision_id, created_at, step, tier, p_success, expected_cost_usd, policy, router_version,
    propensity, reason_code, reason_text, is_fallback, is_unfamiliar)
VALUES (:id, :at, :step, 'small', '{"small": 0.9}', '{}', 'rules', 'rules-1', 1.0, 'rule_default', '', false, true)
"""
_OUTCOME = """
INSERT INTO outcomes (decision_id, idempotency_key, tier, success, cost_usd, attempt, received_at, was_unknown,
    was_contradictory)
VALUES (:id, 'k-1', 'small', true, 0.1, '{"tier": "small", "success": true, "cost_usd": 0.1}', :at, :unknown, false)
"""


def migrate(url: str, revision: str, direction: Callable[[Config, str], None] = command.upgrade) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_PATH))
    engine = create_engine(parse_url(url))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        direction(config, revision)
    engine.dispose()


def execute(url: str, statement: str, rows: list[dict[str, object]]) -> None:
    engine = create_engine(parse_url(url))
    with engine.begin() as connection:
        connection.execute(text(statement), rows)
    engine.dispose()


@pytest.fixture(params=EARLIER)
def old_url(request: pytest.FixtureRequest, url: str) -> str:
    """A log of an earlier schema: three decisions of very different age with an outcome each, and a lone outcome."""
    migrate(url, request.param)
    step = json.dumps({"text": "x", "task_type": "extract", "agent": "billing"})
    decisions = [{"id": name, "at": NOW - age, "step": step} for name, age in AGES.items()]
    execute(url, _DECISION, decisions)  # type: ignore[arg-type]
    outcomes = [{"id": name, "at": NOW - age + 2, "unknown": False} for name, age in AGES.items()]
    execute(url, _OUTCOME, [*outcomes, {"id": "lone", "at": NOW - 2 * DAY, "unknown": True}])
    return url


def test_a_log_of_an_earlier_schema_opens_with_all_its_rows(
    old_url: str, record: Callable[..., DecisionRecord], outcome: Callable[..., Outcome]
) -> None:
    with closing(DecisionLog.open(old_url, clock=lambda: NOW)) as log:
        steps = {step.step_id: step for step in log.logged_steps()}
        assert {name: len(step.attempts) for name, step in steps.items()} == dict.fromkeys(AGES, 1)
        assert steps["month"].attempts[0].cost_usd == 0.1
        assert log.count_unknown_outcomes() == 1
        assert log.record_decisions([record(name) for name in AGES]) == 0
        again = [outcome(name, idempotency_key="k-1") for name in (*AGES, "lone")]
        assert not any(receipt.is_new for receipt in log.record_outcomes(again))
        assert log.record_decisions([record("lone")]) == 1
        stored = log.get_decision("lone")
        assert stored is not None
        assert len(stored.outcomes) == 1
        assert log.record_decisions([record("next")]) == 1  # numbers go on where they were
        assert [step.step_id for step in log.logged_steps()][-1] == "next"


@pytest.mark.parametrize("old_url", ["0001", "0003"], indirect=True)
def test_narrow_columns_are_filled_from_the_steps(old_url: str) -> None:
    DecisionLog.open(old_url).close()
    engine = create_engine(parse_url(old_url))
    with engine.connect() as connection:
        found = connection.execute(text("SELECT DISTINCT task_type, agent FROM decisions")).all()
    engine.dispose()
    assert [tuple(row) for row in found] == [("extract", "billing")]


def test_decisions_from_before_details_are_read_as_they_are(url: str) -> None:
    migrate(url, "0006")
    execute(url, _DECISION, [{"id": "d-1", "at": NOW, "step": json.dumps({"text": "x"})}])
    with DecisionLog.open(url, clock=lambda: NOW) as log:
        (step,) = log.logged_steps()
        assert step.decision is not None
        assert (step.decision.tier, step.decision.extra["unfamiliar"]) == ("small", True)


def test_the_way_back_keeps_the_rows_too(old_url: str) -> None:
    DecisionLog.open(old_url).close()
    migrate(old_url, "0004", command.downgrade)
    with DecisionLog.open(old_url) as log:
        assert log.count_decisions() == len(AGES)
        assert log.count_unknown_outcomes() == 1


def test_the_newest_revision_is_told_by_the_name_of_its_file() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_PATH))
    assert head() == ScriptDirectory.from_config(config).get_current_head()

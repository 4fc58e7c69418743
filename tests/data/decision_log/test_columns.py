"""The columns that declarations ask for, and the order in which rows may name them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.decision_log.engine import open_engine, parse_url
from tierwise.data.decision_log.rows import decision_row
from tierwise.data.decision_log.tables import DECISIONS, OUTCOMES
from tierwise.data.decision_log.writing.copying import copy_rows
from tierwise.data.records import Decision, Reason

NARROW = {"task_type", "agent", "node", "input_complexity", "requires_judgment", "human_visible"}


def test_a_row_has_a_value_for_every_column(record: Callable[..., DecisionRecord]) -> None:
    columns = set(DECISIONS.columns.keys())
    assert decision_row(record()).keys() == columns - {"seq"}
    assert NARROW | {"reason_code", "reason_text", "is_unfamiliar", "details", "role"} <= columns
    assert {"tier", "success", "cost_usd", "latency_ms"} <= set(OUTCOMES.columns.keys())


def test_every_logged_field_of_a_decision_comes_back(log: DecisionLog, record: Callable[..., DecisionRecord]) -> None:
    decision = Decision(
        "mid", "learned", "v2", Reason("a", "b"), "m", {"mid": 0.5}, {"mid": 1.0}, 0.5, "arm", True, True
    )
    log.record_decisions([record(decision=replace(decision, experiment="e-1"))])
    stored = log.get_decision("d-1")
    assert stored is not None
    assert stored.record.decision == replace(decision, experiment="e-1")
    (logged,) = log.logged_steps()
    assert logged.decision is not None
    assert (logged.decision.extra["unfamiliar"], logged.decision.extra["model"]) == (True, "m")


def test_rows_may_name_their_columns_in_any_order(postgres_url: str, record: Callable[..., DecisionRecord]) -> None:
    DecisionLog.open(postgres_url).close()
    engine = open_engine(parse_url(postgres_url), 5.0, 1)
    turned = dict(reversed(decision_row(record("d-2")).items()))
    with engine.begin() as connection:
        copy_rows(connection, DECISIONS, [decision_row(record("d-1")), turned])
        found = connection.execute(DECISIONS.select().order_by(DECISIONS.c.seq)).all()
        assert [(row.decision_id, row.tier, row.details) for row in found] == [
            ("d-1", "small", None),
            ("d-2", "small", None),
        ]
        with pytest.raises(KeyError, match="decisions has no column colour"):
            copy_rows(connection, DECISIONS, [turned | {"colour": "red"}])
    engine.dispose()

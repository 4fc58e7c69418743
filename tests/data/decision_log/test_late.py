"""A caller that gave up waiting decided itself: its decision is the one that counts, whichever came first."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.records import Outcome

MakeRecord = Callable[..., DecisionRecord]
MakeOutcome = Callable[..., Outcome]


def callers(record: DecisionRecord) -> DecisionRecord:
    return replace(
        record, decision=replace(record.decision, tier="frontier", arm="local"), created_at=record.created_at + 3
    )


@pytest.mark.parametrize("is_one_batch", [True, False])
def test_the_callers_decision_replaces_the_late_one(
    log: DecisionLog, record: MakeRecord, outcome: MakeOutcome, is_one_batch: bool
) -> None:
    ours, theirs = record("l-00000001"), callers(record("l-00000001"))
    if is_one_batch:
        log.record_decisions([ours, record("other"), theirs])
    else:
        log.record_decisions([ours, record("other")])
        log.record_decisions([theirs])
    log.record_outcomes([outcome("l-00000001")])
    log.record_decisions([theirs])  # as every further outcome brings it along
    stored = log.get_decision("l-00000001")
    assert stored is not None
    assert (stored.record.decision.tier, stored.record.decision.arm) == ("frontier", "local")
    assert len(stored.outcomes) == 1
    assert log.count_decisions() == 2


def test_a_late_one_that_comes_even_later_changes_nothing(log: DecisionLog, record: MakeRecord) -> None:
    log.record_decisions([callers(record("l-00000001"))])
    assert log.record_decisions([record("l-00000001")]) == 0
    stored = log.get_decision("l-00000001")
    assert stored is not None
    assert stored.record.decision.arm == "local"

"""What every database must do for the decision log."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from tierwise.data.decision_log import (
    DecisionLog,
    DecisionRecord,
    DeletedCounts,
    OutcomeCounts,
    OutcomeReceipt,
    count_receipts,
)
from tierwise.data.records import LoggedDecision, Message, Outcome, Step, Tool

MakeRecord = Callable[..., DecisionRecord]
MakeOutcome = Callable[..., Outcome]
NOW = 1_800_000_000.0


def test_a_decision_comes_back_as_it_was_recorded(log: DecisionLog, record: MakeRecord) -> None:
    step = Step(
        text="Заказ № 7 👍 שלום",
        messages=(Message("user", "hi", {"name": "x"}),),
        tools=(Tool("search", "finds", {"type": "object"}),),
        response_schema={"type": "object"},
        input_complexity=4.0,
        requires_judgment=False,
        extra={"unknown": [1, None]},
    )
    recorded = record(step=step, step_id="s", task_id="t", session_id="u")
    assert log.record_decisions([recorded]) == 1
    stored = log.get_decision("d-1")
    assert stored is not None
    assert stored.record == recorded
    assert stored.outcomes == ()


def test_a_decision_recorded_twice_is_there_once(log: DecisionLog, record: MakeRecord) -> None:
    assert log.record_decisions([record("a"), record("a"), record("b")]) == 2
    assert log.record_decisions([record("a")]) == 0
    assert log.count_decisions() == 2


@pytest.mark.parametrize("n", [1, 31, 32, 33, 103])
def test_a_batch_of_any_length_is_stored_whole_in_order_and_each_id_once(
    log: DecisionLog, record: MakeRecord, n: int
) -> None:
    batch = [record(f"d-{i}") for i in range(n)]
    assert log.record_decisions(batch) == n
    assert log.record_decisions([batch[0], record("d-new"), record("d-new"), *batch[-20:]]) == 1
    assert [logged.step_id for logged in log.logged_steps()] == [f"d-{i}" for i in range(n)] + ["d-new"]
    stored = log.get_decision(f"d-{n - 1}")
    assert stored is not None
    assert stored.record == batch[-1]


def test_a_decision_that_is_not_there_is_none(log: DecisionLog) -> None:
    assert log.get_decision("nobody") is None


def test_an_outcome_posted_twice_counts_once(log: DecisionLog, record: MakeRecord, outcome: MakeOutcome) -> None:
    log.record_decisions([record()])
    key = {"idempotency_key": "k-1"}
    first = log.record_outcomes([outcome(**key), outcome(**key)])
    second = log.record_outcomes([outcome(**key)])
    assert [receipt.is_new for receipt in first + second] == [True, False, False]


def test_without_a_key_the_same_report_counts_once_and_another_one_counts_too(
    log: DecisionLog, record: MakeRecord, outcome: MakeOutcome
) -> None:
    log.record_decisions([record()])
    log.record_outcomes([outcome(reported_at=1.0)])
    receipts = log.record_outcomes([outcome(reported_at=1.0), outcome(reported_at=2.0), outcome(tier="frontier")])
    assert [receipt.is_new for receipt in receipts] == [False, True, True]


def test_one_key_under_two_decisions_is_two_outcomes(log: DecisionLog, outcome: MakeOutcome) -> None:
    receipts = log.record_outcomes([outcome("a", idempotency_key="1"), outcome("b", idempotency_key="1")])
    assert [receipt.is_new for receipt in receipts] == [True, True]


def test_an_outcome_of_an_unknown_decision_is_kept_flagged_and_found_later(
    log: DecisionLog, record: MakeRecord, outcome: MakeOutcome
) -> None:
    assert log.record_outcomes([outcome("late")]) == (OutcomeReceipt(is_new=True, is_unknown=True),)
    assert log.count_unknown_outcomes() == 1
    log.record_decisions([record("late")])
    assert log.count_unknown_outcomes() == 0
    stored = log.get_decision("late")
    assert stored is not None
    assert [each.was_unknown for each in stored.outcomes] == [True]


def test_outcomes_that_contradict_each_other_are_kept_and_counted(
    log: DecisionLog, record: MakeRecord, outcome: MakeOutcome
) -> None:
    log.record_decisions([record()])
    batch = [outcome(success=True), outcome(success=False), outcome(success=None), outcome(tier="mid", success=False)]
    receipts = log.record_outcomes(batch)
    assert count_receipts(receipts) == OutcomeCounts(new=4, duplicate=0, unknown=0, contradictory=1)
    stored = log.get_decision("d-1")
    assert stored is not None
    assert [each.was_contradictory for each in stored.outcomes] == [False, True, False, False]


def test_outcomes_that_agree_contradict_nobody_and_a_third_may_contradict_both(
    log: DecisionLog, record: MakeRecord, outcome: MakeOutcome
) -> None:
    """Within one report and across reports alike; an unknown success contradicts nothing."""
    log.record_decisions([record()])
    first = [outcome(success=True, idempotency_key="1"), outcome(success=True, idempotency_key="2")]
    later = [
        outcome(success=None, idempotency_key="3"),
        outcome(success=True, idempotency_key="4"),
        outcome(success=False, idempotency_key="5"),
        outcome(success=True, idempotency_key="6"),
    ]
    assert [receipt.is_contradictory for receipt in log.record_outcomes(first)] == [False, False]
    assert [receipt.is_contradictory for receipt in log.record_outcomes(later)] == [False, False, True, True]


def test_the_log_reads_back_as_steps_with_attempts_in_the_order_of_reporting(
    log: DecisionLog, record: MakeRecord, outcome: MakeOutcome
) -> None:
    log.record_decisions([record("a", step_id="s-1", task_id="t-1"), record("b")])
    log.record_outcomes([outcome("a", "small", False)])
    log.record_outcomes([outcome("a", "mid", None), outcome("a", "frontier", True)])
    first, second = log.logged_steps()
    assert (first.step_id, first.task_id, first.timestamp) == ("s-1", "t-1", NOW)
    assert [(attempt.tier, attempt.success) for attempt in first.attempts] == [
        ("small", False),
        ("mid", None),
        ("frontier", True),
    ]
    assert first.attempts[0] == outcome("a", "small", False).attempt
    assert isinstance(first.decision, LoggedDecision)
    assert (first.decision.tier, first.decision.propensity, first.decision.arm) == ("small", 0.95, "learned")
    assert (second.step_id, second.attempts) == ("b", ())


@pytest.mark.slow
def test_reading_pages_through_logs_of_any_length(log: DecisionLog, record: MakeRecord, outcome: MakeOutcome) -> None:
    names = [f"d-{i:04d}" for i in range(1203)]
    log.record_decisions([record(name) for name in names])
    log.record_outcomes([outcome(name) for name in names])
    steps = list(log.logged_steps())
    assert [step.step_id for step in steps] == names
    assert all(len(step.attempts) == 1 for step in steps)


def test_reading_since_a_moment_leaves_out_what_is_older(log: DecisionLog, record: MakeRecord) -> None:
    log.record_decisions([record("old", created_at=NOW - 10), record("new", created_at=NOW)])
    assert [step.step_id for step in log.logged_steps(since=NOW - 1)] == ["new"]


def test_deleting_a_task_removes_its_decisions_and_outcomes_only(
    log: DecisionLog, record: MakeRecord, outcome: MakeOutcome
) -> None:
    log.record_decisions([record("a", task_id="t-1"), record("b", task_id="t-2")])
    log.record_outcomes([outcome("a"), outcome("b")])
    assert log.delete_task("t-1") == DeletedCounts(decisions=1, outcomes=1)
    assert [(step.step_id, len(step.attempts)) for step in log.logged_steps()] == [("b", 1)]


def test_deleting_a_session_removes_its_decisions(log: DecisionLog, record: MakeRecord) -> None:
    log.record_decisions([record("a", session_id="s"), record("b", session_id="s"), record("c")])
    assert log.delete_session("s") == DeletedCounts(decisions=2, outcomes=0)
    assert log.delete_session("s") == DeletedCounts(decisions=0, outcomes=0)


def test_pruning_removes_what_is_old_and_outcomes_that_nobody_claimed(
    log: DecisionLog, record: MakeRecord, outcome: MakeOutcome
) -> None:
    log.record_decisions([record("old", created_at=NOW - 100), record("new", created_at=NOW)])
    log.record_outcomes([outcome("old"), outcome("new"), outcome("orphan")])
    assert log.prune(before=NOW - 50) == DeletedCounts(decisions=1, outcomes=1)
    assert log.prune(before=NOW) == DeletedCounts(decisions=0, outcomes=0)
    assert log.prune(before=NOW + 1) == DeletedCounts(decisions=1, outcomes=2)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x" * 5000, "👍" * 600, ""])
def test_no_text_is_too_strange_to_be_stored(
    log: DecisionLog, record: MakeRecord, outcome: MakeOutcome, text: str
) -> None:
    strange = record(f"d-{text}", step=Step(text=text, extra={"n": float("nan"), "t": text}), task_id=text)
    log.record_decisions([strange])
    log.record_decisions([replace(strange, session_id=text)])
    log.record_outcomes([outcome(f"d-{text}", tier="t" + text, idempotency_key=text)])
    stored = log.get_decision(f"d-{text}")
    assert stored is not None
    assert len(stored.outcomes) == 1
    assert log.count_decisions() == 1
    assert log.delete_task(text).decisions == 1


def test_many_threads_may_report_the_same_outcomes_at_once(
    url: str, log: DecisionLog, record: MakeRecord, outcome: MakeOutcome
) -> None:
    log.record_decisions([record()])
    batch = [outcome(idempotency_key=str(i)) for i in range(20)]
    received: list[OutcomeReceipt] = []

    def report() -> None:
        with DecisionLog.open(url, timeout_seconds=20) as own:
            received.extend(own.record_outcomes(batch))

    threads = [threading.Thread(target=report) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count_receipts(received).new == 20
    assert len(received) == 80

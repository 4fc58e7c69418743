"""The views on a tiny log with exact figures, on every database."""

from dataclasses import replace
from functools import partial

import pytest

from tests.data.decision_log.conftest import NOW
from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.decision_log.views import routers, search, tasks, totals
from tierwise.data.decision_log.views.settled import FAILED, SUCCEEDED, UNKNOWN, Wanted
from tierwise.data.records import Attempt, Decision, Outcome, Reason, Step

ALL = Wanted(0.0, 1e11)
EXPECTED = {"small": 0.001, "frontier": 0.01}


def decided(number: int, tier: str, task: str | None, **changes: object) -> DecisionRecord:
    step = Step(
        text="secret text", task_type="extract", agent="billing", node=f"node-{number % 2}", input_complexity=2.0
    )
    decision = Decision(
        tier,
        "learned",
        "v1",
        Reason("learned", "x"),
        p_success={"small": 0.8, "frontier": 0.9},
        expected_cost_usd=EXPECTED,
    )
    record = DecisionRecord(f"d-{number}", step, decision, NOW + number, f"s-{number}", task)
    return replace(record, **changes)  # type: ignore[arg-type]


def came(
    number: int, tier: str, success: bool | None, cost_usd: float | None, key: str = "1", **extra: object
) -> Outcome:
    attempt = Attempt(tier, success=success, cost_usd=cost_usd, latency_ms=10.0, evaluator="schema", extra=extra)
    return Outcome(f"d-{number}", replace(attempt, error=None if success else "row 7 is wrong"), idempotency_key=key)


@pytest.fixture
def filled(log: DecisionLog) -> DecisionLog:
    """Task a: small failed, then frontier succeeded; small succeeded. Task b: frontier failed; one without outcome."""
    unknown = Decision("small", "rules", "rules-1", Reason("rule_simple_task", "x"), is_fallback=True)
    log.record_decisions(
        [
            decided(1, "small", "a"),
            decided(2, "small", "a"),
            decided(3, "frontier", "b"),
            decided(4, "small", None, decision=unknown),
        ]
    )
    log.record_outcomes(
        [
            came(1, "small", False, 0.002),
            came(1, "frontier", True, 0.02, key="2"),
            came(2, "small", True, 0.001),
            came(3, "frontier", False, 0.03, failure_origin="planner"),
        ]
    )
    return log


def test_totals_add_up(filled: DecisionLog) -> None:
    found = filled.ask(partial(totals.totals, wanted=ALL, top_tier="frontier"))
    assert (found.n_decisions, found.n_tasks, found.n_with_outcome, found.n_settled) == (4, 2, 3, 3)
    assert (found.n_fallback, found.n_escalated) == (1, 1)
    assert found.spent_usd == pytest.approx(0.053)
    assert found.success is not None
    assert found.success.value == pytest.approx(2 / 3)
    assert found.n_compared == 3
    assert found.top_usd == pytest.approx(0.01 + 0.01 + 0.03)  # where it went to the top tier, what that cost
    assert found.saving is not None
    assert found.saving.value == pytest.approx(1 - 0.053 / 0.05)


def test_a_decision_without_expectations_is_compared_with_nothing(log: DecisionLog) -> None:
    """Otherwise the rules' decisions for the top tier, and only those, would count as saving nothing."""
    rules = Decision("frontier", "rules", "rules-1", Reason("rule_default", "x"))
    log.record_decisions([decided(1, "frontier", "a", decision=rules)])
    log.record_outcomes([came(1, "frontier", True, 0.02)])
    found = log.ask(partial(totals.totals, wanted=ALL, top_tier="frontier"))
    assert (found.n_compared, found.saving) == (0, None)


def test_an_empty_period_has_no_shares(log: DecisionLog) -> None:
    found = log.ask(partial(totals.totals, wanted=ALL, top_tier="frontier"))
    assert (found.n_decisions, found.success, found.saving) == (0, None, None)


def test_the_timeline_tells_whether_the_choice_sufficed(filled: DecisionLog) -> None:
    slots = filled.ask(partial(totals.timeline, wanted=ALL, top_tier="frontier", slot_seconds=86_400))
    by_tier = {slot.tier: slot for slot in slots}
    small = by_tier["small"]
    assert (small.n_decisions, small.n_tried, small.n_sufficed) == (3, 2, 1)
    assert small.spent_usd == pytest.approx(0.023)
    assert small.start <= NOW < small.start + 86_400


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (ALL, [4, 3, 2, 1]),
        (replace(ALL, tier="frontier"), [3]),
        (replace(ALL, result=SUCCEEDED), [2, 1]),
        (replace(ALL, result=FAILED), [3]),
        (replace(ALL, result=UNKNOWN), [4]),
        (replace(ALL, text="s-2"), [2]),
        (replace(ALL, text="NODE-1"), [3, 1]),
        (replace(ALL, text="100%"), []),
        (replace(ALL, reason_code="rule_simple_task"), [4]),
        (Wanted(NOW + 2, NOW + 4), [3, 2]),
    ],
)
def test_decisions_are_found(filled: DecisionLog, wanted: Wanted, numbers: list[int]) -> None:
    found = filled.ask(partial(search.find_decisions, wanted=wanted, page=0))
    assert [each.decision_id for each in found] == [f"d-{number}" for number in numbers]
    assert filled.ask(partial(search.count_found, wanted=wanted)) == len(numbers)


def test_pages_follow_each_other_without_gap(filled: DecisionLog) -> None:
    pages = [filled.ask(partial(search.find_decisions, wanted=ALL, page=page, page_rows=2)) for page in (0, 1, 2)]
    assert [[each.decision_id for each in page] for page in pages] == [["d-4", "d-3", "d-2"], ["d-2", "d-1"], []]


def test_the_sample_carries_expectations(filled: DecisionLog) -> None:
    newest = filled.ask(partial(search.recent_sample, wanted=ALL, limit=2))
    assert [each.decision_id for each in newest] == ["d-4", "d-3"]
    assert newest[1].expected_cost_usd == EXPECTED


def test_a_task_is_read_in_order_with_its_outcomes(filled: DecisionLog) -> None:
    steps = filled.ask(partial(tasks.read_task, task_id="a"))
    assert [len(stored.outcomes) for stored in steps] == [2, 1]
    assert filled.ask(partial(tasks.read_task, task_id="nobody")) == []


def test_tasks_are_listed_and_the_failed_ones_alone(filled: DecisionLog) -> None:
    rows = filled.ask(partial(tasks.find_tasks, wanted=ALL, page=0, only_failed=False))
    assert [(row.task_id, row.n_steps, row.n_attempts, row.n_failed) for row in rows] == [
        ("b", 1, 1, 1),
        ("a", 2, 3, 0),
    ]
    failed = filled.ask(partial(tasks.find_tasks, wanted=ALL, page=0, only_failed=True))
    assert [row.task_id for row in failed] == ["b"]
    assert filled.ask(partial(tasks.count_tasks, wanted=ALL)) == 2


def test_the_first_failure_of_a_task_carries_what_was_reported(filled: DecisionLog) -> None:
    (failure,) = filled.ask(partial(tasks.first_failures, wanted=ALL))
    assert (failure.decision_id, failure.error, failure.failure_origin) == ("d-3", "row 7 is wrong", "planner")


def test_promises_count_the_chosen_tier_alone(filled: DecisionLog) -> None:
    """An escalated step counts as the failure that it was on its first tier."""
    view = partial(routers.promises, wanted=ALL, tiers=("small", "frontier"), slot_seconds=86_400)
    (promise,) = filled.ask(view)
    assert promise.n == 3
    assert promise.p_success == pytest.approx((0.8 + 0.8 + 0.9) / 3)
    assert promise.success == pytest.approx(1 / 3)
    versions = {row.router_version: row for row in filled.ask(partial(routers.find_routers, wanted=ALL))}
    assert versions["rules-1"].n_fallback == 1
    assert versions["v1"].n_decisions == 3


def test_values_are_counted_by_frequency(filled: DecisionLog) -> None:
    assert filled.ask(partial(search.count_values, wanted=ALL, column="tier")) == {"small": 3, "frontier": 1}
    found = filled.ask(partial(search.distinct_values, wanted=ALL, columns=("agent", "node")))
    assert found == {"agent": ["billing"], "node": ["node-0", "node-1"]}
    assert not filled.ask(search.is_empty)


@pytest.mark.parametrize("n_shown", [1, 2, 3, 11])
def test_lists_of_the_newest_are_the_same_however_far_they_look(
    log: DecisionLog, monkeypatch: pytest.MonkeyPatch, n_shown: int
) -> None:
    """Tasks of three steps, every fifth step fails: small windows find what one look finds."""
    log.record_decisions([decided(i, "small", f"t-{i % 40 // 3 + 14 * (i // 40)}") for i in range(120)])
    log.record_outcomes([came(i, "small", i % 5 != 0, 0.001) for i in range(120)])
    asked = [
        partial(search.find_decisions, wanted=replace(ALL, result=FAILED), page=1, page_rows=n_shown),
        partial(tasks.find_tasks, wanted=ALL, page=0, only_failed=True),
        partial(tasks.find_tasks, wanted=ALL, page=1, only_failed=False),
        partial(tasks.first_failures, wanted=ALL),
        partial(search.count_found, wanted=replace(ALL, result=FAILED)),
    ]
    monkeypatch.setattr(tasks, "PAGE_TASKS", n_shown)
    monkeypatch.setattr(tasks, "MAX_FAILURES", n_shown)
    monkeypatch.setattr(search, "MAX_COUNTED", n_shown)
    whole = lambda _connection, wanted, _n: [wanted]  # noqa: E731
    with monkeypatch.context() as at_once:
        at_once.setattr(search, "windows", whole)
        at_once.setattr(tasks, "windows", whole)
        expected = [log.ask(question) for question in asked]
    monkeypatch.setattr(tasks, "FIRST_LOOK", 1)
    monkeypatch.setattr(search, "FIRST_LOOK", 1)
    monkeypatch.setattr(search, "FURTHER_LOOK", 2)
    assert [log.ask(question) for question in asked] == expected
    assert all(expected)

"""What attempts prove, against a brute force over every world that they leave open."""

from itertools import product

import numpy as np
import pytest

from tierwise.data.labels import label_outcomes, outcome_table
from tierwise.data.records import Attempt, LoggedStep, Step

PATTERNS = [pattern for k in (2, 3, 4) for pattern in product((None, False, True), repeat=k)]


def labelled(*rows: tuple[bool | None, ...]) -> tuple[list[int], list[int], list[bool]]:
    success = np.array([[np.nan if value is None else float(value) for value in row] for row in rows])
    table = label_outcomes(success, np.full_like(success, np.nan))
    return table.first.tolist(), table.last.tolist(), table.is_assumed.tolist()


def possible_labels(pattern: tuple[bool | None, ...], is_monotone: bool) -> set[int]:
    """The labels of all worlds that agree with the pattern, up to its cheapest success."""
    k = len(pattern)
    reach = pattern.index(True) + 1 if True in pattern else k
    labels = set()
    for world in product((False, True), repeat=k):
        agrees = all(known is None or known == value for known, value in zip(pattern[:reach], world, strict=False))
        if agrees and (not is_monotone or list(world[:reach]) == sorted(world[:reach])):
            labels.add(world.index(True) if True in world else k)
    return labels


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: "".join({None: "?", False: "0", True: "1"}[v] for v in p))
def test_the_interval_is_the_set_of_possible_labels(pattern: tuple[bool | None, ...]) -> None:
    first, last, is_assumed = labelled(pattern)
    possible = possible_labels(pattern, is_monotone=True)
    assert (first[0], last[0]) == (min(possible), max(possible))
    assert possible == set(range(first[0], last[0] + 1))
    assert is_assumed[0] == (min(possible_labels(pattern, is_monotone=False)) < first[0])


@pytest.mark.parametrize("n_tiers", [2, 3, 4, 8])
def test_whatever_part_of_a_monotone_world_is_seen_the_interval_holds_its_label(n_tiers: int) -> None:
    for label in range(n_tiers + 1):
        world = [tier >= label for tier in range(n_tiers)]
        for seen in product((False, True), repeat=n_tiers):
            first, last, _ = labelled(tuple(value if s else None for value, s in zip(world, seen, strict=True)))
            assert first[0] <= label <= last[0]


def test_the_usual_logs() -> None:
    escalated, single_success, single_failure, contradictory = (
        (False, True, None),
        (None, True, None),
        (None, False, None),
        (True, False, True),
    )
    first, last, is_assumed = labelled(escalated, single_success, single_failure, contradictory)
    assert list(zip(first, last, is_assumed, strict=True)) == [
        (1, 1, False),
        (0, 1, False),
        (2, 3, True),
        (0, 0, False),
    ]


def test_more_attempts_never_widen_the_interval() -> None:
    for pattern in PATTERNS:
        if True in pattern:
            continue
        first, last, _ = labelled(pattern)
        for tier, known in enumerate(pattern):
            for value in (False, True):
                if known is None:
                    more_first, more_last, _ = labelled((*pattern[:tier], value, *pattern[tier + 1 :]))
                    assert more_last[0] <= last[0]
                    assert more_first[0] >= first[0] or more_last[0] < first[0]


def logged(*attempts: Attempt) -> LoggedStep:
    return LoggedStep("s", Step(), attempts)


def test_the_first_known_attempt_of_a_tier_counts_with_its_own_cost() -> None:
    table = outcome_table(
        [
            logged(Attempt("small", cost_usd=1.0), Attempt("small", success=True, cost_usd=2.0)),
            logged(Attempt("small", success=False, cost_usd=3.0), Attempt("small", success=True, cost_usd=4.0)),
            logged(Attempt("small", cost_usd=5.0), Attempt("small", cost_usd=6.0)),
            logged(Attempt("small", cost_usd=7.0), Attempt("small", success=True)),
        ],
        ["small", "mid"],
    )
    np.testing.assert_array_equal(table.success[:, 0], [1, 0, np.nan, 1])
    np.testing.assert_array_equal(table.cost_usd[:, 0], [2, 3, 5, 7])
    assert np.isnan(table.success[:, 1]).all()


def test_unknown_tiers_are_left_out_and_unknown_outcomes_stay_unknown() -> None:
    table = outcome_table([logged(Attempt("huge", success=True), Attempt("mid"))], ["small", "mid"])
    assert (table.first.tolist(), table.last.tolist()) == ([0], [2])
    assert np.isnan(table.success).all()
    assert np.isnan(table.cost_usd).all()


def test_a_table_knows_its_size_and_can_be_cut() -> None:
    steps = [
        logged(Attempt("small", success=True), Attempt("mid", success=True)),
        logged(Attempt("mid", success=False)),
    ]
    table = outcome_table(steps, ["small", "mid"])
    assert (len(table), table.n_tiers, table.is_complete.tolist()) == (2, 2, [True, False])
    second = table.take(np.array([False, True]))
    assert (len(second), second.first.tolist(), second.is_assumed.tolist()) == (1, [2], [True])
    empty = outcome_table([], ["small", "mid"])
    assert (len(empty), empty.n_tiers, empty.first.shape) == (0, 2, (0,))

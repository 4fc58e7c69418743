"""The frontier tax on tiny logs whose figures can be worked out by hand, and the laws that it keeps."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.data.tax import Range, TaxError, frontier_tax

COSTS = {"small": 1.0, "mid": 4.0, "frontier": 16.0}
TIERS = tuple(COSTS)


def step(
    *attempts: tuple[str, bool | None], agent: str | None = None, at: float | None = None, n: int = 0
) -> LoggedStep:
    """A step whose attempts cost what ``COSTS`` says, which is what their tokens cost at the list prices."""
    tried = tuple(
        Attempt(tier, success=success, cost_usd=COSTS[tier], input_tokens=400_000, output_tokens=300_000)
        for tier, success in attempts
    )
    return LoggedStep(f"s-{n}", Step(text="x", agent=agent), tried, timestamp=at)


@pytest.fixture(scope="module")
def priced() -> TierCatalogue:
    tiers = [
        {"name": name, "models": [{"name": name, "input_usd_per_mtok": usd, "output_usd_per_mtok": 2 * usd}]}
        for name, usd in COSTS.items()
    ]
    return TierCatalogue.from_mapping({"tiers": tiers})


@pytest.mark.parametrize(
    ("attempts", "tax", "n_known"),
    [
        ([("small", True)], Range(0.0, 0.0), 1),
        ([("small", False), ("mid", True)], Range(1.0, 1.0), 1),  # the failed attempt is tax
        ([("frontier", True)], Range(0.0, 15.0), 0),
        ([("mid", True)], Range(0.0, 3.0), 0),
        ([("frontier", False)], Range(0.0, 15.0), 0),  # a cheaper one may have done it, or none
        ([("small", False)], Range(0.0, 0.0), 0),
        ([("small", False), ("mid", False), ("frontier", True)], Range(5.0, 5.0), 1),
        ([("small", False), ("mid", False), ("frontier", False)], Range(0.0, 0.0), 1),  # nothing does it: no tax
        ([("small", False), ("frontier", True)], Range(1.0, 13.0), 0),
        ([("frontier", None)], Range(0.0, 15.0), 0),
        ([("small", True), ("frontier", True)], Range(16.0, 16.0), 1),
        ([("mid", False), ("frontier", True)], Range(4.0, 19.0), 0),  # small is not assumed to have failed
    ],
)
def test_a_steps_tax_lies_where_its_attempts_prove(
    attempts: list[tuple[str, bool | None]], tax: Range, n_known: int, priced: TierCatalogue
) -> None:
    total = frontier_tax([step(*attempts)], priced).total
    assert (total.tax_usd.low, total.tax_usd.high) == (pytest.approx(tax.low), pytest.approx(tax.high))
    assert total.n_known == n_known
    assert total.paid_usd == sum(COSTS[tier] for tier, _ in attempts)


outcome = st.sampled_from([True, False, None])
logs = st.lists(st.lists(st.tuples(st.sampled_from(TIERS), outcome), min_size=1, max_size=4), min_size=1, max_size=6)


@given(logs, st.integers(0, 2**32 - 1))
def test_learning_more_never_widens_the_range_and_the_truth_stays_inside(
    priced: TierCatalogue, tried: list[list[tuple[str, bool | None]]], seed: int
) -> None:
    """Drop what is known about some attempts: the range of the poorer log holds the range of the richer one."""
    truth = np.random.default_rng(seed).random((len(tried), len(TIERS))) < 0.5
    full = [[(tier, bool(truth[i, TIERS.index(tier)])) for tier, _ in attempts] for i, attempts in enumerate(tried)]
    poor = [
        [(tier, None if hidden is None else known) for (tier, known), (_, hidden) in zip(told, attempts, strict=True)]
        for told, attempts in zip(full, tried, strict=True)
    ]
    rich_tax = frontier_tax([step(*attempts) for attempts in full], priced).total.tax_usd
    poor_tax = frontier_tax([step(*attempts) for attempts in poor], priced).total.tax_usd
    true_tax = sum(_true_tax(attempts, truth[i]) for i, attempts in enumerate(full))
    assert poor_tax.low <= rich_tax.low + 1e-9
    assert poor_tax.high >= rich_tax.high - 1e-9
    assert rich_tax.low - 1e-9 <= true_tax <= rich_tax.high + 1e-9


def _true_tax(attempts: list[tuple[str, bool]], succeeds: np.ndarray) -> float:
    enough = [tier for tier, does in zip(TIERS, succeeds, strict=True) if does]
    return max(0.0, sum(COSTS[tier] for tier, _ in attempts) - COSTS[enough[0]]) if enough else 0.0


@given(logs, st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_an_expectation_lies_inside_the_range(
    priced: TierCatalogue, tried: list[list[tuple[str, bool | None]]], hazards: list[float]
) -> None:
    p_enough = 1 - np.cumprod(1 - np.array(hazards))
    steps = [step(*attempts) for attempts in tried]
    total = frontier_tax(steps, priced, expectation=lambda kept: np.tile(p_enough, (len(kept), 1))).total
    assert total.expected_tax_usd is not None
    assert total.tax_usd.low - 1e-6 <= total.expected_tax_usd <= total.tax_usd.high + 1e-6


def test_a_sure_expectation_gives_the_tax_itself(priced: TierCatalogue) -> None:
    sure_of_small = np.array([[1.0, 1.0, 1.0]])
    report = frontier_tax([step(("frontier", True))], priced, expectation=lambda _: sure_of_small)
    assert report.total.expected_tax_usd == pytest.approx(15.0, abs=1e-6)
    assert report.split[0].expected_needed == pytest.approx(1.0, abs=1e-6)


def test_groups_split_and_month_add_up(priced: TierCatalogue) -> None:
    day = 86_400.0
    steps = [
        step(("frontier", True), ("small", True), agent="a", at=0.0),
        step(("frontier", True), agent="a", at=day),
        step(("small", True), agent="b", at=10 * day),
        step(("mid", True), at=2 * day),
    ]
    report = frontier_tax(steps, priced)
    by_agent = {group.name: group for group in report.groups["agent"]}
    assert list(by_agent) == ["a", "(not logged)", "b"]
    assert math.fsum(group.paid_usd for group in by_agent.values()) == report.total.paid_usd == 38.0
    assert (by_agent["a"].tax_usd.low, by_agent["a"].tax_usd.high) == (16.0, 31.0)
    assert report.groups["node"] == ()
    used = {share.tier: share.used for share in report.split}
    assert used == {"small": 0.5, "mid": 0.25, "frontier": 0.25}
    small, mid, frontier = report.split
    assert (small.needed, mid.needed, frontier.needed) == (Range(0.5, 1.0), Range(0.0, 0.5), Range(0.0, 0.25))
    assert [share.reference for share in report.split] == [0.90, 0.09, 0.01]
    month = report.per_month()
    assert month is not None
    assert month.paid_usd == pytest.approx(38 * 3.04375)
    assert report.per_users(100, 2.0).paid_usd == pytest.approx(38 / 4 * 200 * 30.4375)
    assert report.n_after_success == 1


def test_less_than_a_day_is_not_stretched_to_a_month(priced: TierCatalogue) -> None:
    report = frontier_tax([step(("small", True), at=0.0), step(("small", True), at=3600.0)], priced)
    assert report.per_month() is None
    assert report.per_month(days=2.0) is not None


def test_as_if_takes_every_step_to_have_run_once_on_one_tier(priced: TierCatalogue) -> None:
    collected = step(("small", False), ("mid", True), ("frontier", True))
    total = frontier_tax([collected], priced, as_if="frontier").total
    assert (total.paid_usd, total.tax_usd) == (16.0, Range(12.0, 12.0))


def test_costs_come_from_tokens_and_unknown_ones_are_left_out(priced: TierCatalogue) -> None:
    by_tokens = LoggedStep(
        "s", Step(text="x"), (Attempt("mid", success=True, input_tokens=1_000_000, output_tokens=500_000),)
    )
    unknown = LoggedStep("u", Step(text="x"), (Attempt("mid", success=True),))
    never_ran = LoggedStep("n", Step(text="x"))
    report = frontier_tax([by_tokens, unknown, never_ran], priced)
    assert report.total.paid_usd == pytest.approx(8.0)
    assert (report.total.n_steps, report.n_unpaid, report.n_estimated) == (1, 2, 1)


def test_a_refused_request_cost_nothing(priced: TierCatalogue) -> None:
    refused = Attempt("frontier", error="429")
    answered = Attempt("frontier", success=True, cost_usd=16.0, input_tokens=400_000, output_tokens=300_000)
    total = frontier_tax([LoggedStep("s", Step(text="x"), (refused, answered))], priced).total
    assert total.paid_usd == 16.0


def test_without_prices_the_log_prices_itself() -> None:
    bare = TierCatalogue.load()
    steps = [step(("small", False), ("mid", False), ("frontier", True)), step(("frontier", True))]
    assert frontier_tax(steps, bare).total.tax_usd == Range(5.0, 20.0)
    with pytest.raises(TaxError, match="tier 'small' has neither a price nor a logged cost"):
        frontier_tax([step(("frontier", True))], bare)


def test_a_log_without_costs_or_attempts_is_refused(priced: TierCatalogue) -> None:
    with pytest.raises(TaxError, match="no step of the log has an attempt"):
        frontier_tax([LoggedStep("s", Step(text="x"))], priced)
    with pytest.raises(TaxError, match="no attempt of the log has a cost"):
        frontier_tax([LoggedStep("s", Step(text="x"), (Attempt("mid"),))], priced)


def test_each_attempts_money_stands_on_its_own_tier(priced: TierCatalogue) -> None:
    log = [step(("frontier", False), ("small", True)), step(("small", True)), step(("small", False), ("mid", True))]
    by_tier = {share.tier: share.paid for share in frontier_tax(log, priced).split}
    assert by_tier == pytest.approx({"small": 3 / 23, "mid": 4 / 23, "frontier": 16 / 23})


def test_models_and_months_have_their_own_sums(priced: TierCatalogue) -> None:
    log = [
        LoggedStep("a", Step(text="x"), (Attempt("small", "one", cost_usd=1.0), Attempt("mid", "two", cost_usd=3.0))),
        LoggedStep("b", Step(text="x"), (Attempt("mid", "two", cost_usd=4.0),), timestamp=1_793_534_400.0),
        LoggedStep("c", Step(text="x"), (Attempt("mid", cost_usd=2.0),), timestamp=1_796_200_000.0),
    ]
    report = frontier_tax(log, priced)
    assert [(m.model, m.tier, m.n_attempts, m.paid_usd) for m in report.models] == [
        ("two", "mid", 2, 7.0),
        ("(mid)", "mid", 1, 2.0),
        ("one", "small", 1, 1.0),
    ]
    assert [(group.name, group.paid_usd) for group in report.groups["month"]] == [
        ("(not logged)", 4.0),
        ("2026-11", 4.0),
        ("2026-12", 2.0),
    ]


def test_comparing_and_judging_are_no_tax_and_lower_the_saving(priced: TierCatalogue) -> None:
    mirrored = Attempt("small", cost_usd=1.0, extra={"mirror": True})
    audited = Attempt("frontier", cost_usd=16.0, extra={"mirror": True, "audit": True})
    tokens = {"input_tokens": 400_000, "output_tokens": 300_000}
    log = [
        LoggedStep("a", Step(text="x"), (Attempt("frontier", cost_usd=16.0, **tokens), mirrored)),
        LoggedStep("b", Step(text="x"), (Attempt("mid", cost_usd=4.0, **tokens), audited)),
        LoggedStep("c", Step(text="x", extra={"role": "judge"}), (Attempt("mid", cost_usd=4.0, **tokens),)),
    ]
    report = frontier_tax(log, priced)
    assert report.total.paid_usd == 20.0
    saving = report.saving
    assert (saving.mirror_usd, saving.audit_usd, saving.judge_usd, saving.served_usd) == (1.0, 16.0, 4.0, 20.0)
    assert saving.top_usd == pytest.approx(16.0 + 16.0)
    assert {share.tier: share.used for share in report.split} == pytest.approx(
        {"small": 0, "mid": 2 / 3, "frontier": 1 / 3}
    )

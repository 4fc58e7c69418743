"""Logs at the edge of what can train: a clear refusal, or a router that decides."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.router_model.router import Router
from tierwise.training.config import TrainConfig
from tierwise.training.errors import TrainingError
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.fitting.tier_classifier import BoosterParams
from tierwise.training.train import MIN_STEPS, train_router

CONFIG = TrainConfig(
    n_folds=2, n_repeats=1, n_components=0, booster=BoosterParams(n_rounds=8, num_leaves=7, min_child_samples=10)
)
Change = Callable[[int, LoggedStep], LoggedStep]


@pytest.fixture(scope="module")
def log() -> list[LoggedStep]:
    return World(seed=1).draw(120, "full", seed=1).logged_steps()


def changed(log: Sequence[LoggedStep], change: Change) -> list[LoggedStep]:
    return [change(row, step) for row, step in enumerate(log)]


def with_attempts(step: LoggedStep, **values: object) -> LoggedStep:
    return replace(step, attempts=tuple(replace(attempt, **values) for attempt in step.attempts))  # type: ignore[arg-type]


def test_too_few_steps_are_refused_with_both_numbers(log: list[LoggedStep], catalogue: TierCatalogue) -> None:
    with pytest.raises(TrainingError, match="59 of 59 steps have a known outcome; at least 60 are needed"):
        train_router(log[: MIN_STEPS - 1], catalogue, CONFIG)
    with pytest.raises(TrainingError, match="0 of 0 steps"):
        train_router([], catalogue, CONFIG)


def test_steps_without_known_outcomes_do_not_count(log: list[LoggedStep], catalogue: TierCatalogue) -> None:
    silent = changed(log, lambda row, step: with_attempts(step, success=None) if row >= 30 else step)
    with pytest.raises(TrainingError, match="30 of 120 steps have a known outcome"):
        train_router(silent, catalogue, CONFIG)


def test_a_log_of_unknown_tiers_is_refused_by_name(log: list[LoggedStep], catalogue: TierCatalogue) -> None:
    foreign = changed(log, lambda _, step: with_attempts(step, tier="huge"))
    with pytest.raises(TrainingError, match="the log also names tiers outside the catalogue: huge"):
        train_router(foreign, catalogue, CONFIG)


def test_a_tier_without_costs_and_prices_is_refused_by_name(log: list[LoggedStep]) -> None:
    free = changed(log, lambda _, step: with_attempts(step, cost_usd=None))
    with pytest.raises(CatalogueError, match="tier 'small' has neither logged costs nor a price; add a priced model"):
        train_router(free, TierCatalogue.load(), CONFIG)


@pytest.mark.parametrize("field", ["group", "task_id"])
def test_a_log_that_is_one_unit_is_refused(field: str, log: list[LoggedStep], catalogue: TierCatalogue) -> None:
    """Steps of one group or task stay on one side of every split: then there are no two sides."""
    one = changed(log, lambda _, step: replace(step, **{"group": None, field: "g"}))  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match="120 of 120 steps belong to one group or task, 'g'; at least 30 others"):
        train_router(one, catalogue, CONFIG)
    nearly = [*one[:91], *log[91:]]
    with pytest.raises(TrainingError, match="91 of 120 steps belong to one group or task, 'g'"):
        train_router(nearly, catalogue, CONFIG)


def _untried(row: int, step: LoggedStep) -> LoggedStep:
    del row
    return replace(step, attempts=step.attempts[-1:])


HARD: dict[str, Change] = {
    "nothing ever fails": lambda _, step: with_attempts(step, success=True),
    "nothing ever succeeds": lambda _, step: with_attempts(step, success=False),
    "one tier alone was tried": _untried,
    "empty texts": lambda _, step: replace(step, step=Step()),
    "one text": lambda _, step: replace(step, step=Step(text="Extract the total.", task_type="extract")),
    "long texts": lambda _, step: replace(step, step=replace(step.step, text="word " * 4000)),
    "right to left and emoji": lambda row, step: replace(step, step=Step(text=f"שלום مرحبا 😀 {row}")),
    "no costs": lambda _, step: with_attempts(step, cost_usd=None),
    "costs of nothing": lambda _, step: with_attempts(step, cost_usd=0.0),
    "NaN costs": lambda row, step: with_attempts(step, cost_usd=float("nan")) if row % 2 else step,
    "one step id": lambda _, step: replace(step, step_id="s"),
    "one group of three quarters": lambda row, step: replace(step, group="big" if row < 90 else step.group),
    "costs of a few steps": lambda row, step: with_attempts(step, cost_usd=0.01 if row < 3 else None),
    "costs in one group alone": lambda row, step: replace(
        with_attempts(step, cost_usd=step.attempts[0].cost_usd if row < 60 else None), group=f"g{row // 60}"
    ),
    "a tier that is not in the catalogue": lambda _, step: replace(
        step, attempts=(*step.attempts, Attempt("huge", success=True, cost_usd=1.0))
    ),
}


@pytest.fixture(scope="module")
def router_of(log: list[LoggedStep], catalogue: TierCatalogue) -> Callable[[str], Router]:
    """The router of a log of ``HARD``, trained once."""
    return cache(lambda name: train_router(changed(log, HARD[name]), catalogue, CONFIG).router())


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name.startswith("right to left") else pytest.mark.slow) for name in HARD]
)
def test_a_log_with_little_in_it_gives_a_router_that_decides(
    name: str, router_of: Callable[[str], Router], log: list[LoggedStep]
) -> None:
    steps = changed(log, HARD[name])
    for decision in router_of(name).decide_many([steps[0].step, Step(text="Something else.")]):
        assert not decision.is_fallback
        assert all(0 <= p <= 1 for p in decision.p_success.values())
        assert all(0 < usd < 1 for usd in decision.expected_cost_usd.values())


@pytest.mark.slow
def test_where_nothing_ever_fails_the_cheapest_tier_is_trusted(
    log: list[LoggedStep], router_of: Callable[[str], Router]
) -> None:
    steps, router = [step.step for step in log], router_of("nothing ever fails")
    assert {decision.tier for decision in router.decide_many(steps)} <= {"small", "frontier"}
    assert router.predict(steps).probabilities.p_success[:, 0].min() > 0.8


@pytest.mark.slow
def test_a_tier_that_nobody_tried_is_not_trusted(log: list[LoggedStep], router_of: Callable[[str], Router]) -> None:
    """Only the top tier was ever run: no cheaper one may be certified at a small loss."""
    router = router_of("one tier alone was tried")
    assert {decision.tier for decision in router.decide_many([step.step for step in log])} == {"frontier"}


@pytest.mark.slow
def test_two_and_five_tiers_train_as_three_do() -> None:
    for n_tiers in (2, 5):
        names = tuple(f"tier-{tier}" for tier in range(n_tiers))
        catalogue = TierCatalogue.from_mapping({"tiers": [{"name": name} for name in names]})
        steps = World(seed=1, n_tiers=n_tiers).draw(120, "full", seed=1).logged_steps(names)
        decision = train_router(steps, catalogue, CONFIG).router().decide(steps[0].step)
        assert tuple(decision.p_success) == names
        assert decision.tier in names

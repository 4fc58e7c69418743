"""The likelihood of tasks' ends against brute force, and what it recovers in worlds whose truth is known."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tierwise.router_model.predicting.chain import row_probabilities, states_of, tier_probabilities
from tierwise.training.evaluation.synthetic.ended_tasks import EndedTasks, end_tasks
from tierwise.training.evaluation.synthetic.task_worlds import TaskWorld
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.fitting.chain_model import fit_chain_model
from tierwise.training.fitting.task_ends import SeenOutcomes, TaskEnds
from tierwise.training.fitting.tier_classifier import BoosterParams

NAN = np.nan
SUCCESS = np.array([[NAN, NAN, NAN], [0.0, NAN, NAN], [NAN, NAN, NAN], [1.0, NAN, NAN]])
ENDS = TaskEnds(
    told=np.array([[NAN] * 3, [NAN] * 3, [NAN, 1.0, NAN], [NAN] * 3]),
    tier=np.array([2, 1, -1, 2]),
    task=np.array([7, 7, -1, 7]),
    size=np.array([3, 3, 0, 3]),
)
"""A failed task of three steps, two with an outcome of their own on another tier; and a step of one that succeeded."""


def posterior(scores: np.ndarray, ends: TaskEnds | None = ENDS):  # type: ignore[no-untyped-def]
    return SeenOutcomes(SUCCESS, np.ones(4), ends).posterior(*states_of(row_probabilities(scores)))


def test_the_likelihood_is_the_sum_over_all_outcomes_that_fail_the_task() -> None:
    scores = np.random.default_rng(0).normal(size=(4, 5))
    chain = tier_probabilities(scores)
    total = 0.0
    blamed = np.zeros(4)
    for outcomes in product(product((0, 1), repeat=3), repeat=3):
        rows, tiers = (0, 1, 3), (2, 1, 2)
        if all(outcome[tier] for outcome, tier in zip(outcomes, tiers, strict=True)):
            continue
        if outcomes[1][0] or not outcomes[2][0]:
            continue
        p = 1.0
        for row, outcome in zip(rows, outcomes, strict=True):
            is_met = False
            for tier, success in enumerate(outcome):
                q = chain.keep[row, tier] if is_met else chain.hazard[row, tier]
                p *= q if success else 1 - q
                is_met |= bool(success)
        total += p
        for row, outcome, tier in zip(rows, outcomes, tiers, strict=True):
            blamed[row] += p * (not outcome[tier])
    found = posterior(scores)
    assert np.exp(found.log_likelihood[[0, 1, 3]].sum()) == pytest.approx(total)
    succeeded = found.succeeded[0, 2] + found.succeeded[0, 4]
    assert 1 - succeeded == pytest.approx(blamed[0] / total)
    assert np.exp(found.log_likelihood[2]) == pytest.approx(chain.p_success[2, 1])


def test_the_gradient_is_that_of_the_likelihood() -> None:
    scores = np.random.default_rng(1).normal(size=(4, 5))
    found = posterior(scores)
    gradient = found.at_risk / (1 + np.exp(-scores)) - found.succeeded
    for row, column in product(range(4), range(5)):
        step = np.zeros_like(scores)
        step[row, column] = 1e-5
        up, down = (posterior(scores + sign * step).log_likelihood.sum() for sign in (1, -1))
        assert gradient[row, column] == pytest.approx(-(up - down) / 2e-5, abs=1e-6)


def test_a_failed_task_of_one_step_failed_with_it() -> None:
    ends = TaskEnds(np.full((1, 2), NAN), np.array([0]), np.array([0]), np.array([1]))
    seen = SeenOutcomes(np.full((1, 2), NAN), np.ones(1), ends)
    own = SeenOutcomes(np.array([[0.0, NAN]]), np.ones(1))
    states = states_of(row_probabilities(np.random.default_rng(2).normal(size=(1, 3))))
    np.testing.assert_allclose(seen.posterior(*states).succeeded, own.posterior(*states).succeeded, atol=1e-6)


def test_a_failed_task_that_is_not_there_as_a_whole_blames_nobody() -> None:
    rows = np.array([0, 2, 3])
    assert (ENDS.take(rows).tier == -1).all()
    assert ENDS.take(rows).told[1, 1] == 1
    assert ENDS.take(np.array([3, 1, 0])).tier.tolist() == [2, 1, 2]


def test_an_own_outcome_goes_before_the_tasks_and_weighs_more() -> None:
    told = np.array([[1.0, NAN], [1.0, NAN]])
    nobody = np.array([-1, -1])
    seen = SeenOutcomes(
        np.array([[0.0, NAN], [NAN, NAN]]), np.ones(2), TaskEnds(told, nobody, nobody, np.zeros(2, dtype=int), 0.5)
    )
    assert seen.success[:, 0].tolist() == [0.0, 1.0]
    assert seen.weight.tolist() == [1.0, 0.5]


PARAMS = BoosterParams(n_rounds=40, learning_rate=0.1)
WORLD = TaskWorld(World(seed=3), "pareto", 50, tier_lift=(1.5, 2.5, 3.5))
KINDS = {
    "one step to fifty": (WORLD, (0.4, 0.3, 0.3)),
    "steps that share their task's luck": (replace(WORLD, task_spread=1.0), (0.4, 0.3, 0.3)),
    "twenty steps each": (replace(WORLD, sizes="equal", most_steps=20, tier_lift=(3.0, 3.5, 4.0)), (0.4, 0.3, 0.3)),
    "a tier that never ran": (WORLD, (0.6, 0.4, 0.0)),
}


def probabilities(tasks: EndedTasks, success: np.ndarray, ends: TaskEnds | None, vectors: np.ndarray) -> np.ndarray:
    fitted = fit_chain_model(vectors_of(tasks.drawn), success, np.ones(len(tasks.tier)), PARAMS, 0, ends)
    return tier_probabilities(fitted.scores(vectors)).p_success


def vectors_of(drawn):  # type: ignore[no-untyped-def]
    steps = drawn.steps
    return np.column_stack([steps.features, steps.complexity, np.eye(5)[steps.task_type]]).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind == "a tier that never ran" else pytest.mark.slow) for kind in KINDS]
)
def test_weak_labels_recover_what_steps_really_come_to(kind: str) -> None:
    """Nearly as well ordered as by full labels, and on the level of the truth, where copied outcomes lie far below."""
    world, p_tier = KINDS[kind]
    tasks, fresh = end_tasks(world, 3000, 1, p_tier), world.draw(3000, 99)
    vectors = vectors_of(fresh)
    full = probabilities(tasks, tasks.own(), None, vectors)
    copied = probabilities(tasks, tasks.copied(), None, vectors)
    weak = probabilities(tasks, tasks.nothing(), tasks.ends(), vectors)
    for tier in (tier for tier, share in enumerate(p_tier) if share):
        auc = [roc_auc_score(fresh.success[:, tier], found[:, tier]) for found in (full, weak, copied)]
        assert auc[1] > auc[0] - 0.03
        assert auc[1] > auc[2]
        bias = [abs(float((found - fresh.success)[:, tier].mean())) for found in (weak, copied)]
        assert bias[0] < 0.06 < 0.3 < bias[1]

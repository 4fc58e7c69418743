"""Masked logs show what such a way of logging would have shown, and nothing else."""

import numpy as np
import pytest

from benchmarks.decisions.masks import EXPLORATION, KINDS, masked
from benchmarks.decisions.problem import Problem
from tierwise.data.records import LoggedStep
from tierwise.router_model.rules import RulesRouter


def attempts(logged: LoggedStep) -> list[tuple[str, bool | None]]:
    return [(attempt.tier, attempt.success) for attempt in logged.attempts]


@pytest.mark.parametrize("kind", KINDS)
def test_attempts_are_taken_from_the_full_log_and_the_step_stays(kind: str, problem: Problem) -> None:
    for full, partial in zip(problem.steps, masked(problem.steps, kind, problem.catalogue, 0), strict=True):
        assert partial.step == full.step
        assert set(attempts(partial)) <= set(attempts(full))


def test_the_same_seed_gives_the_same_log(problem: Problem) -> None:
    first, again, other = (masked(problem.steps, "mixed", problem.catalogue, seed) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_an_escalation_stops_at_the_first_success(problem: Problem) -> None:
    for logged in masked(problem.steps, "escalation", problem.catalogue, 0):
        successes = [success for _, success in attempts(logged)]
        assert not any(successes[:-1])
        assert successes[-1] or len(successes) == len(problem.catalogue)
        assert [tier for tier, _ in attempts(logged)] == list(problem.catalogue.names[: len(successes)])


def test_propensities_are_those_of_the_draw(problem: Problem) -> None:
    rules = RulesRouter(problem.catalogue)
    log = masked(problem.steps, "rules with 10 % exploration", problem.catalogue, 0)
    is_preferred = np.array([logged.attempts[0].tier == rules.decide(logged.step).tier for logged in log])
    expected = np.where(is_preferred, 1 - EXPLORATION * 2 / 3, EXPLORATION / 3)
    found = [logged.decision.propensity for logged in log if logged.decision]
    np.testing.assert_allclose(found, expected)
    assert is_preferred.mean() == pytest.approx(1 - EXPLORATION * 2 / 3, abs=0.04)

"""What log-probabilities add on the sample log: the steps, the ways and the page, on the attempts that are shipped."""

import numpy as np
import pytest

from benchmarks.decisions.cascading import sample_answers
from benchmarks.decisions.cascading.answer_times import ALWAYS_TOP, time_rows
from benchmarks.decisions.cascading.cascades import LEARNED_ONE, SINGLE, Answered
from benchmarks.decisions.cascading.sample_answers import ONE_SILENT, THRESHOLD, again_problem
from benchmarks.decisions.pages.render_cascades import sample_answers_page
from benchmarks.decisions.problem import Problem
from tierwise.features.evidence import EVIDENCE_NAMES
from tierwise.training.evaluation.bootstrap import Bootstrap

LOGPROB = EVIDENCE_NAMES.index("logprob_mean")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    return again_problem(tmp_path_factory.mktemp("store"), [])


@pytest.mark.slow
def test_every_family_has_log_probabilities_of_mid_and_none_of_the_simulated_tier(told: Problem) -> None:
    is_told = sample_answers.told(told)
    assert len(told.steps) == 1846
    assert is_told.sum() >= 700
    for logged, has_logprobs in zip(told.steps, is_told, strict=True):
        by_tier = {attempt.tier: attempt for attempt in logged.attempts}
        assert (by_tier["mid"].logprobs is not None) == has_logprobs
        assert by_tier["frontier"].logprobs is None
        assert by_tier["frontier"].simulated
    families = {logged.group.split("/")[0] for logged in told.steps if logged.group}
    asked = {s.group.split("/")[0] for s, is_one in zip(told.steps, is_told, strict=True) if is_one and s.group}
    assert asked == families


def few(problem: Problem, n: int) -> Problem:
    """The first ``n`` steps with log-probabilities."""
    asked = [one for one, is_told in zip(problem.steps, sample_answers.told(problem), strict=True) if is_told]
    return Problem.of("few", asked[:n], problem.catalogue)


@pytest.mark.slow
def test_what_must_be_asked_for_is_masked_and_the_answer_stays(told: Problem) -> None:
    answered = Answered.of(few(told, 40))
    silent = sample_answers._masked(answered, votes=True).table.rows
    unvoted = sample_answers._masked(answered).table.rows
    assert np.isnan(silent[:, LOGPROB]).all()
    np.testing.assert_array_equal(unvoted[:, LOGPROB], answered.table.rows[:, LOGPROB])
    chars = EVIDENCE_NAMES.index("chars")
    np.testing.assert_array_equal(silent[:, chars], answered.table.rows[:, chars])


@pytest.mark.slow
def test_the_ways_are_measured_on_the_same_steps(told: Problem) -> None:
    answered = Answered.of(few(told, 160))
    is_told = sample_answers.told(answered.problem)
    assert is_told.all()
    found = sample_answers.run_ways(answered, is_told, answered.problem.folds(2, 0), lambda: None)
    rows = sample_answers.measured(answered, is_told, [found.used], Bootstrap(50))
    assert 0.6 < found.auc[THRESHOLD] < 1.0
    assert {SINGLE, THRESHOLD, ONE_SILENT, LEARNED_ONE} <= {row["way"] for row in rows}
    assert all(row["saving"]["low"] <= row["saving"]["value"] <= row["saving"]["high"] for row in rows)
    times = time_rows(answered.problem.steps, answered.problem.success, [found.used], sample_answers.MAX_LOSSES)
    figures = {"n_steps": 160, "n_learned": 160, "n_templates": 40, "rows": rows, "auc": found.auc, "times": times}
    page = sample_answers_page(figures)
    assert any(LEARNED_ONE in line for line in page[-7].splitlines())
    assert {ALWAYS_TOP, SINGLE, LEARNED_ONE} <= {row["way"] for row in times}
    assert any(ALWAYS_TOP in line for line in page[-1].splitlines())

"""What log-probabilities add on the sample log: the steps, the ways and the page, on the attempts that are shipped."""

import numpy as np
import pytest

from benchmarks.decisions.cascading import sample_answers
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


def test_every_step_has_the_log_probabilities_of_mid_and_none_of_the_simulated_tier(told: Problem) -> None:
    by_tier = {tier: [a for s in told.steps for a in s.attempts if a.tier == tier] for tier in ("mid", "frontier")}
    assert len(told.steps) >= 400
    assert all(attempt.logprobs is not None for attempt in by_tier["mid"])
    assert all(attempt.logprobs is None and attempt.simulated for attempt in by_tier["frontier"])
    assert {logged.step.task_type for logged in told.steps} >= {"extract", "classify", "generate"}


def test_what_must_be_asked_for_is_masked_and_the_answer_stays(told: Problem) -> None:
    answered = Answered.of(Problem.of("few", told.steps[:40], told.catalogue))
    silent = sample_answers._masked(answered, votes=True).table.rows
    unvoted = sample_answers._masked(answered).table.rows
    assert np.isnan(silent[:, LOGPROB]).all()
    np.testing.assert_array_equal(unvoted[:, LOGPROB], answered.table.rows[:, LOGPROB])
    chars = EVIDENCE_NAMES.index("chars")
    np.testing.assert_array_equal(silent[:, chars], answered.table.rows[:, chars])


@pytest.mark.slow
def test_the_ways_are_measured_on_the_same_steps(told: Problem) -> None:
    answered = Answered.of(Problem.of("few", told.steps[:160], told.catalogue))
    found = sample_answers._run(answered, answered.problem.folds(2, 0), lambda: None)
    rows = sample_answers._measured(answered, [found], Bootstrap(50))
    assert {SINGLE, THRESHOLD, ONE_SILENT, LEARNED_ONE} <= {row["way"] for row in rows}
    assert all(row["saving"]["low"] <= row["saving"]["value"] <= row["saving"]["high"] for row in rows)
    page = sample_answers_page({"n_steps": 160, "n_templates": 40, "rows": rows})
    assert any(LEARNED_ONE in line for line in page[-1].splitlines())

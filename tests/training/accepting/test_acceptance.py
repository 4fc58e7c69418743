"""Acceptance learned in a world whose truth is known: two cheap answers that agree are right, most others are not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tierwise.data.records import Attempt, LoggedStep, Logprobs, Step
from tierwise.features.evidence import EVIDENCE_NAMES
from tierwise.router_model.accepting.acceptance import Acceptance, AcceptanceError, AcceptanceSchema
from tierwise.training.accepting.acceptance import (
    ACCEPTANCE_PARAMS,
    AcceptanceModel,
    TrainedAcceptance,
    cross_fitted,
    train_acceptance,
)
from tierwise.training.accepting.acceptance_table import AcceptanceTable, acceptance_table, asked_sets
from tierwise.training.errors import TrainingError

TIERS = ("small", "mid", "top")
SCHEMA = AcceptanceSchema(TIERS, ())
PARAMS = replace(ACCEPTANCE_PARAMS, n_rounds=100)
N_STEPS = 400
FOLDS = np.arange(N_STEPS) % 5


def world(n_steps: int, seed: int = 0) -> list[LoggedStep]:
    """The right answer is a number from 0 to 99; small and mid know it in 60 and 75 % of the steps, top in 95 %."""
    rng = np.random.default_rng(seed)
    steps = []
    for number in range(n_steps):
        right = rng.integers(100)
        attempts = []
        for tier, p_right in zip(TIERS, (0.6, 0.75, 0.95), strict=True):
            is_right = bool(rng.random() < p_right)
            given = right if is_right else (right + 1 + rng.integers(99)) % 100
            attempts.append(Attempt(tier, success=is_right, output=f"The answer is {given}."))
        steps.append(LoggedStep(f"s-{number}", Step(f"How many? ({number})"), tuple(attempts)))
    return steps


STEPS = world(N_STEPS)
NO_COLUMNS = np.zeros((N_STEPS, 0), dtype=np.float32)


@pytest.fixture(scope="module")
def table() -> AcceptanceTable:
    return acceptance_table(STEPS, SCHEMA, NO_COLUMNS)


@pytest.fixture(scope="module")
def trained(table: AcceptanceTable) -> TrainedAcceptance:
    return train_acceptance(table, FOLDS, SCHEMA, PARAMS)


def with_both(table: AcceptanceTable) -> np.ndarray:
    return np.asarray(table.asked == asked_sets(TIERS).index(("small", "mid")))


def agrees(table: AcceptanceTable) -> np.ndarray:
    return np.asarray(table.rows[:, EVIDENCE_NAMES.index("others_same")] == 1)


def test_every_answer_of_every_asked_set_is_a_row_and_a_step_counts_once(table: AcceptanceTable) -> None:
    assert asked_sets(TIERS) == (("small",), ("mid",), ("small", "mid"))
    assert len(table) == 4 * N_STEPS
    assert np.bincount(table.step, table.weight).tolist() == [1.0] * N_STEPS
    assert table.rows.shape == (len(table), len(SCHEMA.names))
    assert set(table.rows[with_both(table), SCHEMA.names.index("n_asked")]) == {2.0}


@pytest.mark.slow
def test_answers_that_agree_are_judged_right_and_others_less_so(
    table: AcceptanceTable, trained: TrainedAcceptance
) -> None:
    both, agree = with_both(table), agrees(table)
    p = trained.held_out.p_answer
    assert p[both & agree].mean() > 0.95
    assert p[both & agree].mean() == pytest.approx(table.answer[both & agree].mean(), abs=0.03)
    assert p[both & ~agree].mean() == pytest.approx(table.answer[both & ~agree].mean(), abs=0.03)
    assert trained.held_out.p_top[both].mean() == pytest.approx(0.95, abs=0.03)
    assert trained.held_out.p_lost[both & agree].max() < trained.held_out.p_lost[both & ~agree].min()


@pytest.mark.slow
def test_what_serves_says_what_was_fitted_and_survives_the_disk(
    table: AcceptanceTable, trained: TrainedAcceptance, tmp_path: Path
) -> None:
    trained.acceptance.save(tmp_path)
    loaded = Acceptance.load(tmp_path)
    assert loaded.schema == SCHEMA
    rows = table.rows[:200]
    raw = AcceptanceModel(PARAMS).fit(table, np.ones(len(table), dtype=np.bool_)).raw(rows)
    expected = raw.calibrated(trained.acceptance.lines)
    for judgement in (loaded.judge(rows), trained.acceptance.judge(rows)):
        np.testing.assert_allclose(judgement.p_answer, expected.p_answer, atol=1e-5)
        np.testing.assert_allclose(judgement.p_top, expected.p_top, atol=1e-5)
    alone = [float(loaded.judge(row[None]).p_lost[0]) for row in rows[:5]]
    np.testing.assert_allclose(alone, expected.p_lost[:5], atol=1e-5)


@pytest.mark.slow
def test_the_same_table_and_seed_give_the_same_bytes(
    table: AcceptanceTable, trained: TrainedAcceptance, tmp_path: Path
) -> None:
    train_acceptance(table, FOLDS, SCHEMA, PARAMS).acceptance.save(tmp_path / "again")
    trained.acceptance.save(tmp_path / "first")
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


@pytest.mark.slow
def test_same_answer_is_learned_without_a_single_outcome(table: AcceptanceTable) -> None:
    blind = [
        replace(step, attempts=tuple(replace(attempt, success=None) for attempt in step.attempts)) for step in STEPS
    ]
    schema = replace(SCHEMA, target="same-answer")
    found = acceptance_table(blind, schema, NO_COLUMNS)
    trained = train_acceptance(found, FOLDS, schema, PARAMS)
    assert (trained.held_out.p_top == 1).all()
    both, agree = with_both(found), agrees(found)
    assert trained.held_out.p_answer[both & agree].mean() == pytest.approx(found.answer[both & agree].mean(), abs=0.03)
    assert (found.answer <= 1 - (table.top - table.answer).clip(0)).all()  # what differs bounds what is lost


def test_an_answer_without_a_key_counts_as_different() -> None:
    story = "It is a long story, and nobody will read it to the end, but here it is. " * 9
    attempts = (Attempt("small", output=story), Attempt("mid", output="12"), Attempt("top", output="12"))
    (logged,) = [LoggedStep("s", Step("Tell me."), attempts)]
    found = acceptance_table([logged], replace(SCHEMA, target="same-answer"), NO_COLUMNS[:1])
    assert dict(zip(found.tier.tolist(), found.answer.tolist(), strict=True)) == {0: 0.0, 1: 1.0}


@pytest.mark.slow
def test_unknown_outcomes_are_left_out_of_the_head_that_needs_them(table: AcceptanceTable) -> None:
    """An escalation that stopped at mid never shows the top tier; its rows still teach the first head."""
    partial = replace(table, top=np.where(table.step % 2 == 0, np.nan, table.top))
    raw = cross_fitted(partial, FOLDS, params=PARAMS)
    assert np.isfinite(raw.answer).all()
    whole = cross_fitted(table, FOLDS, params=PARAMS)
    np.testing.assert_array_equal(raw.answer, whole.answer)


def test_steps_whose_answers_were_not_logged_have_no_rows() -> None:
    bare = LoggedStep("s", Step("x"), (Attempt("small", success=True), Attempt("mid", success=True, output="1")))
    found = acceptance_table([bare], SCHEMA, NO_COLUMNS[:1])
    assert (found.tier.tolist(), found.asked.tolist()) == ([1], [1])


def test_further_answers_of_a_model_are_votes() -> None:
    votes = tuple(Attempt("mid", output=text) for text in ("7", "7", "8"))
    found = acceptance_table([LoggedStep("s", Step("How many?"), votes)], SCHEMA, NO_COLUMNS[:1])
    row = dict(zip(SCHEMA.names, found.rows[0].tolist(), strict=True))
    assert (row["votes"], row["votes_same"]) == (2.0, 0.5)


def test_what_the_router_said_of_the_step_enters(table: AcceptanceTable) -> None:
    p_step = np.tile([0.1, 0.2, 0.3], (N_STEPS, 1))
    rows = acceptance_table(STEPS, SCHEMA, NO_COLUMNS, p_step).rows
    for tier, said in ((0, 0.1), (1, 0.2)):
        names = [SCHEMA.names.index(name) for name in ("p_step_answer", "p_step_top")]
        np.testing.assert_allclose(rows[table.tier == tier][:, names], [[said, 0.3]] * int((table.tier == tier).sum()))


def test_too_few_answers_are_told() -> None:
    few = acceptance_table(STEPS[:10], SCHEMA, NO_COLUMNS[:10])
    with pytest.raises(TrainingError, match="40 answers with a known outcome; at least 60 are needed"):
        AcceptanceModel().fit(few, np.ones(len(few), dtype=np.bool_))


def test_files_of_another_version_are_refused(trained: TrainedAcceptance, tmp_path: Path) -> None:
    with pytest.raises(AcceptanceError, match="no acceptance that can be read"):
        Acceptance.load(tmp_path)
    trained.acceptance.save(tmp_path)
    file = tmp_path / "acceptance.json"
    file.write_text(file.read_text().replace('"format_version": 1', '"format_version": 9'))
    with pytest.raises(AcceptanceError, match="format 9"):
        Acceptance.load(tmp_path)


def with_logprobs(steps: list[LoggedStep], seed: int = 0) -> list[LoggedStep]:
    """The same answers with log-probabilities, which tell right from wrong: every answer of the log has them."""
    rng = np.random.default_rng(seed)

    def told(attempt: Attempt) -> Attempt:
        mean = -float(rng.uniform(0.01, 0.1) if attempt.success else rng.uniform(0.3, 1.0))
        return replace(attempt, logprobs=Logprobs(mean, 3 * mean, 5))

    return [replace(one, attempts=tuple(map(told, one.attempts))) for one in steps]


@pytest.mark.slow
def test_log_probabilities_that_a_caller_does_not_send_are_missing_and_no_sign_of_certainty() -> None:
    told = acceptance_table(with_logprobs(STEPS), SCHEMA, NO_COLUMNS)
    acceptance = train_acceptance(told, FOLDS, SCHEMA, PARAMS).acceptance
    alone = told.asked == asked_sets(TIERS).index(("mid",))
    assert acceptance.judge(told.rows[alone]).p_answer[told.answer[alone] == 1].mean() > 0.95
    silent = acceptance_table(STEPS, SCHEMA, NO_COLUMNS)
    p = acceptance.judge(silent.rows[alone]).p_answer
    assert p.mean() == pytest.approx(silent.answer[alone].mean(), abs=0.05)
    assert np.quantile(p, 0.99) < 0.95

"""The linear view of answers with log-probabilities: learned from few, and gone where there are none."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.accepting.test_acceptance import FOLDS, NO_COLUMNS, PARAMS, SCHEMA, STEPS, TIERS, with_logprobs
from tierwise.router_model.accepting.acceptance import Acceptance, AcceptanceError
from tierwise.router_model.accepting.leaning import Leaning
from tierwise.training.accepting.acceptance import train_acceptance
from tierwise.training.accepting.acceptance_table import AcceptanceTable, acceptance_table, asked_sets, with_missing
from tierwise.training.accepting.lean import SHARES, best_share, fit_leaning

N_FEW = 120


def told(n: int = N_FEW) -> AcceptanceTable:
    return acceptance_table(with_logprobs(STEPS[:n]), SCHEMA, NO_COLUMNS[:n])


def leaning_of(table: AcceptanceTable) -> Leaning:
    return fit_leaning(table, np.ones(len(table), dtype=np.bool_), SCHEMA.names, len(TIERS))


def test_doubts_are_told_from_certainty_by_tier_and_nothing_of_silent_answers() -> None:
    table = told()
    log_odds = leaning_of(table).log_odds(table.rows, SCHEMA.names)
    for tier in (0, 1):
        own = table.tier == tier
        assert log_odds[own & (table.answer == 1)].min() > log_odds[own & (table.answer == 0)].max()
    silent = with_missing(table).rows[len(table) :]
    assert len(silent) == len(table)
    assert np.isnan(leaning_of(table).log_odds(silent, SCHEMA.names)).all()


def test_the_share_is_the_one_that_told_most_and_silent_answers_have_no_say() -> None:
    table = told()
    right = np.where(table.answer == 1, 3.0, -3.0)
    assert best_share(-right, right, table) == SHARES[-1]
    assert best_share(right, -right, table) == SHARES[0]
    assert best_share(right, np.full(len(right), np.nan), table) == SHARES[0]


@pytest.mark.slow
def test_what_serves_leans_as_what_was_fitted_and_survives_the_disk(tmp_path: Path) -> None:
    table = told(len(STEPS))
    acceptance = train_acceptance(table, FOLDS, SCHEMA, PARAMS).acceptance
    acceptance.leaning = replace(leaning_of(table), share=0.5)
    loaded = Acceptance.load(saved(acceptance, tmp_path / "leaning"))
    alone = table.asked == asked_sets(TIERS).index(("mid",))
    np.testing.assert_array_equal(
        loaded.judge(table.rows[alone]).p_answer, acceptance.judge(table.rows[alone]).p_answer
    )
    whole = loaded.judge(table.rows[alone]).p_answer
    loaded.leaning = None
    assert np.abs(whole - loaded.judge(table.rows[alone]).p_answer).max() > 1e-3


def saved(acceptance: Acceptance, folder: Path) -> Path:
    acceptance.save(folder)
    return folder


@pytest.mark.slow
def test_a_log_without_log_probabilities_has_no_linear_view(tmp_path: Path) -> None:
    table = acceptance_table(STEPS, SCHEMA, NO_COLUMNS)
    acceptance = train_acceptance(table, FOLDS, SCHEMA, PARAMS).acceptance
    assert acceptance.leaning is None
    assert json.loads((saved(acceptance, tmp_path) / "acceptance.json").read_text())["format_version"] == 1


@pytest.fixture(scope="module")
def leaning_acceptance() -> Acceptance:
    acceptance = train_acceptance(told(), FOLDS[:N_FEW], SCHEMA, PARAMS).acceptance
    acceptance.leaning = leaning_of(told())
    return acceptance


@pytest.mark.slow
@pytest.mark.parametrize(
    "broken", [{"columns": ["chars"]}, {"center": [0.0]}, {"share": float("nan")}, {"weights": [[1.0]]}]
)
def test_a_linear_view_that_makes_no_sense_is_refused(
    broken: dict[str, object], leaning_acceptance: Acceptance, tmp_path: Path
) -> None:
    file = saved(leaning_acceptance, tmp_path) / "acceptance.json"
    raw = json.loads(file.read_text())
    raw["leaning"] |= broken
    file.write_text(json.dumps(raw))
    with pytest.raises(AcceptanceError, match="train it again"):
        Acceptance.load(tmp_path)

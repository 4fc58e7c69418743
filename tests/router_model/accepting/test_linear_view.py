"""The linear view of log-probabilities: exact log-odds from weights written by hand, and what is refused."""

import json

import numpy as np
import pytest

from tierwise.router_model.accepting.leaning import LEANING_COLUMNS, Leaning

NAMES = ("tier_place", *LEANING_COLUMNS)
N = len(LEANING_COLUMNS)


def leaning(share: float) -> Leaning:
    """Of two tiers below the top: the first counts votes twice, the second says 5 always."""
    weights = np.zeros((2, 2 * N + 1))
    weights[0, LEANING_COLUMNS.index("votes_same")] = 2.0
    weights[1, -1] = 5.0
    return Leaning(np.zeros(N), np.ones(N), weights, share)


def row(tier_place: float, **columns: float) -> list[float]:
    return [tier_place, *(columns.get(name, np.nan) for name in LEANING_COLUMNS)]


def test_log_odds_go_by_the_tier_and_leave_answers_without_log_probabilities_to_the_trees() -> None:
    rows = np.array(
        [row(0.0, votes_same=3, logprob_mean=-1), row(0.5, logprob_mean=-1), row(0.0, votes_same=3)], dtype=np.float32
    )
    assert leaning(1.0).log_odds(rows, NAMES).tolist()[:2] == [6.0, 5.0]
    trees = np.array([1.0, 2.0, 3.0])
    assert leaning(0.25).beside(trees, rows, NAMES).tolist() == [0.75 + 1.5, 1.5 + 1.25, 3.0]
    assert leaning(0.0).beside(trees, rows, NAMES).tolist() == trees.tolist()


def test_it_survives_the_disk_and_what_makes_no_sense_is_refused() -> None:
    raw = json.loads(json.dumps(leaning(0.25).to_mapping()))
    assert Leaning.from_mapping(raw).to_mapping() == raw
    for broken in ({"columns": ["chars"]}, {"center": [0.0]}, {"weights": [[1.0]]}):
        with pytest.raises(ValueError, match="a leaning on other columns"):
            Leaning.from_mapping(raw | broken)
    for other in ({"share": float("nan")}, {"scale": [float("inf")] * N}):
        with pytest.raises(ValueError, match="a leaning that is no number"):
            Leaning.from_mapping(raw | other)

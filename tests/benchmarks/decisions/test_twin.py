"""The score of TwinRouterBench, on rows made by hand."""

import numpy as np

from benchmarks.decisions.pages.render_forms import twin_page
from benchmarks.decisions.questions.twin import cheapest_enough, scorer

SUCCESS = np.array([[1, 1, 1], [0, 1, 1], [np.nan, 0, 1], [0, 0, 0]], dtype=np.float64)


def test_the_cheapest_known_success_is_enough() -> None:
    assert cheapest_enough(SUCCESS).tolist() == [0, 1, 2, 2]


def test_rows_pass_match_and_fail_their_task() -> None:
    cost_usd = np.tile([1.0, 2.0, 4.0], (4, 1))
    score = scorer(cheapest_enough(SUCCESS), cost_usd, ["a", "a", "b", "c"])
    assert score(np.array([1, 1, 2, 0])) == {
        "row_pass": 0.75,
        "exact_match": 0.5,
        "trajectory_pass": 2 / 3,
        "saving": 1 - 9 / 16,
    }
    assert score(np.full(4, 2))["row_pass"] == 1
    page = twin_page({"n_steps": 4, "n_tasks": 3, "n_folds": 5, "rows": [{"name": "x", **score(np.full(4, 2))}]})
    assert "100.0%" in page[-1]

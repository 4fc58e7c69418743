"""A judge of any quality, corrected by labels: the interval covers, and is narrower where the judge is good."""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from tierwise.data.compared.judged import Bounded, judged_share, wilson

N_LABELS = 100
N_RUNS = 200
ANSWERS = os.environ.get("TIERWISE_TEST_OUTCOMES")


class Judge:
    """Passes some wrong answers and fails some right ones, twice as many in one part."""

    def __init__(self, p_false_pass: float, p_false_fail: float) -> None:
        self.p_false_pass = p_false_pass
        self.p_false_fail = p_false_fail

    def verdicts(self, truth: np.ndarray, is_hard: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        factor = np.where(is_hard, 2.0, 1.0)
        p_wrong = np.where(truth == 1, self.p_false_fail, self.p_false_pass) * factor
        return np.where(draw.random(len(truth)) < p_wrong, 1 - truth, truth)


def runs(truth: np.ndarray, is_hard: np.ndarray, judge: Judge, n_runs: int = N_RUNS) -> tuple[float, float]:
    """The share of runs whose interval covers the truth, and the mean width relative to that of the labels alone."""
    covered, widths = 0, []
    for seed in range(n_runs):
        draw = np.random.default_rng(seed)
        labels = np.full(len(truth), np.nan)
        chosen = draw.choice(len(truth), N_LABELS, replace=False)
        labels[chosen] = truth[chosen]
        found = judged_share(judge.verdicts(truth, is_hard, draw), labels)
        covered += found.share.low <= truth.mean() <= found.share.high
        widths.append(found.share.width / found.by_labels.width)
    return covered / n_runs, float(np.mean(widths))


@pytest.mark.parametrize("p", [0.3, 0.7, 0.85, 0.93])
@pytest.mark.parametrize(
    ("judge", "widest"),
    [
        (Judge(0.10, 0.15), 1.1),  # usual
        (Judge(0.02, 0.03), 0.9),  # good
        (Judge(0.5, 0.5), 1.2),  # knows nothing
        (Judge(0.45, 0.02), 1.2),  # passes nearly half of what is wrong, nearly all of it in the hard part
    ],
)
def test_the_interval_covers_whatever_the_judge_is_worth(p: float, judge: Judge, widest: float) -> None:
    draw = np.random.default_rng(7)
    truth, is_hard = (draw.random(3000) < p).astype(float), draw.random(3000) < 0.3
    coverage, width = runs(truth, is_hard, judge)
    assert coverage >= 0.93
    assert width <= widest


@pytest.mark.parametrize("name", ["bfcl", "llmrouter", "mifeval", "routerbench"])
@pytest.mark.parametrize("tier", [0, 1])
def test_on_real_answers_a_biased_judge_misleads_nobody(name: str, tier: int) -> None:
    if ANSWERS is None:
        pytest.skip("TIERWISE_TEST_OUTCOMES names no folder of step logs with real outcomes")
    path = Path(ANSWERS) / f"{name}.jsonl.gz"
    truth, kinds = [], []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            known = [a["success"] for a in record["attempts"] if a.get("success") is not None]
            if len(known) > tier:
                truth.append(float(known[tier]))
                kinds.append(record["step_id"].split("/")[0] + str(record["step"].get("task_type")))
    is_hard = np.array([kind == max(set(kinds), key=kinds.count) for kind in kinds])
    coverage, width = runs(np.array(truth), is_hard, Judge(0.10, 0.15))
    assert coverage >= 0.93
    assert width <= 1.2


def test_a_biased_judge_alone_would_mislead() -> None:
    draw = np.random.default_rng(1)
    truth, is_hard = (draw.random(3000) < 0.85).astype(float), draw.random(3000) < 0.3
    verdicts = Judge(0.10, 0.15).verdicts(truth, is_hard, draw)
    naive = wilson(float(verdicts.sum()), len(verdicts))
    assert naive.high < truth.mean() - 0.05


def test_few_labels_speak_for_themselves() -> None:
    labels = [1.0] * 10 + [0.0] * 5 + [np.nan] * 485
    found = judged_share([1.0] * 500, labels)
    assert not found.is_calibrated
    assert found.share == found.by_labels == wilson(10, 15)
    with pytest.raises(ValueError, match="no step has a label; a judge alone proves nothing"):
        judged_share([1.0], [np.nan])


def test_what_the_judge_gets_wrong_is_told() -> None:
    verdicts = [1.0] * 30 + [0.0] * 30
    labels = [1.0] * 27 + [0.0] * 3 + [0.0] * 24 + [1.0] * 6
    found = judged_share(verdicts, labels)
    assert found.p_false_pass == pytest.approx(3 / 27)
    assert found.p_false_fail == pytest.approx(6 / 33)
    assert (found.n_judged, found.n_labels) == (60, 60)


def test_a_perfect_judge_is_worth_many_labels() -> None:
    draw = np.random.default_rng(3)
    truth = (draw.random(5000) < 0.7).astype(float)
    labels = np.where(np.arange(5000) < N_LABELS, truth, np.nan)
    found = judged_share(truth.tolist(), labels.tolist())
    assert found.n_labels_worth > 5 * N_LABELS
    assert found.share.low <= 0.7 <= found.share.high


def test_a_bound_is_a_share_with_its_interval() -> None:
    assert Bounded(0.5, 0.4, 0.7).width == pytest.approx(0.3)

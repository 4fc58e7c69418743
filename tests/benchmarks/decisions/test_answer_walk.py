"""The walk through worlds in which tiers answer: what is drawn, what counts as broken, and a page of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.decisions.__main__ import _MODES
from benchmarks.decisions.pages.page import SECTIONS
from benchmarks.decisions.promise.answer_walk import answers_page, summary, walk_answer_worlds
from benchmarks.decisions.promise.answer_worlds import ANSWER_KINDS, MAX_LOSSES, AnswerKind, answers_of
from tierwise.training.progress import silent_progress


def line(different: float, loss: float) -> dict[str, Any]:
    used = {"different": different, "loss": loss, "lost": loss / 2, "saving": 0.3}
    return {"targets": {str(max_loss): {"courses": used, "single": used | {"saving": 0.1}} for max_loss in MAX_LOSSES}}


@pytest.mark.parametrize(("name", "n_violations"), [("no labels", 1), ("labelled", 2)])
def test_what_is_promised_depends_on_the_target(name: str, n_violations: int) -> None:
    lines = [line(0.02, 0.05), line(0.04, 0.05), line(0.02, 0.01), {"refused": "too few"}]
    found = summary(ANSWER_KINDS[name], lines)["targets"]["0.03"]["courses"]
    assert (found["violations"]["n_violations"], found["violations"]["n"]) == (n_violations, 4)
    assert found["median_saving"] == pytest.approx(0.3)


def test_right_answers_are_alike_and_wrong_ones_as_often_as_the_world_says() -> None:
    success = np.repeat([[1.0, 1.0, 1.0], [0.0, 0.0, 1.0]], 4000, axis=0)
    told, meant = answers_of(success, 0.5, ANSWER_KINDS["no labels"], np.random.default_rng(0))
    assert (told == meant).all()
    assert (told[:4000] == told[:4000, [2]]).all()
    assert np.mean(told[4000:, 0] == told[4000:, 1]) == pytest.approx(0.25, abs=0.03)
    assert not (told[4000:, :2] == told[4000:, [2]]).any()


def test_a_top_tier_may_differ_from_itself_and_answers_be_merged() -> None:
    kind = AnswerKind("x", "", "single steps", "same-answer", unlike_itself=0.05, merged=0.01)
    told, meant = answers_of(np.ones((20_000, 3)), 0.0, kind, np.random.default_rng(0))
    assert np.mean(meant[:, 0] != meant[:, 2]) == pytest.approx(0.05, abs=0.005)
    assert (meant[:, 0] == meant[:, 1]).all()
    is_unlike = meant[:, 0] != meant[:, 2]
    assert np.mean((told != meant)[is_unlike, 0]) == pytest.approx(0.01, abs=0.01)
    assert (told[:, 2] == meant[:, 2]).all()


@pytest.mark.slow
def test_a_walk_without_labels_and_its_page(tmp_path: Path) -> None:
    figures = walk_answer_worlds(["no labels"], 2, tmp_path, silent_progress)
    again = walk_answer_worlds(["no labels"], 2, tmp_path, silent_progress)
    assert figures == again
    found = figures["kinds"][0]["targets"]["0.1"]
    assert 0 < found["courses"]["median_saving"] < 1
    assert found["courses"]["worst"] <= 0.12
    page = "\n".join(answers_page(figures))
    assert "no labels" in page
    assert "At most 3%" in page


def test_every_mode_has_its_part_of_the_page() -> None:
    assert set(_MODES) == set(SECTIONS)

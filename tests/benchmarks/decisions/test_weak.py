"""The ways to label that are compared: what each shows of the same log."""

import numpy as np

from benchmarks.decisions.pages.render_questions import paraphrases_page, weak_page
from benchmarks.decisions.questions.weak import Kind, labellings
from tierwise.training.evaluation.synthetic.ended_tasks import end_tasks
from tierwise.training.evaluation.synthetic.task_worlds import TaskWorld
from tierwise.training.evaluation.synthetic.worlds import World


def test_each_way_shows_what_it_says() -> None:
    ended = end_tasks(TaskWorld(World(), "pareto", 10), 300, 0, (0.5, 0.5, 0.0))
    ways = labellings(ended)
    own, ends = ways["own outcomes of all"]
    assert (~np.isnan(own)).sum(axis=0).tolist() == np.bincount(ended.tier, minlength=3).tolist()
    assert ends is None
    nothing, ends = ways["weak labels"]
    assert np.isnan(nothing).all()
    assert ends is not None
    assert ends.speaks.all()
    is_failed = ~ended.ended_well[ended.task]
    assert (ends.tier >= 0).tolist() == is_failed.tolist()
    tenth, ends = ways["and weak labels, weight .5"]
    assert ends is not None
    assert (~np.isnan(tenth).all(axis=1) ^ ends.speaks).all()
    assert Kind("x").most_steps == 50


def test_pages_show_every_row() -> None:
    row = {"kind": "a", "labels": "weak labels", "auc": 0.8, "calibration": 0.1, "distance": 0.2}
    assert "weak labels" in weak_page([row])[-1]
    moved = {"name": "typos", "p_changed": 0.5, "p_moved": 0.1, "low": 0.0, "high": 0.2, "p_dearer": 0.1, "loss": 0.0}
    log = {"log": "a", "n_steps": 10, "max_quality_loss": 0.03, "rows": [moved | {"saving": 0.1}]}
    assert "10.0% [0.0%, 20.0%]" in paraphrases_page([log])[-1]

"""Tuning on a small world: never below the defaults on its own folds, reproducible, and honest about small logs."""

import math

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.training.config import TrainConfig
from tierwise.training.errors import TrainingError
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.fitting.tier_classifier import BoosterParams

pytest.importorskip("optuna", reason="optuna is not installed; pip install 'tierwise[tune]'")

from tierwise.training.fitting.tuning import tune

CONFIG = TrainConfig(n_components=0, booster=BoosterParams(n_rounds=20, learning_rate=0.01))


@pytest.mark.slow
def test_tuning_starts_at_the_defaults_and_finds_the_same_again(catalogue: TierCatalogue) -> None:
    steps = World(seed=1).draw(400, "escalation", seed=1).logged_steps(catalogue.names)
    found, again = (tune(steps, catalogue, CONFIG, 4) for _ in range(2))
    assert found == again
    assert math.isfinite(found.default_log_likelihood)
    assert found.log_likelihood >= found.default_log_likelihood
    assert found.config.n_components == 0
    only_default = tune(steps, catalogue, CONFIG, 1)
    assert only_default.config == CONFIG
    assert only_default.log_likelihood == only_default.default_log_likelihood == found.default_log_likelihood


@pytest.mark.slow
def test_what_was_found_can_be_read_back(catalogue: TierCatalogue, tmp_path) -> None:  # type: ignore[no-untyped-def]
    steps = World(seed=1).draw(250, "full", seed=1).logged_steps(catalogue.names)
    found = tune(steps, catalogue, CONFIG, 2)
    path = tmp_path / "train.toml"
    path.write_text(found.to_toml())
    assert TrainConfig.load(path).booster == found.config.booster


def test_a_small_log_is_refused(catalogue: TierCatalogue) -> None:
    steps = World(seed=1).draw(100, "full", seed=1).logged_steps(catalogue.names)
    with pytest.raises(TrainingError, match="100 steps have a known outcome; tuning needs 200"):
        tune(steps, catalogue, CONFIG, 2)

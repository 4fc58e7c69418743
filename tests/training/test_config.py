"""The training configuration: a file says what it means, or is refused with the key, the value and the fix."""

from pathlib import Path
from typing import Any

import pytest

from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.training.config import TrainConfig
from tierwise.training.errors import TrainingError
from tierwise.training.fitting.tier_classifier import BoosterParams


def test_no_file_means_the_defaults() -> None:
    assert TrainConfig.load(None) == TrainConfig()


def test_a_file_sets_what_it_names_and_leaves_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_text(
        "seed = 7\nmax_quality_loss = 0\nhalf_life_days = 30\n"
        '[booster]\nn_rounds = 40\nlearning_rate = 1\n[guardrails]\nmin_tier = "mid"\n'
    )
    assert TrainConfig.load(path) == TrainConfig(
        seed=7,
        max_quality_loss=0.0,
        half_life_days=30.0,
        booster=BoosterParams(n_rounds=40, learning_rate=1.0),
        guardrails=Guardrails(min_tier="mid"),
    )


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"rounds": 3}, r"train\.toml: unknown key 'rounds'; known are booster, confidence, cost, guardrails,"),
        ({"booster": {"n_round": 3}}, r"\[booster\]: unknown key 'n_round'; known are .*n_rounds"),
        ({"guardrails": {"min": "mid"}}, r"\[guardrails\]: unknown key 'min'"),
        ({"booster": 3}, r"\[booster\] is 3; a table is needed"),
        ({"n_folds": "five"}, "n_folds is 'five'; a whole number is needed"),
        ({"n_folds": 2.5}, "n_folds is 2.5; a whole number is needed"),
        ({"n_folds": True}, "n_folds is True; a whole number is needed"),
        ({"confidence": "high"}, "confidence is 'high'; a number is needed"),
        ({"guardrails": {"min_tier": 2}}, "min_tier is 2; a text is needed"),
        ({"booster": {"n_rounds": "many"}}, "n_rounds is 'many'; a whole number is needed"),
        ({"seed": -1}, "seed is -1; a whole number from 0 is needed"),
        ({"n_folds": 1}, "n_folds is 1; at least 2 are needed"),
        ({"n_components": -1}, "n_components is -1; at least 0 are needed"),
        ({"n_reference_steps": 1}, "n_reference_steps is 1; at least 2 are needed"),
        ({"confidence": 1.0}, "confidence is 1.0; a share from 0 to below 1 is needed"),
        ({"confidence": float("nan")}, "confidence is nan"),
        ({"max_quality_loss": -0.1}, "max_quality_loss is -0.1"),
        ({"unfamiliar_share": 2}, "unfamiliar_share is 2"),
        ({"half_life_days": -1}, "half_life_days is -1"),
        ({"booster": {"n_rounds": 0}}, "n_rounds is 0; at least 1 is needed"),
        ({"booster": {"num_leaves": 1}}, "num_leaves is 1; at least 2 is needed"),
        ({"booster": {"max_bin": 1}}, "max_bin is 1; at least 2 is needed"),
        ({"booster": {"learning_rate": 0.0}}, "learning_rate is 0.0; a number above 0 is needed"),
        ({"booster": {"feature_fraction": 1.5}}, "feature_fraction is 1.5; a share above 0 and up to 1 is needed"),
        ({"booster": {"bagging_fraction": 0}}, "bagging_fraction is 0.0; a share above 0"),
        ({"booster": {"lambda_l2": -1.0}}, "lambda_l2 is -1.0; it cannot be below 0"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        TrainConfig.from_mapping(raw)


@pytest.mark.parametrize("content", [b"seed = ", b"seed = 1\nseed = 2", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_bytes(content)
    with pytest.raises(TrainingError, match=r"train\.toml: "):
        TrainConfig.load(path)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"nothere\.toml: .*No such file"):
        TrainConfig.load(tmp_path / "nothere.toml")


@pytest.mark.parametrize(("n_steps", "expected"), [(60, 3), (6_000, 3), (6_001, 2), (9_000, 2), (9_001, 1), (10**7, 1)])
def test_the_longer_the_log_the_less_often_folds_are_drawn(n_steps: int, expected: int) -> None:
    assert TrainConfig(n_repeats=3).repeats(n_steps) == expected
    assert TrainConfig(n_repeats=1).repeats(n_steps) == 1

"""Training end to end on small worlds: reproducible, indifferent to order, and at home with every kind of log."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import LoggedStep
from tierwise.router_model.router import Router
from tierwise.training.config import TrainConfig
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.fitting.tier_classifier import BoosterParams
from tierwise.training.train import TrainedRouter, train_router

CONFIG = TrainConfig(
    n_folds=2,
    n_components=0,
    booster=BoosterParams(n_rounds=16, learning_rate=0.15, num_leaves=7, min_child_samples=10),
)
ONE_DRAW = replace(CONFIG, n_repeats=1)
WORLD = World(seed=1)


def world_log(n_steps: int, logging: str, seed: int = 1) -> list[LoggedStep]:
    return WORLD.draw(n_steps, logging, seed=seed).logged_steps()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def log() -> list[LoggedStep]:
    return world_log(200, "escalation")


@pytest.fixture(scope="module")
def world_router(log: list[LoggedStep], catalogue: TierCatalogue) -> TrainedRouter:
    return train_router(log, catalogue, CONFIG)


@pytest.mark.slow
def test_the_same_log_gives_the_same_bundle_in_whatever_order_it_stands(
    log: list[LoggedStep], world_router: TrainedRouter, catalogue: TierCatalogue, tmp_path: Path
) -> None:
    shuffled = [log[row] for row in np.random.default_rng(0).permutation(len(log))]
    again = train_router(shuffled, catalogue, CONFIG)
    assert world_router.save(tmp_path / "a") == again.save(tmp_path / "b")
    assert (tmp_path / "a" / "manifest.json").read_bytes() == (tmp_path / "b" / "manifest.json").read_bytes()
    probe = [logged.step for logged in world_log(50, "full", seed=2)]
    first, second = (Router.load(tmp_path / name).decide_many(probe) for name in ("a", "b"))
    assert first == second


@pytest.mark.slow
def test_another_seed_or_another_outcome_gives_another_bundle(
    log: list[LoggedStep], world_router: TrainedRouter, catalogue: TierCatalogue
) -> None:
    reseeded = train_router(log, catalogue, replace(CONFIG, seed=5))
    assert reseeded.parts.router_graph != world_router.parts.router_graph
    assert reseeded.data_fingerprint == world_router.data_fingerprint
    first = log[0].attempts[0]
    turned = replace(log[0], attempts=(replace(first, success=not first.success),))
    other = train_router([turned, *log[1:]], catalogue, ONE_DRAW)
    assert other.data_fingerprint != world_router.data_fingerprint


@pytest.mark.slow
def test_a_saved_router_decides_as_the_one_in_memory(
    trained: TrainedRouter, router: Router, held_out_steps: tuple[LoggedStep, ...]
) -> None:
    steps = [logged.step for logged in held_out_steps[:50]]
    in_memory = [replace(one, router_version=router.version) for one in trained.router().decide_many(steps)]
    assert in_memory == router.decide_many(steps)


@pytest.mark.slow
@pytest.mark.parametrize("logging", ["full", "random", "escalation", "heuristic"])
def test_every_kind_of_log_teaches_which_steps_are_hard(logging: str, catalogue: TierCatalogue) -> None:
    found = train_router(world_log(300, logging), catalogue, ONE_DRAW).router()
    truth = WORLD.draw_steps(200, np.random.default_rng(7))
    steps = [logged.step for logged in _as_steps(truth)]
    p_success = found.predict(steps).probabilities.p_success
    for tier in range(3):
        assert np.corrcoef(p_success[:, tier], truth.p_success[:, tier])[0, 1] > 0.4


def _as_steps(truth) -> list[LoggedStep]:  # type: ignore[no-untyped-def]
    from tierwise.training.evaluation.synthetic.world_logs import observe

    n_steps, n_tiers = truth.p_success.shape
    shares = np.full((n_steps, n_tiers), 1 / n_tiers)
    rng = np.random.default_rng(0)
    return observe(truth, np.ones_like(shares), np.ones_like(shares), shares, "full", rng).logged_steps()


def test_the_summary_counts_what_the_log_proves(log: list[LoggedStep], world_router: TrainedRouter) -> None:
    summary = world_router.summary
    assert summary["n_steps"] == len(log)
    assert summary["n_complete"] == sum(len(step.attempts) == 3 for step in log)
    assert summary["n_simulated"] == len(log)
    assert summary["onnx_max_deviation"] < 1e-5
    assert world_router.parts.policy.n_steps == len(log)


def test_operating_points_are_never_looser_than_asked(trained: TrainedRouter) -> None:
    supported = [point for point in trained.parts.policy.points if point.cost_weight is not None]
    assert supported
    for point in supported:
        assert point.loss <= point.loss_upper <= point.max_quality_loss
        assert point.saving <= 1


@pytest.mark.slow
def test_an_escalation_log_does_not_get_worse_as_it_grows(catalogue: TierCatalogue) -> None:
    """The router as a whole: its distance to the true probabilities shrinks, or stays within a hundredth."""
    truth = WORLD.draw_steps(400, np.random.default_rng(7))
    steps = [logged.step for logged in _as_steps(truth)]
    booster = BoosterParams(n_rounds=80, learning_rate=0.08, num_leaves=15)
    config = replace(CONFIG, booster=booster)
    errors = []
    for n_steps in (250, 1000, 4000):
        found = train_router(world_log(n_steps, "escalation"), catalogue, config).router()
        errors.append(float(np.abs(found.predict(steps).probabilities.p_success - truth.p_success).mean()))
    assert errors[1] <= errors[0] + 0.01
    assert errors[2] <= errors[1] + 0.01
    assert errors[2] < errors[0]


@pytest.mark.slow
def test_the_dearest_tier_is_not_learned_to_be_bad_from_escalations(catalogue: TierCatalogue) -> None:
    """In an escalation log the top tier is only seen where the others failed, and fails more often there."""
    log = world_log(2000, "escalation")
    seen = [attempt.success for step in log for attempt in step.attempts if attempt.tier == "frontier"]
    truth = WORLD.draw_steps(400, np.random.default_rng(7))
    found = train_router(log, catalogue, CONFIG).router()
    p_top = found.predict([logged.step for logged in _as_steps(truth)]).probabilities.p_success[:, 2]
    true_top = truth.p_success[:, 2].mean()
    assert np.mean(np.array(seen, dtype=np.float64)) < true_top - 0.05
    assert abs(p_top.mean() - true_top) < 0.05

"""What more steps still add to the router: skill on fresh steps of the generated world, whose truth is known.

Steps are drawn one by one, as training draws them, or in whole groups (templates), which keeps far fewer kinds of step.
Skill is the area under the cost-quality curve minus that of the best mix of fixed tiers, on true success probabilities,
so it has no sampling error but that of the test steps.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.scale.steps import TEST_SEED, log_parts
from benchmarks.scale.world import sample_world
from tierwise.data.drawing.draw import DrawnSteps, draw_steps
from tierwise.data.labels import outcome_table
from tierwise.data.records import LoggedStep, Step
from tierwise.data.step_log import load_step_logs
from tierwise.features.encoders.encoder import load_encoder
from tierwise.features.pipeline import FeaturePipeline
from tierwise.router_model.predicting.chain import tier_probabilities
from tierwise.training.config import TrainConfig
from tierwise.training.evaluation.hull import area_under_hull
from tierwise.training.fitting.chain_model import fit_chain_model

SIZES = (2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
GROUP_SIZES = (5_000, 20_000)
N_TEST = 10_000
OUTPUT_TOKENS = 40
FIGURES = Path(__file__).parent / "results" / "sampling.json"
_RATES = (0.0, *np.geomspace(1e-1, 1e7, 200).tolist())
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Test:
    """Steps that nobody learned from: true success probabilities and prices, float64 [n, k]."""

    steps: list[Step]
    truth: Floats
    cost_usd: Floats

    def area(self, p_success: Floats) -> float:
        """Cost and success scaled from the cheapest to the top tier; ``p_success`` float64 [n, k] chooses."""
        rows = np.arange(len(self.truth))
        choices = [(p_success - rate * self.cost_usd).argmax(axis=1) for rate in _RATES]
        cost = np.array([self.cost_usd[rows, chosen].mean() for chosen in choices] + self.cost_usd.mean(0).tolist())
        success = np.array([self.truth[rows, chosen].mean() for chosen in choices] + self.truth.mean(0).tolist())
        low, high = (np.array([values.mean(0)[place] for values in (self.cost_usd, self.truth)]) for place in (0, -1))
        return area_under_hull((cost - low[0]) / (high[0] - low[0]), (success - low[1]) / (high[1] - low[1]))


def measure_sampling(folder: Path) -> None:
    """Prints and keeps the skill for every size."""
    world = sample_world()
    drawn = draw_steps(load_step_logs(log_parts(folder / "log", SIZES[-1], _nothing)).steps, world.catalogue.names, 0)
    test = _test_steps(folder, {logged.step_id for logged in drawn.steps})
    pipeline = FeaturePipeline.fit([logged.step for logged in drawn.steps], load_encoder())
    vectors, test_vectors = pipeline.transform([logged.step for logged in drawn.steps]), pipeline.transform(test.steps)
    success = outcome_table(drawn.steps, world.catalogue.names).success
    mix, best = test.area(np.tile(test.truth.mean(0), (len(test.truth), 1))), test.area(test.truth)
    print(f"{len(test.steps)} test steps; the mix has an area of {mix:.4f}, the truth {best:.4f}")
    found = []
    for by, size, rows in _draws(drawn):
        with threadpool_limits(limits=1, user_api="blas"):
            booster = TrainConfig().booster
            model = fit_chain_model(vectors[rows], success[rows], np.ones(len(rows)), booster, seed=0)
        scores = model.staged_scores(test_vectors, [booster.n_rounds])[0]
        p_success = tier_probabilities(scores).p_success
        off = float(np.sqrt(np.square(p_success - test.truth).mean()))
        found.append({"drawn_by": by, "n_steps": size, "skill": test.area(p_success) - mix, "p_success_rmse": off})
        print(f"{size:7d} by {by}: skill {found[-1]['skill']:.4f}, probabilities off by {off:.3f}", flush=True)
    content = {"n_test": len(test.steps), "skill_of_the_truth": best - mix, "draws": found}
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _draws(drawn: DrawnSteps) -> list[tuple[str, int, NDArray[np.int64]]]:
    """By step: the first of the canonical order. By group: whole groups in a random order until there are enough."""
    draws = [("step", size, np.arange(size)) for size in SIZES]
    groups = np.array([logged.group for logged in drawn.steps])
    order = sorted(set(groups.tolist()), key=lambda group: sha256(group.encode()).digest())
    rank = {group: place for place, group in enumerate(order)}
    by_group = np.argsort([rank[group] for group in groups.tolist()], kind="stable")
    return [*draws, *(("group", size, by_group[:size]) for size in GROUP_SIZES)]


def _test_steps(folder: Path, learned: set[str]) -> _Test:
    parts = log_parts(folder / "test", N_TEST, _nothing, TEST_SEED)
    steps = [logged for logged in load_step_logs(parts).steps if logged.step_id not in learned]
    truth = np.array([logged.extra["truth"] for logged in steps])
    return _Test([logged.step for logged in steps], truth, np.array([_prices(logged) for logged in steps]))


def _prices(logged: LoggedStep) -> list[float]:
    models = [tier.model for tier in sample_world().catalogue.tiers]
    tokens = logged.step.input_tokens or 0
    return [0.0 if model is None else model.cost_usd(tokens, OUTPUT_TOKENS) for model in models]


def _nothing() -> None:
    return None

"""Does the certified bound hold? Worlds with a known truth, a router trained in each, its true loss on fresh steps."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.decisions.learned import SOURCE_DIGEST
from tierwise.data.catalogue import TierCatalogue
from tierwise.router_model.options import DecideOptions
from tierwise.training.config import TrainConfig
from tierwise.training.evaluation.decision_arrays import decision_arrays
from tierwise.training.evaluation.worlds import World
from tierwise.training.progress import Progress
from tierwise.training.tier_classifier import BoosterParams
from tierwise.training.train import train_router

N_FRESH = 2000
LIGHT = TrainConfig(
    n_folds=3, n_components=0, confidence=0.9, booster=BoosterParams(n_rounds=40, learning_rate=0.1, num_leaves=7)
)
_CATALOGUE = TierCatalogue.from_mapping({"tiers": [{"name": name} for name in ("small", "mid", "frontier")]})


@dataclass(frozen=True, slots=True)
class WorldResult:
    """``loss`` and ``saving`` are true expectations over fresh steps; ``is_supported``: something was certified."""

    seed: int
    n_steps: int
    loss: float
    saving: float
    is_supported: bool
    p_unfamiliar: float


def simulate_world(seed: int, n_steps: int, max_quality_loss: float, config: TrainConfig = LIGHT) -> WorldResult:
    """Worlds differ in how far apart tiers are, how much features tell, and whether a tier is inverted somewhere."""
    world = _world(seed)
    log = world.draw(n_steps, "full", seed=1).logged_steps(_CATALOGUE.names)
    trained = train_router(log, _CATALOGUE, config)
    fresh = world.draw(N_FRESH, "full", seed=2)
    steps = [logged.step for logged in fresh.logged_steps(_CATALOGUE.names)]
    decisions = trained.router().decide_many(steps, DecideOptions(max_quality_loss=max_quality_loss))
    chosen, each = decision_arrays(decisions, _CATALOGUE).chosen, np.arange(len(steps))
    p_success, cost_usd = fresh.steps.p_success, fresh.steps.expected_cost_usd
    return WorldResult(
        seed,
        n_steps,
        float(1 - p_success[each, chosen].mean() / p_success[:, -1].mean()),
        float(1 - cost_usd[each, chosen].mean() / cost_usd[:, -1].mean()),
        trained.parts.policy.certified(max_quality_loss).cost_weight is not None,
        float(np.mean([decision.is_unfamiliar for decision in decisions])),
    )


def simulate_guarantee(
    n_worlds: int, n_steps: int, max_quality_loss: float, store: Path, progress: Progress
) -> dict[str, Any]:
    """Results are kept world by world in ``store``; a further run goes on."""
    path = store / f"guarantee-{SOURCE_DIGEST}-{n_steps}-{max_quality_loss}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    results = [WorldResult(**json.loads(line)) for line in lines][:n_worlds]
    progress("worlds", n_worlds - len(results))
    with path.open("a", encoding="utf-8") as file:
        for seed in range(len(results), n_worlds):
            results.append(simulate_world(seed, n_steps, max_quality_loss))
            file.write(json.dumps(asdict(results[-1])) + "\n")
            file.flush()
            progress.step()
    return summary(results, max_quality_loss, LIGHT.confidence)


def summary(results: list[WorldResult], max_quality_loss: float, confidence: float) -> dict[str, Any]:
    """Violations with the exact interval of Clopper and Pearson (1934)."""
    losses = np.array([result.loss for result in results])
    n_violations = int((losses > max_quality_loss).sum())
    exact = stats.binomtest(n_violations, len(results)).proportion_ci(0.95)
    supported = [result for result in results if result.is_supported]
    return {
        "n_worlds": len(results),
        "n_steps": results[0].n_steps,
        "max_quality_loss": max_quality_loss,
        "allowed": 1 - confidence,
        "n_violations": n_violations,
        "violations": n_violations / len(results),
        "violations_low": float(exact.low),
        "violations_high": float(exact.high),
        "p_supported": len(supported) / len(results),
        "mean_saving": float(np.mean([result.saving for result in results])),
        "mean_saving_supported": float(np.mean([result.saving for result in supported])) if supported else 0.0,
        "mean_loss": float(losses.mean()),
        "worst_loss": float(losses.max()),
        "losses": losses.tolist(),
        "savings": [result.saving for result in results],
    }


def _world(seed: int) -> World:
    rng = np.random.default_rng([seed, 77])
    return World(
        seed=seed,
        independence=float(rng.uniform(0, 0.4)),
        inverted_share=float(rng.choice([0.0, 0.2])),
        separation=float(rng.uniform(0.4, 1.5)),
        signal=float(rng.uniform(1.0, 3.0)),
    )

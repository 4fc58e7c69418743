"""Are off-policy intervals honest? Synthetic logs whose truth is known, and real logs with their outcomes masked."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.decisions.answers import Answers
from benchmarks.decisions.masks import masked
from benchmarks.decisions.problem import Floats, Problem
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.curve import Forecast
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.full_information import evaluate_choice
from tierwise.training.evaluation.logged.logged_choices import LoggedChoices, logged_choices
from tierwise.training.evaluation.logged.off_policy import OffPolicyReport, deterministic, evaluate_off_policy
from tierwise.training.evaluation.logged.propensity import step_features, with_estimated_propensities
from tierwise.training.evaluation.synthetic.world_logs import WorldLog, WorldSteps
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.progress import Progress

ESTIMATORS = ("ips", "snips", "dr")
_N_STEPS = 1500
_DRAWS = Bootstrap(400)


def simulate_coverage(n_logs: int, progress: Progress) -> dict[str, Any]:
    """For each estimator and reward, the share of ``n_logs`` logs whose 95 % interval covers the truth.

    Every log comes from a world of its own under the seed heuristic with 20 % exploration; the target is another
    policy over the same steps. The doubly robust model is wrong on purpose: drawn to the middle, and noisy.
    """
    progress("synthetic logs", n_logs)
    hits: dict[str, list[bool]] = {}
    widths: dict[str, list[float]] = {}
    refused = 0
    for seed in range(n_logs):
        world = World(seed=seed, group_size=1 + seed % 3)
        report = _report(world.draw(_N_STEPS, "heuristic", seed=1))
        progress.step()
        if isinstance(report, Refusal):
            refused += 1
            continue
        truth = world.true_value(target_policy)
        for name in ESTIMATORS:
            value = getattr(report, name)
            for reward, estimate, true in (
                ("success", value.success, truth.success),
                ("cost", value.cost_usd, truth.cost_usd),
            ):
                hits.setdefault(f"{name} {reward}", []).append(estimate.low <= true <= estimate.high)
                widths.setdefault(f"{name} {reward}", []).append((estimate.high - estimate.low) / true)
    rows = [
        {
            "name": name,
            "n": len(found),
            "coverage": float(np.mean(found)),
            "relative_width": float(np.mean(widths[name])),
        }
        for name, found in hits.items()
    ]
    return {"n_logs": n_logs, "n_steps": _N_STEPS, "n_refused": refused, "rows": rows}


def target_policy(steps: WorldSteps) -> Floats:
    """Cheaper than the heuristic: small up to complexity 5, then half mid, half top, top from 9."""
    preferred = np.select([steps.complexity <= 5, steps.complexity <= 8], [0, 1], 2)
    p_tier = np.eye(3)[preferred]
    p_tier[preferred == 1] = (0.0, 0.5, 0.5)
    return np.asarray(p_tier)


def _report(log: WorldLog) -> OffPolicyReport | Refusal:
    each = np.arange(len(log))
    choices = LoggedChoices(
        chosen=log.chosen,
        success=log.success[each, log.chosen],
        cost_usd=log.cost_usd[each, log.chosen],
        propensity=log.propensity,
        groups=log.steps.groups,
        is_estimated=np.zeros(len(log), dtype=np.bool_),
        n_tiers=3,
    )
    rng = np.random.default_rng(len(log))
    wrong = np.clip(0.5 + 0.6 * (log.steps.p_success - 0.5) + rng.normal(0, 0.1, log.success.shape), 0, 1)
    model = Forecast(wrong, 0.8 * log.steps.expected_cost_usd)
    return evaluate_off_policy(choices, target_policy(log.steps), model, _DRAWS)


def masked_truth(problem: Problem, candidates: Mapping[str, Answers], bootstrap: Bootstrap) -> list[dict[str, Any]]:
    """Estimates of each candidate from masked logs beside what the unmasked log says.

    ``candidates`` maps a name to held-out answers, which also serve as the doubly robust model. With "propensities
    withheld" the log says nothing of them and they are estimated.
    """
    outcomes = problem.outcomes()
    rows = []
    for kind in ("one random attempt", "rules with 10 % exploration"):
        steps = masked(problem.steps, kind, problem.catalogue, seed=0)
        recorded = logged_choices(steps, problem.catalogue.names, problem.groups)
        withheld = replace(recorded, propensity=np.full(len(recorded), np.nan))
        logs = {
            kind: recorded,
            f"{kind}, propensities withheld": with_estimated_propensities(withheld, step_features(steps)),
        }
        for label, choices in logs.items():
            for name, answers in candidates.items():
                truth = evaluate_choice(outcomes, answers.chosen, bootstrap)
                model = None
                if not np.isnan(answers.p_success).any():
                    model = Forecast(answers.p_success, answers.expected_cost_usd)
                target = deterministic(answers.chosen, len(problem.catalogue))
                report = evaluate_off_policy(choices, target, model, bootstrap)
                rows.append(_masked_row(label, name, report, truth.success, truth.cost_usd))
    return rows


def _masked_row(
    log: str, name: str, report: OffPolicyReport | Refusal, success: Estimate, cost_usd: Estimate
) -> dict[str, Any]:
    row: dict[str, Any] = {"log": log, "policy": name, "true_success": success.value, "true_cost_usd": cost_usd.value}
    if isinstance(report, Refusal):
        return row | {"refused": report.reason}
    row["n_effective"] = report.overlap.n_effective
    for method in ESTIMATORS:
        value = getattr(report, method)
        row[method] = None if value is None else value.to_dict()
    return row

"""Runs every contestant on the same folds and measures what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.decisions.answers import Answers, Cache
from benchmarks.decisions.contestants.contestant import Contestant
from benchmarks.decisions.problem import Fold, Problem
from tierwise.router_model.choosing.operating_point import CATCH_RATES
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.calibration import measure_calibration
from tierwise.training.evaluation.cascades.escalation import evaluate_escalation
from tierwise.training.evaluation.curve import Forecast, SkillTable, measure_skills
from tierwise.training.evaluation.full_information import evaluate_choice, evaluate_oracle
from tierwise.training.evaluation.outcomes import FullOutcomes
from tierwise.training.progress import Progress


@dataclass(frozen=True, slots=True)
class Contest:
    """One log, its folds, and the answers of every contestant pooled over the folds."""

    problem: Problem
    folds: Sequence[Fold]
    contestants: Sequence[Contestant]
    answers: Mapping[str, Answers]


def run_contest(
    problem: Problem, folds: Sequence[Fold], contestants: Sequence[Contestant], cache: Cache, progress: Progress
) -> Contest:
    """Answers that the cache holds are not computed again. Raises ``EvaluationError`` when no step knows every tier."""
    problem.outcomes()
    progress(f"{problem.name}: contestants × folds", len(contestants) * len(folds))
    answers = {}
    for contestant in contestants:
        parts = []
        for fold in folds:
            parts.append(answer_fold(contestant, fold, cache))
            progress.step()
        answers[contestant.name] = Answers.pooled(parts, [fold.test for fold in folds])
    return Contest(problem, folds, contestants, answers)


def answer_fold(contestant: Contestant, fold: Fold, cache: Cache) -> Answers:
    key = (contestant.name, contestant.version, fold.problem.fingerprint, fold.train.tolist(), fold.test.tolist())
    return cache.answers(key, lambda: contestant.answer(fold))


def measure_contest(contest: Contest, reference: str, bootstrap: Bootstrap) -> dict[str, Any]:
    """All figures of one log as JSON: skills, differences to ``reference``, operating points, calibration."""
    outcomes = contest.problem.outcomes()
    predictions = {name: prediction_of(answers) for name, answers in contest.answers.items()}
    skills = measure_skills(outcomes, predictions, bootstrap)
    rows = [
        _row(contestant, contest, outcomes, skills if isinstance(skills, SkillTable) else None, reference, bootstrap)
        for contestant in contest.contestants
    ]
    return {
        "log": contest.problem.name,
        "n_steps": len(contest.problem.steps),
        "n_groups": len(set(contest.problem.groups)),
        "n_folds": len(contest.folds),
        "tiers": list(contest.problem.catalogue.names),
        "n_simulated": sum(logged.has_simulated_attempts for logged in contest.problem.steps),
        "mix_area": skills.mix_area.to_dict() if isinstance(skills, SkillTable) else None,
        "refused": None if isinstance(skills, SkillTable) else skills.reason,
        "oracle": evaluate_oracle(outcomes, bootstrap).to_dict(),
        "contestants": rows,
    }


def prediction_of(answers: Answers) -> Forecast:
    """One that only names tiers always takes its own."""
    own = np.eye(answers.p_success.shape[1])[answers.chosen]
    is_known = ~np.isnan(answers.p_success)
    return Forecast(np.where(is_known, answers.p_success, own), np.where(is_known, answers.expected_cost_usd, 1 - own))


def _row(
    contestant: Contestant,
    contest: Contest,
    outcomes: FullOutcomes,
    skills: SkillTable | None,
    reference: str,
    bootstrap: Bootstrap,
) -> dict[str, Any]:
    answers = contest.answers[contestant.name]
    point = evaluate_choice(outcomes, answers.chosen, bootstrap)
    row: dict[str, Any] = {
        "name": contestant.name,
        "skill": None,
        "reference_minus_this": None,
        "success": point.success.to_dict(),
        "loss": point.loss.to_dict(),
        "saving": point.saving.to_dict(),
        "cost_usd": point.cost_usd.to_dict(),
        "p_supported": float(answers.is_supported.mean()),
        "p_unfamiliar": float(answers.is_unfamiliar.mean()),
        "folds": [_fold_point(fold, answers, contest.problem) for fold in contest.folds],
        "ece": _ece(contestant, answers, contest.problem, outcomes, bootstrap),
        "escalating": _escalating(answers, outcomes, bootstrap),
    }
    if skills is not None:
        row["skill"] = skills.skills[contestant.name].skill.to_dict()
        if contestant.name == reference:
            row["curve"] = skills.skills[reference].curve.to_dict()
        elif reference in contest.answers:
            row["reference_minus_this"] = skills.differences[(reference, contestant.name)].to_dict()
    return row


def fold_loss_and_saving(success: np.ndarray, cost_usd: np.ndarray, chosen: np.ndarray) -> dict[str, float]:
    """Plain loss and saving of ``chosen`` int64 [n] against always-top; ``success``, ``cost_usd`` float64 [n, k]."""
    each = np.arange(len(chosen))
    loss = 1 - success[each, chosen].mean() / success[:, -1].mean()
    return {"loss": float(loss), "saving": float(1 - cost_usd[each, chosen].mean() / cost_usd[:, -1].mean())}


def _fold_point(fold: Fold, answers: Answers, problem: Problem) -> dict[str, float]:
    rows = fold.test
    return fold_loss_and_saving(problem.success[rows], problem.cost_usd[rows], answers.chosen[rows])


def _ece(
    contestant: Contestant, answers: Answers, problem: Problem, outcomes: FullOutcomes, bootstrap: Bootstrap
) -> dict[str, Any] | None:
    if not contestant.has_probabilities:
        return None
    found = {}
    for tier, name in enumerate(problem.catalogue.names):
        p_success, success = answers.p_success[outcomes.rows, tier], outcomes.success[:, tier]
        measured = measure_calibration(name, p_success, success, outcomes.groups, bootstrap)
        found[name] = {**measured.ece.to_dict(), "of_chance": measured.ece_of_chance}
    return found


def _escalating(answers: Answers, outcomes: FullOutcomes, bootstrap: Bootstrap) -> dict[str, Any]:
    return {
        f"{rate:g}": evaluate_escalation(outcomes, answers.starts[:, column], rate, bootstrap=bootstrap).to_dict()
        for column, rate in enumerate(CATCH_RATES[: answers.starts.shape[1]])
    }

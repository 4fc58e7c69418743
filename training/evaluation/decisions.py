"""From a log and the decisions of a candidate to everything that can be said about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.drawing.splits import split_unit
from tierwise.data.records import Decision, LoggedStep
from tierwise.router_model.rules import RulesRouter
from tierwise.training.evaluation.bootstrap import DEFAULT_BOOTSTRAP, Bootstrap, FloatArray
from tierwise.training.evaluation.calibration import TierCalibration, measure_calibration
from tierwise.training.evaluation.cascades.escalation import evaluate_cascade, evaluate_escalation
from tierwise.training.evaluation.cascades.plain import CATCH_RATES, best_mix, evaluate_models, plain_paths
from tierwise.training.evaluation.costs import LoggedOutcomes, logged_outcomes
from tierwise.training.evaluation.curve import Forecast, SkillTable, measure_skills
from tierwise.training.evaluation.decision_arrays import DecisionArrays, decision_arrays
from tierwise.training.evaluation.errors import EvaluationError, Refusal
from tierwise.training.evaluation.evaluation import EscalatingRun, Evaluation, FullInformation, LogSummary
from tierwise.training.evaluation.full_information import evaluate_choice, evaluate_mix, evaluate_oracle
from tierwise.training.evaluation.logged.collection import collected_steps, first_attempts_only
from tierwise.training.evaluation.logged.logged_choices import LoggedChoices, logged_choices
from tierwise.training.evaluation.logged.off_policy import deterministic, evaluate_off_policy
from tierwise.training.evaluation.logged.off_policy_slices import measure_off_policy_slices
from tierwise.training.evaluation.logged.propensity import step_features, with_estimated_propensities
from tierwise.training.evaluation.outcomes import FullOutcomes, full_outcomes, group_codes
from tierwise.training.evaluation.slices import measure_slices, slice_labels

_MIN_CALIBRATION_STEPS = 30

Choices = Mapping[str, NDArray[np.int64]]
"""From the name of a policy to its tier for every step of the log, int64 [n]."""


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """What every part of the evaluation reads."""

    steps: Sequence[LoggedStep]
    catalogue: TierCatalogue
    decided: DecisionArrays
    outcomes: LoggedOutcomes
    is_collected: NDArray[np.bool_]
    groups: list[str]
    candidate: str
    bootstrap: Bootstrap
    starts: Mapping[float, NDArray[np.int64]]

    @property
    def n_complete(self) -> int:
        return int((self.is_collected & ~np.isnan(self.outcomes.cost_usd).any(axis=1)).sum())


def evaluate_decisions(
    steps: Sequence[LoggedStep],
    catalogue: TierCatalogue,
    decisions: Sequence[Decision],
    candidate: str = "learned",
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
    escalating: Mapping[float, Sequence[Decision]] | None = None,
) -> Evaluation:
    """Measures ``decisions``, one a step in the same order, beside what needs no learning, and the oracle.

    The candidate must not have been fitted to these steps. Steps with unknown outcomes are left out of
    full-information figures and counted; where any are, the off-policy estimates are made beside them.
    ``escalating`` maps a verifier's catch rate to the decisions where to start with it; without one, escalation is
    measured from ``decisions``.
    """
    if not steps or len(steps) != len(decisions):
        raise EvaluationError(f"there are {len(decisions)} decisions for {len(steps)} steps; one a step is needed")
    groups = [split_unit(step) for step in steps]
    outcomes = logged_outcomes(steps, catalogue)
    case = _Case(
        steps=steps,
        catalogue=catalogue,
        decided=decision_arrays(decisions, catalogue),
        outcomes=outcomes,
        is_collected=collected_steps(steps, outcomes.success),
        groups=groups,
        candidate=candidate,
        bootstrap=bootstrap,
        starts={rate: decision_arrays(chosen, catalogue).chosen for rate, chosen in (escalating or {}).items()},
    )
    choices = _choices(case)
    found = Evaluation(
        candidate=candidate,
        versions=tuple(sorted({decision.router_version for decision in decisions})),
        log=_summary(case, decisions),
        full_information=_measure_full_information(case, choices),
        calibration=_calibration(case),
        off_policy={},
    )
    return _with_off_policy(found, case, choices) if case.n_complete < len(steps) else found


def _choices(case: _Case) -> Choices:
    n_steps, names = len(case.steps), case.catalogue.names
    rules = RulesRouter(case.catalogue)
    constants = {f"always-{name}": np.full(n_steps, tier, dtype=np.int64) for tier, name in enumerate(names)}
    ruled = [case.catalogue.index(rules.decide(logged.step).tier) for logged in case.steps]
    return {**constants, "rules": np.array(ruled, dtype=np.int64), case.candidate: case.decided.chosen}


def _measure_full_information(case: _Case, choices: Choices) -> FullInformation | Refusal:
    if not case.n_complete:
        return Refusal(
            "no step knows success and cost of every tier whatever came of it; where an escalation ran to the top, "
            "the cheaper tiers had failed, and such steps alone would mislead"
        )
    success = np.where(case.is_collected[:, None], case.outcomes.success, np.nan)
    outcomes = full_outcomes(success, case.outcomes.cost_usd, groups=case.groups)
    reports = {name: evaluate_choice(outcomes, chosen, case.bootstrap) for name, chosen in choices.items()}
    reports["oracle"] = evaluate_oracle(outcomes, case.bootstrap)
    labels = slice_labels(case.steps)
    return FullInformation(
        choices=reports,
        skills=_skills(case, outcomes),
        slices=measure_slices(outcomes, choices[case.candidate], labels, case.bootstrap),
        escalation=_escalation(case, outcomes, choices),
        models=evaluate_models(case.steps, case.catalogue, outcomes, case.bootstrap),
        mix=evaluate_mix(outcomes, best_mix(outcomes, reports[case.candidate].success.value), case.bootstrap),
    )


def _skills(case: _Case, outcomes: FullOutcomes) -> SkillTable | Refusal:
    prediction = case.decided.prediction()
    if prediction is None:
        return Refusal("the decisions carry no probabilities and expected costs; there is no curve to draw")
    return measure_skills(outcomes, {case.candidate: prediction}, case.bootstrap)


def _escalation(case: _Case, outcomes: FullOutcomes, choices: Choices) -> tuple[EscalatingRun, ...]:
    """The plain cascades at each catch rate, then the candidate's."""
    names, learned = case.catalogue.names, choices[case.candidate]
    plain = [
        EscalatingRun(
            "→".join(names[tier] for tier in path), evaluate_cascade(outcomes, path, rate, case.bootstrap), True
        )
        for rate in CATCH_RATES
        for path in plain_paths(len(names))
    ]
    starts = [(rate, case.starts.get(rate, learned)) for rate in CATCH_RATES]
    return (
        *plain,
        *(
            EscalatingRun(case.candidate, evaluate_escalation(outcomes, start, rate, bootstrap=case.bootstrap))
            for rate, start in starts
        ),
    )


def _calibration(case: _Case) -> tuple[TierCalibration, ...]:
    """Tiers with at least 30 steps whose prediction and, unselected, outcome are known."""
    codes = group_codes(case.groups, len(case.steps))
    first = first_attempts_only(case.steps, case.catalogue.names, case.outcomes.success)
    unselected = np.where(case.is_collected[:, None], case.outcomes.success, first)
    reports = []
    for tier, name in enumerate(case.catalogue.names):
        p_success, success = case.decided.p_success[:, tier], unselected[:, tier]
        if (~np.isnan(p_success) & ~np.isnan(success)).sum() >= _MIN_CALIBRATION_STEPS:
            reports.append(measure_calibration(name, p_success, success, codes, case.bootstrap))
    return tuple(reports)


def _with_off_policy(found: Evaluation, case: _Case, choices: Choices) -> Evaluation:
    logged = logged_choices(case.steps, case.catalogue.names, case.groups)
    logged = replace(logged, cost_usd=_cost_of_choice(case, logged))
    logged = with_estimated_propensities(logged, step_features(case.steps))
    decided = case.decided
    prediction = Forecast(decided.p_success, decided.expected_cost_usd) if decided.is_predicted.any() else None
    targets = {name: deterministic(chosen, logged.n_tiers) for name, chosen in choices.items()}
    return replace(
        found,
        off_policy={
            name: evaluate_off_policy(logged, target, prediction, case.bootstrap) for name, target in targets.items()
        },
        off_policy_slices=measure_off_policy_slices(
            logged, targets[case.candidate], prediction, slice_labels(case.steps), case.bootstrap
        ),
    )


def _cost_of_choice(case: _Case, logged: LoggedChoices) -> FloatArray:
    """float64 [n]: the cost of the first attempt, from list prices where it was not logged."""
    return np.asarray(case.outcomes.cost_usd[np.arange(len(logged)), np.maximum(logged.chosen, 0)])


def _summary(case: _Case, decisions: Sequence[Decision]) -> LogSummary:
    return LogSummary(
        n_steps=len(case.steps),
        n_complete=case.n_complete,
        n_groups=len(set(case.groups)),
        tier_names=case.catalogue.names,
        n_simulated=case.outcomes.n_simulated,
        p_cost_estimated=case.outcomes.p_cost_estimated,
        n_unfamiliar=sum(decision.is_unfamiliar for decision in decisions),
        n_fallback=sum(decision.is_fallback for decision in decisions),
    )

"""Why a tier was chosen, in sentences: what the decision rests on, what happened before, and what would change it.

The weight of a part of the step is found by occlusion: its features are replaced by what is usual in the training log,
and the change of the predicted probabilities is read off (feature removal; Covert, Lundberg and Lee 2021,
"Explaining by removing"). That is exact for whatever the predictor consists of. It is computed only when asked for:
one batch of a few dozen predictions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.features.schema import FeatureSchema
from tierwise.router_model.neighbours import LoggedNeighbour
from tierwise.router_model.policy import Policy, choose_all
from tierwise.router_model.predictor import Prediction, Predictor

_N_SHOWN = 4
_MIN_EFFECT = 0.005
_TEXT_GROUPS = {"embedding": "the meaning of the text"}


@dataclass(frozen=True, slots=True)
class Contribution:
    """By how much a part of the step moves P(success) on the chosen tier, against what is usual in the log."""

    part: str
    effect: float


def contributions(
    vector: NDArray[np.float32], usual: NDArray[np.float32], schema: FeatureSchema, predictor: Predictor, chosen: int
) -> list[Contribution]:
    """Every part of the step, strongest first; ``vector`` and ``usual`` are float32 [d]."""
    groups = _groups(schema)
    occluded = np.repeat(vector[None, :], len(groups) + 1, axis=0)
    for row, columns in enumerate(groups.values(), start=1):
        occluded[row, columns] = usual[columns]
    p_success = predictor.predict(occluded).probabilities.p_success[:, chosen]
    found = [Contribution(part, float(p_success[0] - p)) for part, p in zip(groups, p_success[1:], strict=True)]
    return sorted(found, key=lambda contribution: -abs(contribution.effect))


def explain_contributions(found: Sequence[Contribution]) -> list[str]:
    """Sentences for the strongest contributions that are worth a word."""
    return [
        f"{_TEXT_GROUPS.get(one.part, one.part)} moves P(success) on this tier by {one.effect:+.1%} "
        "against a usual step."
        for one in found[:_N_SHOWN]
        if abs(one.effect) >= _MIN_EFFECT
    ]


def explain_neighbours(neighbours: Sequence[LoggedNeighbour], names: Sequence[str]) -> list[str]:
    """One sentence with the nearest logged steps and their outcomes."""
    if not neighbours:
        return []
    return [f"The nearest logged steps: {'; '.join(neighbour.text(names) for neighbour in neighbours)}."]


def explain_margin(
    prediction: Prediction, policy: Policy, names: Sequence[str], chosen: int, max_quality_loss: float | None
) -> list[str]:
    """How far the runner-up is: by how much its P(success) would have to be higher to be chosen."""
    point = policy.point(max_quality_loss)
    if point.cost_weight is None or len(names) < 2:
        return []
    weight = point.cost_weight / policy.cost_scale_usd
    value = prediction.probabilities.p_success[0] - weight * prediction.cost_usd[0]
    runner_up = max((tier for tier in range(len(names)) if tier != chosen), key=lambda tier: float(value[tier]))
    margin = float(value[chosen] - value[runner_up])
    if margin < 0:  # a limit or guardrail decided
        return []
    missing = f"'{names[runner_up]}' would be chosen if its P(success) were more than {100 * margin:.1f} points higher"
    p_needed = float(prediction.probabilities.p_success[0, runner_up]) + margin
    return [f"{missing}{', which is impossible' if p_needed > 1 else ''}."]


def explain_alternatives(prediction: Prediction, policy: Policy, names: Sequence[str], chosen: int) -> list[str]:
    """For every other tier, the tolerated quality loss that would choose it, where one would."""
    found: dict[int, float] = {}
    for point in policy.points:
        if point.cost_weight is not None:
            weight = point.cost_weight / policy.cost_scale_usd
            tier = int(choose_all(prediction.probabilities.p_success, prediction.cost_usd, weight)[0])
            found.setdefault(tier, point.max_quality_loss)
    return [
        f"A tolerated quality loss of {loss:.1%} would choose '{names[tier]}'."
        for tier, loss in sorted(found.items())
        if tier != chosen
    ]


def explain_unfamiliar(
    prediction: Prediction, policy: Policy, names: Sequence[str], max_quality_loss: float | None
) -> list[str]:
    """Caution decided: what the step would have got otherwise."""
    point = policy.point(max_quality_loss)
    if point.cost_weight is None:
        return []
    weight = point.cost_weight / policy.cost_scale_usd
    tier = int(choose_all(prediction.probabilities.p_success, prediction.cost_usd, weight)[0])
    return [f"Were the log to hold steps like this one, '{names[tier]}' would be chosen."]


def _groups(schema: FeatureSchema) -> dict[str, list[int]]:
    """Columns by the part of the step they describe: one-hot columns of a field together, the embedding as a whole."""
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(schema.names):
        field = "embedding" if name.startswith("embedding_") else name.partition("=")[0]
        groups.setdefault(field, []).append(column)
    return groups

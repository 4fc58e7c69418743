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
    """By how much a part of the step moves P(success) of one tier above another's, against what is usual in the log."""

    part: str
    effect: float


def contributions(
    vector: NDArray[np.float32],
    usual: NDArray[np.float32],
    schema: FeatureSchema,
    predictor: Predictor,
    chosen: int,
    other: int,
) -> list[Contribution]:
    """Every part of the step, strongest first; ``vector`` and ``usual`` are float32 [d]."""
    groups = _groups(schema)
    occluded = np.repeat(vector[None, :], len(groups) + 1, axis=0)
    for row, columns in enumerate(groups.values(), start=1):
        occluded[row, columns] = usual[columns]
    p_success = predictor.predict(occluded).probabilities.p_success
    gain = p_success[:, chosen] - p_success[:, other]
    found = [Contribution(part, float(gain[0] - without)) for part, without in zip(groups, gain[1:], strict=True)]
    return sorted(found, key=lambda contribution: -abs(contribution.effect))


def explain_contributions(found: Sequence[Contribution], names: Sequence[str], chosen: int, other: int) -> list[str]:
    """Sentences for the strongest contributions that are worth a word."""
    return [
        f"{_TEXT_GROUPS.get(one.part, one.part)} moves P(success) of '{names[chosen]}' above that of '{names[other]}' "
        f"by {100 * one.effect:+.1f} points against a usual step."
        for one in found[:_N_SHOWN]
        if abs(one.effect) >= _MIN_EFFECT
    ]


def runner_up(prediction: Prediction, policy: Policy, chosen: int, max_quality_loss: float | None) -> int:
    """The tier that comes next at the operating point; where none is certified, the next cheaper one, or dearer."""
    point = policy.point(max_quality_loss)
    if point.cost_weight is None:
        return chosen - 1 if chosen else 1
    value = _values(prediction, policy, point.cost_weight)
    return max((tier for tier in range(len(value)) if tier != chosen), key=lambda tier: float(value[tier]))


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
    if point.cost_weight is None:
        return []
    value, other = (
        _values(prediction, policy, point.cost_weight),
        runner_up(prediction, policy, chosen, max_quality_loss),
    )
    margin = float(value[chosen] - value[other])
    if margin < 0:  # a limit or guardrail decided
        return []
    missing = f"'{names[other]}' would be chosen if its P(success) were more than {100 * margin:.1f} points higher"
    p_needed = float(prediction.probabilities.p_success[0, other]) + margin
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
        for tier, loss in sorted(found.items(), key=lambda item: item[1])
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


def _values(prediction: Prediction, policy: Policy, cost_weight: float) -> NDArray[np.float64]:
    """What the policy maximises, by tier, float64 [k]."""
    weight = cost_weight / policy.cost_scale_usd
    return np.asarray(prediction.probabilities.p_success[0] - weight * prediction.cost_usd[0])


def _groups(schema: FeatureSchema) -> dict[str, list[int]]:
    """Columns by the part of the step they describe: one-hot columns of a field together, the embedding as a whole."""
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(schema.names):
        field = "embedding" if name.startswith("embedding_") else name.partition("=")[0]
        groups.setdefault(field, []).append(column)
    return groups

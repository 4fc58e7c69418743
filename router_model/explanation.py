"""Why a tier was chosen, in sentences: what the decision rests on, and what would change it.

The weight of a part of the step is found by occlusion: its features are replaced by what is usual in the training log,
and the change of the predicted probabilities is read off (feature removal; Covert, Lundberg and Lee 2021,
"Explaining by removing"). It is computed only when asked for: one batch of a few dozen predictions.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tierwise.features.schema import FeatureSchema
from tierwise.router_model.policy import Policy, choose_all
from tierwise.router_model.predictor import Prediction, Predictor

_N_SHOWN = 4
_MIN_EFFECT = 0.005
_TEXT_GROUPS = {"embedding": "the meaning of the text"}


def explain_choice(
    vector: NDArray[np.float32], usual: NDArray[np.float32], schema: FeatureSchema, predictor: Predictor, chosen: int
) -> list[str]:
    """The parts of the step that move P(success) on the chosen tier most; ``vector`` and ``usual`` are float32 [d]."""
    groups = _groups(schema)
    occluded = np.repeat(vector[None, :], len(groups) + 1, axis=0)
    for row, columns in enumerate(groups.values(), start=1):
        occluded[row, columns] = usual[columns]
    p_success = predictor.predict(occluded).probabilities.p_success[:, chosen]
    effects = p_success[0] - p_success[1:]
    strongest = sorted(zip(groups, effects, strict=True), key=lambda item: -abs(item[1]))[:_N_SHOWN]
    return [
        f"{_TEXT_GROUPS.get(name, name)} moves P(success) on this tier by {effect:+.1%} against a usual step."
        for name, effect in strongest
        if abs(effect) >= _MIN_EFFECT
    ]


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


def _groups(schema: FeatureSchema) -> dict[str, list[int]]:
    """Columns by the part of the step they describe: one-hot columns of a field together, the embedding as a whole."""
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(schema.names):
        field = "embedding" if name.startswith("embedding_") else name.partition("=")[0]
        groups.setdefault(field, []).append(column)
    return groups

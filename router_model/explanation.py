"""Why a tier was chosen, in figures and in sentences: what it rests on, what happened before, what would change it.

The weight of a part of the step is found by occlusion: its features are replaced by what is usual in the training log,
and the change of the predicted probabilities is read off (feature removal; Covert, Lundberg and Lee 2021,
"Explaining by removing"). That is exact for whatever the predictor consists of. It is computed only when asked for:
one batch of a few dozen predictions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.data.records import Decision, Step
from tierwise.features.schema import FeatureSchema
from tierwise.router_model.bundle import RouterParts
from tierwise.router_model.choosing.operating_point import OperatingPoint
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.knowing.neighbours import LoggedNeighbour
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.predicting.predictor import Prediction, Predictor

_N_SHOWN = 4
_N_NEIGHBOURS = 3
_MIN_EFFECT = 0.005
_TEXT_GROUPS = {"embedding": "the meaning of the text", "before": "what came of the task's earlier steps"}


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


@dataclass(frozen=True, slots=True)
class Explanation:
    """The figures behind a decision; ``sentences`` reads them aloud.

    ``against`` is the tier that comes next. ``margin`` says by how much its P(success) would have to be higher to be
    chosen; None where no operating point, or a limit, decided. ``alternatives`` gives for other tiers the smallest
    tolerated quality loss that would choose them. ``if_familiar`` is what an unfamiliar step would have got otherwise.
    """

    chosen: str
    against: str
    p_against: float
    contributions: tuple[Contribution, ...]
    neighbours: tuple[LoggedNeighbour, ...]
    margin: float | None = None
    alternatives: Mapping[str, float] = field(default_factory=dict)
    if_familiar: str | None = None

    def sentences(self, names: Sequence[str]) -> tuple[str, ...]:
        """The strongest contributions that are worth a word, the nearest steps, and what would change the tier."""
        found = [
            f"{_TEXT_GROUPS.get(one.part, one.part)} moves P(success) of '{self.chosen}' above that of "
            f"'{self.against}' by {100 * one.effect:+.1f} points against a usual step."
            for one in self.contributions[:_N_SHOWN]
            if abs(one.effect) >= _MIN_EFFECT
        ]
        if self.neighbours:
            found.append(f"The nearest logged steps: {'; '.join(near.text(names) for near in self.neighbours)}.")
        if self.if_familiar is not None:
            found.append(f"Were the log to hold steps like this one, '{self.if_familiar}' would be chosen.")
        if self.margin is not None:
            missing = (
                f"'{self.against}' would be chosen if its P(success) were more than {100 * self.margin:.1f} points"
            )
            is_impossible = self.p_against + self.margin > 1
            found.append(f"{missing} higher{', which is impossible' if is_impossible else ''}.")
        for tier, loss in self.alternatives.items():
            found.append(f"A tolerated quality loss of {loss:.1%} would choose '{tier}'.")
        return tuple(found)

    def to_mapping(self, names: Sequence[str]) -> dict[str, Any]:
        """The figures as JSON has them; ``contributions`` are differences of probability."""
        return {
            "against": self.against,
            "contributions": [{"part": one.part, "effect": one.effect} for one in self.contributions],
            "nearest": [near.to_mapping(names) for near in self.neighbours],
            "margin": self.margin,
            "alternatives": [{"tier": tier, "max_quality_loss": loss} for tier, loss in self.alternatives.items()],
            "if_familiar": self.if_familiar,
        }


def explain(
    step: Step,
    decision: Decision,
    vector: NDArray[np.float32],
    lean: float,
    predictor: Predictor,
    parts: RouterParts,
    options: DecideOptions,
) -> Explanation:
    """Why ``decision`` was taken for ``step``, whose vector is float32 [d] and which leans by ``lean``."""
    names, policy, loss = parts.catalogue.names, parts.policy.for_step(step), options.max_quality_loss
    chosen, prediction = names.index(decision.tier), predictor.predict(vector[None, :])
    other = runner_up(prediction, policy, chosen, loss, lean)
    usual = parts.familiarity.space.usual(len(vector))
    found = Explanation(
        chosen=names[chosen],
        against=names[other],
        p_against=float(prediction.probabilities.p_success[0, other]),
        contributions=tuple(contributions(vector, usual, parts.schema, predictor, chosen, other)),
        neighbours=tuple(parts.logged.nearest(parts.familiarity, vector, _N_NEIGHBOURS)),
    )
    if decision.is_unfamiliar:
        tier = learned_choice(prediction, policy, loss, lean)
        return replace(found, if_familiar=None if tier is None else names[tier])
    if options.catch_rate:
        return found
    others = alternatives(prediction, policy, chosen, lean)
    return replace(
        found,
        margin=margin(prediction, policy, chosen, loss, lean),
        alternatives={names[tier]: smallest for tier, smallest in others.items()},
    )


def runner_up(prediction: Prediction, policy: Policy, chosen: int, max_quality_loss: float | None, lean: float) -> int:
    """The tier that comes next at the operating point; where none is certified, the next cheaper one, or dearer."""
    point = policy.point(max_quality_loss)
    if point.cost_weight is None:
        return chosen - 1 if chosen else 1
    value = _values(prediction, policy, point, lean)
    return max((tier for tier in range(len(value)) if tier != chosen), key=lambda tier: float(value[tier]))


def margin(
    prediction: Prediction, policy: Policy, chosen: int, max_quality_loss: float | None, lean: float
) -> float | None:
    """By how much the runner-up's P(success) would have to be higher; None where the operating point did not decide."""
    point = policy.point(max_quality_loss)
    if point.cost_weight is None:
        return None
    value = _values(prediction, policy, point, lean)
    found = float(value[chosen] - value[runner_up(prediction, policy, chosen, max_quality_loss, lean)])
    return found if found >= 0 else None


def alternatives(prediction: Prediction, policy: Policy, chosen: int, lean: float) -> dict[int, float]:
    """For every other tier, the smallest tolerated quality loss that would choose it, where one would; ascending."""
    found: dict[int, float] = {}
    for point in policy.points:
        tier = learned_choice(prediction, policy, point.max_quality_loss, lean)
        if tier is not None:
            found.setdefault(tier, point.max_quality_loss)
    return {tier: loss for tier, loss in found.items() if tier != chosen}


def learned_choice(prediction: Prediction, policy: Policy, max_quality_loss: float | None, lean: float) -> int | None:
    """The tier of the operating point alone, without limits or caution; None where none is certified."""
    point = policy.point(max_quality_loss)
    if point.cost_weight is None:
        return None
    return int(_values(prediction, policy, point, lean).argmax())


def _values(prediction: Prediction, policy: Policy, point: OperatingPoint, lean: float) -> NDArray[np.float64]:
    """What the policy maximises, by tier, float64 [k]."""
    cost_usd, p_success = prediction.cost_usd[0], prediction.probabilities.p_success[0]
    value = p_success - policy.cost_weight(point, float(cost_usd[-1]), lean) * cost_usd
    closed = [tier for tier in range(len(value) - 1) if policy.tiers is not None and tier not in policy.tiers]
    value[closed] = -np.inf
    return np.asarray(value)


def _groups(schema: FeatureSchema) -> dict[str, list[int]]:
    """Columns by the part of the step they describe: one-hot columns of a field together, the embedding as a whole."""
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(schema.names):
        field = next((part for part in _TEXT_GROUPS if name.startswith(f"{part}_")), name.partition("=")[0])
        groups.setdefault(field, []).append(column)
    return groups

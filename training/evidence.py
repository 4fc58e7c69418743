"""What a log proves about the tiers of a step when it shows only some of them: the one notion of evidence.

Certification, the monitor and the gates read a log alike: of a decision the *first attempt* counts, with the
propensity that its tier had at that moment, because it was chosen before anything was known of the step's outcome.
Later attempts of the same decision are its escalation. There are three kinds of steps:

- *collected*: every tier was tried whatever came of it (:mod:`tierwise.training.evaluation.logged.collection`). All is
  known.
- *drawn*: the first tier was drawn with a known propensity below 1. The doubly robust score of Robins, Rotnitzky and
  Zhao (1994) stands for every tier: the prediction, and for the tier that was tried its error divided by the
  propensity. Its mean is the success rate whatever the prediction says, where the draw could have taken the tier.
- *plain*: nothing was random. What was tried is known. A tier above one that succeeded counts as a success: an
  escalation stops there, so no such log can show how the dearer tier would have done. It assumes that a dearer tier is
  enough wherever a cheaper one was. All else is unknown, and counts *against* the saving: a cheap tier that was not
  tried would have failed, the top tier would have succeeded.

No model stands in for a tier that was never tried: a tier without ``MIN_OWN_UNITS`` tasks of its own is not evidenced
and may not be chosen. Where steps were collected, top-tier steps that were not are taken to be like them (a random
share was mirrored or collected) and say nothing themselves.

``weight`` 0 says that a step shows nothing. Drawn steps say little and may weigh much: they count by ``1 / largest``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.records import LoggedStep
from tierwise.router_model.predicting.chain import Floats
from tierwise.training.evaluation.logged.collection import collected_steps
from tierwise.training.evaluation.logged.logged_choices import logged_choices

MIN_OWN_UNITS = 30
"""Tasks in which a tier was tried before it may be chosen at all."""

MIN_COLLECTED_UNITS = 60
"""Collected tasks that may stand for the top-tier steps beside them."""

_SUPPORT_SLACK = 0.02
_SUPPORT_ERRORS = 3.0

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Witness:
    """What ``n`` steps on ``k`` tiers show, before any prediction.

    ``success`` float64 [n, k] known outcomes, NaN unknown; ``first`` int64 [n] the tier of the first attempt, -1
    unknown; ``first_success`` float64 [n] its outcome; ``propensity`` float64 [n] of it where it was drawn with less
    than 1, else NaN; ``is_collected`` bool [n].
    """

    success: Floats
    first: NDArray[np.int64]
    first_success: Floats
    propensity: Floats
    is_collected: Flags
    is_lost: Flags

    @classmethod
    def of(cls, steps: Sequence[LoggedStep], tier_names: Sequence[str], success: Floats) -> "Witness":
        """Reads the choices of a log whose outcomes are ``success``."""
        choices = logged_choices(steps, tier_names)
        is_tried = (~np.isnan(success)).sum(axis=0) >= MIN_OWN_UNITS
        is_collected = np.zeros(len(steps), dtype=np.bool_)
        if is_tried.sum() > 1:
            is_collected = collected_steps(steps, success[:, is_tried])
        is_choice = (choices.chosen >= 0) & ~np.isnan(choices.success) & (choices.propensity < 1) & ~is_collected
        propensity = np.where(is_choice, choices.propensity, np.nan)
        is_lost = _was_drawn(steps) & ~is_choice & ~is_collected
        return cls(success, _first_tiers(steps, tier_names), choices.success, propensity, is_collected, is_lost)

    def __len__(self) -> int:
        return len(self.success)

    @property
    def is_drawn(self) -> Flags:
        return np.asarray(~np.isnan(self.propensity))

    def take(self, rows: NDArray[np.int64]) -> "Witness":
        return Witness(
            self.success[rows],
            self.first[rows],
            self.first_success[rows],
            self.propensity[rows],
            self.is_collected[rows],
            self.is_lost[rows],
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """``success`` float64 [n, k] stands for the outcomes; all of it lies from 1 - ``largest`` to ``largest``.

    ``weight`` float64 [n] in [0, 1] is how much a step counts: ``weight * success`` is at most 1. ``is_evidenced``
    bool [k] marks the tiers that may be chosen, ``n_outcomes`` int64 [k] counts the tasks in which each was tried.
    ``missing`` says in words why nothing cheaper than the top tier may be, or nothing.
    """

    success: Floats
    largest: float
    weight: Floats
    is_evidenced: Flags
    n_outcomes: NDArray[np.int64]
    missing: str = ""


def weigh_evidence(p_success: Floats, witness: Witness, unit: NDArray[np.int64]) -> Evidence:
    """The evidence of a log, or of a part of it, under held-out predictions ``p_success`` float64 [n, k].

    ``unit`` int64 [n] is the task of each step.
    """
    n_tiers = witness.success.shape[1]
    n_outcomes = np.array([_n_units(unit, _is_own(witness, tier)) for tier in range(n_tiers)], dtype=np.int64)
    is_evidenced = n_outcomes >= MIN_OWN_UNITS
    is_evidenced[-1] = True
    is_represented = _n_units(unit, witness.is_collected) >= MIN_COLLECTED_UNITS
    supported = np.array([_is_supported(witness, tier) for tier in range(n_tiers)])
    success = _plain(witness)
    drawn = witness.is_drawn
    success[drawn] = _drawn(p_success[drawn], success[drawn, -1], witness.take(np.flatnonzero(drawn)), supported)
    largest = float(1.0 / witness.propensity[drawn].min()) if drawn.any() else 1.0
    weight = np.where(witness.is_collected, 1.0, 1.0 / largest)
    weight[_shows_nothing(witness)] = 0.0
    if is_represented:
        weight[_is_top_alone(witness)] = 0.0
        if drawn.any() and not supported[is_evidenced].all():
            weight[drawn] = 0.0
    return Evidence(success, largest, weight, is_evidenced, n_outcomes, _missing(is_evidenced, n_outcomes))


def speaking_steps(witness: Witness, unit: NDArray[np.int64]) -> Flags:
    """bool [n]: the steps of a log that evidence rests on; all where none does."""
    blank = np.full_like(witness.success, 0.5)
    speaks = weigh_evidence(blank, witness, unit).weight > 0
    return speaks if speaks.any() else np.ones_like(speaks)


def _plain(witness: Witness) -> Floats:
    """What was tried, dearer tiers than one that succeeded, and for all else what speaks against the saving."""
    success = witness.success.copy()
    is_above_success = np.logical_or.accumulate(success == 1, axis=1) & np.isnan(success)
    success[is_above_success] = 1.0
    success[:, :-1] = np.where(np.isnan(success[:, :-1]), 0.0, success[:, :-1])
    success[:, -1] = np.where(np.isnan(success[:, -1]), 1.0, success[:, -1])
    return success


def _drawn(p_success: Floats, top: Floats, witness: Witness, supported: Flags) -> Floats:
    """Doubly robust scores of drawn steps; a tier that the draw could not take counts against the saving.

    ``top`` float64 [n] is the most that the top tier may have done: 0 where an escalation showed that it failed.
    """
    rows = np.arange(len(witness))
    unknown = np.zeros_like(p_success)
    unknown[:, -1] = top
    score = np.where(supported, p_success, unknown)
    error = (witness.first_success - p_success[rows, witness.first]) / witness.propensity
    is_used = supported[witness.first]
    score[rows[is_used], witness.first[is_used]] += error[is_used]
    return np.asarray(score)


def _is_supported(witness: Witness, tier: int) -> bool:
    """Whether the draw could take ``tier`` on nearly all steps: the mean of 1 / propensity over them is then 1.

    The same rule as in :mod:`tierwise.training.evaluation.logged.overlap`.
    """
    drawn = witness.is_drawn
    if not drawn.any():
        return True
    weight = (witness.first[drawn] == tier) / witness.propensity[drawn]
    error = weight.std() / np.sqrt(len(weight))
    return bool(weight.mean() >= 1 - _SUPPORT_SLACK - _SUPPORT_ERRORS * error and weight.any())


def _is_own(witness: Witness, tier: int) -> Flags:
    """bool [n]: the step shows what ``tier`` did, by what was tried and not by what may be inferred.

    Of a drawn step only the first attempt does.
    """
    is_known = ~np.isnan(witness.success[:, tier]) & ~witness.is_lost
    return np.asarray(np.where(witness.is_drawn, witness.first == tier, is_known))


def _shows_nothing(witness: Witness) -> Flags:
    """bool [n]: no outcome is known, or a draw was lost."""
    return np.asarray(np.isnan(witness.success).all(axis=1) | witness.is_lost)


def _is_top_alone(witness: Witness) -> Flags:
    """bool [n]: only the top tier was tried, and nothing was drawn: such a step says nothing of cheaper tiers."""
    others = ~np.isnan(witness.success[:, :-1]).all(axis=1)
    starts_at_top = (witness.first == witness.success.shape[1] - 1) | (witness.first < 0)
    return np.asarray(~others & starts_at_top & ~witness.is_drawn)


def _first_tiers(steps: Sequence[LoggedStep], tier_names: Sequence[str]) -> NDArray[np.int64]:
    index = {name: tier for tier, name in enumerate(tier_names)}
    tiers = [index.get(logged.attempts[0].tier, -1) if logged.attempts else -1 for logged in steps]
    return np.array(tiers, dtype=np.int64)


def _was_drawn(steps: Sequence[LoggedStep]) -> Flags:
    found = [step.decision is not None and (step.decision.propensity or 1.0) < 1 for step in steps]
    return np.array(found, dtype=np.bool_)


def _n_units(unit: NDArray[np.int64], chosen: Flags) -> int:
    return len(np.unique(unit[chosen]))


def _missing(is_evidenced: Flags, n_outcomes: NDArray[np.int64]) -> str:
    if is_evidenced[:-1].any():
        return ""
    most = int(n_outcomes[:-1].max(initial=0))
    return f"no tier below the top was tried in {MIN_OWN_UNITS} tasks (at most {most})"

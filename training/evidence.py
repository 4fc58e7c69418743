"""What a log proves about the tiers of a step when it shows only some of them: the evidence that certification needs.

Where nothing was random, a tier above one that succeeded counts as a success: an escalation stops there, so no log of
this kind can ever show how the dearer tier would have done, and a model that fills it in promises what nobody checked
(with it, escalation logs lost 7 % where 3 % was certified). It assumes that a dearer tier is enough wherever a cheaper
one was, which favours the top tier: what is certified is the loss of "was that tier enough?". What else was not seen is
expected from what was, by the tier chain: as good as the model.

Where the logged tier was drawn with a known probability below 1, the draw gives evidence that needs no model to be
right: the doubly robust score of Robins, Rotnitzky and Zhao (1994), the prediction for every tier and, for the tier
that was tried, its error divided by the propensity. Its mean is the success rate whatever the prediction. A rarely
tried tier says little and weighs much, so a log with little exploration certifies little.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.records import LoggedStep
from tierwise.router_model.chain import Floats, TierProbabilities
from tierwise.training.chain_likelihood import expected_success


@dataclass(frozen=True, slots=True)
class Evidence:
    """``success`` float64 [n, k] stands for the outcomes; all of it lies from 1 - ``largest`` to ``largest``.

    ``weight`` float64 [n] in (0, 1] is how much a step counts: ``weight * success`` is at most 1.
    """

    success: Floats
    largest: float
    weight: Floats


def drawn_propensity(steps: Sequence[LoggedStep], success: Floats) -> Floats:
    """The probability with which the tier of a single attempt was drawn, float64 [n]; NaN where nothing was drawn.

    Steps with more than one known outcome (``success`` float64 [n, k], NaN unknown) need none.
    """
    is_single = (~np.isnan(success)).sum(axis=1) == 1
    logged = [None if step.decision is None else step.decision.propensity for step in steps]
    propensity = np.array([np.nan if value is None else value for value in logged], dtype=np.float64)
    return np.where(is_single & (propensity < 1), propensity, np.nan)


def weigh_evidence(probabilities: TierProbabilities, success: Floats, propensity: Floats) -> Evidence:
    """The evidence of ``success`` float64 [n, k] (NaN unknown) under held-out predictions and ``drawn_propensity``."""
    is_drawn: NDArray[np.bool_] = ~np.isnan(propensity)
    is_above_success = np.logical_or.accumulate(success == 1, axis=1) & np.isnan(success)
    found = np.where(is_above_success, 1.0, expected_success(probabilities, success))
    if not is_drawn.any():
        return Evidence(found, 1.0, np.ones(len(found)))
    p_success, drawn = probabilities.p_success[is_drawn], propensity[is_drawn, None]
    error = np.where(np.isnan(success[is_drawn]), 0.0, success[is_drawn] - p_success)
    found[is_drawn] = p_success + error / drawn
    largest = float(1.0 / drawn.min())
    return Evidence(found, largest, np.where(is_drawn, 1.0 / largest, 1.0))

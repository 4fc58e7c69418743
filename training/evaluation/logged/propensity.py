"""Propensities that were not recorded, estimated from the steps: better than nothing, and always flagged."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tierwise.data.records import LoggedStep
from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.logged.logged_choices import LoggedChoices

_RARE_CATEGORY = 20
_MAX_NUMBER = 1e6  # far beyond any sensible count, and its square is a number
_P_MIN = 1e-3


def with_estimated_propensities(choices: LoggedChoices, features: FloatArray) -> LoggedChoices:
    """Fills missing propensities from a multinomial logistic regression of the logged tier on ``features`` [n, d].

    Only the steps without a recorded propensity are modelled: they were decided by another policy than the recorded
    ones. Estimates are right only as far as everything that the old policy looked at is in the features.
    """
    missing = np.isnan(choices.propensity) & (choices.chosen >= 0)
    if not missing.any():
        return choices
    propensity = choices.propensity.copy()
    propensity[missing] = _estimate(choices.chosen[missing], features[missing])
    return replace(choices, propensity=propensity, is_estimated=choices.is_estimated | missing)


def step_features(steps: Sequence[LoggedStep]) -> FloatArray:
    """float64 [n, d]: what hand-written policies look at. Type, agent, node, complexity, judgment, visibility, length.

    Numbers are standardised, a missing one stands at the mean beside a column that says so.
    """
    names = [[s.step.task_type or "", s.step.agent or "", s.step.node or ""] for s in steps]
    encoder = OneHotEncoder(sparse_output=False, min_frequency=_RARE_CATEGORY, handle_unknown="ignore")
    categories = encoder.fit_transform(np.array(names, dtype=object))
    numbers = np.array([_numbers(logged) for logged in steps], dtype=np.float64).clip(-_MAX_NUMBER, _MAX_NUMBER)
    missing = np.isnan(numbers)
    means = np.where(missing, 0.0, numbers).sum(axis=0) / np.maximum(1, (~missing).sum(axis=0))
    filled = StandardScaler().fit_transform(np.where(missing, means, numbers))
    complexity = numbers[:, [0]]
    bands = [complexity <= edge for edge in (3, 6)]
    return np.column_stack([categories, filled, missing, *bands]).astype(np.float64)


def _numbers(logged: LoggedStep) -> list[float]:
    step = logged.step
    raw = (step.input_complexity, step.requires_judgment, step.human_visible, step.step_index, step.retry)
    known = [np.nan if value is None else float(value) for value in raw]
    return [*known, float(np.log1p(len(step.prompt))), float(len(step.tools))]


def _estimate(chosen: NDArray[np.int64], features: FloatArray) -> FloatArray:
    tiers, codes = np.unique(chosen, return_inverse=True)
    if len(tiers) == 1:
        return np.ones(len(chosen))
    model = LogisticRegression(max_iter=1000).fit(features, codes)
    p_chosen = model.predict_proba(features)[np.arange(len(chosen)), codes]
    return np.asarray(np.clip(p_chosen, _P_MIN, 1.0), dtype=np.float64)

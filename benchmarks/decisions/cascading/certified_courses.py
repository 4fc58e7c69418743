"""What a user gets: courses as they are certified by ``train_router``, played on steps that it did not see."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.decisions.contestants.learned import LIGHTER
from benchmarks.decisions.problem import Fold
from tierwise.data.records import LoggedStep
from tierwise.router_model.accepting.played import play
from tierwise.router_model.options import DecideOptions
from tierwise.training.config import TrainConfig
from tierwise.training.train import train_router

Played = tuple[NDArray[np.int64], NDArray[np.float64]]


def played_courses(
    fold: Fold,
    relative_cost: NDArray[np.float64],
    target: str,
    max_losses: Sequence[float],
    config: TrainConfig = LIGHTER,
) -> list[Played]:
    """For each of ``max_losses`` the tiers whose answers are used, int64 [n_test], and what all calls cost, float64
    [n_test]; ``relative_cost`` float64 [n, k] is that of all steps of the problem.

    For ``same-answer`` no outcome is looked at.
    """
    names = fold.catalogue.names
    logged = [_blind(one) for one in fold.logged] if target == "same-answer" else fold.logged
    router = train_router(logged, fold.catalogue, replace(config, target=target)).router()
    found = []
    for max_loss in max_losses:
        options = DecideOptions(max_quality_loss=max_loss)
        plays = [play(router, fold.problem.steps[row], options) for row in fold.test]
        final = np.array([names.index(one.final) for one in plays], dtype=np.int64)
        asked = [[names.index(tier) for tier in one.asked] for one in plays]
        cost = [relative_cost[row, tiers].sum() for row, tiers in zip(fold.test, asked, strict=True)]
        found.append((final, np.array(cost)))
    return found


def _blind(logged: LoggedStep) -> LoggedStep:
    attempts = (replace(attempt, success=None, score=None) for attempt in logged.attempts)
    return replace(logged, attempts=tuple(attempts))

"""Signs that an agent is stuck, read off its last actions: a loop, a run of failures, a check that has just failed."""

from typing import Final

from tierwise.features.trajectory import Trajectory

N_ALIKE: Final = 3
"""The same action with the same result, or failures in a row, that make a sign."""

LASTS_STEPS: Final = 3
"""For so many steps from the first one after it a sign holds; then the agent is taken to be on its way again."""


def sign_of_trouble(trajectory: Trajectory) -> str | None:
    """What went wrong during the last ``LASTS_STEPS`` actions, for people; None where nothing did.

    >>> sign_of_trouble(Trajectory((), ())) is None
    True
    """
    for ago in range(min(LASTS_STEPS, len(trajectory.actions))):
        sign = _sign(_until(trajectory, ago))
        if sign is not None:
            return sign if ago == 0 else f"{sign}, {ago} {'action' if ago == 1 else 'actions'} ago"
    return None


def _until(trajectory: Trajectory, ago: int) -> Trajectory:
    n = len(trajectory.actions) - ago
    return Trajectory(trajectory.actions[:n], trajectory.results[:n])


def _sign(trajectory: Trajectory) -> str | None:
    last, result = trajectory.actions[-1], trajectory.results[-1]
    if result is None:
        return None
    if trajectory.n_repeated + 1 >= N_ALIKE:
        return f"{last.name} gave the same result {trajectory.n_repeated + 1} times in a row"
    if trajectory.n_failures >= N_ALIKE:
        return f"{trajectory.n_failures} actions in a row failed, {last.name} last"
    if last.kind == "test" and result.is_failure:
        return f"the check {last.name} failed"
    return None

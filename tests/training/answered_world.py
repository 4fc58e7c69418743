"""A log whose answers are logged: small and mid know a number in 60 and 75 % of the steps, frontier in 97 %."""

import numpy as np

from tierwise.data.records import Attempt, LoggedStep, Step

P_RIGHT = {"small": 0.6, "mid": 0.75, "frontier": 0.97}
COST_USD = {"small": 0.0001, "mid": 0.0004, "frontier": 0.01}


def answered_world(n_steps: int, seed: int = 0) -> list[LoggedStep]:
    """Wrong answers differ from each other, so two that agree are right nearly always."""
    rng = np.random.default_rng(seed)
    steps = []
    for number in range(n_steps):
        right = int(rng.integers(1000))
        attempts = []
        for tier, p_right in P_RIGHT.items():
            is_right = bool(rng.random() < p_right)
            given = right if is_right else (right + 1 + int(rng.integers(999))) % 1000
            text = f"The answer is {given}."
            attempts.append(Attempt(tier, success=is_right, output=text, cost_usd=COST_USD[tier]))
        steps.append(
            LoggedStep(f"s-{seed}-{number}", Step(f"How many? ({number})", task_type="count"), tuple(attempts))
        )
    return steps

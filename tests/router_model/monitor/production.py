"""Small worlds of production: a router that picks, exploration, escalation, and a tier that degrades on some day."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Step

TIERS = ("small", "mid", "frontier")


@dataclass(frozen=True)
class World:
    """``reach`` is each tier's success rate and what the router predicts: of the same easiest steps where
    ``is_nested``, else whatever the other tiers do. A task's steps are alike with the chance ``task_spread``.

    ``picked`` is what the router picks; ``degraded`` replaces ``reach`` from task ``degraded_from`` on.
    """

    reach: tuple[float, float, float] = (0.60, 0.88, 0.90)
    picked: int = 1
    exploration: float = 0.0
    escalates: bool = True
    steps_a_task: int = 1
    degraded_from: int | None = None
    degraded: tuple[float, float, float] = (0.60, 0.70, 0.90)
    task_spread: float = 0.0
    is_nested: bool = True

    def log(self, n_tasks: int, seed: int) -> Iterator[LoggedStep]:
        rng = np.random.default_rng(seed)
        for task in range(n_tasks):
            is_degraded = self.degraded_from is not None and task >= self.degraded_from
            reach = self.degraded if is_degraded else self.reach
            shared = rng.random()
            for number in range(self.steps_a_task):
                need = shared if rng.random() < self.task_spread else rng.random()
                needs = [need] * len(reach) if self.is_nested else list(rng.random(len(reach)))
                solved = [n < r for n, r in zip(needs, reach, strict=True)]
                yield self._step(f"t-{task}", number, task, solved, rng)

    def _step(self, task: str, number: int, at: float, solved: list[bool], rng: np.random.Generator) -> LoggedStep:
        neighbours = [t for t in (self.picked - 1, self.picked + 1) if 0 <= t < len(TIERS)]
        ran, propensity, extra = self.picked, 1.0, {"p_success": dict(zip(TIERS, self.reach, strict=True))}
        extra |= {"reason_code": "learned", "fallback": False}  # type: ignore[dict-item]
        if self.exploration:
            propensity = 1 - self.exploration
            if rng.random() < self.exploration:
                ran, propensity = int(rng.choice(neighbours)), self.exploration / len(neighbours)
                text = f"'{TIERS[ran]}' is tried instead of '{TIERS[self.picked]}', to learn how it does."
                extra |= {"reason_code": "explored", "reason_text": text}  # type: ignore[dict-item]
        attempts = [Attempt(TIERS[ran], success=solved[ran])]
        while self.escalates and not attempts[-1].success and len(attempts) < len(TIERS) - ran:
            tier = ran + len(attempts)
            attempts.append(Attempt(TIERS[tier], success=solved[tier]))
        decision = LoggedDecision(f"{task}-{number}", TIERS[ran], "learned", None, propensity, extra=extra)
        return LoggedStep(f"{task}-{number}", Step(), tuple(attempts), task, timestamp=at, decision=decision)

"""How a plan is made and run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tierwise.agents.attempts import Verifier
from tierwise.agents.runtime.plans.plan import PlanStep
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import TierwiseError

VerifierFor = Callable[[PlanStep], Verifier | None]


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """``planner_tier`` plans and repairs, ``human_visible_tier`` writes what a person will read; both are floors, and
    None is the top tier. A plan from below the top is taken where it is at least ``min_plan_score`` good, from 0 to 1,
    else the next tier is asked. ``max_repairs`` bounds how often a failed branch goes back to the planner,
    ``max_turns`` how often a step with tools asks a model, ``max_calls`` how many tools are called after one turn.

    ``parameters`` go to the models with every call; ``agent`` names the agent in the log.
    """

    planner_tier: str | None = None
    human_visible_tier: str | None = None
    min_plan_score: float = 0.7
    max_steps: int = 500
    max_repairs: int = 2
    max_concurrency: int = 8
    max_plan_tokens: int = 4096
    max_turns: int = 12
    max_calls: int = 8
    agent: str = "plan-and-execute"
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"temperature": 0})

    def check(self, catalogue: TierCatalogue) -> None:
        """Raises ``TierwiseError`` for a tier that is not there, or a limit that lets nothing run."""
        for tier in (self.planner_tier, self.human_visible_tier):
            if tier is not None:
                catalogue.index(tier)
        for name in ("max_steps", "max_concurrency", "max_plan_tokens", "max_turns", "max_calls"):
            if getattr(self, name) < 1:
                raise TierwiseError(f"{name} is {getattr(self, name)}; at least 1 is needed")
        if not 0 <= self.min_plan_score <= 1:
            raise TierwiseError(f"min_plan_score is {self.min_plan_score}; a number from 0 to 1 is needed")
        if self.max_repairs < 0:
            raise TierwiseError(f"max_repairs is {self.max_repairs}; it cannot be below 0")

"""What a run did: every call in order, what it cost, and where a failure began."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from tierwise.agents.attempts import Failure, StepAttempt
from tierwise.agents.runtime.plans.plan import Plan
from tierwise.agents.tools import ToolTrace


class Role(StrEnum):
    """What a call was for; the step field ``role`` of the log."""

    PLAN = "plan"
    FILL = "fill"
    EXECUTE = "execute"
    REPAIR = "repair"
    SYNTHESISE = "synthesise"


class Origin(StrEnum):
    """Where a failure began. ``PLANNER``: no plan that can be run. ``HANDOFF``: an earlier answer lacks what the plan
    says it holds. ``EXECUTOR``: no tier's reply passed, or no model could be called or paid. ``TOOL``: no reply
    passed after a tool had failed or taken too long, or an interrupted write that nobody can settle."""

    PLANNER = "planner"
    EXECUTOR = "executor"
    HANDOFF = "handoff"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class StepTrace:
    """One step of the log with all its attempts, and what came of the tool calls in its reply. Times are milliseconds
    since the run began. ``reused`` names the recipe of a plan that was kept from another task: nobody was asked."""

    step_id: str
    role: Role
    plan_step: str | None
    depends_on: tuple[str, ...]
    tier: str
    attempts: tuple[StepAttempt, ...]
    output: str | None
    started_ms: float
    finished_ms: float
    failure: Failure | None = None
    origin: Origin | None = None
    tool_calls: tuple[ToolTrace, ...] = ()
    reused: str | None = None

    @property
    def cost_usd(self) -> float:
        return sum(attempt.cost_usd or 0.0 for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class TierSpending:
    """What one tier did in a run."""

    n_calls: int
    n_failed: int
    input_tokens: int
    output_tokens: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class RunFailure:
    """Why a run has no answer. ``code`` is that of the step, or ``plan``."""

    code: str
    text: str
    origin: Origin
    step_id: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """``answer`` is None with a ``failure``. ``plans`` holds the first plan and every repaired one."""

    task_id: str
    goal: str
    answer: str | None
    failure: RunFailure | None
    plans: tuple[Plan, ...]
    steps: tuple[StepTrace, ...]
    latency_ms: float

    @property
    def cost_usd(self) -> float:
        return sum(step.cost_usd for step in self.steps)

    @property
    def success(self) -> bool | None:
        """Whether the whole task went well: False where it failed, else what the answer's verifier said, None for
        nothing. Who ran out of money or time, or met no provider, has not shown that it would fail."""
        if self.failure is not None:
            return None if self.failure.code in ("budget", "deadline", "unsettled", "providers") else False
        last = self.steps[-1].attempts if self.steps else ()
        return last[-1].success if last else None

    @property
    def evaluator(self) -> str | None:
        """Who judged the answer, where somebody did."""
        last = self.steps[-1].attempts if self.steps else ()
        return last[-1].evaluator if last and self.failure is None else None

    @property
    def n_calls(self) -> int:
        return sum(len(step.attempts) for step in self.steps)

    def by_tier(self) -> dict[str, TierSpending]:
        """Calls, tokens and cost of every tier that was used."""
        attempts = [attempt for step in self.steps for attempt in step.attempts]
        return {
            tier: TierSpending(
                n_calls=sum(a.tier == tier for a in attempts),
                n_failed=sum(a.tier == tier and a.success is False for a in attempts),
                input_tokens=sum(a.usage.input_tokens or 0 for a in attempts if a.tier == tier),
                output_tokens=sum(a.usage.output_tokens or 0 for a in attempts if a.tier == tier),
                cost_usd=sum(a.cost_usd or 0.0 for a in attempts if a.tier == tier),
            )
            for tier in dict.fromkeys(a.tier for a in attempts)
        }

    def to_dict(self) -> dict[str, Any]:
        """The whole trace as JSON takes it."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain | {
            "cost_usd": self.cost_usd,
            "n_calls": self.n_calls,
            "success": self.success,
            "evaluator": self.evaluator,
        }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value

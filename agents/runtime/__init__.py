"""Plan and execute: goal to plan, plan to steps, steps to an answer, with the trace of every call."""

from tierwise.agents.runtime.journal_file import JournalError
from tierwise.agents.runtime.plans.plan import Plan, PlanStep
from tierwise.agents.runtime.plans.plan_error import PlanError
from tierwise.agents.runtime.plans.template import StepTemplate
from tierwise.agents.runtime.runtime import Runtime
from tierwise.agents.runtime.settings import RuntimeSettings
from tierwise.agents.runtime.together import GoalToRun, run_together
from tierwise.agents.runtime.trace import Origin, Role, RunFailure, RunResult, StepTrace, TierSpending
from tierwise.agents.runtime.watching import Ended, Event, Planned, Started, Watch

__all__ = [
    "Ended",
    "Event",
    "GoalToRun",
    "JournalError",
    "Origin",
    "Plan",
    "PlanError",
    "PlanStep",
    "Planned",
    "Role",
    "RunFailure",
    "RunResult",
    "Runtime",
    "RuntimeSettings",
    "Started",
    "StepTemplate",
    "StepTrace",
    "TierSpending",
    "Watch",
    "run_together",
]

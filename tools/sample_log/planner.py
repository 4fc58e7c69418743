"""What a planner would have said about a step before it was made: related to the truth, and wrong as often as
planners are.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tools.sample_log.tasks import PlacedStep

COMPLEXITY = {1: 2.6, 2: 4.8, 3: 6.9}
COMPLEXITY_SHIFT = {
    "code_func": 1.2,
    "regex": 0.8,
    "sql": 0.6,
    "word_problem": 0.5,
    "plan_order": 0.5,
    "arithmetic": -0.8,
    "string_transform": -0.7,
    "classify_message": -0.6,
    "route_ticket": -0.5,
    "log_fields": -0.5,
}
COMPLEXITY_SD = 1.7
P_JUDGMENT = {
    "decide": 0.55,
    "plan": 0.35,
    "summarize": 0.3,
    "reason": 0.25,
    "code": 0.2,
    "classify": 0.15,
    "route": 0.15,
}
P_MISSING = 0.09
P_RETRY = 0.04
ERRORS = {
    "json_equal": "JSONDecodeError: Expecting ',' delimiter",
    "tool_call": "unknown argument in tool call",
    "csv_row": "row has a wrong number of fields",
    "sql_rows": "OperationalError: no such column",
    "python_tests": "AssertionError in test 2",
    "regex_cases": "pattern rejects a string that should match",
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """The planner's view of a step; None where it said nothing. `input_complexity` runs from 1 to 10."""

    input_complexity: int | None
    requires_judgment: bool | None
    human_visible: bool | None
    retry: int
    previous_error: str | None


def estimate(step: PlacedStep, rng: Random) -> Estimate:
    """A noisy estimate; the same `rng` state gives the same one."""
    draft = step.draft
    mean = COMPLEXITY[draft.difficulty] + COMPLEXITY_SHIFT.get(draft.family, 0.0)
    complexity = min(10, max(1, round(rng.gauss(mean, COMPLEXITY_SD))))
    needs_judgment = rng.random() < P_JUDGMENT.get(draft.task_type, 0.04) + 0.1 * (draft.difficulty == 3)
    is_visible = step.is_last and rng.random() < (0.7 if step.session_id else 0.15)
    is_retry = rng.random() < P_RETRY
    return Estimate(
        input_complexity=None if rng.random() < P_MISSING else complexity,
        requires_judgment=None if rng.random() < P_MISSING else needs_judgment,
        human_visible=None if rng.random() < P_MISSING else is_visible,
        retry=int(is_retry),
        previous_error=ERRORS.get(draft.verify["kind"], "answer not in the expected form") if is_retry else None,
    )

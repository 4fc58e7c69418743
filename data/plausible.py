"""What no caller can mean, refused at the door: an estimate off its scale, and reports that no call can have come to.

A log that is read later is taken as it is: one odd number must not cost a step its place.
"""

from tierwise.data.errors import RecordError
from tierwise.data.records import Attempt, Step

MAX_COMPLEXITY = 10
MAX_TOKENS = 100_000_000
MAX_COST_USD = 10_000.0
MAX_LATENCY_MS = 7 * 86_400_000.0
MAX_SCORE = 1e9

_LIMITS = (
    ("input_tokens", MAX_TOKENS, "tokens"),
    ("output_tokens", MAX_TOKENS, "tokens"),
    ("cached_tokens", MAX_TOKENS, "tokens"),
    ("cost_usd", MAX_COST_USD, "US dollars for one call"),
    ("latency_ms", MAX_LATENCY_MS, "milliseconds, a week"),
    ("score", MAX_SCORE, "in size"),
)


def check_plausible(attempt: Attempt) -> None:
    """Raises ``RecordError`` naming the field of an attempt that is beyond what any call takes."""
    for name, limit, unit in _LIMITS:
        value = getattr(attempt, name)
        if value is not None and abs(value) > limit:
            raise RecordError(name, f"is {value:g}; at most {limit:,.0f} {unit} can be reported")


def check_estimates(step: Step) -> None:
    """Raises ``RecordError`` for a complexity that is off its scale of 1 to 10."""
    value = step.input_complexity
    if value is not None and not 0 <= value <= MAX_COMPLEXITY:
        problem = f"is {value:g}; an estimate from 1 to {MAX_COMPLEXITY} is needed, or null"
        raise RecordError("step.input_complexity", problem)

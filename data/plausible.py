"""Reports that no call can have come to: refused at the door, because one of them outweighs everything else later."""

from tierwise.data.errors import RecordError
from tierwise.data.records import Attempt

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

"""Building a call from what a reader found: everything is checked here, by the parser of the step log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.importers.reading.parameters import CallParameters
from tierwise.data.importers.reading.questions import fingerprint, is_whole
from tierwise.data.importers.reading.records import Answer, Call, Labels, Skipped
from tierwise.data.parsing import parse_attempt, parse_step
from tierwise.data.replies.usage import Usage, read_usage

_UNKNOWN_TIER = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCall:
    """What a reader found about one LLM call, unchecked. ``started_at`` and ``ended_at`` are seconds since 1970.

    ``is_estimate``: the counts and the cost are shares of what a whole run came to.

    ``asked`` is everything that the record says about the request, as it stands there; ``problem`` why it holds no
    prompt; ``model_at`` where its model was looked for. ``is_cache_hit``: a cache answered, not the model.
    ``is_cut``: the record says that parts of it are missing.
    """

    source_id: str
    messages: list[dict[str, Any]]
    model: object
    labels: Labels
    tools: list[dict[str, Any]] = field(default_factory=list)
    response_schema: Mapping[str, Any] | None = None
    usage: Usage | Mapping[str, Any] = field(default_factory=Usage)
    cost_usd: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    latency_ms: float | None = None
    trace_id: str | None = None
    parent_id: str | None = None
    answer: Answer | None = None
    error: str | None = None
    error_type: str | None = None
    asked: object = None
    problem: str | None = None
    is_cache_hit: bool = False
    sample: str | None = None
    is_cut: bool = False
    parameters: CallParameters = field(default_factory=CallParameters)
    is_estimate: bool = False
    model_at: str = ""

    def checked(self) -> Call | Skipped:
        """A call without its prompt or model is no step. Raises ``RecordError`` for fields of the wrong kind."""
        if not self.messages:
            why = self.problem or "is the recording of message contents switched off?"
            return Skipped(f"a call without its prompt; {why}")
        if not any(_says_something(message) for message in self.messages):
            return Skipped("a call whose prompt holds no text")
        if not isinstance(self.model, str) or not self.model:
            looked = f"; {self.model_at} was looked for" if self.model_at else ""
            return Skipped(f"a call without the name of its model{looked}")
        usage = self._usage()
        step = parse_step(
            {
                "messages": self.messages,
                "tools": self.tools,
                "response_schema": self.response_schema,
                "task_type": self.labels.task_type,
                "agent": self.labels.agent,
                "node": self.labels.node,
                "input_tokens": usage.input_tokens,
            }
        )
        return Call(
            source_id=self.source_id,
            step=step,
            attempt=parse_attempt(self._attempt(usage), "call"),
            trace_id=self.labels.task_id or _id(self.trace_id),
            parent_id=_id(self.parent_id),
            session_id=self.labels.session_id,
            started_at=self.started_at,
            answer=self.answer,
            error_type=self.error_type,
            decision_id=self.labels.decision_id,
            group=self.labels.group,
            question=self._question(),
            sample=self.sample,
            parameters=self.parameters,
        )

    def _question(self) -> bytes | None:
        asked = self.messages if self.asked is None else self.asked
        return fingerprint(asked) if not self.is_cut and is_whole(asked) else None

    def _usage(self) -> Usage:
        """A call that the provider refused was not counted: 0 tokens stand for none that are known."""
        usage = self.usage if isinstance(self.usage, Usage) else read_usage(self.usage)
        return usage if usage.is_known else Usage(cost_usd=usage.cost_usd)

    def _attempt(self, usage: Usage) -> dict[str, Any]:
        latency_ms = self.latency_ms
        if latency_ms is None and self.started_at is not None and self.ended_at is not None:
            latency_ms = round(1000 * max(0.0, self.ended_at - self.started_at), 3)
        known = {
            "tier": _UNKNOWN_TIER,
            "model": self.model,
            "cost_usd": self.cost_usd or usage.cost_usd or None,  # tools write 0 where they do not know the price
            "latency_ms": latency_ms,
            "error": self.error or self.error_type or None,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "cache_write_1h_tokens": usage.cache_write_1h_tokens or None,
            "service_tier": usage.service_tier,
        }
        if self.is_estimate:
            known |= {"cost_is_estimate": bool(self.cost_usd), "tokens_are_estimates": True}
        if self.is_cache_hit:
            known |= {"cost_usd": 0.0, "latency_ms": None, "cache_hit": True}
        return {key: value for key, value in known.items() if value is not None}


def _id(raw: object) -> str | None:
    """Logs give what they like; an id is a text."""
    return str(raw) if isinstance(raw, str | int) and raw else None


def _says_something(message: Mapping[str, Any]) -> bool:
    return bool(str(message.get("content") or "").strip() or message.get("tool_calls"))


def seconds(raw: object) -> float | None:
    """Seconds since 1970 of ISO 8601 text or of a number in seconds, milliseconds or nanoseconds."""
    if isinstance(raw, str) and raw.replace(".", "", 1).isdigit():
        raw = float(raw)
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        for limit, scale in ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6)):
            if raw < limit:
                return raw / scale
        return raw / 1e9
    if not isinstance(raw, str) or not raw:
        return None
    try:
        moment = datetime.fromisoformat(raw.replace(" UTC", "+00:00"))
    except ValueError:
        raise RecordError("", f"has the time {raw!r}; ISO 8601 or seconds since 1970 are needed") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

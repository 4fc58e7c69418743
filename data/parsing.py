"""From untrusted mappings to records. Each refusal names the field, the value and the fix.

Unknown fields are kept in ``extra``; known fields of the wrong type are refused, never guessed. Half a surrogate pair
(an emoji that a log cut in two) becomes U+FFFD in known texts, because neither tokenizers nor databases take it.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tierwise.data.answer_fields import logprobs_in, tool_calls_in
from tierwise.data.errors import RecordError
from tierwise.data.fields import amount as _amount
from tierwise.data.fields import count as _count
from tierwise.data.fields import encodable as _encodable
from tierwise.data.fields import extra as _extra
from tierwise.data.fields import flag as _flag
from tierwise.data.fields import mapping as _mapping
from tierwise.data.fields import number as _number
from tierwise.data.fields import sequence as _sequence
from tierwise.data.fields import shown as _shown
from tierwise.data.fields import text as _text
from tierwise.data.foreign.limits import MAX_DEPTH, MAX_MESSAGES, MAX_MS, MAX_TOOLS, MAX_USD
from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Message, Outcome, Step, Tool

MAX_NESTING = MAX_DEPTH
_MAX_TIMESTAMP = 253_402_300_799.0  # the end of the year 9999; milliseconds since 1970 lie beyond it
_STEP_FIELDS = frozenset(Step.__dataclass_fields__) - {"extra"}
_ATTEMPT_FIELDS = frozenset(Attempt.__dataclass_fields__) - {"extra"}
_DECISION_FIELDS = frozenset(LoggedDecision.__dataclass_fields__) - {"extra"}
_SCALARS = frozenset({str, int, float, bool, type(None)})  # told apart at once; asking an abstract class takes long
_NESTED = (Mapping, list, tuple)
_MESSAGE_FIELDS = frozenset({"role", "content"})
_TOOL_FIELDS = frozenset({"name", "description", "parameters"})
_OUTCOME_ONLY_FIELDS = frozenset({"decision_id", "idempotency_key", "reported_at"})
_LOGGED_STEP_FIELDS = frozenset(LoggedStep.__dataclass_fields__) - {"extra"}


def parse_logged_step(raw: object, with_outcomes: bool = True) -> LoggedStep:
    """One line of the step log, already decoded from JSON.

    With ``with_outcomes`` false, ``attempts`` and ``decision`` are not even read: a step is decided in the same way
    whatever came of it.
    """
    record = _shallow(raw, "")
    step_id = _text(record.get("step_id"), "step_id")
    if not step_id:
        raise RecordError("step_id", "is missing; every line needs one, unique in the log")
    return LoggedStep(
        step_id=step_id,
        step=parse_step(record.get("step")),
        attempts=_attempts(record.get("attempts")) if with_outcomes else (),
        task_id=_text(record.get("task_id"), "task_id"),
        session_id=_text(record.get("session_id"), "session_id"),
        timestamp=_timestamp(record.get("timestamp"), "timestamp"),
        group=_text(record.get("group"), "group"),
        decision=_logged_decision(record.get("decision")) if with_outcomes else None,
        extra=_extra(record, _LOGGED_STEP_FIELDS),
    )


def parse_step(raw: object, where: str = "step") -> Step:
    """The ``step`` object of a log line or of a ``/route`` request."""
    record = _shallow(raw, where)
    text = _named(record, "text", where)
    messages = _messages(record.get("messages"), f"{where}.messages")
    if text is None and not messages:
        raise RecordError(where, "has neither text nor messages; give one of them (an empty text is allowed)")
    schema = record.get("response_schema")
    return Step(
        text=text or "",
        messages=messages,
        task_type=_named(record, "task_type", where),
        tools=_tools(record.get("tools"), f"{where}.tools"),
        response_schema=None if schema is None else _mapping(schema, f"{where}.response_schema"),
        input_complexity=_number(record.get("input_complexity"), f"{where}.input_complexity"),
        requires_judgment=_flag(record.get("requires_judgment"), f"{where}.requires_judgment"),
        human_visible=_flag(record.get("human_visible"), f"{where}.human_visible"),
        input_tokens=_count(record.get("input_tokens"), f"{where}.input_tokens"),
        step_index=_count(record.get("step_index"), f"{where}.step_index"),
        retry=_count(record.get("retry"), f"{where}.retry"),
        previous_error=_named(record, "previous_error", where),
        agent=_named(record, "agent", where),
        node=_named(record, "node", where),
        extra=_extra(record, _STEP_FIELDS),
    )


def _named(record: Mapping[str, Any], name: str, where: str) -> str | None:
    """A field of text; what most of them are, nothing or plain letters, is told at once."""
    raw = record.get(name)
    return raw if raw is None or (type(raw) is str and raw.isascii()) else _text(raw, f"{where}.{name}")


def parse_attempt(raw: object, where: str) -> Attempt:
    """One entry of ``attempts``, or the body of an outcome."""
    record = _shallow(raw, where)
    tier = _text(record.get("tier"), f"{where}.tier")
    if not tier:
        raise RecordError(f"{where}.tier", "is missing; name the tier that the attempt ran on")
    return Attempt(
        tier=tier,
        model=_text(record.get("model"), f"{where}.model"),
        success=_flag(record.get("success"), f"{where}.success"),
        score=_number(record.get("score"), f"{where}.score"),
        input_tokens=_count(record.get("input_tokens"), f"{where}.input_tokens"),
        output_tokens=_count(record.get("output_tokens"), f"{where}.output_tokens"),
        cached_tokens=_count(record.get("cached_tokens"), f"{where}.cached_tokens"),
        cost_usd=_amount(record.get("cost_usd"), f"{where}.cost_usd", MAX_USD),
        cost_is_estimate=bool(_flag(record.get("cost_is_estimate"), f"{where}.cost_is_estimate")),
        latency_ms=_amount(record.get("latency_ms"), f"{where}.latency_ms", MAX_MS),
        evaluator=_text(record.get("evaluator"), f"{where}.evaluator"),
        error=_text(record.get("error"), f"{where}.error"),
        simulated=bool(_flag(record.get("simulated"), f"{where}.simulated")),
        output=_text(record.get("output"), f"{where}.output"),
        tool_calls=tool_calls_in(record.get("tool_calls"), f"{where}.tool_calls"),
        answer_key=_text(record.get("answer_key"), f"{where}.answer_key"),
        logprobs=logprobs_in(record.get("logprobs"), f"{where}.logprobs"),
        finish_reason=_text(record.get("finish_reason"), f"{where}.finish_reason"),
        extra=_extra(record, _ATTEMPT_FIELDS),
    )


def parse_outcome(raw: object) -> Outcome:
    """The body of ``POST /outcomes``: an attempt, with the decision that it belongs to."""
    record = _mapping(raw, "")
    decision_id = _text(record.get("decision_id"), "decision_id")
    if not decision_id:
        raise RecordError("decision_id", "is missing; send the decision_id that /route answered")
    attempt = {key: value for key, value in record.items() if key not in _OUTCOME_ONLY_FIELDS}
    return Outcome(
        decision_id=decision_id,
        attempt=parse_attempt(attempt, "outcome"),
        idempotency_key=_text(record.get("idempotency_key"), "idempotency_key"),
        reported_at=_timestamp(record.get("reported_at"), "reported_at"),
    )


def _logged_decision(raw: object) -> LoggedDecision | None:
    if raw is None:
        return None
    record = _mapping(raw, "decision")
    propensity = _number(record.get("propensity"), "decision.propensity")
    if propensity is not None and not 0 < propensity <= 1:
        raise RecordError("decision.propensity", f"is {propensity}; a probability above 0 and up to 1 is needed")
    return LoggedDecision(
        decision_id=_text(record.get("decision_id"), "decision.decision_id"),
        tier=_text(record.get("tier"), "decision.tier"),
        policy=_text(record.get("policy"), "decision.policy"),
        arm=_text(record.get("arm"), "decision.arm"),
        propensity=propensity,
        extra=_extra(record, _DECISION_FIELDS),
    )


def _attempts(raw: object) -> tuple[Attempt, ...]:
    return tuple(parse_attempt(item, f"attempts[{i}]") for i, item in enumerate(_sequence(raw, "attempts")))


def _messages(raw: object, where: str) -> tuple[Message, ...]:
    return tuple(_message(item, f"{where}[{i}]") for i, item in enumerate(_sequence(raw, where, MAX_MESSAGES)))


def _message(raw: object, where: str) -> Message:
    record = _mapping(raw, where)
    role = _text(record.get("role"), f"{where}.role") or "user"
    return Message(role, _content(record.get("content"), f"{where}.content"), _extra(record, _MESSAGE_FIELDS))


def _content(raw: object, where: str) -> str:
    """OpenAI's ``content``: a string, null, or a list of parts of which the text ones count."""
    if raw is None or isinstance(raw, str):
        return _text(raw, where) or ""
    parts = [_mapping(part, f"{where}[{i}]") for i, part in enumerate(_sequence(raw, where))]
    return "\n".join(_encodable(part["text"]) for part in parts if isinstance(part.get("text"), str))


def _tools(raw: object, where: str) -> tuple[Tool, ...]:
    return tuple(_tool(item, f"{where}[{i}]") for i, item in enumerate(_sequence(raw, where, MAX_TOOLS)))


def _tool(raw: object, where: str) -> Tool:
    record = _mapping(raw, where)
    inner = record.get("function")
    if isinstance(inner, Mapping):  # OpenAI wraps a tool as {"type": "function", "function": {...}}
        record = inner
    parameters = record.get("parameters")
    return Tool(
        name=_text(record.get("name"), f"{where}.name") or "",
        description=_text(record.get("description"), f"{where}.description") or "",
        parameters={} if parameters is None else _mapping(parameters, f"{where}.parameters"),
        extra=_extra(record, _TOOL_FIELDS),
    )


def _shallow(raw: object, where: str) -> Mapping[str, Any]:
    """A JSON object that is nested at most ``MAX_NESTING`` deep, so that no later recursion can overflow."""
    record = raw if type(raw) is dict else _mapping(raw, where)
    level: list[Any] = [record]
    for _ in range(MAX_NESTING):
        level = [child for node in level for child in _children(node) if type(child) not in _SCALARS]
        if not level:
            return record
    raise RecordError(where, f"is nested more than {MAX_NESTING} levels deep; flatten it")


def _children(node: object) -> Iterable[Any]:
    """What an object or an array holds; nothing else holds anything."""
    if type(node) is dict:
        return node.values()
    if type(node) is list:
        return node
    return (node.values() if isinstance(node, Mapping) else node) if isinstance(node, _NESTED) else ()


def _timestamp(raw: object, where: str) -> float | None:
    if raw is None or (isinstance(raw, int | float) and not isinstance(raw, bool)):
        return _seconds(_number(raw, where), raw, where)
    text = _text(raw, where) or ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RecordError(where, f"is {_shown(raw)}; ISO 8601 such as 2026-11-01T12:00:00Z is needed") from None
    return _seconds((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp(), raw, where)


def _seconds(seconds: float | None, raw: object, where: str) -> float | None:
    if seconds is not None and not 0 <= seconds <= _MAX_TIMESTAMP:
        raise RecordError(where, f"is {_shown(raw)}; seconds since 1970 are needed, or ISO 8601")
    return seconds

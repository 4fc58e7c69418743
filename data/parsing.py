"""From untrusted mappings to records. Each refusal names the field, the value and the fix.

Unknown fields are kept in ``extra``; known fields of the wrong type are refused, never guessed. Half a surrogate pair
(an emoji that a log cut in two) becomes U+FFFD in known texts, because neither tokenizers nor databases take it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tierwise.data.answer_fields import logprobs_in, tool_calls_in
from tierwise.data.declared import Declared, declared, kinds_of, names_of
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
from tierwise.data.foreign.limits import MAX_DEPTH, MAX_NUMBER
from tierwise.data.records import (
    Attempt,
    EarlierStep,
    LoggedDecision,
    LoggedStep,
    Logprobs,
    Message,
    Outcome,
    Step,
    Tool,
    ToolCall,
)

MAX_NESTING = MAX_DEPTH
_MAX_TIMESTAMP = 253_402_300_799.0  # the end of the year 9999; milliseconds since 1970 lie beyond it
_SCALARS = frozenset({str, int, float, bool, type(None)})  # told apart at once; asking an abstract class takes long
_NESTED = (Mapping, list, tuple)
_KNOWN: dict[type, frozenset[str]] = {
    kind: frozenset(names_of(kind)) for kind in (Step, Attempt, LoggedDecision, LoggedStep, Message, Tool, EarlierStep)
}
_OUTCOME_ONLY_FIELDS = frozenset(names_of(Outcome)) - {"attempt"}


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
        step=_step(_mapping(record.get("step"), "step"), "step"),
        attempts=_attempts(record.get("attempts")) if with_outcomes else (),
        task_id=_text(record.get("task_id"), "task_id"),
        session_id=_text(record.get("session_id"), "session_id"),
        timestamp=_timestamp(record.get("timestamp"), "timestamp"),
        group=_text(record.get("group"), "group"),
        decision=_logged_decision(record.get("decision")) if with_outcomes else None,
        extra=_extra(record, _KNOWN[LoggedStep]),
    )


def parse_step(raw: object, where: str = "step") -> Step:
    """The ``step`` object of a log line or of a ``/route`` request."""
    return _step(_shallow(raw, where), where)


def _step(record: Mapping[str, Any], where: str) -> Step:
    found = Step(*_values(record, Step, where))
    if not found.messages and record.get("text") is None:
        raise RecordError(where, "has neither text nor messages; give one of them (an empty text is allowed)")
    return found


def parse_attempt(raw: object, where: str) -> Attempt:
    """One entry of ``attempts``, or the body of an outcome."""
    record = _shallow(raw, where)
    if not _text(record.get("tier"), f"{where}.tier"):
        raise RecordError(f"{where}.tier", "is missing; name the tier that the attempt ran on")
    return Attempt(*_values(record, Attempt, where))


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
    found = LoggedDecision(*_values(record, LoggedDecision, "decision"))
    if found.propensity is not None and not 0 < found.propensity <= 1:
        problem = f"is {found.propensity}; a probability above 0 and up to 1 is needed"
        raise RecordError("decision.propensity", problem)
    return found


def _values(record: Mapping[str, Any], kind: type, where: str) -> list[Any]:
    """The values of a record's fields in order; what most are, nothing, plain letters or a
    flag, is told at once."""
    found: list[Any] = []
    for name, read, default in _READERS[kind]:
        raw = record.get(name)
        if raw is None:
            found.append(default)
        elif (read is _text and type(raw) is str and raw.isascii()) or (read is _flag and type(raw) is bool):
            found.append(raw)
        else:
            found.append(read(raw, f"{where}.{name}"))
    found.append(_extra(record, _KNOWN[kind]))
    return found


def _attempts(raw: object) -> tuple[Attempt, ...]:
    return tuple(parse_attempt(item, f"attempts[{i}]") for i, item in enumerate(_sequence(raw, "attempts")))


def _messages(raw: object, where: str, most: int) -> tuple[Message, ...]:
    return tuple(_message(item, f"{where}[{i}]") for i, item in enumerate(_sequence(raw, where, most)))


def _message(raw: object, where: str) -> Message:
    record = _mapping(raw, where)
    role = _text(record.get("role"), f"{where}.role") or "user"
    return Message(role, _content(record.get("content"), f"{where}.content"), _extra(record, _KNOWN[Message]))


def _content(raw: object, where: str) -> str:
    """OpenAI's ``content``: a string, null, or a list of parts of which the text ones count."""
    if raw is None or isinstance(raw, str):
        return _text(raw, where) or ""
    parts = [_mapping(part, f"{where}[{i}]") for i, part in enumerate(_sequence(raw, where))]
    return "\n".join(_encodable(part["text"]) for part in parts if isinstance(part.get("text"), str))


def _tools(raw: object, where: str, most: int) -> tuple[Tool, ...]:
    return tuple(_tool(item, f"{where}[{i}]") for i, item in enumerate(_sequence(raw, where, most)))


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
        extra=_extra(record, _KNOWN[Tool]),
    )


def _earlier_steps(raw: object, where: str, most: int) -> tuple[EarlierStep, ...]:
    return tuple(_earlier_step(item, f"{where}[{i}]") for i, item in enumerate(_sequence(raw, where, most)))


def _earlier_step(raw: object, where: str) -> EarlierStep:
    record = _mapping(raw, where)
    if not record.keys() <= _KNOWN[EarlierStep]:
        name = min(map(str, record.keys() - _KNOWN[EarlierStep]))
        raise RecordError(f"{where}.{name[:40]}", f"is not known here; known are {', '.join(names_of(EarlierStep))}")
    values = {name: read(record.get(name), f"{where}.{name}") for name, read in _EARLIER.items()}
    if values["height"] is not None and values["height"] > 1:
        raise RecordError(f"{where}.height", f"is {values['height']:g}; 0, the cheapest tier, to 1, the dearest")
    return EarlierStep(**values)


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


def _reader(field: Declared) -> Callable[[Any, str], Any]:
    """How a value of the field is checked, by its type."""
    spec = field.spec
    if field.kind is float and spec.least == 0:
        return partial(_amount, most=MAX_NUMBER if spec.most is None else spec.most)
    if field.kind in _LISTS:
        return partial(_LISTS[field.kind], most=spec.most)
    if field.kind not in _PLAIN:
        raise TypeError(f"nothing here reads the type {field.kind} of the field '{field.name}'; add it to _PLAIN")
    return _PLAIN[field.kind]


_PLAIN: dict[Any, Callable[[Any, str], Any]] = {
    str: _text,
    float: _number,
    int: _count,
    bool: _flag,
    Mapping[str, Any]: _mapping,
    tuple[ToolCall, ...]: tool_calls_in,
    Logprobs: logprobs_in,
}
_EARLIER: dict[str, Callable[[Any, str], Any]] = {
    name: _amount if kind is float else _PLAIN[kind] for name, kind in kinds_of(EarlierStep).items()
}
_LISTS: dict[Any, Callable[..., Any]] = {
    tuple[Message, ...]: _messages,
    tuple[Tool, ...]: _tools,
    tuple[EarlierStep, ...]: _earlier_steps,
}
_READERS: dict[type, tuple[tuple[str, Callable[[Any, str], Any], Any], ...]] = {
    kind: tuple((field.name, _reader(field), field.default) for field in declared(kind))
    for kind in (Step, Attempt, LoggedDecision)
}

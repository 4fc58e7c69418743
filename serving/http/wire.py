"""Between JSON and records, for the requests and answers of the service."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.courses import ALWAYS, Course
from tierwise.data.decision_log import Report, StoredDecision, StoredOutcome, parse_report
from tierwise.data.declared import declared
from tierwise.data.errors import RecordError
from tierwise.data.foreign.limits import MAX_NUMBER
from tierwise.data.parsing import parse_step
from tierwise.data.plausible import check_estimates
from tierwise.data.records import CALLERS_PREFIX, Decision, Step
from tierwise.data.serialise import outcome_to_dict, step_to_dict
from tierwise.data.told import told_decision, told_if_asked
from tierwise.router_model.options import NO_OPTIONS, DecideOptions
from tierwise.serving.http.problems import batch_too_large, invalid_field

_REQUEST_FIELDS = frozenset({"step", "task_id", "session_id", "step_id", "options", "session"})
NAME_HEADER = "x-tierwise-decision-id"
_NAME = re.compile(rf"{CALLERS_PREFIX}[A-Za-z0-9_-]{{8,62}}")


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """One decision asked for. ``raw`` is the JSON object as it came: the decision cache hashes parts of it."""

    step: Step
    options: DecideOptions
    task_id: str | None
    session_id: str | None
    step_id: str | None
    raw: Mapping[str, Any]


def parse_route_request(raw: object, where: str = "") -> RouteRequest:
    """The body of ``POST /route``. Raises ``Problem`` naming the field."""
    try:
        record = _object(raw, "body" if not where else "")
        _refuse_unknown(record, _REQUEST_FIELDS, "")
        step = parse_step(record.get("step"))
        check_estimates(step)
        return RouteRequest(
            step=step,
            options=_options(record.get("options"), record.get("session")),
            task_id=_text(record, "task_id"),
            session_id=_text(record, "session_id"),
            step_id=_text(record, "step_id"),
            raw=record,
        )
    except RecordError as error:
        raise invalid_field(error, where) from None


def decision_name(headers: Mapping[str, str]) -> str | None:
    """The id that the caller gives its decision, so that it can speak of one whose answer it never got."""
    name = headers.get(NAME_HEADER)
    if name is not None and not _NAME.fullmatch(name):
        problem = f"is {name!r:.40}; '{CALLERS_PREFIX}' and 8 to 62 letters, digits, '-' or '_' are needed"
        raise invalid_field(RecordError(NAME_HEADER, problem))
    return name


def parse_batch(raw: object, limit: int) -> list[Any]:
    """The requests of ``POST /route/batch``, not yet parsed."""
    try:
        record = _object(raw, "body")
        _refuse_unknown(record, frozenset({"requests"}), "")
        requests = record.get("requests")
        if not isinstance(requests, list):
            raise RecordError("requests", 'is missing or no array; send {"requests": [...]}')
    except RecordError as error:
        raise invalid_field(error) from None
    if len(requests) > limit:
        raise batch_too_large("requests", len(requests), limit)
    return requests


def parse_reports(raw: object, limit: int, now: float, tiers: Sequence[str]) -> list[Report]:
    """The body of ``POST /outcomes``: one outcome or a list. One bad entry refuses the whole list.

    An outcome on a tier that is none of ``tiers`` is refused: nothing that reads the log could place it.
    """
    if not isinstance(raw, list):
        return [_report(raw, "", now, tiers)]
    if len(raw) > limit:
        raise batch_too_large("body", len(raw), limit)
    return [_report(entry, f"[{i}]", now, tiers) for i, entry in enumerate(raw)]


def known_tiers(catalogues: Iterable[TierCatalogue]) -> tuple[str, ...]:
    """The tiers of all of them, each once."""
    return tuple(dict.fromkeys(name for catalogue in catalogues for name in catalogue.names))


def decision_to_wire(decision: Decision, decision_id: str, latency_ms: float, options: DecideOptions) -> dict[str, Any]:
    """The answer of ``POST /route``; explanation and course are there only when they were asked for."""
    answer = {"decision_id": decision_id, **told_decision(decision), "latency_ms": round(latency_ms, 3)}
    if options.courses:
        answer["course"] = _course_of(decision).to_mapping()
    return answer | told_if_asked(decision, options)


def _course_of(decision: Decision) -> Course:
    """The course, or the single shot where there is none; exploration may have moved the tier of one."""
    found = decision.course
    if found is None:
        return Course((decision.tier,), ALWAYS, decision.tier)
    return replace(found, ask=(decision.tier,)) if found.accept == ALWAYS else found


def stored_decision_to_wire(stored: StoredDecision) -> dict[str, Any]:
    """The answer of ``GET /decisions/{id}``."""
    record = stored.record
    return {
        "decision_id": record.decision_id,
        "created_at": record.created_at,
        "step_id": record.step_id,
        "task_id": record.task_id,
        "session_id": record.session_id,
        "step": step_to_dict(record.step),
        **told_decision(record.decision),
        "outcomes": [_stored_outcome_to_wire(outcome) for outcome in stored.outcomes],
    }


def _stored_outcome_to_wire(stored: StoredOutcome) -> dict[str, Any]:
    flags = {"was_unknown": stored.was_unknown, "was_contradictory": stored.was_contradictory}
    return outcome_to_dict(stored.outcome) | {"received_at": stored.received_at} | flags


def _report(raw: object, where: str, now: float, tiers: Sequence[str]) -> Report:
    try:
        report = parse_report(raw, now)
        _check_tier(report.outcome.attempt.tier, "tier", tiers)
        if report.decision is not None:
            _check_tier(report.decision.decision.tier, "decided_by_caller.tier", tiers)
        return report
    except RecordError as error:
        message = str(error).removeprefix(f"{error.field}: ")
        field = error.field.removeprefix("outcome.")
        raise invalid_field(RecordError(field, message), where) from None


def _check_tier(tier: str, field: str, tiers: Sequence[str]) -> None:
    if tier not in tiers:
        raise RecordError(field, f"is {tier!r:.60}; the tiers are {', '.join(tiers)}")


def _options(raw_options: object, raw_session: object) -> DecideOptions:
    if raw_options is None and raw_session is None:
        return NO_OPTIONS
    given: dict[str, Any] = {}
    for raw, name, readers in ((raw_options, "options", _OPTIONS), (raw_session, "session", _SESSION)):
        if raw is not None:
            record = _object(raw, name)
            _refuse_unknown(record, readers.keys(), f"{name}.")
            given |= {each: readers[each](record, f"{name}.{each}") for each in record}
    return DecideOptions(**given)


def _counts(record: Mapping[str, Any], path: str) -> Mapping[str, int]:
    value = record.get(path.rpartition(".")[2])
    given = {} if value is None else _object(value, path)
    return {name: _count(given, f"{path}.{name}") or 0 for name in given}


def _object(raw: object, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise RecordError(where, "is no JSON object")
    return raw


def _refuse_unknown(record: Mapping[str, Any], known: Set[str], where: str) -> None:
    if not record.keys() <= known:
        name = min(record.keys() - known)
        raise RecordError(f"{where}{name[:80]}", f"is not known here; known are {', '.join(sorted(known))}")


def _text(record: Mapping[str, Any], path: str) -> str | None:
    value = record.get(path.rpartition(".")[2])
    if value is not None and not isinstance(value, str):
        raise RecordError(path, "is no text; a string or null is needed")
    return value


def _number(record: Mapping[str, Any], path: str) -> float | None:
    value = record.get(path.rpartition(".")[2])
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_NUMBER:
        raise RecordError(path, "is no finite number; a number or null is needed")
    return float(value)


def _flag(record: Mapping[str, Any], path: str) -> bool:
    value = record.get(path.rpartition(".")[2])
    if value is not None and not isinstance(value, bool):
        raise RecordError(path, "is neither true nor false")
    return bool(value)


def _count(record: Mapping[str, Any], path: str) -> int | None:
    value = _number(record, path)
    if value is not None and value < 0:
        raise RecordError(path, f"is {value:g}; it cannot be below 0")
    return None if value is None else int(value)


_Reader = Callable[[Mapping[str, Any], str], Any]
_READERS: Mapping[Any, _Reader] = {
    float: _number,
    str: _text,
    bool: _flag,
    int: _count,
    Mapping[str, int]: _counts,
}


def _readers(is_session: bool) -> Mapping[str, _Reader]:
    fields = [each for each in declared(DecideOptions) if each.spec.is_session is is_session]
    return {each.name: _READERS[each.kind] for each in fields}


_OPTIONS, _SESSION = _readers(is_session=False), _readers(is_session=True)

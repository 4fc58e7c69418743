"""The model calls of one sample of an inspect_ai log: out of its events, or out of its messages where there are none.

Events refer to messages and long texts that are kept once a sample; calls that scorers make are told apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tierwise.data.replies.counts import first_amount

_SCORERS = ("scorer", "scorers")
_ATTACHMENT = "attachment://"
_MAX_DEPTH = 30


@dataclass(slots=True)
class ModelCall:
    """One call: what was asked, what came back. ``seconds`` is the provider's time."""

    model: str | None
    asked: Any
    output: Mapping[str, Any] = field(default_factory=dict)
    tools: Any = None
    schema: Mapping[str, Any] | None = None
    started: object = None
    seconds: float | None = None
    error: str | None = None
    is_cache_hit: bool = False


def model_calls(sample: Mapping[str, Any]) -> tuple[list[ModelCall], int]:
    """The calls of the task, in order, and how many more were made by scorers."""
    events = [event for event in sample.get("events") or () if isinstance(event, Mapping)]
    of_task, of_scorers = [], 0
    for event, is_scoring in _with_scoring(events):
        if event.get("event") != "model" or event.get("pending"):
            continue
        if is_scoring:
            of_scorers += 1
        else:
            of_task.append(_call(event, sample))
    return (of_task or _from_messages(sample)), of_scorers


def _call(event: Mapping[str, Any], sample: Mapping[str, Any]) -> ModelCall:
    output = _mapping(_attached(event.get("output"), sample))
    config = _mapping(event.get("config"))
    error = event.get("error") or output.get("error")
    return ModelCall(
        model=_text(event.get("model")),
        asked=_without_ids(_attached(_input(event, sample), sample)),
        output=output,
        tools=event.get("tools"),
        schema=_schema(config),
        started=event.get("timestamp"),
        seconds=first_amount(output, "time") or first_amount(event, "working_time"),
        error=None if error is None else str(error),
        is_cache_hit=event.get("cache") == "read",
    )


def _input(event: Mapping[str, Any], sample: Mapping[str, Any]) -> Any:
    """The messages of an event: its own, or ranges of those that the sample keeps for all events."""
    references = event.get("input_refs")
    pool = _mapping(sample.get("events_data")).get("messages")
    if event.get("input") or not isinstance(references, list) or not isinstance(pool, list):
        return event.get("input")
    ranges = [each for each in references if isinstance(each, Sequence) and len(each) == 2]
    return [message for start, end in ranges for message in pool[int(start) : int(end)]]


def _from_messages(sample: Mapping[str, Any]) -> list[ModelCall]:
    """A log without events keeps the last conversation: all but the answer was asked."""
    output = _mapping(sample.get("output"))
    messages = [each for each in sample.get("messages") or () if isinstance(each, Mapping)]
    n_answers = sum(message.get("role") == "assistant" for message in messages)
    asked: Any = messages[:-1] if messages and messages[-1].get("role") == "assistant" else messages
    if n_answers > 1 or not output.get("choices"):
        return []
    error = _mapping(sample.get("error")).get("message") or output.get("error")
    return [
        ModelCall(
            model=_text(output.get("model")),
            asked=_without_ids(_attached(asked or sample.get("input"), sample)),
            output=_mapping(_attached(output, sample)),
            started=sample.get("started_at"),
            seconds=first_amount(output, "time"),
            error=None if error is None else str(error),
        )
    ]


def _with_scoring(events: list[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Every event, and whether it happened inside a scorer: by its span, or by the steps of older logs."""
    spans = {event.get("id"): event for event in events if event.get("event") == "span_begin"}
    depth = 0
    for event in events:
        if event.get("event") == "step" and event.get("type") in _SCORERS:
            depth += 1 if event.get("action") == "begin" else -1
        yield event, depth > 0 or _is_in_scorer(event, spans)


def _is_in_scorer(event: Mapping[str, Any], spans: Mapping[Any, Mapping[str, Any]]) -> bool:
    above = spans.get(event.get("span_id"))
    for _ in range(_MAX_DEPTH):
        if above is None:
            return False
        if above.get("type") in _SCORERS:
            return True
        above = spans.get(above.get("parent_id"))
    return False


def _attached(value: Any, sample: Mapping[str, Any], depth: int = 0) -> Any:
    """``value`` with the texts that the sample keeps once put where they belong."""
    attachments = sample.get("attachments")
    if not attachments or depth > _MAX_DEPTH:
        return value
    if isinstance(value, str) and value.startswith(_ATTACHMENT):
        return _mapping(attachments).get(value.removeprefix(_ATTACHMENT), value)
    if isinstance(value, Mapping):
        return {key: _attached(inner, sample, depth + 1) for key, inner in value.items()}
    return [_attached(inner, sample, depth + 1) for inner in value] if isinstance(value, list) else value


def _without_ids(asked: Any) -> Any:
    """Messages get new ids in every run, and the same sample is to be known again."""
    if not isinstance(asked, list):
        return asked
    plain = [each if isinstance(each, Mapping) else {"role": "user", "content": each} for each in asked]
    return [{key: value for key, value in each.items() if key not in _RUN_OWN} for each in plain]


_RUN_OWN = ("id", "source", "internal", "metadata", "model")


def _schema(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    schema = _mapping(config.get("response_schema")).get("json_schema")
    return schema if isinstance(schema, Mapping) else None


def _mapping(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _text(raw: object) -> str | None:
    return raw if isinstance(raw, str) and raw else None

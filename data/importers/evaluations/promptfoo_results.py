"""promptfoo: the results of an evaluation, as ``--output`` writes them (JSON or JSON Lines).

The same prompt with the same variables on several providers is one step with several attempts. Whether a test passed
counts under a rule for ``pass``, and its named metrics under rules for their names; a test without assertions passes
without proving anything, and gives no verdict. What was asserted of time and money says nothing about the answer: a
right one that was slow is right.
"""

import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import FoundCall, seconds
from tierwise.data.importers.reading.identity import Identities
from tierwise.data.importers.reading.json_source import Numbered, guarded, read_json_objects
from tierwise.data.importers.reading.parameters import call_parameters
from tierwise.data.importers.reading.records import Answer, Record, Signal
from tierwise.data.importers.reading.requests import read_request
from tierwise.data.importers.reading.schemas import plain_tools, requested_schema
from tierwise.data.replies.answers import read_answer
from tierwise.data.replies.counts import amount, first_amount
from tierwise.data.replies.finish import finish_reason
from tierwise.data.replies.usage import Usage, read_usage
from tierwise.data.step_log import Malformed

_ERROR = 2  # promptfoo's ResultFailureReason: 0 none, 1 an assertion, 2 an error
_OF_THE_CALL = frozenset({"latency", "cost"})  # assertions about the call, not about the answer
_API = re.compile(r"^(?:chat|completion|messages|responses|text|realtime|assistant|converse|model|inference)[:]")


def read_promptfoo_results(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """Every result of the file: its call, and what its assertions said."""
    identities = Identities()
    for record in read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
            continue
        rows, shared = _rows(record.value)
        if rows is None:
            yield record.malformed("is no result of promptfoo: results.results, or prompt and provider, are needed")
            continue
        for row in rows:
            yield from guarded(record, _row_records(record, row, shared, mapping, identities))


def _rows(value: Mapping[str, Any]) -> tuple[list[Any] | None, Mapping[str, Any]]:
    """The results, and what the file says once about all of them."""
    if "prompt" in value and "provider" in value:
        return [value], {}
    holder = value.get("results")
    rows = holder.get("results") if isinstance(holder, Mapping) else holder
    timestamp = holder.get("timestamp") if isinstance(holder, Mapping) else None
    shared = {"timestamp": value.get("timestamp") or timestamp, "config": _mapping(value.get("config"))}
    return (rows if isinstance(rows, list) else None), shared


def _row_records(
    record: Numbered, row: object, shared: Mapping[str, Any], mapping: ImportMap, identities: Identities
) -> Iterator[Record]:
    if not isinstance(row, Mapping) or "prompt" not in row:
        yield record.malformed("holds a result without its prompt")
        return
    source_id = str(row.get("id") or identities.of(row))
    try:
        yield _found(row, source_id, shared, mapping).checked()
    except RecordError as error:
        yield record.malformed(f"result {source_id}: {error}")
        return
    yield from _signals(row, source_id)


def _found(row: Mapping[str, Any], source_id: str, shared: Mapping[str, Any], mapping: ImportMap) -> FoundCall:
    prompt, response = _mapping(row["prompt"]), _mapping(row.get("response"))
    raw = prompt.get("raw") if prompt else row["prompt"]
    request = read_request(raw)
    provider = row.get("provider")
    provider_id = str(_mapping(provider).get("id") or provider or "")
    parameters = {**_parameters(shared, provider_id), **_mapping(prompt.get("config"))}
    test = _mapping(row.get("testCase"))
    sample = sha256(
        json.dumps([raw, row.get("vars")], sort_keys=True, default=str).encode("utf-8", "replace")
    ).hexdigest()
    error = str(row.get("error") or response.get("error") or "") if _is_error(row, response) else None
    return FoundCall(
        source_id=source_id,
        messages=request.messages,
        model=_model(provider_id),
        labels=mapping.labels({"metadata": _mapping(test.get("metadata"))}),
        tools=plain_tools(parameters.get("tools")),
        response_schema=requested_schema(parameters),
        parameters=call_parameters(parameters),
        usage=_usage(row, response),
        cost_usd=first_amount(row, "cost") or first_amount(response, "cost"),
        started_at=seconds(row.get("timestamp") or shared.get("timestamp")),
        latency_ms=first_amount(response, "latencyMs") or first_amount(row, "latencyMs"),
        trace_id=sample[:32],
        answer=None if error is not None else _answer(response),
        error=error,
        asked=[raw, parameters.get("tools")],
        problem=request.problem or "prompt.raw holds no prompt",
        is_cache_hit=response.get("cached") is True,
        sample=sample,
    )


def _model(provider_id: str) -> str:
    """``openai:chat:gpt-4o-mini`` names its model last; models may have colons of their own."""
    _, _, rest = provider_id.partition(":")
    return _API.sub("", rest) if rest and "//" not in provider_id else provider_id


def _parameters(shared: Mapping[str, Any], provider_id: str) -> Mapping[str, Any]:
    """The provider's settings out of the configuration that the results were made with."""
    providers = _mapping(shared.get("config")).get("providers")
    for provider in providers if isinstance(providers, list) else ():
        if _mapping(provider).get("id") == provider_id:
            return _mapping(provider["config"]) if "config" in provider else {}
    return {}


def _is_error(row: Mapping[str, Any], response: Mapping[str, Any]) -> bool:
    """An assertion that failed stands under ``error`` too, and is none."""
    return (
        row.get("failureReason") == _ERROR or bool(response.get("error")) or (bool(row.get("error")) and not response)
    )


def _usage(row: Mapping[str, Any], response: Mapping[str, Any]) -> Usage:
    if response.get("cached") is True:  # counts of the call that filled the cache, all as "cached"
        return Usage()
    stated = _mapping(response.get("tokenUsage")) or _mapping(row.get("tokenUsage"))
    return read_usage({key: value for key, value in stated.items() if key not in ("cached", "assertions")})


def _answer(response: Mapping[str, Any]) -> Answer | None:
    output = response.get("output")
    reason = finish_reason(response.get("finishReason"))
    if isinstance(output, list) and output and isinstance(output[0], Mapping) and "function" in output[0]:
        found = read_answer({"role": "assistant", "content": "", "tool_calls": output})
    else:
        text = output if isinstance(output, str) else None if output is None else json.dumps(output, default=str)
        found = None if text is None else Answer(text)
    if found is None or reason is None:
        return found
    refusal = "guardrail" if _mapping(response.get("guardrails")).get("flagged") else None
    return Answer(found.text, found.tool_calls, reason, refusal or ("refusal" if response.get("isRefusal") else None))


def _signals(row: Mapping[str, Any], subject: str) -> Iterator[Signal]:
    """``pass`` where anything was asserted of the answer, and the named metrics."""
    grading = _mapping(row.get("gradingResult"))
    passed = _passed(grading, row)
    if passed is not None and row.get("failureReason") != _ERROR:
        yield Signal("pass", passed, subject)
        for name, score in _mapping(grading.get("namedScores") or row.get("namedScores")).items():
            if amount(score) is not None:
                yield Signal(str(name), float(score), subject)


def _passed(grading: Mapping[str, Any], row: Mapping[str, Any]) -> bool | None:
    """Whether the answer passed; None where nothing was asserted of it. A test that only its time or its cost failed
    has passed."""
    passed, components = grading.get("pass", row.get("success")), grading.get("componentResults")
    if not isinstance(passed, bool) or not isinstance(components, list):
        return None
    found = [_mapping(each) for each in components]
    of_answer = [each for each in found if not _is_of_the_call(each)]
    if not of_answer:
        return None
    failed = [each for each in found if each.get("pass") is not True]
    return passed or (bool(failed) and all(_is_of_the_call(each) for each in failed))


def _is_of_the_call(component: Mapping[str, Any]) -> bool:
    kind = _mapping(component.get("assertion")).get("type")
    return isinstance(kind, str) and kind.removeprefix("not-") in _OF_THE_CALL


def _mapping(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}

"""inspect_ai: evaluation logs, as ``.json`` or as the ``.eval`` archives that it writes by default.

A sample that was answered with one call is a step, and the same sample on several models is one step with several
attempts, each with its scores: full information, as cheap as it comes. A sample that took several calls is a task.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.importers.evaluations.archives import is_archive, read_members
from tierwise.data.importers.evaluations.inspect_events import ModelCall, model_calls
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import FoundCall, seconds
from tierwise.data.importers.reading.json_source import Numbered, guarded, read_json_objects
from tierwise.data.importers.reading.questions import fingerprint
from tierwise.data.importers.reading.records import Record, Signal, Skipped
from tierwise.data.importers.reading.requests import read_request
from tierwise.data.importers.reading.schemas import plain_tools
from tierwise.data.replies.answers import read_answer
from tierwise.data.replies.counts import amount, first_amount
from tierwise.data.replies.json_text import read_json
from tierwise.data.replies.usage import read_usage
from tierwise.data.step_log import Malformed


def read_inspect_log(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """The model calls and scores of every sample of a log."""
    for record in _archived(path) if is_archive(path) else read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
            continue
        header, samples = record.value.get("eval"), record.value.get("samples")
        if isinstance(header, Mapping) and samples is None and "status" in record.value:
            yield Skipped("a log without samples: its header alone, or a run that failed before the first")
            continue
        if not isinstance(header, Mapping) or not isinstance(samples, list):
            yield record.malformed("is no log of inspect_ai: eval and samples are needed (inspect log dump FILE)")
            continue
        for sample in samples:
            yield from guarded(record, _sample_records(record, header, sample, mapping))


def _archived(path: Path) -> Iterator[Numbered | Malformed]:
    """A log out of an archive, where every sample is a file of its own."""
    header: Mapping[str, Any] = {}
    samples = []
    for name, content in read_members(path, ("header.json", "_journal/start.json", "samples/")):
        try:
            value = read_json(content)
        except ValueError as error:
            yield Malformed(str(path), 0, f"{name} is no JSON: {error}", "")
            continue
        if name.startswith("samples/"):
            samples.append(value)
        elif not header or name == "header.json":
            header = value
    yield Numbered(str(path), 1, {**header, "samples": samples})


def _sample_records(
    record: Numbered, header: Mapping[str, Any], sample: object, mapping: ImportMap
) -> Iterator[Record]:
    if not isinstance(sample, Mapping) or "id" not in sample:
        yield record.malformed("has a sample without an id")
        return
    calls, n_of_scorers = model_calls(sample)
    for _ in range(n_of_scorers):
        yield Skipped("a model call of a scorer, not of the task")
    task = str(header.get("task") or "task")
    of_sample = f"{task}/{sample['id']}/{sample.get('epoch', 1)}"
    run_id = str(sample.get("uuid") or f"{header.get('task_id')}/{of_sample}")
    is_single = len(calls) == 1
    for number, call in enumerate(calls):
        try:
            found = _found(call, f"{run_id}-{number}", of_sample if is_single else run_id, task, header, mapping)
            sample_id = f"{of_sample}-{fingerprint(call.asked).hex()}" if is_single else None
            yield replace(found, sample=sample_id).checked()
        except RecordError as error:
            yield record.malformed(f"sample {sample['id']}: {error}")
            return
    yield from _signals(sample, f"{run_id}-0" if is_single else run_id, not is_single)


def _found(
    call: ModelCall, source_id: str, trace_id: str, task: str, header: Mapping[str, Any], mapping: ImportMap
) -> FoundCall:
    request = read_request(call.asked)
    labels = mapping.labels({"agent": task, "metadata": header.get("metadata") or {}})
    usage = call.output.get("usage")
    return FoundCall(
        source_id=source_id,
        messages=request.messages,
        model=call.model or call.output.get("model") or header.get("model"),
        labels=labels,
        tools=plain_tools(call.tools),
        response_schema=call.schema,
        usage=read_usage(usage),
        cost_usd=first_amount(usage, "total_cost") if isinstance(usage, Mapping) else None,
        started_at=seconds(call.started),
        latency_ms=None if call.seconds is None else round(1000 * call.seconds, 3),
        trace_id=trace_id,
        answer=None if call.error else read_answer(call.output),
        error=call.error,
        asked=[call.asked, call.tools],
        problem=request.problem or "the sample holds neither model events nor messages",
        is_cache_hit=call.is_cache_hit,
    )


def _signals(sample: Mapping[str, Any], subject: str, is_about_task: bool) -> Iterator[Signal]:
    """A score by the name of its scorer; one with several values by that and their names."""
    scores = sample.get("scores") or ({"score": sample["score"]} if sample.get("score") else None)
    for name, score in scores.items() if isinstance(scores, Mapping) else ():
        value = score.get("value") if isinstance(score, Mapping) else score
        values = {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, Mapping) else {name: value}
        for key, each in values.items():
            number = amount(each)
            if isinstance(each, bool | str):
                yield Signal(str(key), each, subject, is_about_task)
            elif number is not None:
                yield Signal(str(key), number, subject, is_about_task)

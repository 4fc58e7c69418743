"""The account of an import in sentences: what was read, what was left out and why, what is known about success."""

from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase

from tierwise.data.catalogue.model_names import model_names
from tierwise.data.errors import install_command
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.run import ImportReport

_MAX_VALUES = 4


def describe_import(report: ImportReport) -> Iterator[str]:
    """One line a fact, in the order in which a person asks."""
    assembled, evidence = report.assembled, report.assembled.evidence
    attempts = [attempt for step in assembled.steps for attempt in step.attempts]
    n_known = sum(attempt.success is not None for attempt in attempts)
    yield (
        f"Read {report.n_records} records: {report.n_calls} LLM calls, {report.n_frames} other spans, "
        f"{report.n_signals} verdicts, {len(report.malformed)} malformed."
    )
    yield f"Imported {len(assembled.steps)} steps with {len(attempts)} attempts; success is known for {n_known}."
    for reason, n_records in report.skipped.most_common():
        yield f"  skipped {n_records}: {reason}"
    for reason, n_attempts in evidence.used.most_common():
        yield f"  {reason}: {n_attempts} attempt(s)"
    if assembled.n_without_cost:
        yield f"  {assembled.n_without_cost} attempt(s) without a cost: neither logged nor priced in tiers.toml"
    if evidence.n_task_verdicts:
        n_verdicts = evidence.n_task_verdicts
        yield (
            f"  {n_verdicts} verdict(s) on whole tasks of several steps say nothing of one step; they are kept as "
            "task_success, which teaches weakly; see task_verdicts"
        )
    if evidence.n_schemas_not_checked:
        n_answers = evidence.n_schemas_not_checked
        yield f"  {n_answers} answer(s) not held against their schema; run: {install_command('train')}"
    yield from _unmapped(evidence.unmapped)


def describe_unused(report: ImportReport, mapping: ImportMap) -> Iterator[str]:
    """What of a map.toml fitted nothing in the log: a typo shows here, not in what is learned."""
    assembled = report.assembled
    for name in mapping.success:
        if name not in assembled.evidence.rules_used:
            yield f'[success] "{name}" of the map decided nothing: no verdict of that name and those values was read'
    seen = {name for step in assembled.steps for a in step.attempts if a.model for name in model_names(a.model)}
    seen |= {name for model in assembled.unknown_models for name in model_names(model)}
    for pattern in mapping.models:
        if not any(fnmatchcase(name, pattern.lower()) for name in seen):
            some = ", ".join(sorted(seen)[:_MAX_VALUES]) or "none"
            yield f'[models] "{pattern}" of the map fitted no model of the log; it has {some}'


def _unmapped(unmapped: dict[str, Counter[str]]) -> Iterator[str]:
    """A rule to start from for every signal that no rule names: what it means is for people to say."""
    if not unmapped:
        return
    yield "Verdicts without a rule in --map count for nothing. Say what they mean, such as:"
    yield "  [success]"
    for name, values in unmapped.items():
        seen = ", ".join(f"{value} ({n}×)" for value, n in values.most_common(_MAX_VALUES))
        yield f'  "{name}" = {_proposal(values)}   # seen: {seen}'


def _proposal(values: Counter[str]) -> str:
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return '{ success = ["…"], failure = ["…"] }'
    return "{ at_least = 0.5 }" if max(numbers) <= 1 else "{ at_least = … }"

"""From a log with gaps to a log with full information: which attempts are missing, and the log with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tierwise.agents.collect.answerer import Answerer
from tierwise.agents.collect.backend import CollectError
from tierwise.agents.collect.journal import Journal
from tierwise.agents.collect.runner import Job
from tierwise.data.parsing import parse_attempt
from tierwise.data.records import Attempt, LoggedStep
from tierwise.data.serialise import logged_step_to_dict

Record = dict[str, Any]


def missing_jobs(steps: Sequence[LoggedStep], answerers: Mapping[str, Answerer], asks_again: bool = False) -> list[Job]:
    """A job for every step and tier whose success is not known, cheapest tier first, step by step.

    Simulated attempts count as missing; with `asks_again` known ones do too. Raises `CollectError` for a step id that
    stands twice.
    """
    check_ids(steps)
    jobs: list[Job] = []
    for step in steps:
        known = set() if asks_again else {a.tier for a in step.attempts if a.success is not None and not a.simulated}
        record = logged_step_to_dict(step)
        jobs += [Job(record, answerer) for tier, answerer in answerers.items() if tier not in known]
    return jobs


def check_ids(steps: Sequence[LoggedStep]) -> None:
    """Raises `CollectError` for a step id that stands twice: the journal would take one step for the other."""
    seen: set[str] = set()
    for step in steps:
        if step.step_id in seen:
            raise CollectError(f"step_id '{step.step_id}' stands twice; every step needs an id of its own")
        seen.add(step.step_id)


def full_steps(steps: Sequence[LoggedStep], journal: Journal, tiers: Sequence[str]) -> Iterator[LoggedStep]:
    """The steps with the journal's attempts in place of those that they had on the same tiers, in order of the tiers.

    The decision stays; steps that have no attempt at all are left out.
    """
    for step in steps:
        collected = journal.attempts_of(step.step_id)
        kept = [attempt for attempt in step.attempts if attempt.tier not in collected]
        fresh = [parse_attempt(attempt, "attempt") for attempt in collected.values()]
        attempts = sorted([*kept, *fresh], key=lambda attempt: _place(attempt, tiers))
        if attempts:
            yield replace(step, attempts=tuple(attempts))


def _place(attempt: Attempt, tiers: Sequence[str]) -> int:
    return tiers.index(attempt.tier) if attempt.tier in tiers else len(tiers)

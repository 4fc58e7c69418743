"""Run steps on tiers, append what came of them to a journal, and go on after an interruption where it stopped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tierwise.agents.attempts import AllowanceError
from tierwise.agents.collect.answerer import Answer, Answerer
from tierwise.agents.collect.backend import CollectError
from tierwise.agents.collect.journal import Journal
from tierwise.agents.collect.judging import Grade, Judge
from tierwise.agents.upstreams import Reply

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """A step to be attempted on a tier; ``sample`` counts further answers of the same model from 1 on."""

    record: Record
    answerer: Answerer
    sample: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `n_done` of `n_total` jobs are in the journal, `n_passed` of the `n_run` of this run passed.

    `n_unanswered` got no reply and will be asked again by the next run; `stopped_by` says why jobs are left over.
    """

    n_done: int
    n_total: int
    n_run: int = 0
    n_passed: int = 0
    n_unanswered: int = 0
    last_error: str | None = None
    stopped_by: str | None = None


def read_steps(path: Path) -> list[Record]:
    """Step records of a JSON Lines file; each needs `step_id`, `step.text` and `verify`."""
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        record = json.loads(line)
        if not record.get("step_id") or not record.get("step", {}).get("text") or "verify" not in record:
            raise CollectError(f"{path}:{number}: a step to run needs step_id, step.text and verify")
        records.append(record)
    return records


async def run_jobs(jobs: Sequence[Job], journal: Journal, judge: Judge, n_at_once: int = 1) -> AsyncIterator[Progress]:
    """Does the jobs that the journal does not hold yet, begun in order, and yields the progress after each.

    When the money is gone nothing new is begun, what is under way is finished, and the last progress says so.
    """
    left = [job for job in jobs if not journal.holds(job.record["step_id"], job.answerer.tier, job.sample)]
    progress = Progress(len(jobs) - len(left), len(jobs))
    queue, running = iter(left), set[asyncio.Task[Record]]()
    try:
        while True:
            while len(running) < n_at_once and progress.stopped_by is None and (job := next(queue, None)):
                running.add(asyncio.create_task(_attempt(job, journal, judge)))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                progress = _counted(progress, task)
                yield progress
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _attempt(job: Job, journal: Journal, judge: Judge) -> Record:
    """Does a job; an attempt without a reply does not go into the journal."""
    answer = await job.answerer.answer(job.record)
    judgement = Grade(None, None) if answer.reply is None else await judge(job.record, answer.reply)
    attempt = attempt_record(job.answerer.tier, answer, judgement)
    if answer.reply is not None:
        journal.append(job.record["step_id"], attempt)
    return attempt


def attempt_record(tier: str, answer: Answer, judgement: Grade) -> Record:
    """An attempt in the form of the step log, with the answer as it came."""
    reply = answer.reply
    return {
        "tier": tier,
        "model": None if reply is None else reply.model,
        "success": judgement.success,
        "score": None if judgement.success is None else float(judgement.success),
        "input_tokens": None if reply is None else reply.usage.input_tokens,
        "output_tokens": None if reply is None else reply.usage.output_tokens,
        "latency_ms": None if reply is None else round(reply.latency_ms, 1),
        "evaluator": judgement.evaluator,
        "output": None if reply is None else reply.text,
        **_tool_calls(reply),
        "error": answer.error or judgement.message or None,
        "simulated": False,
        **answer.extra,
    }


def _tool_calls(reply: Reply | None) -> Record:
    if reply is None or not reply.tool_calls:
        return {}
    return {"tool_calls": [{"name": call.name, "arguments": call.arguments} for call in reply.tool_calls]}


def _counted(progress: Progress, task: asyncio.Task[Record]) -> Progress:
    try:
        attempt = task.result()
    except AllowanceError as error:
        return replace(progress, stopped_by=str(error))
    if attempt["model"] is None:
        return replace(progress, n_unanswered=progress.n_unanswered + 1, last_error=attempt["error"])
    return replace(
        progress,
        n_done=progress.n_done + 1,
        n_run=progress.n_run + 1,
        n_passed=progress.n_passed + (attempt["success"] is True),
    )


def shard(steps: Iterable[Record], index: int, count: int) -> list[Record]:
    """Every `count`-th record from `index` on: lets several processes share the work of one model."""
    if not 0 <= index < count:
        raise CollectError(f"shard {index}/{count} does not exist; give INDEX/COUNT with 0 <= INDEX < COUNT")
    return [record for place, record in enumerate(steps) if place % count == index]


def in_rounds(records: Sequence[Record]) -> list[Record]:
    """The same records in an order to run them in: a group per family and difficulty, then the next group of each.

    Groups are named `family/difficulty/template`. A prefix of the order covers all families, and steps of a group,
    which share the beginning of their prompts, stand together, so that the runtime can reuse what it has read.
    """
    groups: dict[str, dict[str, list[Record]]] = {}
    for record in records:
        group = record.get("group") or ""
        groups.setdefault(group.rpartition("/")[0], {}).setdefault(group, []).append(record)
    queues = [list(by_group.values()) for by_group in groups.values()]
    rounds = max(map(len, queues), default=0)
    return [record for turn in range(rounds) for queue in queues if turn < len(queue) for record in queue[turn]]

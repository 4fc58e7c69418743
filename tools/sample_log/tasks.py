"""Compose drafts into the tasks of plausible agents: who does which steps in which order, and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tools.sample_log.families import Draft

FIRST_DAY = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
N_DAYS = 28
MAX_STEPS = 8
# Agents that talk with people have sessions; the others work through a queue.
WITH_SESSIONS = frozenset({"support-agent", "assistant-agent"})
# agent -> its nodes in the order of work -> the family of steps that the node makes
WORKFLOWS: dict[str, dict[str, str]] = {
    "invoice-agent": {
        "parse": "extract_json",
        "normalise": "norm_date",
        "convert": "unit_convert",
        "compute": "arithmetic",
        "validate": "validate_record",
        "decide": "decide_rule",
        "export": "csv_row",
    },
    "support-agent": {
        "classify": "classify_message",
        "route": "route_ticket",
        "parse": "extract_json",
        "query": "sql",
        "plan_tool": "pick_tool",
        "decide": "decide_rule",
        "draft": "summarize_schema",
    },
    "data-agent": {
        "query": "sql",
        "dedupe": "dedupe",
        "filter": "sort_filter",
        "rename": "string_transform",
        "match": "regex",
        "validate": "validate_record",
        "export": "csv_row",
        "report": "summarize_schema",
    },
    "code-agent": {
        "plan": "plan_order",
        "plan_tool": "pick_tool",
        "code": "code_func",
        "match": "regex",
        "rename": "string_transform",
        "read_log": "log_fields",
    },
    "ops-agent": {
        "parse": "log_fields",
        "classify": "classify_message",
        "route": "route_ticket",
        "plan": "plan_order",
        "call_tool": "tool_call",
        "schedule": "time_zone",
    },
    "assistant-agent": {
        "plan_tool": "pick_tool",
        "call_tool": "tool_call",
        "recall": "multi_hop",
        "solve": "word_problem",
        "convert": "unit_convert",
        "schedule": "time_zone",
        "dates": "norm_date",
    },
    "research-agent": {
        "recall": "multi_hop",
        "compute": "arithmetic",
        "solve": "word_problem",
        "filter": "sort_filter",
        "dedupe": "dedupe",
    },
}


@dataclass(frozen=True, slots=True)
class PlacedStep:
    """A draft with its place: the task, the agent's node, and the time at which the call is made."""

    draft: Draft
    task_id: str
    session_id: str | None
    agent: str
    node: str
    step_index: int
    is_last: bool
    timestamp: dt.datetime


@dataclass(slots=True)
class _Task:
    agent: str
    steps: list[tuple[str, Draft]]
    start: dt.datetime


def compose(drafts: Sequence[Draft], seed: int) -> list[PlacedStep]:
    """Place every draft in a task of 2 to 8 steps; ordered by the time at which tasks start. The same seed
    gives the same tasks.
    """
    rng = Random(f"{seed}/tasks")
    pools: dict[str, list[Draft]] = {}
    for draft in rng.sample(list(drafts), len(drafts)):
        pools.setdefault(draft.family, []).append(draft)
    tasks: list[_Task] = []
    while any(pools.values()):
        _add_task(tasks, pools, rng)
    tasks.sort(key=lambda task: task.start)
    return _placed(tasks, rng)


def _add_task(tasks: list[_Task], pools: dict[str, list[Draft]], rng: Random) -> None:
    agents = list(WORKFLOWS)
    left = [sum(len(pools.get(family, ())) for family in WORKFLOWS[agent].values()) for agent in agents]
    agent = rng.choices(agents, weights=left)[0]
    nodes = [
        (node, family) for node, family in WORKFLOWS[agent].items() for _ in range(min(2, len(pools.get(family, ()))))
    ]
    level = rng.choice([1, 1, 2, 2, 3])
    picked = sorted(rng.sample(range(len(nodes)), min(len(nodes), rng.randint(2, MAX_STEPS))))
    steps = [(nodes[at][0], _take(pools[nodes[at][1]], level, rng)) for at in picked]
    open_tasks = [task for task in tasks if task.agent == agent and len(task.steps) < MAX_STEPS]
    if len(steps) == 1 and open_tasks:
        rng.choice(open_tasks).steps.extend(steps)
    else:
        tasks.append(_Task(agent, steps, _office_time(rng)))


def _take(pool: list[Draft], level: int, rng: Random) -> Draft:
    """Remove a draft from the pool; tasks lean to steps near their own level of difficulty."""
    weights = [4 if draft.difficulty == level else 1 for draft in pool]
    return pool.pop(rng.choices(range(len(pool)), weights=weights)[0])


def _office_time(rng: Random) -> dt.datetime:
    """Mostly in office hours of weekdays, now and then at night or on a weekend."""
    while True:
        moment = FIRST_DAY + dt.timedelta(seconds=rng.randrange(N_DAYS * 24 * 3600))
        is_office = moment.weekday() < 5 and 7 <= moment.hour < 19
        if is_office or rng.random() < 0.12:
            return moment


def _placed(tasks: list[_Task], rng: Random) -> list[PlacedStep]:
    placed: list[PlacedStep] = []
    sessions: dict[str, tuple[str, dt.date]] = {}
    for number, task in enumerate(tasks, start=1):
        session_id = _session(task, number, sessions, rng)
        moment = task.start
        for index, (node, draft) in enumerate(task.steps):
            is_last = index == len(task.steps) - 1
            placed.append(PlacedStep(draft, f"t-{number:04d}", session_id, task.agent, node, index, is_last, moment))
            moment += dt.timedelta(seconds=rng.randint(2, 75))
    return placed


def _session(task: _Task, number: int, sessions: dict[str, tuple[str, dt.date]], rng: Random) -> str | None:
    """A new session, or the agent's last one when that was on the same day and the person came back."""
    if task.agent not in WITH_SESSIONS or rng.random() < 0.2:
        return None
    last = sessions.get(task.agent)
    if last and last[1] == task.start.date() and rng.random() < 0.4:
        return last[0]
    sessions[task.agent] = (f"c-{number:04d}", task.start.date())
    return sessions[task.agent][0]

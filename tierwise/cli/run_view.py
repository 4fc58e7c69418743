"""A run on the screen: a live tree on a terminal, a line for each step that ended elsewhere. All on stderr."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text
from rich.tree import Tree

from tierwise.agents.runtime import Ended, Event, Plan, Planned, Role, RunResult, Started, StepTrace
from tierwise.cli.console import print_table, say

_MAX_CHARS = 60
_MARKS = {"waits": ("·", "dim"), "runs": ("…", "cyan"), "done": ("✓", "green"), "failed": ("✗", "red")}


class RunView:
    """Watches a run. ``with`` it the tree is live, where stderr is a terminal."""

    def __init__(self, task_id: str, goal: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._task_id = task_id
        self._goal = goal
        self._clock = clock
        self._plan: Plan | None = None
        self._is_reused = False
        self._traces: dict[str, list[StepTrace]] = {}
        self._running: dict[str, float] = {}
        self._live: Live | None = None
        if sys.stderr.isatty():
            self._live = Live(get_renderable=self.tree, console=Console(stderr=True), refresh_per_second=4)

    def __enter__(self) -> "RunView":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def pause(self) -> None:
        """Leaves the screen to a question."""
        if self._live is not None:
            self._live.stop()

    def go_on(self) -> None:
        """Takes the screen back."""
        if self._live is not None:
            self._live.start()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Planned):
            self._plan, self._is_reused = event.plan, event.is_reused
        elif isinstance(event, Started):
            self._running.setdefault(self._name(event.step_id, event.plan_step), self._clock())
        elif isinstance(event, Ended):
            name = self._name(event.trace.step_id, event.trace.plan_step)
            self._running.pop(name, None)
            self._traces.setdefault(name, []).append(event.trace)
            if self._live is None:
                say(line_of(name, [event.trace]))

    def tree(self) -> Tree:
        """The steps of the plan with what became of them, between the planner's calls and the answer."""
        spent = sum(trace.cost_usd for traces in self._traces.values() for trace in traces)
        root = Tree(Text.assemble((_short(self._goal), "bold"), f"  {self._task_id}  {spent:.4f} USD"))
        planned = [] if self._plan is None else [step.step_id for step in self._plan.steps]
        others = [name for name in dict.fromkeys([*self._traces, *self._running]) if name not in planned]
        after = [name for name in others if name == "answer"]
        for name in [*(name for name in others if name not in after), *planned, *after]:
            root.add(self._line(name))
        return root

    def _line(self, name: str) -> Text:
        traces = self._traces.get(name, [])
        state = "runs" if name in self._running else "waits"
        if traces and name not in self._running:
            state = "failed" if traces[-1].failure else "done"
        mark, style = _MARKS[state]
        told = line_of(name, traces) if traces else name
        if name in self._running:
            told += f"  {self._clock() - self._running[name]:.0f} s"
        if self._plan is not None and name in self._plan.by_id and not traces:
            told += f"  {_short(self._plan.by_id[name].instruction)}"
        return Text.assemble((f"{mark} ", style), told)

    def _name(self, step_id: str, plan_step: str | None) -> str:
        return plan_step or step_id.removeprefix(f"{self._task_id}.")


def line_of(name: str, traces: list[StepTrace]) -> str:
    """Step, tier, tries, seconds, dollars, such as ``read  mid  2 tries  1.2 s  0.00031 USD``."""
    last = traces[-1]
    if last.reused is not None:
        return f"{name}  kept from another task  0 USD"
    tries = sum(len(trace.attempts) for trace in traces)
    seconds = sum(trace.finished_ms - trace.started_ms for trace in traces) / 1000
    cost_usd = sum(trace.cost_usd for trace in traces)
    tools = [call.tool for trace in traces for call in trace.tool_calls]
    parts = [name, last.tier, f"{tries} {'try' if tries == 1 else 'tries'}", f"{seconds:.1f} s", f"{cost_usd:.5f} USD"]
    parts += [f"calls {', '.join(dict.fromkeys(tools))}"] if tools else []
    parts += [f"failed: {_short(last.failure.text)}"] if last.failure else []
    return "  ".join(parts)


def print_spending(result: RunResult) -> None:
    """Calls and dollars by tier, on stderr."""
    planned = sum(step.cost_usd for step in result.steps if step.role in (Role.PLAN, Role.REPAIR, Role.FILL))
    for tier, spent in result.by_tier().items():
        say(f"{tier}: {spent.n_calls} calls, {spent.n_failed} failed, {spent.cost_usd:.5f} USD")
    share = f", {planned / result.cost_usd:.0%} of it for planning" if result.cost_usd else ""
    say(f"{result.task_id}: {result.n_calls} calls, {result.cost_usd:.5f} USD{share}, {result.latency_ms / 1000:.1f} s")


@dataclass(frozen=True, slots=True)
class Expected:
    """Where a step would begin, what it would cost there, and the most: None without prices."""

    tier: str
    about_usd: float | None
    most_usd: float | None


def print_expected(plan: Plan, expected: Sequence[Expected]) -> None:
    """A plan that was not run: each step with its tier and what it may cost, and what each tier comes to."""
    rows = [
        [step.step_id, *_shown(one), ", ".join(step.depends_on), ", ".join(step.tools), _short(step.instruction)]
        for step, one in zip(plan.steps, expected, strict=True)
    ]
    print_table("Plan", ["step", "tier", "USD about", "at most", "after", "tools", "do"], rows)
    totals = []
    for tier in dict.fromkeys(one.tier for one in expected):
        own = [one for one in expected if one.tier == tier]
        both = _sum([one.about_usd for one in own]), _sum([one.most_usd for one in own])
        totals.append([tier, str(len(own)), *map(_usd, both)])
    print_table("Expected by tier, without steps that go up a tier", ["tier", "steps", "USD about", "at most"], totals)


def _shown(one: Expected) -> list[str]:
    return [one.tier, _usd(one.about_usd), _usd(one.most_usd)]


def _sum(costs: list[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _usd(cost: float | None) -> str:
    return "unknown" if cost is None else f"{cost:.5f}"


def printable(text: str) -> str:
    """One line without what could steer a terminal: models and tools wrote it.

    >>> printable("all \\x1b[2J gone")
    'all [2J gone'
    """
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _short(text: str) -> str:
    line = printable(text)
    return line if len(line) <= _MAX_CHARS else f"{line[: _MAX_CHARS - 1]}…"

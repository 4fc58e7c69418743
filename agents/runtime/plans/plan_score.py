"""How good a plan looks before it runs: whether it speaks of all that the goal speaks of.

A plan of the top tier is taken as it is. One from below is compared with the goal first, because a cheap planner's
commonest fault is to leave something out. That a plan scores well does not prove it right: how the tasks end does.
"""

import re
from dataclasses import dataclass

from tierwise.agents.runtime.plans.plan import Plan

_THINGS = re.compile(
    r"""(?<!\w)(?:"[^"\n]{1,80}"|'[^'\n]{2,80}'(?!\w)"""
    r"""|[\w@/.:#-]{0,80}\d[\w@/.:#-]{0,80}|[\w.+-]{1,64}@[\w.-]{1,80})"""
)
_ITEM = re.compile(r"^[ \t]{0,20}(?:[-*•]|\d{1,4}[.)])[ \t]{1,20}([^\n]{1,500})", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]{4,}")
_MAX_THINGS = 200
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class PlanScore:
    """``score`` is the share of the goal's things and points that the plan speaks of, 1.0 where there are none;
    ``missing`` are some that it does not."""

    score: float
    missing: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"The plan leaves out what the goal asks for: {'; '.join(self.missing[:_SHOWN])}."


def score_plan(goal: str, plan: Plan) -> PlanScore:
    """Numbers, names with digits, addresses and quotations of the goal have to stand in some step; of every point of a
    list some longer word has to."""
    said = "\n".join(step.instruction for step in plan.steps).casefold()
    words = set(_WORD.findall(said))
    things = list(dict.fromkeys(_THINGS.findall(goal)))[:_MAX_THINGS]
    points = _ITEM.findall(goal)[:_MAX_THINGS]
    missing = [thing for thing in things if thing.strip("\"'.:-#").casefold() not in said]
    missing += [point[:80] for point in points if (own := set(_WORD.findall(point.casefold()))) and not own & words]
    n_all = len(things) + len(points)
    return PlanScore(1.0 if n_all == 0 else 1.0 - len(missing) / n_all, tuple(missing))


def how_hard(goal: str, n_tools: int) -> float:
    """How hard planning looks, from 1 to 10: by the points of the goal, its length, and the tools to choose from."""
    n_points = len(_ITEM.findall(goal))
    return min(10.0, 3.0 + n_points / 3.0 + len(goal) / 1500.0 + n_tools / 10.0)

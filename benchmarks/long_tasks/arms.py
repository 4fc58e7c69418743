"""The ways in which the study's tasks are run, one after the other over the same tasks in the same order."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from benchmarks.long_tasks import routers
from benchmarks.long_tasks.loops import Ran, Tiers, run_loop
from benchmarks.long_tasks.plans import PlanArm, run_plans
from benchmarks.long_tasks.work import study_tasks
from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import LoggedStep
from tierwise.router_model.router import Router
from tools.long_tasks.models import Asked
from tools.long_tasks.task import LongTask

KINDS = ("triage", "orders")
LOSSES = (0.20, 0.10)
"""The losses that routers in loops may bring: 60 tasks certify little below. A step that makes no progress is no failed
task; it costs an agent another step."""

Arm = Callable[[Sequence[LongTask]], list[Ran]]


def tasks_of_study(n_of_kind: int) -> list[LongTask]:
    """``n_of_kind`` tasks of each kind, kinds taking turns."""
    return list(chain.from_iterable(zip(*(study_tasks(kind, n_of_kind) for kind in KINDS), strict=True)))


@dataclass
class Study:
    """``models`` answer for small and mid. Plans and logs are kept in ``folder``, and are new for every arm."""

    models: Asked
    folder: Path
    n_recorded: int
    """Tasks of the first arm of plan-and-execute that a router is trained on; it then decides the others."""

    def arms(self) -> dict[str, Arm]:
        """By name, in the order of the table."""
        return {
            "loop: top tier": self._loop(lambda: routers.always("frontier")),
            "loop: mid": self._loop(lambda: routers.always("mid")),
            "loop: rules": self._loop(routers.by_rules),
            "loop: cascade mid, frontier": self._loop(lambda: routers.always("mid", "frontier")),
            **self._router_loops(),
            "loop: cascade small, mid, frontier": self._loop(lambda: routers.always(*routers.TIERS)),
            "plans: rules": self._plans(lambda: PlanArm(log_url=self.log_url)),
            "plans: router of the sample": self._plans(lambda: PlanArm(self.router)),
            "plans: courses": self._plans(lambda: PlanArm(self.router, courses=True)),
            "plans kept: rules": self._plans(lambda: PlanArm(plans=self._new("rules.db"))),
            "plans kept: router of the sample": self._plans(lambda: PlanArm(self.router, plans=self._new("router.db"))),
        }

    def _router_loops(self) -> dict[str, Arm]:
        """A tier for each step, by routers that were trained on the sample."""

        def loop(loss: float, view: str) -> Arm:
            return self._loop(lambda: routers.by_router(self._seeing(view), loss, routers.VIEWS[view]))

        def escalating(loss: float) -> Arm:
            return self._loop(lambda: routers.by_router_escalating(self.router, loss))

        pairs = [(loss, view) for loss in LOSSES for view in routers.VIEWS]
        loops = {f"loop: router {view} trajectories, {loss:.0%}": loop(loss, view) for loss, view in pairs}
        return loops | {f"loop: router, {loss:.0%}, refused calls escalate": escalating(loss) for loss in LOSSES}

    def _seeing(self, view: str) -> Router:
        return self.router if view == "with" else self.without

    def later_arms(self) -> dict[str, Arm]:
        """Those on the tasks that come after the recorded ones, by a router that was trained on these."""
        return {
            "plans: rules, later tasks": self._plans(PlanArm),
            "plans: router of the recorded tasks": self._plans(lambda: PlanArm(self.of_recorded)),
        }

    @cached_property
    def router(self) -> Router:
        """Trained on the sample."""
        return routers.trained(routers.sample_steps())

    @cached_property
    def without(self) -> Router:
        """The same without trajectories."""
        return routers.trained(routers.sample_steps(), routers.without_trajectory)

    @cached_property
    def of_recorded(self) -> Router:
        """Trained on what the first tasks of plan-and-execute by rules left in the decision log, as it is."""
        recorded = {task.task_id for task in tasks_of_study(self.n_recorded)}
        return routers.trained([logged for logged in self.recorded_steps() if logged.task_id in recorded])

    def recorded_steps(self) -> list[LoggedStep]:
        with DecisionLog.open(self.log_url, must_exist=True) as log:
            return list(log.logged_steps())

    @property
    def log_url(self) -> str:
        return f"sqlite:///{self.folder.resolve()}/recorded.db"

    def _loop(self, tiers_of: Callable[[], Tiers]) -> Arm:
        def run(tasks: Sequence[LongTask]) -> list[Ran]:
            tiers = tiers_of()
            return [run_loop(task, tiers, self.models) for task in tasks]

        return run

    def _plans(self, arm_of: Callable[[], PlanArm]) -> Arm:
        return lambda tasks: run_plans(tasks, arm_of(), self.models)

    def _new(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder)) / name

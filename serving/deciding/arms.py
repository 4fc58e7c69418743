"""The arms that share the traffic, each with its decider: resolved once for every change, not for every request."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from tierwise.data.errors import TierwiseError
from tierwise.data.experiments import CONSTANT_PREFIX, Arm, Experiment
from tierwise.router_model.choosing.assignment import assigned_arm
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.decider import Decider
from tierwise.router_model.rules import ConstantRouter, RulesRouter
from tierwise.serving.routers.slot import RouterSlot, SlotState

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lane:
    """One arm and who decides for it. ``is_stand_in``: the live router, because the arm's own decider is not there."""

    arm: Arm
    decider: Decider
    is_stand_in: bool = False


@dataclass(frozen=True, slots=True)
class Lanes:
    """All lanes of one moment; without an experiment there is one, the live router's."""

    lanes: tuple[Lane, ...]
    experiment: Experiment | None
    exploration: float
    champion: SlotState
    challenger: SlotState

    @property
    def are_slow(self) -> bool:
        """Whether a router among them must not decide on the event loop."""
        return any(lane.decider.is_slow for lane in self.lanes)

    def lane_of(self, unit_id: str) -> Lane:
        """The lane of a task."""
        if self.experiment is None:
            return self.lanes[0]
        arm = assigned_arm(self.experiment, unit_id)
        return next(lane for lane in self.lanes if lane.arm is arm)

    def running(self) -> Iterator[Lane]:
        """The lanes that get tasks."""
        return (lane for lane in self.lanes if lane.arm.share > 0)


class Arms:
    """Puts the live experiment and the live routers together. Any thread may ``follow``; the event loop asks."""

    def __init__(
        self, champion: RouterSlot, challenger: RouterSlot, guardrails: Guardrails, exploration: float
    ) -> None:
        self._champion = champion
        self._challenger = challenger
        self._guardrails = guardrails
        self._exploration = exploration
        self._experiment: Experiment | None = None
        self._lanes = self._resolved()

    @property
    def experiment(self) -> Experiment | None:
        return self._experiment

    def follow(self, experiment: Experiment | None) -> None:
        """Takes an experiment into service; None ends it."""
        if experiment != self._experiment:
            self._experiment = experiment
            text = "no experiment runs" if experiment is None else f"experiment {experiment.name} ({experiment.stage})"
            _LOGGER.info("%s", text)

    def now(self) -> Lanes:
        """The lanes as they are now, the same object as long as nothing changed."""
        lanes = self._lanes
        if (
            lanes.experiment is not self._experiment
            or lanes.champion is not self._champion.state
            or lanes.challenger is not self._challenger.state
        ):
            lanes = self._lanes = self._resolved()
        return lanes

    def _resolved(self) -> Lanes:
        experiment, champion, challenger = self._experiment, self._champion.state, self._challenger.state
        if experiment is None:
            arm = Arm(champion.decider.policy, "champion", 1.0)
            return Lanes((Lane(arm, champion.decider),), None, self._exploration, champion, challenger)
        lanes = tuple(self._lane(arm, champion, challenger) for arm in experiment.arms)
        return Lanes(lanes, experiment, experiment.exploration, champion, challenger)

    def _lane(self, arm: Arm, champion: SlotState, challenger: SlotState) -> Lane:
        live = champion.decider
        if arm.decider == "champion":
            return Lane(arm, live)
        if arm.decider == "challenger":
            return Lane(arm, challenger.decider) if challenger.has_bundle else Lane(arm, live, is_stand_in=True)
        try:
            self._guardrails.check(live.catalogue)
            if arm.decider == "rules":
                return Lane(arm, RulesRouter(live.catalogue, self._guardrails))
            tier = arm.decider.removeprefix(CONSTANT_PREFIX)
            live.catalogue.index(tier)
            return Lane(arm, ConstantRouter(live.catalogue, tier, self._guardrails))
        except TierwiseError as error:
            _LOGGER.error("arm %s cannot decide, the live router does: %s", arm.name, error)
            return Lane(arm, live, is_stand_in=True)

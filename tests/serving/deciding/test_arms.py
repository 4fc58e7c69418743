"""The arms: who decides for whom at a moment, the same object as long as nothing changed, another one when it did."""

from dataclasses import replace

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.experiments import Arm, Experiment
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.decider import Decider
from tierwise.router_model.rules import ConstantRouter, RulesRouter
from tierwise.serving.deciding.arms import Arms
from tierwise.serving.routers.slot import RouterSlot
from tierwise.serving.watching.metrics import Metrics

CATALOGUE = TierCatalogue.load()
TRIAL = Experiment(
    "trial", (Arm("old", "champion", 0.5), Arm("new", "challenger", 0.5)), salt="x", started_at=1.0, exploration=0.1
)


def constant(tier: str) -> ConstantRouter:
    return ConstantRouter(CATALOGUE, tier, Guardrails())


class Slow:
    """A router that must not decide on the event loop."""

    is_slow = True

    def __init__(self, router: ConstantRouter) -> None:
        self.policy, self.version = router.policy, "slow"
        self.catalogue, self.guardrails = router.catalogue, router.guardrails
        self.decide = router.decide


class Slots:
    """A champion, a challenger without a bundle, and the arms over both."""

    def __init__(self, guardrails: Guardrails = Guardrails()) -> None:  # noqa: B008 - frozen
        metrics = Metrics()
        self.champion = RouterSlot(constant("mid"), metrics)
        self.challenger = RouterSlot(constant("mid"), metrics, role="challenger")
        self.arms = Arms(self.champion, self.challenger, guardrails, exploration=0.2)

    def deciders(self) -> list[Decider]:
        return [lane.decider for lane in self.arms.now().lanes]


def test_without_an_experiment_the_live_router_decides_and_explores_as_configured() -> None:
    slots = Slots()
    now = slots.arms.now()
    (lane,) = now.lanes
    assert (lane.decider, lane.arm.share, now.exploration) == (slots.champion.decider, 1.0, 0.2)
    assert now.lane_of("any") is lane


def test_nothing_is_resolved_again_while_nothing_changes() -> None:
    slots = Slots()
    slots.arms.follow(TRIAL)
    assert slots.arms.now() is slots.arms.now()


def test_a_new_champion_is_taken_up() -> None:
    slots = Slots()
    newcomer = constant("small")
    slots.champion.swap(newcomer)
    assert slots.deciders() == [newcomer]


def test_a_new_challenger_is_taken_up_and_so_is_the_next() -> None:
    slots = Slots()
    slots.arms.follow(TRIAL)
    old, new = slots.arms.now().lanes
    assert (old.is_stand_in, new.is_stand_in) == (False, True)
    assert new.decider is slots.champion.decider
    for tier in ("small", "frontier"):
        newcomer = constant(tier)
        slots.challenger.swap(newcomer)
        old, new = slots.arms.now().lanes
        assert (old.decider, new.decider, new.is_stand_in) == (slots.champion.decider, newcomer, False)


def test_an_experiment_is_followed_with_its_exploration_and_ends() -> None:
    slots = Slots()
    slots.arms.follow(TRIAL)
    assert (slots.arms.now().experiment, slots.arms.now().exploration) == (TRIAL, 0.1)
    half = replace(TRIAL, stage="10%", arms=(replace(TRIAL.arms[0], share=0.9), replace(TRIAL.arms[1], share=0.1)))
    slots.arms.follow(half)
    assert [lane.arm.share for lane in slots.arms.now().lanes] == [0.9, 0.1]
    slots.arms.follow(None)
    assert (slots.arms.now().experiment, slots.arms.now().exploration) == (None, 0.2)


def test_a_shadow_gets_no_task_and_still_has_a_lane() -> None:
    slots = Slots()
    slots.arms.follow(replace(TRIAL, arms=(replace(TRIAL.arms[0], share=1.0), replace(TRIAL.arms[1], share=0.0))))
    now = slots.arms.now()
    assert [lane.arm.name for lane in now.running()] == ["old"]
    assert len(now.lanes) == 2
    assert {now.lane_of(f"t-{task}").arm.name for task in range(50)} == {"old"}


@pytest.mark.parametrize(("decider", "kind"), [("rules", RulesRouter), ("always-frontier", ConstantRouter)])
def test_rules_and_constants_decide_within_the_guardrails(decider: str, kind: type) -> None:
    guardrails = Guardrails(human_visible_min_tier="mid")
    slots = Slots(guardrails)
    slots.arms.follow(replace(TRIAL, arms=(TRIAL.arms[0], Arm("fixed", decider, 0.5))))
    lane = slots.arms.now().lanes[1]
    assert isinstance(lane.decider, kind)
    assert (lane.is_stand_in, lane.decider.guardrails) == (False, guardrails)


def test_an_arm_that_names_no_tier_is_stood_in_for() -> None:
    slots = Slots()
    slots.arms.follow(replace(TRIAL, arms=(TRIAL.arms[0], Arm("huge", "always-huge", 0.5))))
    lane = slots.arms.now().lanes[1]
    assert (lane.decider, lane.is_stand_in) == (slots.champion.decider, True)


def test_one_slow_router_among_the_arms_keeps_all_off_the_event_loop() -> None:
    """The propensity asks every running arm, so the slow one is asked for every task."""
    slots = Slots()
    slots.arms.follow(TRIAL)
    assert not slots.arms.now().are_slow
    slots.challenger.swap(Slow(constant("small")))
    assert slots.arms.now().are_slow

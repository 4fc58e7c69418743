"""Routers trained on the long-horizon sample as it is, with what happened before a step and without."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from benchmarks.long_tasks.loops import Tiers, n_tokens_of
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.parsing import parse_step
from tierwise.data.records import LoggedStep, Message, Step
from tierwise.data.samples import sample_long_tasks_path, sample_tiers_path
from tierwise.data.step_log import load_step_logs
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router
from tierwise.router_model.rules import RulesRouter
from tierwise.training.config import TrainConfig
from tierwise.training.train import train_router
from tools.long_tasks.state import Underway

CONFIG = TrainConfig(n_repeats=1, max_quality_loss=0.10)
TIERS = ("small", "mid", "frontier")


def sample_steps() -> list[LoggedStep]:
    """The sample's steps, in order."""
    return list(load_step_logs([sample_long_tasks_path()]).steps)


def catalogue() -> TierCatalogue:
    """The sample's tiers and prices."""
    return TierCatalogue.load(sample_tiers_path())


def without_trajectory(step: Step) -> Step:
    """The same step in the same words, but nobody can tell which of them were calls: no trajectory is read off it."""
    return replace(step, messages=tuple(_unmarked(message) for message in step.messages))


def as_it_is(step: Step) -> Step:
    return step


VIEWS: dict[str, Callable[[Step], Step]] = {"without": without_trajectory, "with": as_it_is}


def trained(steps: Sequence[LoggedStep], view: Callable[[Step], Step] = as_it_is) -> Router:
    """A router from these steps, as ``view`` shows them."""
    seen = [replace(logged, step=view(logged.step)) for logged in steps]
    return train_router(seen, catalogue(), CONFIG).router()


def by_router(router: Router, max_quality_loss: float, view: Callable[[Step], Step] = as_it_is) -> Tiers:
    """A single shot on the tier that the router decides."""
    return partial(_decided, router, view, DecideOptions(max_quality_loss=max_quality_loss))


def by_router_escalating(router: Router, max_quality_loss: float) -> Tiers:
    """From the tier that the router decides upwards, as calls are refused."""

    def tiers(state: Underway) -> Sequence[str]:
        first = _decided(router, as_it_is, DecideOptions(max_quality_loss=max_quality_loss), state)[0]
        return TIERS[TIERS.index(first) :]

    return tiers


def by_rules() -> Tiers:
    """A single shot on the tier of the hand-written rules."""
    rules = RulesRouter(catalogue())
    return lambda state: [rules.decide(step_of(state)).tier]


def always(*tiers: str) -> Tiers:
    return lambda _: tiers


def step_of(state: Underway) -> Step:
    return parse_step(state.step(n_tokens_of(state.prompt())))


def _decided(router: Router, view: Callable[[Step], Step], options: DecideOptions, state: Underway) -> list[str]:
    return [router.decide(view(step_of(state)), options).tier]


def _unmarked(message: Message) -> Message:
    extra = {name: value for name, value in message.extra.items() if name != "tool_calls"}
    return replace(message, extra=extra)

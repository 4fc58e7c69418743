"""The whole idea on one page: a step says what it is, rules or a router pick the tier, a function of that tier runs it.

>>> step = AgentStep(task_type="extract", input_complexity=2, requires_judgment=False)
>>> route_to_model(step)
<ModelTier.SMALL: 'small'>
>>> models = {ModelTier.SMALL: str.upper, ModelTier.MID: str.title, ModelTier.FRONTIER: str.lower}
>>> execute_step(step, "total: 7", models).output
'TOTAL: 7'

With two arguments a tier's function gets the step itself, and what it returned comes back as it is:

>>> execute_step(step, {tier: lambda step, tier=tier: f"{step.task_type} by {tier}" for tier in ModelTier})
'extract by small'
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Generic, TypeVar, overload

from tierwise.agents.client import LocalClient, RoutedDecision, RoutingClient
from tierwise.agents.usage import cost_of, read_usage
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError
from tierwise.data.records import Step
from tierwise.router_model.decider import Decider
from tierwise.router_model.rules import RulesRouter

_R = TypeVar("_R")


class ModelTier(StrEnum):
    """The default tiers, cheapest first."""

    SMALL = "small"
    MID = "mid"
    FRONTIER = "frontier"


@dataclass(frozen=True, slots=True)
class AgentStep:
    """What an agent knows about a step before it is made. ``input_complexity`` runs from 1 to 10."""

    task_type: str
    input_complexity: int
    requires_judgment: bool = False
    human_visible: bool | None = None

    def to_step(self, prompt: str = "") -> Step:
        return Step(
            text=prompt,
            task_type=self.task_type,
            input_complexity=self.input_complexity,
            requires_judgment=self.requires_judgment,
            human_visible=self.human_visible,
        )


@dataclass(frozen=True, slots=True)
class ExecutedStep(Generic[_R]):
    """``output`` is what the last function returned, on ``tier``; ``success`` is None without a verifier."""

    output: _R
    tier: str
    success: bool | None
    decision: RoutedDecision
    latency_ms: float


def route_to_model(step: AgentStep, router: Decider | None = None, prompt: str = "") -> ModelTier:
    """The tier for ``step``: by ``router``, such as ``Router.load("bundle")``, or by the rules.

    Raises ``CatalogueError`` when the router's tiers are not the default ones.
    """
    tier = (router or _rules()).decide(step.to_step(prompt)).tier
    if tier not in set(ModelTier):
        raise CatalogueError(
            f"tier '{tier}' is not one of {', '.join(ModelTier)}; use Client.route for tiers of your own"
        )
    return ModelTier(tier)


@overload
def execute_step(step: AgentStep, prompt: Mapping[ModelTier, Callable[[AgentStep], _R]], /) -> _R: ...


@overload
def execute_step(step: AgentStep, prompt: Mapping[str, Callable[[AgentStep], _R]], /) -> _R: ...


@overload
def execute_step(step: AgentStep, *, model_registry: Mapping[ModelTier, Callable[[AgentStep], _R]]) -> _R: ...


@overload
def execute_step(
    step: AgentStep,
    prompt: str,
    models: Mapping[str, Callable[[str], _R]],
    *,
    client: RoutingClient | None = None,
    verify: Callable[[_R], bool] | None = None,
) -> ExecutedStep[_R]: ...


def execute_step(
    step: AgentStep,
    prompt: Any = None,
    models: Mapping[str, Callable[[str], Any]] | None = None,
    *,
    client: RoutingClient | None = None,
    verify: Callable[[Any], bool] | None = None,
    model_registry: Mapping[Any, Callable[[AgentStep], Any]] | None = None,
) -> Any:
    """Routes ``step``, calls the tier's function with ``prompt``, and reports the attempt.

    With ``verify`` a failed attempt goes one tier up. ``client`` decides and takes the reports (a ``Client`` of the
    service, or a ``LocalClient`` with a log); the rules decide without one. What a function raises is reported as
    unknown and raised on.

    ``execute_step(step, model_registry)`` is the short form: the rules decide, the tier's function is called with
    ``step``, and its result comes back as it is.
    """
    registry = prompt if isinstance(prompt, Mapping) else model_registry
    if registry is not None:
        return _model_of(route_to_model(step), registry)(step)
    if models is None or not isinstance(prompt, str):
        raise TypeError(
            "call execute_step(step, prompt, models), or execute_step(step, model_registry) with functions by tier"
        )
    client = client or LocalClient(_rules())
    decision = client.route(step.to_step(prompt))
    names = client.catalogue.names
    for tier in names[client.catalogue.index(decision.tier) :]:
        executed = _attempt(tier, prompt, _model_of(tier, models), client, verify, decision)
        if executed.success is not False:
            break
    return executed


def _attempt(
    tier: str,
    prompt: str,
    model: Callable[[str], _R],
    client: RoutingClient,
    verify: Callable[[_R], bool] | None,
    decision: RoutedDecision,
) -> ExecutedStep[_R]:
    started = time.perf_counter()
    try:
        output = model(prompt)
    except Exception as error:
        client.outcome(decision, tier=tier, latency_ms=_ms_since(started), error=type(error).__name__)
        raise
    latency_ms = _ms_since(started)
    success = None if verify is None else bool(verify(output))
    usage = read_usage(output)
    name = _model_name(tier, decision, client.catalogue)
    client.outcome(
        decision,
        tier=tier,
        model=name,
        success=success,
        latency_ms=latency_ms,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=usage.cached_tokens,
        cost_usd=cost_of(usage, tier, name, client.catalogue),
        evaluator=None if verify is None else getattr(verify, "__name__", "verify"),
    )
    return ExecutedStep(output, tier, success, decision, latency_ms)


def _model_of(tier: str, models: Mapping[str, Callable[[Any], _R]]) -> Callable[[Any], _R]:
    if tier not in models:
        raise CatalogueError(
            f"there is no function for tier '{tier}'; models has {', '.join(sorted(models)) or 'none'}"
        )
    return models[tier]


def _model_name(tier: str, decision: RoutedDecision, catalogue: TierCatalogue) -> str | None:
    if tier == decision.tier:
        return decision.model
    model: Any = catalogue.tiers[catalogue.index(tier)].model
    return None if model is None else str(model.name)


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


@cache
def _rules() -> RulesRouter:
    return RulesRouter(TierCatalogue.load())

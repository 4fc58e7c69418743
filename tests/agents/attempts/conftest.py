"""An attempt loop over one stub server that answers by model, and a few things that every test asks for."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Answer, Reply, Stub
from tierwise.agents.attempts import (
    AttemptLoop,
    AttemptSettings,
    FunctionVerifier,
    StepResult,
)
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import Decision, LoggedStep, Step
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.rules import RulesRouter

StartStub = Callable[[Answer], Stub]
QUICK = AttemptSettings(backoff_seconds=0.01, n_repairs=0, max_tokens=100)
EXTRACT = Step(text="Extract.", task_type="extract")
IS_RIGHT = FunctionVerifier(lambda reply: reply.text == "right", "is_right")


class Runner:
    """An attempt loop over one stub server that answers by model."""

    def __init__(self, server: Stub, tiers: TierCatalogue, log_url: str) -> None:
        self.server = server
        self.tiers = tiers
        self.log_url = log_url

    def run(self, step: Step, settings: AttemptSettings = QUICK, **options: Any) -> StepResult:
        async def work() -> StepResult:
            client = AsyncLocalClient(RulesRouter(self.tiers), log_url=self.log_url)
            async with client, Upstreams(self.tiers) as upstreams:
                return await AttemptLoop(client, upstreams, settings).run(step, **options)

        return asyncio.run(work())

    def logged(self) -> list[LoggedStep]:
        with DecisionLog.open(self.log_url) as log:
            return list(log.logged_steps())

    def asked(self) -> list[str]:
        return [body["model"] for _, body in self.server.requests]


class Noting:
    """The rules, or a decision for ``tier`` where one is given; remembers the options that it was asked with."""

    policy, version, is_slow = "rules", "noting", False

    def __init__(self, catalogue: TierCatalogue, tier: str | None = None) -> None:
        self.catalogue = catalogue
        self.guardrails = Guardrails()
        self.seen: list[DecideOptions] = []
        self._rules = RulesRouter(catalogue)
        self._tier = tier

    def decide(self, step: Step, options: DecideOptions = DecideOptions()) -> Decision:  # noqa: B008 - frozen
        self.seen.append(options)
        decision = self._rules.decide(step, options)
        return decision if self._tier is None else replace(decision, tier=self._tier, model=f"{self._tier}-1")


def run_with(router: Noting, settings: AttemptSettings, **options: Any) -> StepResult:
    """Runs one step with ``router`` deciding."""

    async def work() -> StepResult:
        async with AsyncLocalClient(router) as client, Upstreams(router.catalogue) as upstreams:
            return await AttemptLoop(client, upstreams, settings).run(EXTRACT, **options)

    return asyncio.run(work())


@pytest.fixture
def runner(stub: StartStub, tiers_at: Callable[..., TierCatalogue], tmp_path: Path) -> Callable[..., Runner]:
    """A runner whose models answer by ``replies``: model name to reply, or to replies one after the other."""

    def make(replies: dict[str, Reply | list[Reply]], **models: list[str]) -> Runner:
        def answer(_: str, body: Any) -> Reply:
            reply = replies[body["model"]]
            return reply if isinstance(reply, Reply) else reply.pop(0)

        server = stub(answer)
        return Runner(server, tiers_at(server.address, **models), f"sqlite:///{tmp_path}/log.db")

    return make

"""Ways to get an answer: from the top tier alone, through ``/route`` and ``/accept``, through the gateway."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from benchmarks.serving.courses.timed_models import TIERS, TimedStep
from benchmarks.walk.courses.models import NAMES
from tierwise import AsyncClient
from tierwise.data.serialise import step_to_dict

MAX_QUALITY_LOSS = 0.05
_LEFT_OUT = ("text", "tools")


@dataclass(frozen=True, slots=True)
class Timed:
    """A whole call: which tiers were asked, how long its caller waited, and how much of that was the models' time."""

    asked: tuple[str, ...]
    waited_ms: float
    models_ms: float

    @property
    def added_ms(self) -> float:
        """What the service, the connections and the machine added."""
        return self.waited_ms - self.models_ms


Way = Callable[[TimedStep], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Callers:
    """``service`` and ``models`` are addresses; ``client`` asks the service, ``http`` both."""

    service: str
    models: str
    client: AsyncClient
    http: httpx2.AsyncClient

    def ways(self) -> dict[str, Way]:
        return {
            "the top tier alone, no service": self.top,
            "single shot, `/route`": self.single,
            "course, `/route` and `/accept`": self.course,
            "single shot, gateway": self.gateway_single,
            "course, gateway": self.gateway_course,
        }

    async def top(self, step: TimedStep) -> Sequence[str]:
        await self._ask(step, TIERS[-1])
        return TIERS[-1:]

    async def single(self, step: TimedStep) -> Sequence[str]:
        decision = await self.client.route(step.logged.step, max_quality_loss=MAX_QUALITY_LOSS)
        _answered_by_the_service(decision.fallback)
        await self._ask(step, decision.tier)
        return (decision.tier,)

    async def course(self, step: TimedStep) -> Sequence[str]:
        async def ask(tier: str, _model: str | None) -> dict[str, Any]:
            choice = (await self._ask(step, tier))["choices"][0]
            return {
                "output": choice["message"]["content"],
                "logprobs": choice["logprobs"],
                "finish_reason": choice["finish_reason"],
            }

        found = await self.client.run(step.logged.step, ask, max_quality_loss=MAX_QUALITY_LOSS)
        _answered_by_the_service(found.decision.fallback)
        return found.asked

    async def gateway_single(self, step: TimedStep) -> Sequence[str]:
        return await self._auto(step, False)

    async def gateway_course(self, step: TimedStep) -> Sequence[str]:
        return await self._auto(step, True)

    async def _auto(self, step: TimedStep, is_course: bool) -> Sequence[str]:
        place = {name: value for name, value in step_to_dict(step.logged.step).items() if name not in _LEFT_OUT}
        options = {"courses": is_course, "max_quality_loss": MAX_QUALITY_LOSS}
        body = {"model": "auto", "messages": _messages(step), "tierwise": {"step": place, "options": options}}
        response = await self.http.post(f"{self.service}/v1/chat/completions", json=body)
        response.raise_for_status()
        asked: str = response.headers.get("x-tierwise-asked") or response.headers["x-tierwise-tier"]
        return tuple(asked.split(","))

    async def _ask(self, step: TimedStep, tier: str) -> dict[str, Any]:
        body = {"model": NAMES[tier][0], "messages": _messages(step)}
        response = await self.http.post(f"{self.models}/chat/completions", json=body)
        response.raise_for_status()
        return dict(response.json())


async def play(way: Way, steps: Sequence[TimedStep], n_callers: int) -> list[Timed]:
    """Every step once, by so many callers who each wait for their answer."""
    left: Iterator[TimedStep] = iter(steps)
    found: list[Timed] = []

    async def keep_calling() -> None:
        for step in left:
            began = time.perf_counter()
            asked = tuple(await way(step))
            found.append(Timed(asked, (time.perf_counter() - began) * 1000, step.models_ms(asked)))

    async with asyncio.TaskGroup() as group:
        for _ in range(n_callers):
            group.create_task(keep_calling())
    return found


def _messages(step: TimedStep) -> list[dict[str, str]]:
    return [{"role": "user", "content": step.text}]


def _answered_by_the_service(is_fallback: bool) -> None:
    if is_fallback:
        raise SystemExit("the service did not answer within the client's deadline; the run would not measure it")

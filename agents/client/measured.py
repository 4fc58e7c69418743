"""Calls that time, count and report themselves: a context manager and a decorator over ``route`` and ``outcome``."""

import functools
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar, Unpack

from tierwise.agents.client.decision import RoutedDecision
from tierwise.agents.client.outcome import OutcomeFields
from tierwise.agents.client.protocol import ReportingClient
from tierwise.agents.client.request import RouteFields
from tierwise.agents.usage import Usage, cost_of, read_usage
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError
from tierwise.data.records import Outcome, Step

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(slots=True)
class Measured:
    """An attempt under way. Set ``success`` when you know it; what you leave unknown is reported as unknown.

    ``ran_on`` names the tier that answered, where it is not the decided one. Set ``is_made`` to False when no model was
    called after all: then nothing is reported.
    """

    decision: RoutedDecision
    success: bool | None = None
    score: float | None = None
    evaluator: str | None = None
    usage: Usage = field(default_factory=Usage)
    extra: dict[str, Any] = field(default_factory=dict)
    ran_on: str | None = None
    is_made: bool = True

    @property
    def tier(self) -> str:
        return self.ran_on or self.decision.tier

    @property
    def model(self) -> str | None:
        return self.decision.model if self.tier == self.decision.tier else None

    def pick(self, models: Mapping[str, _R], catalogue: TierCatalogue) -> _R:
        """The model of the decided tier; without one that of the next dearer tier, else of the dearest that there is.

        The outcome names the tier that ran. Raises ``CatalogueError`` when there is none at all.
        """
        if self.decision.tier in models:
            return models[self.decision.tier]
        names = [name for name in catalogue.names if name in models]
        if not names:
            known = ", ".join(models) or "none"
            raise CatalogueError(f"no tier of {', '.join(catalogue.names)} has a model; models has {known}")
        dearer = catalogue.names[catalogue.index(self.decision.tier) :] if self.decision.tier in catalogue.names else ()
        self.ran_on = next((name for name in dearer if name in names), names[-1])
        return models[self.ran_on]

    def observe(self, reply: _R) -> _R:
        """Counts the tokens that a model client's reply states, and hands the reply back."""
        self.usage = read_usage(reply)
        return reply

    def fields(self, started: float, error: BaseException | None, catalogue: TierCatalogue) -> OutcomeFields:
        """What to report. A call that raised is unknown, not failed: the network may be at fault."""
        return OutcomeFields(
            tier=self.tier,
            model=self.model,
            success=self.success,
            score=self.score,
            evaluator=self.evaluator,
            input_tokens=self.usage.input_tokens,
            output_tokens=self.usage.output_tokens,
            cached_tokens=self.usage.cached_tokens,
            cost_usd=cost_of(self.usage, self.tier, self.model, catalogue),
            latency_ms=(time.perf_counter() - started) * 1000,
            error=None if error is None else type(error).__name__,
            extra=self.extra,
        )

    def judge(self, reply: object, verify: Callable[[Any], bool] | None) -> None:
        """Counts and verifies what a decorated function returned; a verifier that raises says no."""
        self.observe(reply)
        if verify is not None:
            self.evaluator = getattr(verify, "__name__", type(verify).__name__)
            self.success = False
            self.success = bool(verify(reply))


@contextmanager
def _reported(client: ReportingClient, measured: Measured) -> Iterator[None]:
    started = time.perf_counter()
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        if measured.is_made:
            client.outcome(measured.decision, **measured.fields(started, error, client.catalogue))


class Measuring(ABC):
    """Gives a synchronous client ``attempt`` and ``routed``."""

    @property
    @abstractmethod
    def catalogue(self) -> TierCatalogue:
        """The tiers that decisions choose from."""

    @abstractmethod
    def route(self, step: Step | None = None, **fields: Unpack[RouteFields]) -> RoutedDecision:
        """The tier for a step."""

    @abstractmethod
    def outcome(self, decision: RoutedDecision, **fields: Unpack[OutcomeFields]) -> Outcome:
        """Reports an attempt."""

    @abstractmethod
    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Waits until everything reported was delivered."""

    @contextmanager
    def attempt(self, step: Step | None = None, **fields: Unpack[RouteFields]) -> Iterator[Measured]:
        """Routes, times the block and reports it.

        >>> with client.attempt(text="Extract the total.") as attempt:          # doctest: +SKIP
        ...     reply = attempt.observe(call(attempt.model))
        ...     attempt.success = is_right(reply)
        """
        measured = Measured(self.route(step, **fields))
        with _reported(self, measured):
            yield measured

    def routed(
        self, verify: Callable[[Any], bool] | None = None, **fields: Unpack[RouteFields]
    ) -> Callable[[Callable[Concatenate[RoutedDecision, _P], _R]], Callable[_P, _R]]:
        """Decorates a function that calls a model: it gets the decision as its first argument.

        The step's text is the first argument of the call, unless the keywords give one.
        """

        def decorate(function: Callable[Concatenate[RoutedDecision, _P], _R]) -> Callable[_P, _R]:
            @functools.wraps(function)
            def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
                with self.attempt(**_with_text(fields, args)) as measured:
                    reply = function(measured.decision, *args, **kwargs)
                    measured.judge(reply, verify)
                    return reply

            return call

        return decorate


class AsyncMeasuring(ABC):
    """Gives an asynchronous client ``attempt`` and ``routed``."""

    @property
    @abstractmethod
    def catalogue(self) -> TierCatalogue:
        """The tiers that decisions choose from."""

    @abstractmethod
    async def route(self, step: Step | None = None, **fields: Unpack[RouteFields]) -> RoutedDecision:
        """The tier for a step."""

    @abstractmethod
    def outcome(self, decision: RoutedDecision, **fields: Unpack[OutcomeFields]) -> Outcome:
        """Reports an attempt."""

    @abstractmethod
    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Waits until everything reported was delivered."""

    @asynccontextmanager
    async def attempt(self, step: Step | None = None, **fields: Unpack[RouteFields]) -> AsyncIterator[Measured]:
        """Routes, times the block and reports it."""
        measured = Measured(await self.route(step, **fields))
        with _reported(self, measured):
            yield measured

    def routed(
        self, verify: Callable[[Any], bool] | None = None, **fields: Unpack[RouteFields]
    ) -> Callable[[Callable[Concatenate[RoutedDecision, _P], Awaitable[_R]]], Callable[_P, Awaitable[_R]]]:
        """Decorates an ``async`` function that calls a model: it gets the decision as its first argument."""

        def decorate(
            function: Callable[Concatenate[RoutedDecision, _P], Awaitable[_R]],
        ) -> Callable[_P, Awaitable[_R]]:
            @functools.wraps(function)
            async def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
                async with self.attempt(**_with_text(fields, args)) as measured:
                    reply = await function(measured.decision, *args, **kwargs)
                    measured.judge(reply, verify)
                    return reply

            return call

        return decorate


def _with_text(fields: RouteFields, args: tuple[Any, ...]) -> RouteFields:
    if "text" in fields or "messages" in fields:
        return fields
    if not args or not isinstance(args[0], str):
        raise TypeError("the step needs a text: call with it as the first argument, or decorate with text=...")
    return RouteFields(**{**fields, "text": args[0]})

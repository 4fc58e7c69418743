"""Clients without a service: a decider in this process, and the decision log itself for what came of it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self, Unpack

from tierwise.agents.client.decision import RoutedDecision, local_decision
from tierwise.agents.client.delivering.delivery import Delivery, DeliveryCounts
from tierwise.agents.client.delivering.log_post import LogPost
from tierwise.agents.client.delivering.post import PostResult, Receipt
from tierwise.agents.client.measured import AsyncMeasuring, Measuring
from tierwise.agents.client.observed import Observing
from tierwise.agents.client.outcome import OutcomeFields, make_outcome, outcome_to_wire
from tierwise.agents.client.request import RouteFields, RouteRequest, make_request
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.catalogue.pricing import priced
from tierwise.data.parsing import parse_attempt
from tierwise.data.records import Outcome, Step
from tierwise.data.sensitive.redaction import Redaction
from tierwise.features.evidence import Answer
from tierwise.features.tasks import TaskMemory
from tierwise.router_model.decider import Decider
from tierwise.router_model.router import Router
from tierwise.router_model.rules import RulesRouter

_MAX_WAITING_BYTES = 64 * 2**20
_MAX_MEMORY_BYTES = 64 * 2**20


class _InProcessClient(Observing):
    """``decider`` decides, the rules over the default tiers if none is given. ``log_url`` names the decision log
    (``sqlite:///decisions.db``) that keeps decisions with their outcomes; without one they are only counted.
    ``redaction`` says what of them is kept, as of the service: ``full``, ``redacted``, ``features_only``. With
    ``task_memory`` the earlier steps of so many tasks are remembered for the next ones, as by the service."""

    def __init__(
        self,
        decider: Decider | None = None,
        *,
        log_url: str | None = None,
        redaction: Redaction | str = "redacted",
        task_memory: int = 0,
    ) -> None:
        mode = Redaction(redaction)
        self._decider = decider or RulesRouter(TierCatalogue.load())
        self._memory = TaskMemory(task_memory, _MAX_MEMORY_BYTES) if task_memory else None
        self._delivery = Delivery(lambda: _opened(log_url, mode), None, _MAX_WAITING_BYTES)
        if log_url is not None:
            import tierwise.data.decision_log  # noqa: F401 - a missing extra shows here, not on a thread

    @property
    def catalogue(self) -> TierCatalogue:
        return self._decider.catalogue

    @property
    def counts(self) -> DeliveryCounts:
        """How many outcomes were reported, and how many the log holds."""
        return self._delivery.counts

    def outcome(self, decision: RoutedDecision, **fields: Unpack[OutcomeFields]) -> Outcome:
        """Reports what came of a decision and returns at once; it is written in the background, in order."""
        outcome = make_outcome(decision, fields)
        outcome = replace(outcome, attempt=priced(outcome.attempt, self.catalogue))
        if self._memory is not None:
            self._memory.note_outcome(outcome, self.catalogue.names)
        self._delivery.put(outcome_to_wire(decision, outcome))
        return outcome

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Waits until everything reported was written; False when it was not in time."""
        return self._delivery.flush(timeout_seconds)

    def _decide(self, step: Step | None, fields: RouteFields) -> RoutedDecision:
        started = time.perf_counter()
        request = make_request(step, fields, self.catalogue)
        if self._memory is None:
            decision = self._decider.decide(request.step, request.options)
            return local_decision(request, decision, None, (time.perf_counter() - started) * 1000)
        return self._remembered(request, self._memory, started)

    def _remembered(self, request: RouteRequest, memory: TaskMemory, started: float) -> RoutedDecision:
        """Decided with what is remembered of the task, and remembered for its next steps."""
        now = time.time()
        told = replace(request, step=memory.recalled(request.step, request.task_id, now))
        decision = self._decider.decide(told.step, told.options)
        routed = local_decision(told, decision, None, (time.perf_counter() - started) * 1000)
        routed, names = replace(routed, decided_at=now), self.catalogue.names
        memory.note_step(
            told.task_id, routed.decision_id, told.step, routed.tier, names, now, session_id=told.session_id
        )
        return routed


class LocalClient(_InProcessClient, Measuring):
    """Decides in this process.

    >>> LocalClient().route(text="Extract the total.", task_type="extract").tier
    'small'
    """

    def route(self, step: Step | None = None, **fields: Unpack[RouteFields]) -> RoutedDecision:
        """The tier for ``step``, or for the step that the keywords describe."""
        return self._decide(step, fields)

    def close(self, timeout_seconds: float = 5.0) -> bool:
        """Writes what waits and stops."""
        return self._delivery.close(timeout_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncLocalClient(_InProcessClient, AsyncMeasuring):
    """The same for ``async`` code."""

    async def route(self, step: Step | None = None, **fields: Unpack[RouteFields]) -> RoutedDecision:
        """The tier for ``step``, or for the step that the keywords describe."""
        return self._decide(step, fields)

    async def accept(
        self, decision: RoutedDecision, step: Step, answers: Sequence[Mapping[str, Any]], **fields: Unpack[RouteFields]
    ) -> object:
        """What the router says of ``answers``; None where it has not learned to judge any."""
        del decision
        if not isinstance(self._decider, Router):
            return None
        options = make_request(step, fields, self.catalogue).options
        given = [Answer.of(parse_attempt(one, f"answers[{place}]")) for place, one in enumerate(answers)]
        return self._decider.accept(step, given, options).to_mapping()

    async def close(self, timeout_seconds: float = 5.0) -> bool:
        """Writes what waits and stops."""
        return self._delivery.close(timeout_seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _Discard:
    """Where no log is kept."""

    def post(self, lines: list[bytes]) -> PostResult:
        del lines
        return PostResult(Receipt.TAKEN)


@contextmanager
def _opened(log_url: str | None, redaction: Redaction) -> "Iterator[LogPost | _Discard]":
    if log_url is None:
        yield _Discard()
        return
    post = LogPost(log_url, redaction)
    try:
        yield post
    finally:
        post.close()

"""The clients of a service: one for threads, one for event loops. Both are safe to share."""

import asyncio
import atexit
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self, Unpack

from tierwise.agents.client.core import DEFAULT_SPOOL, ClientCore, DecisionCounts, make_settings
from tierwise.agents.client.decision import RoutedDecision
from tierwise.agents.client.delivering.delivery import DeliveryCounts
from tierwise.agents.client.measured import AsyncMeasuring, Measuring
from tierwise.agents.client.observed import Observing
from tierwise.agents.client.outcome import OutcomeFields
from tierwise.agents.client.request import RouteFields, make_request
from tierwise.agents.client.running import (
    Ask,
    AsyncAsk,
    CourseRun,
    aask_all,
    aask_one,
    accept_body,
    ask_all,
    ask_one,
    course_of,
    finished,
    next_tier,
    settled,
    with_courses,
)
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Outcome, Step
from tierwise.router_model.decider import Decider

DEFAULT_ADDRESS = "http://127.0.0.1:8080"
DEFAULT_DEADLINE_MS = 50.0
DEFAULT_SPOOL_BYTES = 64 * 2**20
WARM_UP_SECONDS = 0.5


class _ServiceClient(Observing):
    """The part that is the same for both: settings, outcomes, and the end.

    ``deadline_ms`` bounds what an agent waits for a decision. After it, and on any trouble, the top one of ``tiers``
    that is open is taken, as without a router (or the decider ``fallback`` decides, such as a ``Router`` with a
    bundle, or a ``RulesRouter``). ``tiers`` must name the tiers of the service. ``spool`` is the folder where outcomes
    wait for the service; None keeps them in memory.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_ADDRESS,
        *,
        api_key: str | None = None,
        deadline_ms: float = DEFAULT_DEADLINE_MS,
        tiers: TierCatalogue | Path | str | None = None,
        fallback: Decider | None = None,
        spool: Path | str | None = DEFAULT_SPOOL,
        spool_max_bytes: int = DEFAULT_SPOOL_BYTES,
    ) -> None:
        settings = make_settings(base_url, api_key, deadline_ms, tiers, fallback, spool, spool_max_bytes)
        self._core = ClientCore(settings)
        self._at_exit = partial(_close_if_alive, weakref.ref(self._core))
        atexit.register(self._at_exit)
        self._start()

    @property
    def catalogue(self) -> TierCatalogue:
        return self._core.catalogue

    @property
    def decisions(self) -> DecisionCounts:
        """How many decisions the service took and how many this process, and how many answers came too late."""
        return self._core.counts

    @property
    def counts(self) -> DeliveryCounts:
        """How many outcomes were reported, delivered, refused and dropped."""
        return self._core.delivery.counts

    def outcome(self, decision: RoutedDecision, **fields: Unpack[OutcomeFields]) -> Outcome:
        """Reports what came of a decision and returns at once; it is delivered in the background, in order.

        Several outcomes of one decision are its attempts, in the order in which they were made. Raises ``RecordError``
        for a value of the wrong type, and for nothing else.
        """
        return self._core.report(decision, fields)

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Waits until every outcome was delivered; False when some still wait after ``timeout_seconds``."""
        return self._core.delivery.flush(timeout_seconds)

    def _start(self) -> None:
        """What making a client waits for: nothing."""

    def _close(self, timeout_seconds: float) -> bool:
        atexit.unregister(self._at_exit)
        return self._core.close(timeout_seconds)


class Client(_ServiceClient, Measuring):
    """Asks the service of ``tierwise serve``, and takes the top tier when it does not answer in time.

    Making one connects to the service, for at most ``WARM_UP_SECONDS``, so that the first call is as fast as others.

    >>> client = Client("http://127.0.0.1:8080")                                       # doctest: +SKIP
    >>> decision = client.route(text="Extract the total.", task_type="extract")        # doctest: +SKIP
    >>> client.outcome(decision, success=True, input_tokens=812, output_tokens=64)     # doctest: +SKIP
    """

    def route(self, step: Step | None = None, **fields: Unpack[RouteFields]) -> RoutedDecision:
        """The tier for ``step``, or for the step that the keywords describe, within the deadline.

        Raises ``RecordError`` for a request that no service could answer, and nothing for trouble on the way.
        """
        return self._core.route(make_request(step, fields, self.catalogue))

    def run(self, step: Step | None, ask: Ask, **fields: Unpack[RouteFields]) -> CourseRun:
        """Runs the course of ``step``: ``ask(tier, model)`` makes each call and returns a text, or a mapping with
        ``output``, ``tool_calls``, ``logprobs``. Two tiers are asked side by side, on threads; each call is reported.

        Raises what ``ask`` raised where the last resort failed too.
        """
        request = with_courses(make_request(step, fields, self.catalogue))
        decision = self._core.route(request)
        course = course_of(decision)
        answered = ask_all(course, ask, self.catalogue)
        tier = settled(course, answered)
        if tier is None:
            tier = next_tier(course, answered, self._core.judged(accept_body(request, decision, answered)))
        if tier not in (one.tier for one in answered):
            answered.append(ask_one(tier, ask, self.catalogue))
        for one in answered:
            self.outcome(decision, **one.outcome())
        return finished(decision, answered, tier)

    def close(self, timeout_seconds: float = 5.0) -> bool:
        """Delivers what waits and stops; what is left stays in the spool. False when something is."""
        return self._close(timeout_seconds)

    def _start(self) -> None:
        with suppress(TimeoutError):
            self._core.warm(WARM_UP_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_ServiceClient, AsyncMeasuring):
    """The same for ``async`` code; ``outcome`` never waits and needs no ``await``.

    Making one connects in the background; ``async with`` waits for it.
    """

    async def route(self, step: Step | None = None, **fields: Unpack[RouteFields]) -> RoutedDecision:
        """The tier for ``step``, or for the step that the keywords describe, within the deadline."""
        return await self._core.aroute(make_request(step, fields, self.catalogue))

    async def run(self, step: Step | None, ask: AsyncAsk, **fields: Unpack[RouteFields]) -> CourseRun:
        """As the other client's ``run`` with an ``async`` function; being cancelled cancels the calls."""
        request = with_courses(make_request(step, fields, self.catalogue))
        decision = await self._core.aroute(request)
        course = course_of(decision)
        answered = await aask_all(course, ask, self.catalogue)
        tier = settled(course, answered)
        if tier is None:
            tier = next_tier(course, answered, await self._core.ajudged(accept_body(request, decision, answered)))
        if tier not in (one.tier for one in answered):
            answered.append(await aask_one(tier, ask, self.catalogue))
        for one in answered:
            self.outcome(decision, **one.outcome())
        return finished(decision, answered, tier)

    async def accept(
        self, decision: RoutedDecision, step: Step, answers: Sequence[Mapping[str, Any]], **fields: Unpack[RouteFields]
    ) -> object:
        """What ``POST /accept`` says of ``answers`` within the deadline, None where it says nothing."""
        request = with_courses(make_request(step, fields, self.catalogue))
        body = request.to_wire() | {"decision_id": decision.decision_id, "answers": [dict(one) for one in answers]}
        return await self._core.ajudged(body)

    async def close(self, timeout_seconds: float = 5.0) -> bool:
        """Delivers what waits and stops; what is left stays in the spool. False when something is."""
        return await asyncio.to_thread(self._close, timeout_seconds)

    async def __aenter__(self) -> Self:
        with suppress(TimeoutError):
            await self._core.awarm(WARM_UP_SECONDS)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _close_if_alive(core: "weakref.ref[ClientCore]") -> None:
    alive = core()
    if alive is not None:
        alive.close(timeout_seconds=2.0)

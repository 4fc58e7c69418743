"""The mirror: of calls that the top tier answered, a random share is asked of the cheaper tiers too, in the background.
Where calls are routed, the same share of those that a cheaper tier answered is asked of the top tier: the audit.

Nobody waits for it and nobody gets its answers; they are reported as attempts of the same decision, marked as such, so
that what routing would change is known before anything is routed. A budget in dollars bounds each day (UTC).
"""

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from tierwise.agents.protocols import Completion
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.errors import FREE, ProviderError
from tierwise.agents.upstreams.reply import price
from tierwise.agents.upstreams.transport import Transport
from tierwise.data.compared.mirrored import IS_SAME, MIRROR, MIRROR_KEY
from tierwise.data.compared.sameness import is_same_answer
from tierwise.data.courses import AUDIT
from tierwise.data.errors import RecordError
from tierwise.data.parsing import parse_step
from tierwise.data.program.trouble import TroubleLog
from tierwise.data.records import Attempt, Outcome
from tierwise.serving.gateway.calls.asked import GatewayRequest
from tierwise.serving.gateway.calls.line_up import BYTES_PER_TOKEN
from tierwise.serving.gateway.conversations.stickiness import PREVIOUS
from tierwise.serving.gateway.courses.answers import AnswerKeeper, answered
from tierwise.serving.gateway.courses.aside import Aside

if TYPE_CHECKING:
    from tierwise.serving.service import Service

DAY_SECONDS = 86_400.0
ASSUMED_OUTPUT_TOKENS = 1_000

_LOGGER = logging.getLogger(__name__)


def open_mirror(
    service: "Service", transport: Transport, report: Callable[[Outcome], None], answers: AnswerKeeper
) -> "Mirror | None":
    """The mirror of a service; None where there is no budget for one."""
    settings = service.settings
    if not settings.mirror_usd_per_day or not settings.mirror_share:
        return None
    budget = day_budget(service, settings.mirror_usd_per_day, MIRROR_KEY)
    share, audits = settings.mirror_share, not settings.observe
    return Mirror(share, budget, Aside(transport, report, answers), random.random, audits)


def day_budget(service: "Service", usd_per_day: float, key: str) -> "DayBudget":
    """This process's share of a day's money for attempts whose idempotency keys begin with ``key``."""

    def spent_since(moment: float) -> float:
        from tierwise.data.decision_log.views.mirrored import mirrored_usd

        log = service.recorder.log
        return 0.0 if log is None else log.ask(partial(mirrored_usd, since=moment, key=key))

    return DayBudget(usd_per_day / service.settings.workers, spent_since)


class DayBudget:
    """Dollars of one day (UTC). ``spent_before`` tells what was spent since a moment, by whomever; asked once a day,
    by whoever looks first, who waits for it. ``clock`` gives seconds since the epoch. Any thread may ask.
    """

    def __init__(
        self, usd_per_day: float, spent_before: Callable[[float], float], clock: Callable[[], float] = time.time
    ) -> None:
        self.usd_per_day = usd_per_day
        self._spent_before = spent_before
        self._clock = clock
        self._day = -1
        self._spent_usd = 0.0
        self._lock = threading.Lock()

    @property
    def left_usd(self) -> float:
        """Raises what ``spent_before`` raises, again and again until it answers."""
        day = int(self._clock() // DAY_SECONDS)
        with self._lock:
            if day != self._day:
                self._spent_usd = self._spent_before(day * DAY_SECONDS)
                self._day = day
            return self.usd_per_day - self._spent_usd

    def reserve(self, usd: float) -> bool:
        """Sets ``usd`` aside; False where they are not there any more."""
        with self._lock:
            if usd > self.usd_per_day - self._spent_usd:
                return False
            self._spent_usd += usd
            return True

    def spend(self, usd: float) -> None:
        """Below 0 gives back what was set aside too much."""
        with self._lock:
            self._spent_usd += usd


class Mirror:
    """``draw`` gives numbers from 0 to below 1; ``audits`` asks the top tier of calls that went below it."""

    def __init__(
        self,
        share: float,
        budget: DayBudget,
        aside: Aside,
        draw: Callable[[], float],
        audits: bool = False,
    ) -> None:
        self._share = share
        self._budget = budget
        self._aside = aside
        self._draw = draw
        self._audits = audits
        self._trouble = TroubleLog(_LOGGER)

    def consider(
        self,
        request: GatewayRequest,
        decision_id: str,
        asked: Endpoint,
        reply: Completion,
        endpoints: tuple[Endpoint, ...],
    ) -> None:
        """Begins to ask the tiers below, or the top one, if the call is drawn and there is money for it. Called on the
        event loop.

        A call that goes on from what one provider keeps can be put to no other, and is left out.
        """
        is_kept = request.protocol.keeps_answers and request.body.get(PREVIOUS)
        if not endpoints or is_kept:
            return
        is_top = asked.tier == endpoints[-1].tier
        if not (is_top or self._audits) or self._draw() >= self._share:
            return
        others = _one_a_tier(endpoints, request, of_top=not is_top)
        if others and not self._aside.is_full:
            marks = {MIRROR: True} if is_top else {MIRROR: True, AUDIT: True}
            self._aside.begin(self._ask_all(request, decision_id, reply, others, marks))

    async def aclose(self) -> None:
        """Gives up what is under way."""
        await self._aside.aclose()

    async def _ask_all(
        self,
        request: GatewayRequest,
        decision_id: str,
        reply: Completion,
        endpoints: tuple[Endpoint, ...],
        marks: Mapping[str, object],
    ) -> None:
        try:  # the database is asked beside the event loop
            most_usd = sum(estimated_usd(endpoint, reply, request) for endpoint in endpoints)
            if most_usd > await asyncio.to_thread(lambda: self._budget.left_usd):
                return
        except Exception as error:
            self._trouble.tell("asking what was mirrored today failed", error)
            return
        for endpoint in endpoints:
            try:
                await self._ask(request, decision_id, reply, endpoint, marks)
            except ProviderError as error:  # counts as different: what times out is no random part of the work
                self._aside.report_failed(decision_id, endpoint, error.code, MIRROR_KEY, {**marks, IS_SAME: None})
            except RecordError as error:
                _LOGGER.info("%s was not mirrored: %s cannot be said to it", endpoint.model.name, error.field)
            except Exception as error:  # nobody waits for a mirror, so nobody would hear of it
                self._trouble.tell("mirroring failed", error)

    async def _ask(
        self,
        request: GatewayRequest,
        decision_id: str,
        given: Completion,
        endpoint: Endpoint,
        marks: Mapping[str, object],
    ) -> None:
        started, most_usd = time.perf_counter(), estimated_usd(endpoint, given, request)
        if not self._budget.reserve(most_usd):
            return
        try:
            theirs = await self._aside.ask(request, endpoint)
        except Exception as error:
            if is_free(error):
                self._budget.spend(-most_usd)
            raise
        cost_usd = price(theirs.usage, endpoint.model)
        paid_usd = estimated_usd(endpoint, theirs, request) if cost_usd is None else cost_usd
        self._budget.spend(paid_usd - most_usd)
        same = await asyncio.to_thread(is_same, request, given, theirs)
        extra = {
            **marks,
            IS_SAME: same,
            "mirror_latency_ms": round((time.perf_counter() - started) * 1000, 3),  # nobody waited for it
        }
        self._aside.report(request, decision_id, endpoint, theirs, cost_usd, MIRROR_KEY, extra)


def _one_a_tier(endpoints: tuple[Endpoint, ...], request: GatewayRequest, of_top: bool) -> tuple[Endpoint, ...]:
    """The first model of each tier below the top, or of the top, that can do what the call needs and is well."""
    found: dict[str, Endpoint] = {}
    for each in endpoints:
        if (each.tier == endpoints[-1].tier) == of_top and each.can(request.needs) and not each.breaker.is_open:
            found.setdefault(each.tier, each)
    return tuple(found.values())


def estimated_usd(endpoint: Endpoint, reply: Completion, request: GatewayRequest) -> float:
    """About what the same call costs there; nothing where the model has no price, which is then not counted at all.

    Where the provider states no tokens, the prompt counts with its length."""
    if not endpoint.model.has_prices:
        return 0.0
    n_input, n_output = reply.usage.input_tokens, reply.usage.output_tokens
    n_sent = int((request.n_bytes or 0) / BYTES_PER_TOKEN)
    n_output = ASSUMED_OUTPUT_TOKENS if n_output is None else n_output
    return endpoint.model.cost_usd(n_sent if n_input is None else n_input, n_output)


def is_free(error: Exception) -> bool:
    """Whether a call that failed so costs nothing; one that timed out or brought nonsense may have been charged."""
    return isinstance(error, RecordError) or (isinstance(error, ProviderError) and error.trouble in FREE)


def is_same(request: GatewayRequest, ours: Completion, theirs: Completion) -> bool | None:
    attempts = [answered(Attempt(""), reply) for reply in (ours, theirs)]
    try:
        return is_same_answer(parse_step(request.route["step"]), *attempts)
    except RecordError:
        return None

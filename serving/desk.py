"""The desk that decisions are asked at: parse, look in the cache, decide, record, answer.

It runs on the event loop, takes no locks and never waits. Trouble in the router picks the fallback tier.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from tierwise.data.decision_log import DecisionRecord
from tierwise.data.errors import RecordError
from tierwise.data.records import Decision, Reason
from tierwise.router_model.decider import Decider
from tierwise.router_model.guardrails import Guardrails, open_tiers
from tierwise.serving.cache import DecisionCache, cache_key
from tierwise.serving.metrics import Metrics
from tierwise.serving.problems import invalid_field, where_raised
from tierwise.serving.recorder import Recorder
from tierwise.serving.slot import RouterSlot
from tierwise.serving.wire import RouteRequest, decision_to_wire, parse_route_request

FALLBACK_CODE = "router_error"

_LOGGER = logging.getLogger(__name__)


class Desk:
    """Answers route requests with the live router of ``slot``.

    ``clock`` gives seconds since the epoch; ``new_id`` gives an id that was never given before.
    """

    def __init__(
        self,
        slot: RouterSlot,
        recorder: Recorder,
        cache: DecisionCache,
        metrics: Metrics,
        fallback: "Fallback",
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._slot = slot
        self._recorder = recorder
        self._cache = cache
        self._metrics = metrics
        self._fallback = fallback
        self._clock = clock
        self._new_id = new_id

    def answer(self, raw: object, where: str = "") -> dict[str, Any]:
        """The answer to one decoded body. Raises ``Problem`` for a bad request, and for nothing else."""
        started = time.perf_counter()
        request = parse_route_request(raw, where)
        parsed = time.perf_counter()
        decision = self._decide(request, self._slot.decider, where)
        decided = time.perf_counter()
        decision_id = self._record(request, decision)
        finished = time.perf_counter()
        self._metrics.parse_seconds.observe(parsed - started)
        self._metrics.decide_seconds.observe(decided - parsed)
        self._metrics.total_seconds.observe(finished - started)
        return decision_to_wire(decision, decision_id, (finished - started) * 1000, request.options.explain)

    def _decide(self, request: RouteRequest, decider: Decider, where: str) -> Decision:
        key = cache_key(request.raw, decider.version)
        cached = self._cache.get(key)
        if cached is not None:
            self._metrics.cache_hits.inc()
            return cached
        self._metrics.cache_misses.inc()
        try:
            request.options.check(decider.catalogue)
            decision = decider.decide(request.step, request.options)
        except RecordError as error:
            raise invalid_field(error, where) from None
        except Exception as error:  # whatever breaks in there, the caller's agent must go on
            _LOGGER.error("the router failed: %s", where_raised(error))
            return self._fallback.decide(request, decider)
        if not decision.is_fallback:
            self._cache.put(key, decision)
        return decision

    def _record(self, request: RouteRequest, decision: Decision) -> str:
        decision_id = self._new_id()
        self._recorder.record(
            DecisionRecord(
                decision_id=decision_id,
                step=request.step,
                decision=decision,
                created_at=self._clock(),
                step_id=request.step_id,
                task_id=request.task_id,
                session_id=request.session_id,
            )
        )
        self._metrics.note_decision(decision)
        return decision_id


class Fallback:
    """The decision when the router cannot take one: the configured tier, or the dearest that is open."""

    def __init__(self, tier: str | None, guardrails: Guardrails) -> None:
        self._tier = tier
        self._guardrails = guardrails

    def decide(self, request: RouteRequest, decider: Decider) -> Decision:
        """Needs nothing but the catalogue. A fallback tier that the catalogue does not have counts as unset."""
        catalogue = decider.catalogue
        wanted = catalogue.index(self._tier) if self._tier in catalogue.names else len(catalogue) - 1
        allowed = open_tiers(request.step, request.options, self._guardrails, catalogue)
        tier = catalogue.tiers[allowed.clamp(wanted)]
        return Decision(
            tier=tier.name,
            model=tier.model.name if tier.model else None,
            policy=decider.policy,
            router_version=decider.version,
            reason=Reason(FALLBACK_CODE, f"The router failed; '{tier.name}' is the fallback."),
            is_fallback=True,
        )

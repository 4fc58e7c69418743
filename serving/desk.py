"""The desk that decisions are asked at: parse, look in the cache, decide, record, answer.

It runs on the event loop, takes no locks and never waits. Trouble in the router picks the fallback tier.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tierwise.data.decision_log import DecisionRecord
from tierwise.data.errors import RecordError
from tierwise.data.records import Decision, Reason
from tierwise.router_model.assignment import hash_unit
from tierwise.router_model.decider import Decider
from tierwise.router_model.exploration import Pick, explored, neighbours, propensity
from tierwise.router_model.guardrails import Guardrails, open_tiers
from tierwise.serving.arms import Arms, Lane, Lanes
from tierwise.serving.cache import DecisionCache, decision_key, request_digest
from tierwise.serving.metrics import Metrics
from tierwise.serving.problems import invalid_field, where_raised
from tierwise.serving.recorder import Recorder
from tierwise.serving.shadow import Shadow, Shadowed
from tierwise.serving.wire import RouteRequest, decision_to_wire, parse_route_request

FALLBACK_CODE = "router_error"
CALLERS_POLICY = "caller"

_LOGGER = logging.getLogger(__name__)


class Desk:
    """Answers route requests with the routers of ``arms``.

    ``clock`` gives seconds since the epoch; ``new_id`` gives an id that was never given before.
    """

    def __init__(
        self,
        arms: Arms,
        shadow: Shadow,
        recorder: Recorder,
        cache: DecisionCache,
        metrics: Metrics,
        fallback: "Fallback",
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._arms = arms
        self._shadow = shadow
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
        decision_id = self._new_id()
        decision = self._decide(request, decision_id, where)
        decided = time.perf_counter()
        self._record(request, decision, decision_id)
        finished = time.perf_counter()
        self._metrics.parse_seconds.observe(parsed - started)
        self._metrics.decide_seconds.observe(decided - parsed)
        self._metrics.total_seconds.observe(finished - started)
        return decision_to_wire(decision, decision_id, (finished - started) * 1000, request.options.explain)

    def enter(self, raw: object, tier: str, model: str) -> str:
        """Records a decision that the caller took without us, and returns its id. Raises ``Problem``."""
        request, decision_id = parse_route_request(raw), self._new_id()
        version = self._arms.now().lane_of(request.task_id or decision_id).decider.version
        reason = Reason("named", f"The caller named the model '{model}'.")
        self._record(request, Decision(tier, CALLERS_POLICY, version, reason, model=model), decision_id)
        return decision_id

    def _decide(self, request: RouteRequest, decision_id: str, where: str) -> Decision:
        """The decision of the task's arm, with the propensity over all arms and exploration."""
        digest = request_digest(request.raw)
        lanes = self._arms.now()
        mine = lanes.lane_of(request.task_id or decision_id)
        try:
            decision = self._decided(request, mine.decider, digest)
        except RecordError as error:
            raise invalid_field(error, where) from None
        if lanes.experiment is not None or lanes.exploration > 0:
            decision = self._mixed(request, decision, decision_id, digest, mine, lanes)
        self._shadow.submit(Shadowed(request.step, request.options, digest, decision))
        return decision

    def _decided(self, request: RouteRequest, decider: Decider, digest: bytes) -> Decision:
        key = decision_key(decider.version, digest)
        cached = self._cache.get(key)
        if cached is not None:
            self._metrics.cache_hits.inc()
            return cached
        self._metrics.cache_misses.inc()
        try:
            request.options.check(decider.catalogue)
            decision = decider.decide(request.step, request.options)
        except RecordError:
            raise
        except Exception as error:  # whatever breaks in there, the caller's agent must go on
            _LOGGER.error("the router failed: %s", where_raised(error))
            return self._fallback.decide(request, decider)
        if not decision.is_fallback:
            self._cache.put(key, decision)
        return decision

    def _mixed(
        self, request: RouteRequest, decision: Decision, decision_id: str, digest: bytes, mine: Lane, lanes: Lanes
    ) -> Decision:
        """Arm, exploration and propensity. Every running arm is asked, because the propensity is that of them all."""
        own = self._pick(request, decision, mine)
        others = [lane for lane in lanes.running() if lane is not mine]
        picks = [own, *(self._pick(request, self._opinion(request, lane, digest), lane) for lane in others)]
        tier = own.drawn(lanes.exploration, hash_unit("exploration", decision_id))
        if tier != decision.tier:
            decision = explored(decision, tier, mine.decider)
        if mine.is_stand_in:
            self._metrics.note_stand_in(mine.arm.name)
        if lanes.experiment is None:
            return replace(decision, propensity=propensity(tier, picks, lanes.exploration))
        return replace(
            decision,
            propensity=propensity(tier, picks, lanes.exploration),
            arm=mine.arm.name,
            experiment=lanes.experiment.name,
        )

    def _opinion(self, request: RouteRequest, lane: Lane, digest: bytes) -> Decision:
        """What another arm would have answered; its fallback where it knows other tiers than the request names."""
        try:
            return self._decided(request, lane.decider, digest)
        except RecordError:
            return self._fallback.decide(request, lane.decider)

    def _pick(self, request: RouteRequest, decision: Decision, lane: Lane) -> Pick:
        open_to_try = neighbours(decision, request.step, request.options, lane.decider)
        return Pick(decision.tier, open_to_try, lane.arm.share)

    def _record(self, request: RouteRequest, decision: Decision, decision_id: str) -> None:
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

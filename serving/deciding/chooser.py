"""Chooses the tier of one request: the arm of its task decides, then exploration may move it; with the propensity."""

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from tierwise.data.errors import RecordError
from tierwise.data.program.trouble import TroubleLog
from tierwise.data.records import Decision
from tierwise.router_model.choosing.assignment import hash_unit
from tierwise.router_model.choosing.exploration import Pick, explored, neighbours, propensity
from tierwise.router_model.decider import Decider
from tierwise.router_model.options import NO_OPTIONS
from tierwise.serving.deciding.arms import Lane
from tierwise.serving.deciding.cache import DecisionCache, decision_key
from tierwise.serving.deciding.fallback import OVERLOADED_CODE, Fallback
from tierwise.serving.deciding.pending import PendingRequest, decided_at_once
from tierwise.serving.deciding.pool import DecisionPool
from tierwise.serving.http.wire import RouteRequest
from tierwise.serving.watching.metrics import Metrics
from tierwise.serving.watching.watched import Watched

_LOGGER = logging.getLogger(__name__)


class Chooser:
    """Holds the memory of decisions; it belongs to one event loop and takes no locks."""

    def __init__(
        self,
        cache: DecisionCache,
        pool: DecisionPool,
        fallback: Fallback,
        metrics: Metrics,
        overflow: Decider | None = None,
        watched: Watched | None = None,
    ) -> None:
        self._cache = cache
        self._pool = pool
        self._fallback = fallback
        self._metrics = metrics
        self._overflow = overflow
        self._watched = watched or Watched(goes_to_top=False)
        self._trouble = TroubleLog(_LOGGER)

    def choose(self, question: PendingRequest) -> Decision:
        """The decision of the task's arm. Raises ``RecordError`` for options that cannot be honoured."""
        lanes, mine = question.lanes, question.lane
        decision = self._kept(question, mine.decider)
        if lanes.experiment is None and lanes.exploration == 0:
            return decision
        return self._mixed(question, decision, mine)

    def decided_together(self, questions: Sequence[PendingRequest]) -> list[PendingRequest]:
        """``questions`` of one moment, with what their routers can decide at once for those that ask alike."""
        begin = time.perf_counter()
        ahead = decided_at_once(questions, self._cache)
        seconds = (time.perf_counter() - begin) / max(1, len(questions))
        return [
            replace(question, ahead=found, ahead_seconds=seconds)
            for question, found in zip(questions, ahead, strict=True)
        ]

    async def decided_ahead(self, question: PendingRequest) -> PendingRequest:
        """``question`` with the decisions of the slow routers that it needs."""
        lanes = (question.lane, *question.lanes.running())
        slow = {lane.decider.version: lane.decider for lane in lanes if lane.decider.is_slow}
        ahead = {
            version: await self._decided_in_pool(question, decider)
            for version, decider in slow.items()
            if self._cache.get(decision_key(version, question.digest)) is None
        }
        return replace(question, ahead=ahead)

    async def _decided_in_pool(self, question: PendingRequest, decider: Decider) -> Decision | Exception:
        request = question.request
        if self._pool.is_full:
            return self._beyond_the_limit(request, decider)
        try:
            request.options.check(decider.catalogue)
            return await self._pool.decide(decider, request.step, request.options)
        except Exception as error:  # raised again where the decision is looked up, which knows what to do with it
            return error

    def _beyond_the_limit(self, request: RouteRequest, decider: Decider) -> Decision:
        """What the static router decides, where there is one that knows the tiers of ``options``; else the fallback."""
        if self._overflow is not None:
            with suppress(RecordError):
                decision = self._overflow.decide(request.step, request.options)
                self._metrics.overflowed.inc()
                return decision
        return self._fallback.decide(request, decider, OVERLOADED_CODE)

    def _kept(self, question: PendingRequest, decider: Decider) -> Decision:
        """What ``decider`` decides while its promise holds."""
        return self._watched.kept(self._decided(question, decider), question.request, decider)

    def _decided(self, question: PendingRequest, decider: Decider) -> Decision:
        key = decision_key(decider.version, question.digest)
        cached = self._cache.get(key)
        if cached is not None:
            self._metrics.cache_hits.inc()
            return cached
        self._metrics.cache_misses.inc()
        try:
            decision = self._fresh(question, decider)
        except RecordError:
            raise
        except Exception as error:  # whatever breaks in there, the caller's agent must go on
            self._trouble.tell("the router failed", error)
            return self._fallback.decide(question.request, decider)
        if not decision.is_fallback and decision.router_version == decider.version:
            self._cache.put(key, decision)
        return decision

    def _fresh(self, question: PendingRequest, decider: Decider) -> Decision:
        ahead = question.ahead.get(decider.version)
        if isinstance(ahead, Exception):
            raise ahead
        if ahead is not None:
            return ahead
        request = question.request
        if request.options is not NO_OPTIONS:
            request.options.check(decider.catalogue)
        return decider.decide(request.step, request.options)

    def _mixed(self, question: PendingRequest, decision: Decision, mine: Lane) -> Decision:
        """Arm, exploration and propensity. Every running arm is asked, because the propensity is that of them all."""
        lanes, experiment = question.lanes, question.lanes.experiment
        own = self._pick(question, decision, mine)
        others = [lane for lane in lanes.running() if lane is not mine]
        picks = [own, *(self._pick(question, self._opinion(question, lane), lane) for lane in others)]
        tier = own.drawn(lanes.exploration, hash_unit("exploration", question.decision_id))
        if tier != decision.tier:
            decision = explored(decision, tier, mine.decider)
        if mine.is_stand_in:
            self._metrics.note_stand_in(mine.arm.name)
        p_tier = propensity(tier, picks, lanes.exploration)
        if experiment is None:
            return replace(decision, propensity=p_tier)
        return replace(decision, propensity=p_tier, arm=mine.arm.name, experiment=experiment.name)

    def _opinion(self, question: PendingRequest, lane: Lane) -> Decision:
        """What another arm would have answered; its fallback where it knows other tiers than the request names."""
        try:
            return self._kept(question, lane.decider)
        except RecordError:
            return self._fallback.decide(question.request, lane.decider)

    def _pick(self, question: PendingRequest, decision: Decision, lane: Lane) -> Pick:
        open_to_try = neighbours(decision, question.request.step, question.request.options, lane.decider)
        return Pick(decision.tier, open_to_try, lane.arm.share)

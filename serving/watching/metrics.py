"""Prometheus metrics. No label ever holds a text of a caller: values come from the catalogue or from our own code."""

import os
from collections.abc import Sequence
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from tierwise.data.decision_log import OutcomeCounts
from tierwise.data.records import Attempt, Decision
from tierwise.router_model.choosing.exploration import EXPLORED_CODE
from tierwise.router_model.monitor.audits import AuditsState
from tierwise.router_model.monitor.promise import PromiseState
from tierwise.serving.settings import SHARED_FOLDER_VARIABLE

_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0)
_WAITS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0)
STAGES = ("parse", "decide", "total")
OTHER_TIER = "other"

Role = Literal["champion", "challenger"]
_Mode = Literal["livesum", "livemin", "livemax"]


class Metrics:
    """The counters of one service, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._label_values: dict[tuple[object, ...], Counter] = {}
        stages = self._histogram("tierwise_decision_seconds", "Time spent on one decision, by stage.", ["stage"])
        self.parse_seconds, self.decide_seconds, self.total_seconds = (stages.labels(stage) for stage in STAGES)
        self._decisions = self._counter("tierwise_decisions", "Decisions answered.", ["tier", "policy", "arm"])
        self._expected_cost = self._counter(
            "tierwise_expected_cost_usd", "Expected cost of the attempts decided for, US dollars.", ["tier"]
        )
        self._fallbacks = self._counter("tierwise_fallbacks", "Decisions that trouble took.", ["reason"])
        self.overflowed = self._counter("tierwise_overflowed", "Decisions of the router for the overflow.", [])
        self._unfamiliar = self._counter("tierwise_unfamiliar", "Decisions for steps unlike the training log.", [])
        cache = self._counter("tierwise_cache_requests", "Look-ups in the decision cache.", ["result"])
        self.cache_hits, self.cache_misses = cache.labels("hit"), cache.labels("miss")
        self.queue_depth = self._gauge("tierwise_recorder_queue_depth", "Decisions waiting to be recorded.", "livesum")
        recorded = self._counter("tierwise_recorded", "Rows written to the decision log.", ["kind"])
        self.recorded_decisions, self.recorded_outcomes = recorded.labels("decision"), recorded.labels("outcome")
        self.dropped_decisions = self._counter("tierwise_dropped_decisions", "Answered decisions never recorded.", [])
        self.lost_decisions = self._counter(
            "tierwise_lost_decisions", "Answered decisions that were not yet recorded when a process was killed.", []
        )
        self.log_errors = self._counter("tierwise_log_errors", "Failed writes to the decision log.", [])
        self.is_log_up = self._gauge("tierwise_log_up", "1 while the last write to the decision log worked.", "livemin")
        self._outcomes = self._counter("tierwise_outcomes", "Outcomes received.", ["result"])
        self._attempts = self._counter("tierwise_outcome_attempts", "Attempts reported.", ["tier", "success"])
        self._cost = self._counter("tierwise_outcome_cost_usd", "Reported cost, US dollars.", ["tier"])
        self.lost_gateway_outcomes = self._counter(
            "tierwise_lost_gateway_outcomes", "Outcomes of gateway calls that were never stored.", []
        )
        self._upstream = self._counter("tierwise_upstream_calls", "Calls of providers.", ["model", "status"])
        self._first_chunk = self._histogram(
            "tierwise_upstream_first_chunk_seconds", "Wait for the first content of a stream.", ["model"], _WAITS
        )
        self._unfound = self._counter("tierwise_not_found", "Requests answered with 404.", ["kind"])
        self._failovers = self._counter("tierwise_upstream_failovers", "Calls taken over from another.", ["model"])
        self._breakers = self._gauge("tierwise_breaker_open", "1 while a model rests.", "livemax", ["model"])
        self._explored = self._counter("tierwise_explored", "Decisions for a neighbouring tier, by the arm.", ["arm"])
        self._stand_ins = self._counter("tierwise_arm_stand_ins", "Decisions by the live router for an arm.", ["arm"])
        self._shadow = self._counter("tierwise_shadow_decisions", "The challenger against what was served.", ["result"])
        self._shadow_cost = self._counter(
            "tierwise_shadow_expected_cost_usd", "Expected cost of the same steps, US dollars.", ["router"]
        )
        self.shadow_dropped = self._counter("tierwise_shadow_dropped", "Requests the challenger never saw.", [])
        self.swaps = self._counter("tierwise_router_swaps", "Routers taken into service.", ["role"])
        self.refusals = self._counter("tierwise_router_refusals", "Bundles refused; the old one stayed.", ["role"])
        self._add_promise()
        labels = ["role", "policy", "version"]
        self._router = self._gauge("tierwise_router_info", "1 for the live routers.", "livemax", labels)
        self._live: dict[Role, Gauge] = {}
        self._resting: dict[str, bool] = {}

    def note_decision(self, decision: Decision) -> None:
        """Counts an answered decision."""
        arm = decision.arm or decision.policy
        self._bound(self._decisions, decision.tier, decision.policy, arm).inc()
        cost_usd = decision.expected_cost_usd.get(decision.tier)
        if cost_usd is not None and cost_usd > 0:
            self._bound(self._expected_cost, decision.tier).inc(cost_usd)
        if decision.is_fallback:
            self._bound(self._fallbacks, decision.reason.code).inc()
        if decision.is_unfamiliar:
            self._unfamiliar.inc()
        if decision.reason.code == EXPLORED_CODE:
            self._bound(self._explored, arm).inc()

    def note_stand_in(self, arm: str) -> None:
        """Counts a decision that the live router took because the arm's own decider is not there."""
        self._bound(self._stand_ins, arm).inc()

    def note_shadow(self, served: Decision, challenger: Decision | None, tiers: tuple[str, ...]) -> None:
        """Counts what the challenger would have done (None: it failed) instead of what was served."""
        if challenger is None or served.tier not in tiers:
            self._bound(self._shadow, "failed" if challenger is None else "other_tiers").inc()
            return
        difference = tiers.index(challenger.tier) - tiers.index(served.tier)
        result = "same" if difference == 0 else "cheaper" if difference < 0 else "dearer"
        self._bound(self._shadow, result).inc()
        costs = [each.expected_cost_usd.get(each.tier) for each in (served, challenger)]
        for router, cost_usd in zip(("served", "challenger"), costs, strict=True):
            if None not in costs and cost_usd is not None and cost_usd > 0:
                self._bound(self._shadow_cost, router).inc(cost_usd)

    def note_outcomes(self, counts: OutcomeCounts) -> None:
        """Counts stored outcomes by what became of them."""
        for result in ("new", "duplicate", "unknown", "contradictory"):
            self._bound(self._outcomes, result).inc(getattr(counts, result))
        self.recorded_outcomes.inc(counts.new)

    def note_attempt(self, attempt: Attempt, tiers: tuple[str, ...]) -> None:
        """Counts a newly reported attempt; tiers outside the catalogue share one label."""
        tier = attempt.tier if attempt.tier in tiers else OTHER_TIER
        success = {True: "true", False: "false", None: "unknown"}[attempt.success]
        self._bound(self._attempts, tier, success).inc()
        if attempt.cost_usd is not None:
            self._bound(self._cost, tier).inc(attempt.cost_usd)

    def note_upstream(self, model: str, status: int, first_chunk_ms: float | None) -> None:
        """Counts a call of a provider; models come from the catalogue."""
        self._bound(self._upstream, model, str(status)).inc()
        if first_chunk_ms is not None:
            self._first_chunk.labels(model).observe(first_chunk_ms / 1000)

    def note_unfound(self, kind: str) -> None:
        """``kind`` of the problem: ``not-found`` for a path, ``model-not-found``, ``decision-unknown``."""
        self._bound(self._unfound, kind).inc()

    def note_failover(self, model: str) -> None:
        """Counts a call that ``model`` took over from one that failed or would not do."""
        self._bound(self._failovers, model).inc()

    def note_breaker(self, model: str, is_open: bool) -> None:
        """Tells when a model begins or ceases to rest."""
        if self._resting.get(model, False) != is_open:
            self._resting[model] = is_open
            self._breakers.labels(model).set(is_open)

    def note_audit(self, result: Literal["same", "different", "failed"]) -> None:
        """Counts an audit of this process; ``failed`` where the top tier did not answer."""
        self._bound(self._audits, result).inc()

    def note_audits(self, state: AuditsState | None, is_alarm: bool) -> None:
        """Shows what all audits in the log say of the live router's courses."""
        self._audit_alarm.set(float(is_alarm))
        self._audits_read.set(0 if state is None else state.whole.n_audits)
        self._audit_different.labels("lower").set(0.0 if state is None else state.whole.lower)
        self._audit_different.labels("upper").set(1.0 if state is None else state.whole.upper)

    def note_promise(self, state: PromiseState) -> None:
        """Shows how the live router's promise stands."""
        self._promise_loss.labels("lower").set(state.lower)
        self._promise_loss.labels("upper").set(state.upper)
        self._promise_tasks.set(state.n_tasks)

    def note_router(self, role: Role, policy: str, version: str) -> None:
        """Counts a router that was taken into service."""
        self.swaps.labels(role).inc()
        if role in self._live:
            self._live[role].set(0)
        self._live[role] = self._router.labels(role, policy, version)
        self._live[role].set(1)

    def render(self) -> tuple[bytes, str]:
        """The exposition of all metrics, those of the other worker processes included, and its media type."""
        registry: CollectorRegistry = self.registry
        if os.environ.get(SHARED_FOLDER_VARIABLE):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST

    def _add_promise(self) -> None:
        """Those of the watch over the live router's promise."""
        self._audits = self._counter("tierwise_audits", "Accepted answers beside the top tier's.", ["result"])
        self._audit_alarm = self._gauge(
            "tierwise_audit_alarm", "1 while courses of the live router are ended by their audits.", "livemax"
        )
        self.audit_alarms = self._counter("tierwise_audit_alarms", "Alarms of audits, for all courses or a part.", [])
        self._audits_read = self._gauge("tierwise_audits_read", "Audits of the live router in the log.", "livemax")
        self._audit_different = self._gauge(
            "tierwise_audit_different", "Ends of the share of audited answers that differ.", "livemax", ["end"]
        )
        self.is_promise_broken = self._gauge("tierwise_promise_broken", "1 while the alarm stands.", "livemax")
        self.promise_alarms = self._counter("tierwise_promise_alarms", "Router versions whose promise broke.", [])
        self._promise_loss = self._gauge(
            "tierwise_promise_loss", "Ends of the live router's relative loss of success.", "livemax", ["end"]
        )
        self._promise_tasks = self._gauge("tierwise_promise_tasks", "Tasks that speak of the promise.", "livemax")

    def _bound(self, counter: Counter, *values: str) -> Counter:
        """``counter.labels(...)`` without its cost."""
        key = (id(counter), *values)
        bound = self._label_values.get(key)
        if bound is None:
            bound = self._label_values[key] = counter.labels(*values)
        return bound

    def _counter(self, name: str, text: str, labels: list[str]) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, mode: _Mode, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry, multiprocess_mode=mode)

    def _histogram(self, name: str, text: str, labels: list[str], buckets: Sequence[float] = _SECONDS) -> Histogram:
        return Histogram(name, text, labels, registry=self.registry, buckets=buckets)

"""The parts of the running service, put together once and handed to the routes."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fastapi import Request

from tierwise.data.catalogue import TierCatalogue
from tierwise.features.tasks import TaskMemory
from tierwise.router_model.decider import Decider
from tierwise.router_model.stages import unobserved
from tierwise.serving.deciding.arms import Arms
from tierwise.serving.deciding.cache import DecisionCache
from tierwise.serving.deciding.chooser import Chooser
from tierwise.serving.deciding.desk import Desk
from tierwise.serving.deciding.experiments import ExperimentWatcher
from tierwise.serving.deciding.fallback import Fallback
from tierwise.serving.deciding.pool import DecisionPool
from tierwise.serving.deciding.recalling import Recall
from tierwise.serving.leaving import Leaving
from tierwise.serving.recording.limits import RecorderLimits
from tierwise.serving.recording.reading import LogReader
from tierwise.serving.recording.recorder import Recorder
from tierwise.serving.recording.retention import Retention
from tierwise.serving.recording.rollup import Rollup
from tierwise.serving.routers.shadow import Shadow
from tierwise.serving.routers.slot import RouterSlot, guardrails_of, overflow_router, stand_in_router
from tierwise.serving.routers.source import Watcher, challenger_source, champion_source
from tierwise.serving.settings import Settings
from tierwise.serving.watching.budget import BudgetWatcher
from tierwise.serving.watching.metrics import Metrics
from tierwise.serving.watching.promise import PromiseWatcher
from tierwise.serving.watching.watched import Watched

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionLog
    from tierwise.serving.watching.tracing import Tracing


class Background(Protocol):
    """Work on a thread of its own."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that a route may need."""

    settings: Settings
    metrics: Metrics
    slot: RouterSlot
    challenger: RouterSlot
    arms: Arms
    recorder: Recorder
    desk: Desk
    watcher: Watcher
    reader: LogReader
    leaving: Leaving
    watched: Watched
    background: tuple[Background, ...]
    tiers: TierCatalogue | None = None

    def start(self) -> None:
        self.recorder.start()
        for each in self.background:
            each.start()

    def stop(self) -> None:
        for each in reversed(self.background):
            each.stop()
        self.recorder.stop()
        self.reader.close()

    def catalogues(self) -> tuple[TierCatalogue, ...]:
        """Those whose tiers may be reported: tiers.toml where there is one, the live router's, the challenger's."""
        live = (self.slot.decider.catalogue, self.challenger.decider.catalogue)
        return live if self.tiers is None else (self.tiers, *live)

    def look_for_bundles(self) -> None:
        """Looks for new bundles at once, even at those that were refused."""
        for each in self.background:
            if isinstance(each, Watcher):
                each.wake()


def build_service(settings: Settings, decider: Decider | None = None, tracing: Tracing | None = None) -> Service:
    """Wires the service. ``decider`` replaces what the settings name. Raises ``TierwiseError`` for bad settings."""
    metrics, guardrails = Metrics(), guardrails_of(settings)
    stage = unobserved if tracing is None else tracing.stage
    slot = RouterSlot(decider or stand_in_router(settings), metrics, has_bundle=decider is not None)
    challenger = RouterSlot(slot.decider, metrics, role="challenger")
    arms = Arms(slot, challenger, guardrails, settings.exploration)
    shadow = Shadow(challenger, metrics, settings.shadow_queue)
    recorder = Recorder(lambda: _open_log(settings), settings.redaction, _limits(settings), metrics)
    pool = DecisionPool(settings.slow_threads, settings.slow_limit)
    fallback = Fallback(settings.fallback_tier, guardrails)
    overflow = None if settings.overflow is None else overflow_router(settings.overflow, guardrails, stage)
    watched = Watched(goes_to_top=settings.on_broken_promise == "top")
    chooser = Chooser(DecisionCache(settings.cache_entries), pool, fallback, metrics, overflow, watched)
    desk = Desk(arms, chooser, shadow, recorder, metrics, time.time, new_decision_id, tracing, _recall(settings))
    watcher = Watcher(None if decider else champion_source(settings), slot, settings.reload_seconds, guardrails, stage)
    reader = LogReader(lambda: _open_log(settings), settings.dashboard_keep_seconds)
    rollup = Rollup(lambda: reader.log, lambda: slot.decider.catalogue.names[-1])
    for_dashboard: tuple[Background, ...] = (rollup,) if settings.dashboard else ()
    background: tuple[Background, ...] = (
        watcher,
        Watcher(challenger_source(settings), challenger, settings.reload_seconds, guardrails, stage),
        ExperimentWatcher(lambda: recorder.log, arms, settings.experiment_seconds),
        _promise_watcher(settings, recorder, slot, watched, metrics),
        Retention(lambda: recorder.log, settings.retention_days),
        BudgetWatcher(
            lambda: recorder.log, settings.budget_usd_per_day, settings.budget_usd_per_month, settings.alarm_url
        ),
        *for_dashboard,
        shadow,
        pool,
    )
    tiers = None if settings.tiers is None else TierCatalogue.load(settings.tiers)
    return Service(
        settings,
        metrics,
        slot,
        challenger,
        arms,
        recorder,
        desk,
        watcher,
        reader,
        Leaving(),
        watched,
        background,
        tiers,
    )


def service_of(request: Request) -> Service:
    """The service that answers ``request``."""
    service: Service = request.app.state.service
    return service


def new_decision_id() -> str:
    """Milliseconds, then 80 random bits: unique, and neighbours in time are neighbours in the index."""
    return f"d-{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


def _recall(settings: Settings) -> Recall:
    if not settings.task_memory:
        return Recall()
    return Recall(TaskMemory(settings.task_memory, int(settings.task_memory_mib * 2**20)))


def _promise_watcher(
    settings: Settings, recorder: Recorder, slot: RouterSlot, watched: Watched, metrics: Metrics
) -> PromiseWatcher:
    seconds, settle_seconds = settings.promise_seconds, settings.promise_settle_seconds
    return PromiseWatcher(
        lambda: recorder.log,
        slot,
        watched,
        metrics,
        seconds,
        settle_seconds,
        max_different=settings.audit_different,
    )


def _open_log(settings: Settings) -> DecisionLog:
    from tierwise.data.decision_log import DecisionLog  # the database library loads on the thread that opens the log

    return DecisionLog.open(settings.log_url, settings.log_timeout_seconds, max_connections=settings.log_connections)


def _limits(settings: Settings) -> RecorderLimits:
    return RecorderLimits(settings.queue_size, settings.flush_seconds, settings.drain_seconds, settings.state_folder)

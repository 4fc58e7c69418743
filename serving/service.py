"""The parts of the running service, put together once and handed to the routes."""

import os
import time
from dataclasses import dataclass

from fastapi import Request

from tierwise.data.decision_log import DecisionLog
from tierwise.router_model.decider import Decider
from tierwise.serving.cache import DecisionCache
from tierwise.serving.desk import Desk, Fallback
from tierwise.serving.metrics import Metrics
from tierwise.serving.recorder import Recorder, RecorderLimits
from tierwise.serving.settings import Settings
from tierwise.serving.slot import RouterSlot, guardrails_of, rules_router
from tierwise.serving.source import Watcher, bundle_source


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that a route may need."""

    settings: Settings
    metrics: Metrics
    slot: RouterSlot
    recorder: Recorder
    desk: Desk
    watcher: Watcher

    def start(self) -> None:
        self.recorder.start()
        self.watcher.start()

    def stop(self) -> None:
        self.watcher.stop()
        self.recorder.stop()


def build_service(settings: Settings, decider: Decider | None = None) -> Service:
    """Wires the service. ``decider`` replaces what the settings name. Raises ``TierwiseError`` for bad settings."""
    metrics = Metrics()
    slot = RouterSlot(decider or rules_router(settings), metrics, has_bundle=decider is not None)
    recorder = Recorder(lambda: _open_log(settings), settings.redaction, _limits(settings), metrics)
    fallback = Fallback(settings.fallback_tier, guardrails_of(settings))
    cache = DecisionCache(settings.cache_entries)
    desk = Desk(slot, recorder, cache, metrics, fallback, time.time, new_decision_id)
    watcher = Watcher(None if decider else bundle_source(settings), slot, settings.reload_seconds)
    return Service(settings, metrics, slot, recorder, desk, watcher)


def service_of(request: Request) -> Service:
    """The service that answers ``request``."""
    service: Service = request.app.state.service
    return service


def new_decision_id() -> str:
    """Milliseconds, then 80 random bits: unique, and neighbours in time are neighbours in the index."""
    return f"d-{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


def _open_log(settings: Settings) -> DecisionLog:
    return DecisionLog.open(settings.log_url, settings.log_timeout_seconds)


def _limits(settings: Settings) -> RecorderLimits:
    return RecorderLimits(settings.queue_size, settings.flush_seconds, settings.drain_seconds, settings.state_folder)

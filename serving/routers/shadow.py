"""The challenger in the shadow: it decides what the live router decided, off the request path, and is only counted.

Requests wait in a bounded queue. A challenger that is slower than the traffic is asked about a part of it; what is left
out is counted.
"""

import logging
from collections import deque
from dataclasses import dataclass

from tierwise.data.foreign.weight import step_bytes
from tierwise.data.program.trouble import TroubleLog
from tierwise.data.records import Decision, Step
from tierwise.router_model.decider import Decider
from tierwise.router_model.options import DecideOptions
from tierwise.serving.deciding.cache import DecisionCache, decision_key
from tierwise.serving.periodic import Periodic
from tierwise.serving.routers.slot import RouterSlot
from tierwise.serving.watching.metrics import Metrics

_LOGGER = logging.getLogger(__name__)
_MAX_REMEMBERED = 4096
MAX_SHADOWED_BYTES = 64 * 1024
"""Longer steps are left out: a thousand of them may wait."""


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A request that was answered with ``served``; ``digest`` tells requests apart that are decided differently."""

    step: Step
    options: DecideOptions
    digest: bytes
    served: Decision


class Shadow(Periodic):
    """Compares the challenger of ``slot`` with what was answered; without a challenger it costs nothing."""

    def __init__(self, slot: RouterSlot, metrics: Metrics, queue_size: int) -> None:
        super().__init__("shadow", None)
        self._slot = slot
        self._metrics = metrics
        self._queue_size = queue_size
        self._queue: deque[Shadowed] = deque()
        self._cache = DecisionCache(_MAX_REMEMBERED)
        self._failures = TroubleLog(_LOGGER)

    def submit(self, shadowed: Shadowed) -> None:
        """Queues a request without waiting."""
        if not self._slot.state.has_bundle:
            return
        if len(self._queue) >= self._queue_size or step_bytes(shadowed.step) > MAX_SHADOWED_BYTES:
            self._metrics.shadow_dropped.inc()
            return
        self._queue.append(shadowed)
        self.wake()

    def work(self) -> None:
        """Scores what waits; what still does when the service stops is left out."""
        while self._queue and not self.is_stopping:
            self._score(self._queue.popleft(), self._slot.decider)

    def _score(self, shadowed: Shadowed, challenger: Decider) -> None:
        key = decision_key(challenger.version, shadowed.digest)
        decision = self._cache.get(key)
        try:
            if decision is None:
                decision = challenger.decide(shadowed.step, shadowed.options)
                self._cache.put(key, decision)
            self._metrics.note_shadow(shadowed.served, decision, challenger.catalogue.names)
        except Exception as error:  # a challenger that breaks must not take the thread along
            self._metrics.note_shadow(shadowed.served, None, ())
            self._failures.tell("the challenger failed in the shadow", error, logging.WARNING)

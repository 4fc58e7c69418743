"""What the clients share: ask the service within the deadline, decide here when it does not answer, report later."""

import asyncio
import json
import logging
import os
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tierwise.agents.background import BackgroundLoop
from tierwise.agents.breaker import CircuitBreaker
from tierwise.agents.client.address import checked_address
from tierwise.agents.client.decision import RoutedDecision, local_decision, served_decision
from tierwise.agents.client.delivery import Delivery
from tierwise.agents.client.outcome import OutcomeFields, make_outcome, outcome_to_wire
from tierwise.agents.client.post import OutcomePost
from tierwise.agents.client.request import RouteRequest
from tierwise.agents.client.route_link import LinkError, RouteLink
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import TierwiseError
from tierwise.data.foreign.weight import step_bytes
from tierwise.data.records import Decision, Outcome, Reason
from tierwise.router_model.decider import Decider
from tierwise.router_model.rules import RulesRouter

DEFAULT_SPOOL = Path(".tierwise/spool")
API_KEY_VARIABLE = "TIERWISE_API_KEY"
POST_TIMEOUT_SECONDS = 5.0
CLOSE_SECONDS = 1.0
MAX_ASKED_BYTES = 8 * 2**20
MAX_TROUBLE_CHARS = 300

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How a client behaves. ``spool`` is a folder, None keeps outcomes in memory until they are delivered.

    ``fallback`` decides when the service does not; its catalogue is the client's.
    """

    base_url: str
    api_key: str | None
    deadline_ms: float
    fallback: Decider
    spool: Path | None
    spool_max_bytes: int


def make_settings(
    base_url: str,
    api_key: str | None,
    deadline_ms: float,
    tiers: TierCatalogue | Path | str | None,
    fallback: Decider | None,
    spool: Path | str | None,
    spool_max_bytes: int,
) -> ClientSettings:
    """Checked settings; an ``api_key`` that is left out comes from the environment."""
    if not deadline_ms > 0:
        raise TierwiseError(f"deadline_ms is {deadline_ms}; a number above 0 is needed")
    if fallback is not None and tiers is not None:
        raise TierwiseError("both tiers and fallback are given; the fallback brings its own tiers")
    catalogue = tiers if isinstance(tiers, TierCatalogue) else TierCatalogue.load(tiers)
    return ClientSettings(
        base_url=checked_address(base_url),
        api_key=api_key or os.environ.get(API_KEY_VARIABLE) or None,
        deadline_ms=deadline_ms,
        fallback=fallback or RulesRouter(catalogue),
        spool=None if spool is None else Path(spool),
        spool_max_bytes=spool_max_bytes,
    )


class ClientCore:
    """One connection pool on one background loop, whatever threads and loops the callers run on."""

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings
        self._breaker = CircuitBreaker(time.monotonic)
        self._background = BackgroundLoop("tierwise-route")
        self._link = RouteLink(settings.base_url, settings.api_key)
        self._pid = os.getpid()
        self.delivery = Delivery(
            lambda: OutcomePost(settings.base_url, settings.api_key, POST_TIMEOUT_SECONDS),
            settings.spool,
            settings.spool_max_bytes,
        )

    @property
    def catalogue(self) -> TierCatalogue:
        return self.settings.fallback.catalogue

    def route(self, request: RouteRequest) -> RoutedDecision:
        """Waits for at most the deadline."""
        started = time.perf_counter()
        if not self._breaker.allows():
            return self._decide_here(request, "the router has failed several times", started)
        future: Future[object] | None = None
        try:
            future = self._submit(request)
            answer = future.result(self.settings.deadline_ms / 1000)
        except FutureTimeoutError:
            if future is not None:
                future.cancel()
            return self._give_up(request, f"the router did not answer within {self.settings.deadline_ms:g} ms", started)
        except Exception as error:  # whatever the way to the router does, the caller's agent must go on
            return self._give_up(request, str(error), started)
        return self._accept(request, answer, started)

    async def aroute(self, request: RouteRequest) -> RoutedDecision:
        """As ``route``, from any event loop."""
        started = time.perf_counter()
        if not self._breaker.allows():
            return self._decide_here(request, "the router has failed several times", started)
        try:
            async with asyncio.timeout(self.settings.deadline_ms / 1000):
                answer = await asyncio.wrap_future(self._submit(request))
        except TimeoutError:
            return self._give_up(request, f"the router did not answer within {self.settings.deadline_ms:g} ms", started)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return self._give_up(request, "the client was closed", started)
        except Exception as error:  # as above
            return self._give_up(request, str(error), started)
        return self._accept(request, answer, started)

    def report(self, decision: RoutedDecision, fields: OutcomeFields) -> Outcome:
        """Spools an outcome for delivery."""
        outcome = make_outcome(decision, fields)
        self.delivery.put(outcome_to_wire(decision, outcome))
        return outcome

    def close(self, timeout_seconds: float) -> bool:
        is_done = self.delivery.close(timeout_seconds)
        if self._pid == os.getpid():
            with suppress(Exception):  # connections that cannot be closed in time go with the process
                self._background.submit(self._link.close()).result(CLOSE_SECONDS)
        self._background.stop()
        return is_done

    def _submit(self, request: RouteRequest) -> "Future[object]":
        if self._pid != os.getpid():  # a forked child must not write into its parent's connections
            self._pid = os.getpid()
            self._link = RouteLink(self.settings.base_url, self.settings.api_key)
        if step_bytes(request.step, MAX_ASKED_BYTES) > MAX_ASKED_BYTES:
            raise LinkError(f"a step of more than {MAX_ASKED_BYTES} bytes is not sent")
        body = json.dumps(request.to_wire(), default=str).encode()
        return self._background.submit(self._link.ask(body, self.settings.deadline_ms / 1000))

    def _accept(self, request: RouteRequest, answer: object, started: float) -> RoutedDecision:
        try:
            decision = served_decision(request, answer, self.catalogue, _ms_since(started))
        except Exception as error:  # nonsense has more forms than we know
            return self._give_up(request, str(error)[:MAX_TROUBLE_CHARS], started)
        if self._breaker.is_open:
            _LOGGER.warning("the router at %s is back", self.settings.base_url)
            self.delivery.wake()
        self._breaker.note_success()
        return decision

    def _give_up(self, request: RouteRequest, trouble: str, started: float) -> RoutedDecision:
        was_open = self._breaker.is_open
        self._breaker.note_failure()
        if not was_open:
            _LOGGER.warning("%s (%s): decided locally", trouble, self.settings.base_url)
        return self._decide_here(request, trouble, started)

    def _decide_here(self, request: RouteRequest, trouble: str, started: float) -> RoutedDecision:
        try:
            decision = self.settings.fallback.decide(request.step, request.options)
        except Exception as error:  # a decider of the caller's own, or a step that none was made for
            _LOGGER.error("the fallback failed (%s): the dearest tier is taken", type(error).__name__)
            decision = _dearest(self.catalogue)
        return local_decision(request, decision, f"{trouble[:1].upper()}{trouble[1:]}", _ms_since(started))


def _dearest(catalogue: TierCatalogue) -> Decision:
    top = catalogue.top
    reason = Reason("trouble", "Nothing here could decide.")
    return Decision(top.name, "none", "none", reason, model=top.model.name if top.model else None, is_fallback=True)


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000

"""What the clients share: ask the service within the deadline, decide here when it does not answer, report later."""

import asyncio
import json
import logging
import os
import threading
import time
from concurrent.futures import Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tierwise.agents.background import BackgroundLoop
from tierwise.agents.breaker import CircuitBreaker
from tierwise.agents.client.address import checked_address
from tierwise.agents.client.decision import RoutedDecision, local_decision, new_decision_id, served_decision
from tierwise.agents.client.delivering.delivery import Delivery
from tierwise.agents.client.delivering.post import OutcomePost
from tierwise.agents.client.outcome import OutcomeFields, make_outcome, outcome_to_wire
from tierwise.agents.client.request import RouteRequest
from tierwise.agents.client.route_link import LateError, LinkError, RouteLink
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import TierwiseError
from tierwise.data.foreign.weight import step_bytes
from tierwise.data.records import Decision, Outcome, Reason
from tierwise.router_model.decider import Decider
from tierwise.router_model.rules import ConstantRouter

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

    ``fallback`` decides when the service does not, the top tier if none is given; its catalogue is the client's.
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
        fallback=fallback or ConstantRouter(catalogue, catalogue.top.name),
        spool=None if spool is None else Path(spool),
        spool_max_bytes=spool_max_bytes,
    )


@dataclass(frozen=True, slots=True)
class DecisionCounts:
    """Decisions of this process: by the service, and here; ``late`` are those of the latter for which the service was
    asked and did not answer within the deadline."""

    served: int = 0
    local: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request under way. The client names the decision, so that a late answer is known by its name."""

    request: RouteRequest
    decision_id: str = field(default_factory=new_decision_id)
    started: float = field(default_factory=time.perf_counter)


class ClientCore:
    """One connection pool on one background loop, whatever threads and loops the callers run on.

    The way to the service is warmed up from the moment a core is made: imports before the constructor returns, the
    connection in the background. The deadline of the first decision counts from when that is done.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings
        self._breaker = CircuitBreaker(time.monotonic)
        self._background = BackgroundLoop("tierwise-route")
        self._deadline_seconds = settings.deadline_ms / 1000
        self._lock = threading.Lock()
        self.counts = DecisionCounts()
        self._connect()
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
        asked = _Asked(request)
        if not self._breaker.allows():
            return self._decide_here(asked, "the router has failed several times")
        try:
            self.warm(self._deadline_seconds)
            future = self._submit(asked)
            try:
                answer = future.result(self._deadline_seconds)
            finally:
                future.cancel()
        except (FutureTimeoutError, LateError):
            return self._give_up_late(asked)
        except Exception as error:  # whatever the way to the router does, the caller's agent must go on
            return self._give_up(asked, str(error))
        return self._accept(asked, answer)

    async def aroute(self, request: RouteRequest) -> RoutedDecision:
        """As ``route``, from any event loop."""
        asked = _Asked(request)
        if not self._breaker.allows():
            return self._decide_here(asked, "the router has failed several times")
        try:
            await self.awarm(self._deadline_seconds)
            async with asyncio.timeout(self._deadline_seconds):
                answer = await asyncio.wrap_future(self._submit(asked))
        except (TimeoutError, LateError):
            return self._give_up_late(asked)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return self._give_up(asked, "the client was closed")
        except Exception as error:  # as above
            return self._give_up(asked, str(error))
        return self._accept(asked, answer)

    def warm(self, timeout_seconds: float) -> None:
        """Waits until the way to the service is warm, or known not to be there. Raises ``TimeoutError``."""
        if wait((self._warming(),), timeout_seconds).not_done:
            raise TimeoutError

    async def awarm(self, timeout_seconds: float) -> None:
        """As ``warm``, from any event loop."""
        warming = self._warming()
        if not warming.done() and not (await asyncio.wait((asyncio.wrap_future(warming),), timeout=timeout_seconds))[0]:
            raise TimeoutError

    def judged(self, body: dict[str, Any]) -> object:
        """The answer of ``POST /accept`` within the deadline, None where there is none."""
        try:
            return self._judging(body).result(self._deadline_seconds)
        except Exception as error:  # without a judgement the last resort of the course is asked
            _LOGGER.warning("answers were not judged (%s)", error)
            return None

    async def ajudged(self, body: dict[str, Any]) -> object:
        """As ``judged``, from any event loop."""
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await asyncio.wrap_future(self._judging(body))
        except Exception as error:  # as above
            _LOGGER.warning("answers were not judged (%s)", error)
            return None

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

    def _connect(self) -> None:
        self._pid = os.getpid()
        self._link = RouteLink(self.settings.base_url, self.settings.api_key)
        self._warm = self._background.submit(self._link.warm_up())

    def _warming(self) -> "Future[None]":
        if self._pid != os.getpid():  # a forked child must not write into its parent's connections
            self._connect()
        return self._warm

    def _submit(self, asked: _Asked) -> "Future[object]":
        if step_bytes(asked.request.step, MAX_ASKED_BYTES) > MAX_ASKED_BYTES:
            raise LinkError(f"a step of more than {MAX_ASKED_BYTES} bytes is not sent")
        body = json.dumps(asked.request.to_wire(), default=str).encode()
        return self._background.submit(self._link.ask(body, asked.decision_id, self._deadline_seconds))

    def _judging(self, body: dict[str, Any]) -> "Future[object]":
        sent, name = json.dumps(body, default=str).encode(), str(body["decision_id"])
        return self._background.submit(self._link.ask(sent, name, self._deadline_seconds, "/accept"))

    def _accept(self, asked: _Asked, answer: object) -> RoutedDecision:
        try:
            decision = served_decision(asked.request, answer, self.catalogue, _ms_since(asked.started))
        except Exception as error:  # nonsense has more forms than we know
            return self._give_up(asked, str(error)[:MAX_TROUBLE_CHARS])
        if self._breaker.is_open:
            _LOGGER.warning("the router at %s is back", self.settings.base_url)
            self.delivery.wake()
        self._breaker.note_success()
        self._count(served=1)
        return decision

    def _give_up_late(self, asked: _Asked) -> RoutedDecision:
        self._count(late=1)
        return self._give_up(asked, f"the router did not answer within {self.settings.deadline_ms:g} ms")

    def _give_up(self, asked: _Asked, trouble: str) -> RoutedDecision:
        was_open = self._breaker.is_open
        self._breaker.note_failure()
        if not was_open:
            _LOGGER.warning("%s (%s): decided locally", trouble, self.settings.base_url)
        return self._decide_here(asked, trouble)

    def _decide_here(self, asked: _Asked, trouble: str) -> RoutedDecision:
        """Under the name that the service was asked with: a late answer that it recorded is replaced by this one."""
        self._count(local=1)
        request = asked.request
        try:
            decision = self.settings.fallback.decide(request.step, request.options)
        except Exception as error:  # a decider of the caller's own, or a step that none was made for
            _LOGGER.error("the fallback failed (%s): the dearest tier is taken", type(error).__name__)
            decision = _dearest(self.catalogue)
        shown, waited_ms = f"{trouble[:1].upper()}{trouble[1:]}", _ms_since(asked.started)
        return local_decision(request, decision, shown, waited_ms, asked.decision_id)

    def _count(self, **more: int) -> None:
        with self._lock:
            self.counts = replace(self.counts, **{name: getattr(self.counts, name) + n for name, n in more.items()})


def _dearest(catalogue: TierCatalogue) -> Decision:
    top = catalogue.top
    reason = Reason("trouble", "Nothing here could decide.")
    return Decision(top.name, "none", "none", reason, model=top.model.name if top.model else None, is_fallback=True)


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000

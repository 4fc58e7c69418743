"""One call of a caller: its decision, the endpoints that may serve it, and the report of every attempt."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from tierwise.agents.protocols import Completion
from tierwise.agents.upstreams.asking import Asked
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.errors import ProviderError
from tierwise.agents.upstreams.reply import price
from tierwise.data.courses import COURSE
from tierwise.data.records import Attempt, Logprobs, Outcome
from tierwise.serving.gateway.calls.asked import GatewayRequest
from tierwise.serving.gateway.courses.answers import NOTHING_KEPT, AnswerKeeper
from tierwise.serving.gateway.courses.verdict import UNKNOWN, FormVerdict
from tierwise.serving.gateway.watch import Watch

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from tierwise.serving.gateway.courses.course import CourseCall
    from tierwise.serving.watching.tracing import Tracing

STATUS_CLIENT_CLOSED = 499


@dataclass(slots=True)
class Call:
    """``endpoints`` stand in the order in which they are tried; ``report`` takes the outcome of each attempt."""

    request: GatewayRequest
    asked: Asked
    decision_id: str
    endpoints: tuple[Endpoint, ...]
    report: Callable[[Outcome], None]
    watch: Watch
    tracing: "Tracing | None" = None
    answers: AnswerKeeper = NOTHING_KEPT
    mirror: Callable[[GatewayRequest, str, Endpoint, Completion], None] | None = None
    course: "CourseCall | None" = None
    n_attempts: int = 0
    failures: list[str] = field(default_factory=list)

    def open_endpoints(self) -> Iterator[Endpoint]:
        """The endpoints to try, one by one. Those that failed lately wait their turn, unless nothing else is left."""
        resting, n_before = [], self.n_attempts
        for endpoint in self.endpoints:
            if endpoint.breaker.allows():
                yield endpoint
            else:
                resting.append(endpoint)
        if self.n_attempts == n_before:
            yield from resting

    def begin(self, endpoint: Endpoint, is_opinion: bool = False) -> "Trial":
        """Starts the clock of an attempt, which must end with one of the methods of ``Trial``."""
        self.n_attempts += 1
        if self.n_attempts > 1 and not is_opinion:
            self.watch.passed_over(endpoint)
        span = None
        if self.tracing is not None:
            span = self.tracing.attempt(endpoint.model.name, endpoint.tier, self.n_attempts, self.decision_id)
        noted: dict[str, object] = {} if self.course is None else {COURSE: self.course.course.to_mapping()}
        return Trial(self, endpoint, self.n_attempts, time.perf_counter(), span, noted=noted)

    def headers(self, endpoint: Endpoint, verdict: FormVerdict = UNKNOWN) -> dict[str, str]:
        """What the caller is told beside the answer of ``endpoint``."""
        headers = {
            "x-tierwise-decision-id": self.decision_id,
            "x-tierwise-tier": endpoint.tier,
            "x-tierwise-model": endpoint.model.name.encode("ascii", "replace").decode(),
            "x-tierwise-attempts": str(self.n_attempts),
        }
        if verdict.success is not None:
            headers["x-tierwise-verified"] = str(verdict.success).lower()
        return headers | ({} if self.course is None else self.course.headers())


@dataclass(slots=True)
class Trial:
    """One attempt. It is reported once, by whichever method comes first."""

    call: Call
    endpoint: Endpoint
    number: int
    started: float
    span: "Span | None" = None
    first_chunk_ms: float | None = None
    is_reported: bool = False
    noted: dict[str, object] = field(default_factory=dict)
    logprobs: Logprobs | None = None
    latency_ms: float | None = None

    @contextmanager
    def unless_cancelled(self) -> Iterator[None]:
        """Reports the attempt as abandoned when the caller hangs up inside."""
        try:
            yield
        except asyncio.CancelledError:
            self.abandoned()
            raise

    def note_first_chunk(self) -> None:
        self.first_chunk_ms = self._elapsed_ms()

    def heard(self, completion: Completion) -> None:
        """The answer is complete but for its end; what the caller may come back with is remembered."""
        self.call.watch.heard(self.call.request, self.endpoint, completion)

    def came(self, logprobs: Logprobs | None) -> None:
        """The provider answered; what becomes of the answer is told by :meth:`judged`."""
        self.latency_ms, self.logprobs = self._elapsed_ms(), logprobs
        self.endpoint.breaker.note_success()
        n_bytes = self.call.request.n_bytes
        if n_bytes is not None:
            self.endpoint.lessons.note_fits(n_bytes)
        self.call.watch.answered(self.endpoint)

    def judged(self, completion: Completion, verdict: FormVerdict, is_used: bool) -> None:
        """An opinion is reported; the caller sees it if ``is_used``, and may come back with what it says."""
        self._report(200, completion, verdict, verdict.reason)
        if is_used:
            self.heard(completion)

    def answered(self, completion: Completion, verdict: FormVerdict) -> None:
        """The provider answered; ``verdict`` says whether the answer will do."""
        self.endpoint.breaker.note_success()
        n_bytes = self.call.request.n_bytes
        if n_bytes is not None:
            self.endpoint.lessons.note_fits(n_bytes)
        self._report(200, completion, verdict, verdict.reason)
        self.call.watch.answered(self.endpoint)
        self.heard(completion)
        if self.call.mirror is not None:
            self.call.mirror(self.call.request, self.call.decision_id, self.endpoint, completion)

    def failed(self, error: ProviderError, completion: Completion | None = None) -> None:
        """The provider did not answer, which says nothing about the tier: success stays unknown."""
        if not error.is_callers_fault and not error.is_about_model:
            self.endpoint.breaker.note_failure()
        n_bytes = self.call.request.n_bytes
        if error.is_too_long and n_bytes is not None:
            self.endpoint.lessons.note_too_long(n_bytes)
        self.call.failures.append(f"{self.endpoint.model.name} ({error.code})")
        self._report(error.status or 502, completion, UNKNOWN, error.code)
        self.call.watch.failed(self.endpoint, error, self.call.decision_id)

    def abandoned(self, completion: Completion | None = None) -> None:
        """The caller hung up."""
        self._report(STATUS_CLIENT_CLOSED, completion, UNKNOWN, "client_closed")

    def _report(self, status: int, completion: Completion | None, verdict: FormVerdict, error: str | None) -> None:
        if self.is_reported:
            return
        self.is_reported = True
        self.call.watch.ended(self.endpoint, status, self.first_chunk_ms)
        extra = {**self.noted, "status": status, "stream": self.call.request.is_stream}
        if self.first_chunk_ms is not None:
            extra["first_chunk_ms"] = self.first_chunk_ms
        attempt = self._attempt(completion, verdict, error, extra)
        attempt = self.call.answers.kept(attempt, completion, self.call.request.route, self.call.decision_id)
        tracing = self.call.tracing
        if tracing is not None and self.span is not None:
            tracing.end_attempt(self.span, attempt, status, None if status == HTTPStatus.OK else error)
        key = f"gateway-{self.number}"
        self.call.report(Outcome(self.call.decision_id, attempt, idempotency_key=key, reported_at=time.time()))

    def _attempt(
        self, completion: Completion | None, verdict: FormVerdict, error: str | None, extra: Mapping[str, object]
    ) -> Attempt:
        usage = completion.usage if completion else None
        return Attempt(
            tier=self.endpoint.tier,
            model=self.endpoint.model.name,
            success=verdict.success,
            input_tokens=usage.input_tokens if usage else None,
            output_tokens=usage.output_tokens if usage else None,
            cached_tokens=usage.cached_tokens if usage else None,
            cost_usd=price(usage, self.endpoint.model) if usage else None,
            latency_ms=self._elapsed_ms() if self.latency_ms is None else self.latency_ms,
            logprobs=self.logprobs,
            evaluator=verdict.evaluator,
            error=error,
            extra=extra,
        )

    def _elapsed_ms(self) -> float:
        return round((time.perf_counter() - self.started) * 1000, 3)

"""Calls that are asked of a further model in the background: nobody waits for them and nobody gets their answers."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping

from tierwise.agents.protocols import Completion
from tierwise.agents.upstreams.asking import Asked, ask
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.transport import Transport
from tierwise.data.records import Attempt, Outcome
from tierwise.serving.gateway.calls.asked import GatewayRequest
from tierwise.serving.gateway.courses.answers import AnswerKeeper

MAX_UNDER_WAY = 16


class Aside:
    """``report`` takes an outcome for every call: an attempt of the same decision."""

    def __init__(self, transport: Transport, report: Callable[[Outcome], None], answers: AnswerKeeper) -> None:
        self._transport = transport
        self._report = report
        self._answers = answers
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_full(self) -> bool:
        return len(self._tasks) >= MAX_UNDER_WAY

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """Called on the event loop."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Gives up what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def ask(self, request: GatewayRequest, endpoint: Endpoint) -> Completion:
        """Raises ``ProviderError``, and ``RecordError`` for what cannot be said in the model's protocol."""
        asked = Asked(request.protocol, _plain_body(request), headers=request.headers)
        return (await ask(self._transport, endpoint, asked)).completion

    def report(
        self,
        request: GatewayRequest,
        decision_id: str,
        endpoint: Endpoint,
        answer: Completion,
        cost_usd: float | None,
        key: str,
        extra: Mapping[str, object],
    ) -> None:
        """Hands over the attempt; ``key`` begins its idempotency key, the tier ends it."""
        usage = answer.usage
        attempt = Attempt(
            tier=endpoint.tier,
            model=endpoint.model.name,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_tokens=usage.cached_tokens,
            cost_usd=cost_usd,
            extra=extra,
        )
        attempt = self._answers.kept(attempt, answer, request.route, decision_id)
        self._hand_over(decision_id, attempt, key)

    def report_failed(
        self, decision_id: str, endpoint: Endpoint, code: str, key: str, extra: Mapping[str, object]
    ) -> None:
        """The same of a call that brought no answer; ``code`` says why."""
        attempt = Attempt(tier=endpoint.tier, model=endpoint.model.name, error=code, extra=extra)
        self._hand_over(decision_id, attempt, key)

    def _hand_over(self, decision_id: str, attempt: Attempt, key: str) -> None:
        name = f"{key}{attempt.tier}"
        self._report(Outcome(decision_id, attempt, idempotency_key=name, reported_at=time.time()))


def _plain_body(request: GatewayRequest) -> dict[str, object]:
    """Whole, not as a stream: nobody reads along. Where answers are kept for later calls, this one is not."""
    left_out = ("stream", "stream_options", "background")
    body = {name: value for name, value in request.body.items() if name not in left_out}
    return body | {"store": False} if request.protocol.keeps_answers else body

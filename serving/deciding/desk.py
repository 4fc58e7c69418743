"""The desk that decisions are asked at: parse, choose, record, answer.

It runs on the event loop, takes no locks and never waits, but for routers that are slow. Trouble in the router picks
the fallback tier.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tierwise.data.decision_log import DecisionRecord
from tierwise.data.errors import RecordError
from tierwise.data.records import Decision, Reason
from tierwise.router_model.decider import Decider
from tierwise.router_model.stages import Stage, unobserved
from tierwise.serving.deciding.arms import Arms
from tierwise.serving.deciding.chooser import Chooser
from tierwise.serving.deciding.pending import PendingRequest
from tierwise.serving.deciding.recalling import Recall
from tierwise.serving.http.problems import invalid_field
from tierwise.serving.http.wire import RouteRequest, decision_to_wire, parse_route_request
from tierwise.serving.recording.recorder import Recorder
from tierwise.serving.routers.shadow import Shadow, Shadowed
from tierwise.serving.watching.metrics import Metrics

if TYPE_CHECKING:
    from tierwise.serving.watching.tracing import Tracing

TOGETHER = 32  # steps of a batch that are decided at once: some five milliseconds of the event loop
CALLERS_POLICY, STICKY_POLICY = "caller", "sticky"
_STICKY = {
    "thought": "Thought that only its provider can check",
    "tool_loop": "A loop of tools",
    "session": "A session",
}


class Desk:
    """Answers route requests with the routers of ``arms``.

    ``clock`` gives seconds since the epoch; ``new_id`` gives an id that was never given before; ``recall`` remembers
    tasks.
    """

    def __init__(
        self,
        arms: Arms,
        chooser: Chooser,
        shadow: Shadow,
        recorder: Recorder,
        metrics: Metrics,
        clock: Callable[[], float],
        new_id: Callable[[], str],
        tracing: "Tracing | None" = None,
        recall: Recall | None = None,
    ) -> None:
        self._arms = arms
        self._chooser = chooser
        self._shadow = shadow
        self._recorder = recorder
        self._metrics = metrics
        self._clock = clock
        self._new_id = new_id
        self._tracing = tracing
        self.recall = recall or Recall()
        self._stage: Stage = unobserved if tracing is None else tracing.stage

    def answer(self, raw: object, where: str = "") -> dict[str, Any]:
        """The answer to one decoded body. Raises ``Problem`` for a bad request, and for nothing else."""
        started = time.perf_counter()
        return self._answered(self._question(raw, where), started, where)

    async def answer_soon(self, raw: object, where: str = "", decision_id: str | None = None) -> dict[str, Any]:
        """The same. Slow routers decide beside the event loop; where too many do already, the fallback is taken.

        ``decision_id`` is the caller's name for the decision; without one it gets a new one.
        """
        if self._tracing is None:
            return await self._answer_soon(raw, where, decision_id)
        with self._tracing.span("route"):
            return await self._answer_soon(raw, where, decision_id)

    async def answer_many(self, raw: Sequence[object]) -> list[dict[str, Any]]:
        """One answer each, in order, as if each were asked alone; what can be is decided together. Others come in
        between. Raises ``Problem`` for a bad request, before any is decided where it can be told by then."""
        if self._tracing is not None or self._arms.now().are_slow:
            return [await self._answer_after_others(one, place) for place, one in enumerate(raw)]
        questions = []
        for place, one in enumerate(raw):
            questions.append(self._question(one, _place(place)))
            if place % TOGETHER == TOGETHER - 1:
                await asyncio.sleep(0)
        answers = []
        for start in range(0, len(questions), TOGETHER):
            together = self._chooser.decided_together(questions[start : start + TOGETHER])
            for place, question in enumerate(together, start):
                if question.lanes.are_slow:  # a slow router came meanwhile
                    question = await self._chooser.decided_ahead(question)
                answers.append(self._answered(question, time.perf_counter() - question.ahead_seconds, _place(place)))
            await asyncio.sleep(0)
        return answers

    async def _answer_after_others(self, raw: object, place: int) -> dict[str, Any]:
        await asyncio.sleep(0)
        return await self.answer_soon(raw, _place(place))

    def enter(self, raw: object, tier: str, model: str, why: str | None = None) -> str:
        """Records a decision that no router took, and returns its id: the caller's own, or one that sticks to the
        model that spoke before because of ``why`` (``thought``, ``tool_loop``, ``session``). Raises ``Problem``."""
        request, decision_id = parse_route_request(raw), self._new_id()
        decider = self._arms.now().lane_of(request.task_id or decision_id).decider
        policy = CALLERS_POLICY if why is None else STICKY_POLICY
        text = f"The caller named the model '{model}'." if why is None else f"{_STICKY[why]} stays with '{model}'."
        reason = Reason(why or "named", text)
        decision = Decision(tier, policy, decider.version, reason, model=model)
        self._record(request, decision, decision_id, self._clock(), decider)
        return decision_id

    async def _answer_soon(self, raw: object, where: str, decision_id: str | None) -> dict[str, Any]:
        started = time.perf_counter()
        question = self._stage("parse", self._question, raw, where, decision_id)
        if question.lanes.are_slow:
            question = await self._chooser.decided_ahead(question)
        return self._answered(question, started, where)

    def _question(self, raw: object, where: str, decision_id: str | None = None) -> PendingRequest:
        started = time.perf_counter()
        request = parse_route_request(raw, where)
        self._metrics.parse_seconds.observe(time.perf_counter() - started)
        asked_at = self._clock()
        told = self.recall.told(request, asked_at)
        return PendingRequest.of(told, decision_id or self._new_id(), self._arms.now(), asked_at)

    def _answered(self, question: PendingRequest, started: float, where: str) -> dict[str, Any]:
        begin, request = time.perf_counter(), question.request
        try:
            decision = self._stage("decide", self._chooser.choose, question)
        except RecordError as error:
            raise invalid_field(error, where) from None
        decided = time.perf_counter()
        self._shadow.submit(Shadowed(request.step, request.options, question.digest, decision))
        record = self._stage(
            "record", self._record, request, decision, question.decision_id, question.asked_at, question.lane.decider
        )
        if self._tracing is not None:
            self._tracing.note(record)
        finished = time.perf_counter()
        self._metrics.decide_seconds.observe(decided - begin + question.ahead_seconds)
        self._metrics.total_seconds.observe(finished - started)
        return decision_to_wire(decision, question.decision_id, (finished - started) * 1000, request.options)

    def _record(
        self, request: RouteRequest, decision: Decision, decision_id: str, asked_at: float, decider: Decider
    ) -> DecisionRecord:
        record = DecisionRecord(
            decision_id=decision_id,
            step=request.step,
            decision=decision,
            created_at=asked_at,
            step_id=request.step_id,
            task_id=request.task_id,
            session_id=request.session_id,
        )
        self._recorder.record(record)
        self.recall.note_decision(record, decider.catalogue.names)
        self._metrics.note_decision(decision)
        return record


def _place(place: int) -> str:
    return f"requests[{place}]"

"""A question to the routers of one moment, and what routers can decide for several questions at once."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tierwise.data.records import Decision
from tierwise.router_model.decider import Decider, DecidesMany
from tierwise.router_model.options import DecideOptions
from tierwise.serving.deciding.arms import Lane, Lanes
from tierwise.serving.deciding.cache import DecisionCache, decision_key, request_digest
from tierwise.serving.http.wire import RouteRequest


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """One request with the lanes of its moment, its own ``lane`` among them, so that a swap meanwhile changes nothing
    for it.

    ``ahead`` holds, by router version, what slow routers already decided or raised, and what was decided for several
    requests at once, which took ``ahead_seconds`` a request. It was asked at ``asked_at``, seconds since the epoch.
    """

    request: RouteRequest
    decision_id: str
    digest: bytes
    lanes: Lanes
    lane: Lane
    asked_at: float = 0.0
    ahead: Mapping[str, Decision | Exception] = field(default_factory=dict)
    ahead_seconds: float = 0.0

    @classmethod
    def of(cls, request: RouteRequest, decision_id: str, lanes: Lanes, asked_at: float) -> "PendingRequest":
        digest = request_digest(request.raw, request.step.before)
        lane = lanes.lane_of(request.task_id or decision_id)  # a step without a task is a task of its own
        return cls(request, decision_id, digest, lanes, lane, asked_at)


def decided_at_once(questions: Sequence[PendingRequest], cache: DecisionCache) -> list[dict[str, Decision | Exception]]:
    """By question, in order, and router version: what could be decided together. What is missing is decided alone."""
    ahead: list[dict[str, Decision | Exception]] = [{} for _ in questions]
    for decider, options, places in _alike(questions, cache):
        with suppress(Exception):  # each is decided alone then, where trouble and bad options are known and told
            decisions = decider.decide_many([questions[place].request.step for place in places], options)
            for place, decision in zip(places, decisions, strict=True):
                ahead[place][decision.router_version] = decision
    return ahead


def _alike(
    questions: Sequence[PendingRequest], cache: DecisionCache
) -> Iterable[tuple[DecidesMany, DecideOptions, list[int]]]:
    """Places of questions that one router can decide together; the very same question once."""
    known: set[bytes] = set()
    found: list[tuple[DecidesMany, DecideOptions, list[int]]] = []
    for place, question in enumerate(questions):
        for decider in _deciders(question):
            key = decision_key(decider.version, question.digest)
            if key in known or cache.get(key) is not None or not isinstance(decider, DecidesMany):
                continue
            known.add(key)
            options = question.request.options
            for other, others_options, places in found:
                if other is decider and others_options == options:
                    places.append(place)
                    break
            else:
                found.append((decider, options, [place]))
    return found


def _deciders(question: PendingRequest) -> Iterable[Decider]:
    """The routers that a question asks, each once: that of its own arm, and those of all running arms."""
    asked = (question.lane, *question.lanes.running())
    return {lane.decider.version: lane.decider for lane in asked if not lane.decider.is_slow}.values()

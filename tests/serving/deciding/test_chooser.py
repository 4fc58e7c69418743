"""Of the routers of a moment, only slow ones decide ahead of the request, on threads of their own."""

import asyncio

from tests.serving.deciding.test_arms import TRIAL, Slots, Slow, constant
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.serving.deciding.cache import DecisionCache
from tierwise.serving.deciding.chooser import Chooser
from tierwise.serving.deciding.fallback import Fallback
from tierwise.serving.deciding.pending import PendingRequest
from tierwise.serving.deciding.pool import DecisionPool
from tierwise.serving.http.wire import parse_route_request
from tierwise.serving.watching.metrics import Metrics


def test_what_is_fast_is_not_decided_ahead() -> None:
    slots = Slots()
    slots.arms.follow(TRIAL)
    slots.challenger.swap(Slow(constant("small")))
    pool = DecisionPool(n_threads=1, limit=1)
    chooser = Chooser(DecisionCache(8), pool, Fallback(None, Guardrails()), Metrics())
    request = parse_route_request({"step": {"text": "a"}, "task_id": "t"})
    question = PendingRequest.of(request, "d", slots.arms.now(), 0.0)
    ahead = asyncio.run(chooser.decided_ahead(question)).ahead
    pool.stop()
    assert ahead.keys() == {"slow"}


def test_what_is_decided_together_takes_its_share_of_the_time() -> None:
    slots = Slots()
    pool = DecisionPool(n_threads=1, limit=1)
    chooser = Chooser(DecisionCache(8), pool, Fallback(None, Guardrails()), Metrics())
    asked = [
        PendingRequest.of(parse_route_request({"step": {"text": text}}), "d", slots.arms.now(), 0.0) for text in "ab"
    ]
    assert [question.ahead_seconds for question in asked] == [0.0, 0.0]
    together = chooser.decided_together(asked)
    pool.stop()
    assert together[0].ahead_seconds == together[1].ahead_seconds > 0

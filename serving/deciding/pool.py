"""Routers that take milliseconds decide on threads of their own, a bounded number at a time.

A transformer's inference on the event loop would starve every other request, health checks included. Beyond the limit
nothing waits: the caller gets the fallback tier at once, which is better than a queue that only grows.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial

from tierwise.data.records import Decision, Step
from tierwise.router_model.decider import Decider
from tierwise.router_model.options import DecideOptions


class DecisionPool:
    """At most ``limit`` decisions are under way on ``n_threads`` threads. It belongs to one event loop."""

    def __init__(self, n_threads: int, limit: int) -> None:
        self._executor = ThreadPoolExecutor(n_threads, thread_name_prefix="tierwise-decide")
        self._limit = limit
        self._n_under_way = 0

    @property
    def is_full(self) -> bool:
        return self._n_under_way >= self._limit

    async def decide(self, decider: Decider, step: Step, options: DecideOptions) -> Decision:
        """What ``decider`` decides. Ask ``is_full`` first; raises what the decider raises."""
        self._n_under_way += 1
        work = partial(copy_context().run, decider.decide, step, options)  # the context holds the span of the request
        promise = asyncio.get_running_loop().run_in_executor(self._executor, work)
        promise.add_done_callback(self._note_done)  # not when the caller is gone: the thread works on
        return await promise

    def _note_done(self, promise: "asyncio.Future[Decision]") -> None:
        self._n_under_way -= 1
        if not promise.cancelled():
            promise.exception()  # whose caller is gone nobody takes; asyncio must not log it, as it may quote a prompt

    def start(self) -> None:
        """Threads start with the first decision."""

    def stop(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

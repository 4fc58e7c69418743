"""The local engine: items in this process, or where that would take long, side by side in processes of their own.

Functions are pure and fits use one thread, so how many processes share the work changes no result.
"""

import os
import pickle
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from functools import cache
from threading import Thread
from time import perf_counter, sleep
from typing import TypeVar
from warnings import catch_warnings

from joblib import Parallel, cpu_count, delayed, parallel_config
from joblib.externals.loky import get_reusable_executor

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")

WORTH_SECONDS = 10.0
"""Processes need some three seconds to start; work that takes less than this is done before they help."""
MOST_PROCESSES = 4
"""Each holds a fit: some half a GB where 50,000 steps are learned from."""
IDLE_SECONDS = 10
"""When processes without work end."""
_MOST_SENDING = 1 / 3
_SECONDS_ALWAYS_LIGHT = 0.01


class LocalEngine:
    """This machine. ``n_processes`` is the most that work side by side; None takes the cores that this process may use,
    up to ``MOST_PROCESSES``."""

    def __init__(self, n_processes: int | None = None, worth_seconds: float = WORTH_SECONDS) -> None:
        self._n_processes = min(cpu_count(), MOST_PROCESSES) if n_processes is None else n_processes
        self._worth_seconds = worth_seconds
        self._has_started_some = False

    def map(
        self, function: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item]
    ) -> Iterator[Result]:
        """The first item runs here and tells what the others will take.

        Whatever goes wrong elsewhere, the items that are left run here too: a process may have run out of memory, or
        there may be no place for what they share. An item that is itself at fault fails here again, as it is.
        """
        n_done = 0
        if self._n_processes > 1 and len(items) > 2:
            started = perf_counter()
            first = function(shared, items[0])
            seconds = perf_counter() - started
            is_worth = seconds * (len(items) - 1) >= self._worth_seconds and _is_light((items[0], first), seconds)
            yield first
            n_done = 1
            if is_worth:
                with suppress(Exception):
                    for result in self._side_by_side(function, shared, items[1:]):
                        yield result
                        n_done += 1
        for item in items[n_done:]:
            yield function(shared, item)

    def close(self) -> None:
        """Ends the processes; left alone they do so after ``IDLE_SECONDS``."""
        if self._has_started_some:
            get_reusable_executor().shutdown()

    def _side_by_side(
        self, function: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item]
    ) -> Iterator[Result]:
        n_processes = min(self._n_processes, len(items))
        self._has_started_some = True
        with parallel_config(backend="loky", idle_worker_timeout=IDLE_SECONDS):
            parallel = Parallel(n_processes, return_as="generator", batch_size=1)
            task = delayed(_run_below)
            results: Generator[Result, None, None] = parallel(
                task(os.getpid(), function, shared, item) for item in items
            )
        try:
            for result in results:  # noqa: UP028  what is left is closed below, and not by the loop
                yield result
        finally:
            with catch_warnings(action="ignore"):  # that tasks are cancelled
                results.close()


def _is_light(values: object, seconds: float) -> bool:
    """Whether sending ``values`` takes a small part of the ``seconds`` that an item takes.

    Predictions of a fold do. The steps of a part of a log take half the time in which they are read, and one process
    would unpack them all.
    """
    started = perf_counter()
    pickle.loads(pickle.dumps(values))
    return perf_counter() - started <= max(_MOST_SENDING * seconds, _SECONDS_ALWAYS_LIGHT)


def _run_below(parent: int, function: Callable[[Shared, Item], Result], shared: Shared, item: Item) -> Result:
    _end_with(parent)
    return function(shared, item)


@cache
def _end_with(parent: int) -> None:
    """From now on this process ends when ``parent`` does. Left to itself it would wait forever for a killed one."""
    if os.getppid() == parent:
        Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        sleep(1)
    os._exit(1)

"""The Dask engine: tasks on the workers of a running cluster (``dask scheduler``, ``dask worker``).

A worker that dies takes nothing with it: its tasks run again elsewhere, and what tasks share is sent to every worker
there is. docs/decisions/0044 says why Dask.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

from distributed import Client, Future
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

from tierwise.training.engines.engine import EngineError

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")

POLL_SECONDS = 5.0
TASKS_PER_THREAD = 2
SAME_EVERYWHERE = ("tierwise", "numpy", "scipy", "lightgbm", "onnxruntime")
"""Packages whose version can change a result; the cluster's must be this process's."""
MAX_LOSSES = 5
"""How often what tasks share may vanish with the last worker that held it before the run is given up."""


class DaskEngine:
    """The workers behind a scheduler's address, such as ``tcp://10.0.0.5:8786``. They need ``tierwise[train,dask]``."""

    def __init__(self, address: str, connect_seconds: float = 20.0, lonely_seconds: float = 120.0) -> None:
        """``lonely_seconds`` is how long a cluster may be without any worker. Raises ``EngineError`` when nobody
        answers or no worker is there."""
        self._lonely_seconds = lonely_seconds
        self._poll_seconds = min(POLL_SECONDS, lonely_seconds)
        try:
            self._client = Client(address, timeout=connect_seconds, set_as_default=False)
            self._client.wait_for_workers(1, timeout=connect_seconds)
        except (OSError, TimeoutError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else "nobody answered"
            raise EngineError(
                f"no Dask cluster with a worker at '{address}' ({reason}); start one: dask scheduler, then "
                f"dask worker {address}"
            ) from None
        self._check_versions()

    def map(
        self, function: Callable[[Shared, Item], Result], shared: Shared, items: Sequence[Item]
    ) -> Iterator[Result]:
        """A few tasks a thread are under way at any time, so that neither side has to hold all of them.

        Raises ``EngineError`` when the cluster is lost for good.
        """
        at, n_losses = 0, 0
        while at < len(items):
            try:
                for result in self._run(function, shared, items[at:]):
                    at += 1
                    yield result
            except FutureCancelledError as error:
                n_losses += 1
                if n_losses == MAX_LOSSES:
                    raise EngineError(f"the cluster lost its workers {n_losses} times ({error.reason})") from None
            except KilledWorker as error:
                raise EngineError(
                    f"a task killed {error.allowed_failures + 1} workers one after the other; give them more memory"
                ) from None
            except OSError as error:  # a timeout too
                if self._client.status == "running" and not isinstance(error, TimeoutError):
                    raise
                reason = str(error).partition(chr(10))[0] or "no answer"
                raise EngineError(f"the cluster is gone: {reason}; start it and train again") from None

    def close(self) -> None:
        self._client.close()

    def _check_versions(self) -> None:
        """Raises ``EngineError`` for a worker that would compute with other versions than this process."""
        found = self._client.get_versions(packages=SAME_EVERYWHERE)
        own = found["client"]["packages"]
        for worker, its in found["workers"].items():
            for name in SAME_EVERYWHERE:
                if its["packages"][name] != own[name]:
                    self._client.close()
                    there = its["packages"][name] or "not installed"
                    raise EngineError(
                        f"{name} is {there} on worker {worker} and {own[name]} here, which could change results; "
                        f"run there: pip install 'tierwise[train,dask]' {name}=={own[name]}"
                    )

    def _run(self, function: Callable[..., Result], shared: object, items: Sequence[Any]) -> Iterator[Result]:
        [kept] = self._client.scatter([shared], broadcast=True, hash=False, timeout=self._lonely_seconds)
        under_way: deque[Future] = deque()
        n_at_once = TASKS_PER_THREAD * max(1, sum(self._client.nthreads().values()))
        for item in items:
            under_way.append(self._client.submit(function, kept, item, pure=False))
            if len(under_way) >= n_at_once:
                yield self._result(under_way.popleft())
        while under_way:
            yield self._result(under_way.popleft())

    def _result(self, future: Future) -> Any:
        """Waits as long as it takes while there is a worker. Raises ``TimeoutError`` when there was none for long."""
        lonely_since = None
        while True:
            with suppress(TimeoutError):
                return future.result(timeout=self._poll_seconds)
            if self._client.nthreads():
                lonely_since = None
            elif lonely_since is None:
                lonely_since = monotonic()
            elif monotonic() - lonely_since > self._lonely_seconds:
                raise TimeoutError(f"no worker for {self._lonely_seconds:.0f} s")

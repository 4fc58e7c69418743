"""The service as people start it, in a process of its own, and the little of its API that a play needs."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tierwise.data.records import LoggedStep
from tierwise.data.serialise import step_to_dict

_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    client: httpx2.Client

    def route(self, steps: Sequence[LoggedStep]) -> list[dict[str, Any]]:
        """One answer a step, in order."""
        requests = [
            {"step": step_to_dict(each.step), "task_id": each.task_id, "step_id": each.step_id} for each in steps
        ]
        answers: list[dict[str, Any]] = self._post("/route/batch", {"requests": requests})["decisions"]
        return answers

    def report(self, outcomes: Sequence[Mapping[str, Any]]) -> None:
        self._post("/outcomes", list(outcomes))

    def wait_for_router(self, version: str) -> None:
        """Until decisions come from ``version``, looking for a new bundle meanwhile."""
        self._wait_until(lambda: self._probe([None])[0]["router_version"] == version, f"router {version}")

    def wait_for_shadow(self) -> None:
        """Until a challenger decides in the shadow, looking for a new bundle meanwhile."""

        def has_shadow() -> bool:
            self._probe([None])
            return "tierwise_shadow_decisions_total{" in self.client.get("/metrics").text

        self._wait_until(has_shadow, "challenger")

    def wait_for_arm(self, arm: str) -> None:
        """Until one of a few tasks is decided by ``arm``: the service has seen the experiment."""
        tasks = [f"probe-{number}" for number in range(40)]
        self._wait_until(lambda: arm in {answer["arm"] for answer in self._probe(tasks)}, f"arm {arm}")

    def _probe(self, task_ids: Sequence[str | None]) -> list[dict[str, Any]]:
        requests = [{"step": {"text": "probe"}, "task_id": task_id} for task_id in task_ids]
        answers: list[dict[str, Any]] = self._post("/route/batch", {"requests": requests})["decisions"]
        return answers

    def _wait_until(self, is_right: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            self.client.post("/reload")
            time.sleep(0.2)
            if is_right():
                return
        raise RuntimeError(f"the service never had the {what}: {self.client.get('/readyz').text}")

    def _post(self, path: str, body: object) -> dict[str, Any]:
        response = self.client.post(path, json=body)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer


@contextmanager
def running_service(folder: Path, settings: Mapping[str, str]) -> Iterator[Service]:
    """``tierwise serve`` on a free port; ``settings`` are environment variables. Stopped by its own process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tierwise", "serve", "--port", "0"],
        env=os.environ | {**settings, "TIERWISE_PORT": "0"},
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        with httpx2.Client(base_url=address, timeout=30.0) as client:
            yield Service(client)
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()

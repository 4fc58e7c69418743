"""Demo traffic: the sample log replayed as live tasks against a running service, over HTTP.

Each step is routed, the logged attempt of the chosen tier is reported as its outcome, and after a failure the next tier
is tried, as an agent with a verifier does. Everything belongs to the session ``demo-traffic``, so one call of
``DELETE /sessions/demo-traffic`` removes it.
"""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpx2

from tierwise.data.errors import TierwiseError
from tierwise.data.records import Attempt, LoggedStep
from tierwise.data.serialise import attempt_to_dict, step_to_dict

SESSION = "demo-traffic"
CATCH_RATE = 0.9
"""What the demo's agent says of its verifier: it catches nine failures of ten. The replayed one catches all."""


class TrafficError(TierwiseError):
    """The service did not take the demo traffic."""


def replay(
    address: str, steps: Sequence[LoggedStep], tiers: Sequence[str], noted: Callable[[], None] = lambda: None
) -> int:
    """Routes and settles ``steps`` in their order, task after task; returns how many. Calls ``noted`` after each.

    Raises ``TrafficError`` when the service is away or refuses.
    """
    with talking_to(address) as client:
        for logged in by_task(steps):
            _play(client, logged, tiers)
            noted()
    return len(steps)


def talking_to(address: str) -> httpx2.Client:
    """Connections to the service, with the key of the environment."""
    key = os.environ.get("TIERWISE_API_KEY")
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx2.Client(base_url=address, headers=headers, timeout=30)


def by_task(steps: Iterable[LoggedStep]) -> list[LoggedStep]:
    """The steps with those of a task together, tasks in the order in which they began."""
    tasks: dict[str, list[LoggedStep]] = {}
    for logged in steps:
        tasks.setdefault(logged.task_id or logged.step_id, []).append(logged)
    return [logged for task in tasks.values() for logged in sorted(task, key=lambda each: each.step.step_index or 0)]


def wait_until_ready(address: str, seconds: float = 30.0) -> None:
    """Returns once the service answers its probe. Raises ``TrafficError`` when it does not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if httpx2.get(f"{address}/healthz", timeout=2).status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise TrafficError(f"no service answers on {address}; start one with: tierwise serve")


def wait_for_experiment(address: str, name: str, seconds: float = 60.0) -> None:
    """Returns once the service assigns tasks to the experiment's arms. Raises ``TrafficError`` when it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if httpx2.get(f"{address}/readyz", timeout=10).json().get("experiment") == name:
            return
        time.sleep(0.2)
    raise TrafficError(f"{address} does not run the experiment {name}; does it read another decision log?")


def _play(client: httpx2.Client, logged: LoggedStep, tiers: Sequence[str]) -> None:
    step = step_to_dict(logged.step)
    names = {"task_id": logged.task_id, "session_id": SESSION, "step_id": logged.step_id}
    body = {"step": step, **names, "options": {"catch_rate": CATCH_RATE}}
    decision = post(client, "/route", body)
    outcomes = [
        attempt_to_dict(attempt) | {"decision_id": decision["decision_id"], "idempotency_key": f"attempt-{number}"}
        for number, attempt in enumerate(attempts_from(logged, decision["tier"], tiers))
    ]
    if outcomes:
        post(client, "/outcomes", outcomes)


def attempts_from(logged: LoggedStep, tier: str, tiers: Sequence[str]) -> list[Attempt]:
    """What an agent would have tried that starts on ``tier`` and goes up after each failure."""
    logged_attempts = {attempt.tier: attempt for attempt in logged.attempts}
    tried: list[Attempt] = []
    for name in tiers[list(tiers).index(tier) :]:
        if name in logged_attempts:
            tried.append(logged_attempts[name])
            if logged_attempts[name].success is not False:
                break
    return tried


def post(client: httpx2.Client, path: str, body: object) -> Any:
    """The service's answer. Raises ``TrafficError`` when it is away or refuses."""
    try:
        response = client.post(path, json=body)
    except httpx2.HTTPError as error:
        raise TrafficError(f"{path} cannot be reached: {error}") from None
    if response.status_code != 200:
        raise TrafficError(f"{path} answered {response.status_code}: {response.text[:200]}")
    return response.json()

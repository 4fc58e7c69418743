"""A service in a process of its own, and callers who use it as they would use a provider."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.walk.asked import Ask
from tierwise.cli.first_hour.traffic import wait_until_ready

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 300.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Answered:
    """What a caller got: from which tier, and under which id it stands in the decision log."""

    decision_id: str
    tier: str
    output: str


@contextmanager
def served(folder: Path, *options: str, **settings: object) -> Iterator[str]:
    """``tierwise serve`` with these options and settings on a free port, in ``folder``; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "tierwise", "serve", *options, "--port", address.rpartition(":")[2]]
    told = {f"TIERWISE_{name.upper()}": str(value) for name, value in settings.items()}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | told,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_ready(address, 60)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def call(address: str, ask: Ask, model: str) -> Answered:
    """One call of the gateway, as an OpenAI client makes it. Raises ``urllib.error.HTTPError`` where it fails."""
    body = {"model": model, "max_tokens": ask.max_tokens, "messages": [{"role": "user", "content": ask.prompt}]}
    headers = {"content-type": "application/json"}
    if ask.task_type is not None:
        headers["x-tierwise-task-type"] = ask.task_type
    request = urllib.request.Request(f"{address}/v1/chat/completions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
        output = json.load(response)["choices"][0]["message"]["content"]
        return Answered(response.headers["x-tierwise-decision-id"], response.headers["x-tierwise-tier"], output)


def mirrored(
    address: str,
    asks: Sequence[Ask],
    model: str,
    n_cheaper: int,
    n_under_way: int = 4,
    noted: Callable[[int], None] = lambda _: None,
) -> list[Answered]:
    """Calls ``model`` with every step and waits until ``n_cheaper`` mirrored answers stand beside each; so many calls
    are ahead of their mirror at most. Calls ``noted`` with the number of those that are done."""
    answered: list[Answered] = []
    open_ids: deque[str] = deque()
    for ask in asks:
        answered.append(call(address, ask, model))
        open_ids.append(answered[-1].decision_id)
        while len(open_ids) > n_under_way:
            _wait_for_outcomes(address, open_ids.popleft(), 1 + n_cheaper)
            noted(len(answered) - len(open_ids))
    for position, decision_id in enumerate(open_ids, start=len(answered) - len(open_ids) + 1):
        _wait_for_outcomes(address, decision_id, 1 + n_cheaper)
        noted(position)
    return answered


def told_on_certificate(address: str, tier: str) -> str:
    """What the certificate's page says about ``tier``: what differs, and how many more steps it needs."""
    page = read(address, "/dashboard/certificate")
    rows = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page, re.DOTALL)
    return next((text for name, text in rows if re.sub("<[^>]*>", "", name).strip() == tier), "nothing was compared")


def outcomes_of(address: str, decision_id: str) -> list[dict[str, Any]]:
    """The outcomes of a decision as the service stored them."""
    found = json.loads(read(address, f"/decisions/{decision_id}"))["outcomes"]
    return list(found)


def read(address: str, path: str) -> str:
    with urllib.request.urlopen(f"{address}{path}", timeout=PATIENCE_SECONDS) as response:
        return str(response.read().decode())


def _wait_for_outcomes(address: str, decision_id: str, n_wanted: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if len(outcomes_of(address, decision_id)) >= n_wanted:
                return
        except urllib.error.HTTPError as error:  # not written yet
            if error.code != 404:
                raise
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(f"the decision {decision_id} has no {n_wanted} outcomes after {PATIENCE_SECONDS:.0f} s")

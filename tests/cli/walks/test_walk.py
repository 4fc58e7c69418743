"""From everything on one dear model to a routed, audited service: docs/quickstart.md, command by command."""

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Reply, Stub, completion
from tests.cli.first_log import FORMATS, calls, lines, usage_of, wrong
from tests.training.certification.test_steps_needed import half_certified
from tierwise.cli.first_hour.traffic import wait_until_ready
from tierwise.data.compared.mirrored import is_mirror
from tierwise.data.decision_log import DecisionLog

N_LOGGED, N_FIRST, N_ROUTED = 400, 200, 60
TOP = "frontier"
RunTierwise = Callable[..., Any]

pytestmark = pytest.mark.slow


@contextmanager
def provider(rate: float, n_known: int = N_LOGGED + N_ROUTED) -> Iterator[Stub]:
    """Cheap models that answer as the dear one does, but for a share ``rate`` of the prompts, each its own."""
    known = dict(calls(n_known))

    def answer(_: str, body: Any) -> Reply:
        prompt, model = body["messages"][-1]["content"], body["model"]
        drawn = int(hashlib.sha256(f"{model} {prompt}".encode()).hexdigest(), 16) % 1_000
        right = known[prompt]
        said = wrong(right) if drawn < 1_000 * rate and not model.startswith("gpt-4o") else right
        return completion(said, usage_of(prompt, said))

    with Stub(answer) as stub:
        yield stub


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, nobody's home, a key that opens nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    return tmp_path


def follow(said: str) -> list[str]:
    """The command that was printed as the next one."""
    found = re.findall(r"(?:Next:\s+|^  )tierwise (.*?)$", said, re.MULTILINE)
    assert found, f"no next step in: {said}"
    return str(found[-1]).split()


@dataclass(frozen=True, slots=True)
class Walked:
    """The command that serves, and what was said: after the first mirrored steps, after all of them, after training."""

    serve: list[str]
    first: str
    compared: str
    trained: str

    def lines_of(self, tier: str) -> list[str]:
        """What was said of a tier by itself, in order."""
        said = (self.first, self.compared, self.trained)
        return [line for each in said for line in re.findall(rf"^  {tier} +\d.*$", each, re.MULTILINE)]


def walk_to_certificate(format_name: str, tierwise: RunTierwise, stub: Stub) -> Walked:
    """Four commands, each but the first as the one before it printed it; the mirror first with fewer steps."""
    Path("calls.jsonl").write_text("\n".join(lines(format_name, calls(N_LOGGED))) + "\n", encoding="utf-8")
    began = tierwise("init", "--log", "calls.jsonl")
    assert began.code == 0, began.err
    tiers = Path("tiers.toml")
    tiers.write_text(tiers.read_text().replace("https://api.openai.com/v1", f"{stub.address}/v1"), encoding="utf-8")
    read = tierwise(*follow(began.err))
    assert f"{N_LOGGED} new step(s)" in read.err
    mirror = follow(read.err)
    assert mirror[mirror.index("--sample") + 1] == str(N_LOGGED)
    first = tierwise(*(str(N_FIRST) if each == str(N_LOGGED) else each for each in mirror))
    compared = tierwise(*mirror)
    assert (first.code, compared.code) == (0, 0), compared.err
    trained = tierwise(*follow(compared.err))
    assert trained.code == 0, trained.err
    return Walked(follow(trained.err) if "Next:" in trained.err else [], first.err, compared.err, trained.err)


def certified_at_3_percent(said: str) -> float:
    """The share that is saved, 0 where nothing is certified."""
    found = re.search(r"at most +3% of answers differ: .*? ([\d.]+)% saved a step", said)
    return float(found[1]) / 100 if found else 0.0


def is_near_the_truth(said: str) -> bool:
    """Whether the mirrored steps that a line asks for in all lie within a factor of two of what certification takes at
    the rate of differences that it tells: the size from which half of the logs are certified."""
    differ = re.search(r"([\d,]+) of ([\d,]+) answers differ", said)
    assert differ, said
    n_different, n_seen = (int(each.replace(",", "")) for each in differ.groups())
    more, truth = re.search(r"about ([\d,]+) more mirrored steps", said), half_certified(n_different / n_seen)
    if "enough for 3%" in said:
        return truth <= 2 * n_seen
    assert more, said
    return truth / 2 <= n_seen + int(more[1].replace(",", "")) <= 2 * truth


@pytest.mark.parametrize("format_name", FORMATS)
def test_cheap_tiers_that_answer_alike_are_certified_routed_and_audited(
    format_name: str, tierwise: RunTierwise, place: Path
) -> None:
    with provider(0.01) as stub:
        walked = walk_to_certificate(format_name, tierwise, stub)
        for tier in ("small", "mid"):
            first, compared, trained = walked.lines_of(tier)
            assert is_near_the_truth(first)
            assert compared == trained
            assert compared.endswith("enough for 3%")
        assert certified_at_3_percent(walked.trained) > 0.5, walked.trained
        assert re.search(r"At your traffic: \$[\d.]+ saved of \$[\d.]+ a month", walked.trained)
        assert walked.serve == ["serve", "--bundle", "bundle", "--tiers", "tiers.toml", "--mirror-usd-per-day", "2"]
        with served(walked.serve) as address:
            tiers = [ask(address, prompt) for prompt, _ in calls(N_LOGGED + N_ROUTED)[N_LOGGED:]]
            assert sum(tier != TOP for tier in tiers) > N_ROUTED / 2
            audits = wait_for_audits(place)
    assert {attempt.tier for attempt in audits} >= {TOP}
    assert any(attempt.extra["is_same"] for attempt in audits)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("format_name", FORMATS)
def test_cheap_tiers_that_differ_in_a_tenth_are_never_certified_as_they_are(
    format_name: str, tierwise: RunTierwise
) -> None:
    """What is certified moves a few steps only: 3 % of all answers differ when three steps in ten go to such tiers."""
    with provider(0.1) as stub:
        walked = walk_to_certificate(format_name, tierwise, stub)
    for tier in ("small", "mid"):
        _, *told = walked.lines_of(tier)
        assert all("never at this rate of differences" in line for line in told)
        assert len(told) == 2
    assert certified_at_3_percent(walked.trained) < 0.4, walked.trained


@contextmanager
def served(command: list[str]) -> Iterator[str]:
    """The service of the printed command, audited; on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    more = ["--port", str(port), "--mirror-share", "0.5"]
    root = str(Path(__file__).parents[3])
    process = subprocess.Popen(
        [sys.executable, "-m", "tierwise", *command, *more],
        env=os.environ | {"PYTHONPATH": root},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", 60)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def ask(address: str, prompt: str) -> str:
    """The tier that answered."""
    body = json.dumps({"model": "auto", "messages": [{"role": "user", "content": prompt}]}).encode()
    request = urllib.request.Request(f"{address}/v1/chat/completions", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(response.headers["x-tierwise-tier"])


def wait_for_audits(place: Path, n_wanted: int = 5) -> list[Any]:
    """The mirrored attempts in the log, once there are some."""
    for _ in range(1200):
        with DecisionLog.open(f"sqlite:///{place}/.tierwise/decisions.db") as log:
            found = [a for step in log.logged_steps() for a in step.attempts if is_mirror(a)]
        if len(found) >= n_wanted:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{len(found)} audits after ten seconds")

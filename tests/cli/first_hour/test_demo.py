"""The demo tells the first hour: what it says before and after training, and what its dashboard shows."""

import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Service, service
from tests.training.answered_world import P_RIGHT, answered_world
from tierwise.cli.first_hour.live import AUDIT_SHARE, route_and_audit
from tierwise.cli.first_hour.story import Told, claim_lines, mirrored_lines, top_lines
from tierwise.cli.first_hour.story_log import record_observed
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.compared.mirrored import is_mirror, mirrored_steps
from tierwise.data.courses import is_audit, ran_course
from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import LoggedStep
from tierwise.data.tax import frontier_tax
from tierwise.router_model.router import Router
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.reporting.table_rows import TableRow

__all__ = ["service"]
N_STEPS = 60


@pytest.fixture
def told(held_out_steps: Sequence[LoggedStep]) -> Told:
    return Told.of(held_out_steps[:N_STEPS], "frontier")


def test_a_port_that_is_taken_is_told_before_anything_is_done(tierwise: Callable[..., Any], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = tierwise("demo", "--port", port, "--folder", tmp_path / "demo")
    assert ran.code == 2
    assert f"port {port} cannot be used: Address already in use" in ran.err
    assert f"--port {port + 1}" in ran.err
    assert not (tmp_path / "demo").exists()


@pytest.mark.slow
def test_the_story_begins_without_a_verdict(told: Told, sample_catalogue: TierCatalogue) -> None:
    assert all(attempt.success is None for step in told.steps for attempt in step.attempts)
    assert re.search(rf"{N_STEPS} steps of \d+ tasks, 0\.0\d USD on frontier", next(top_lines(told)))
    _, small, mid = mirrored_lines(told, sample_catalogue)
    for line, tier in ((small, "small"), (mid, "mid")):
        n_same = sum(step.is_same[tier] is True for step in told.mirrored)
        assert f"{n_same} of {N_STEPS} answers" in line


def estimate(value: float, half: float = 0.0) -> Estimate:
    return Estimate(value, value - half, value + half, 100, 100.0)


def row(name: str, kind: Any, saved: Estimate, lost: float, rate: float | None = None) -> TableRow:
    return TableRow(name, "full information", None, None, estimate(lost), saved, kind=kind, catch_rate=rate)


def test_no_saving_is_claimed_for_the_router_that_a_plain_cascade_has() -> None:
    rows = [
        row("always-small", "tier", estimate(0.99), 0.8),
        row("best-mix", "mix", estimate(0.0), 0.0),
        row("small→top", "cascade", estimate(0.65, 0.05), 0.0, rate=1.0),
        row("learned", "candidate", estimate(0.08, 0.03), 0.0),
        row("learned + verifier 100%", "candidate cascade", estimate(0.66, 0.05), 0.0, rate=1.0),
        row("learned + verifier 80%", "candidate cascade", estimate(0.01, 0.02), 0.0, rate=0.8),
    ]
    _, alone, caught, most = claim_lines(rows)
    assert "alone: 8.0%, best-mix 0.0%: 8.0% are the router's" in alone
    assert "catches 100%: 66.0%, small→top 65.0%: no saving of the router's own" in caught
    assert "catches 80%: 1.0%, best-mix 0.0%: no saving of the router's own" in most
    (_, lossless) = claim_lines([row("cheap", "tier", estimate(0.9), 0.5), row("l", "candidate", estimate(0.2), 0.1)])
    assert "every plain way loses more than the router's 10.0%" in lossless


def test_what_was_observed_stands_in_the_log_once(told: Told, tmp_path: Path, sample_catalogue: TierCatalogue) -> None:
    url, now = f"sqlite:///{tmp_path}/decisions.db", 1_790_000_000.0
    for _ in range(2):
        record_observed(url, told, now)
    with DecisionLog.open(url) as log:
        steps = list(log.logged_steps())
    assert len(steps) == N_STEPS
    assert all([is_mirror(a) for a in step.attempts] == [False, True, True] for step in steps)
    assert all(step.timestamp is not None and step.timestamp < now for step in steps)
    assert [s.is_same for s in mirrored_steps(steps, "frontier")] == [
        {s.logged.step_id: s.is_same for s in told.mirrored}[step.step_id] for step in steps
    ]
    saving = frontier_tax(steps, sample_catalogue).saving
    assert saving.served_usd == pytest.approx(saving.top_usd)
    assert saving.mirror_usd > 0


@pytest.mark.slow
def test_live_steps_are_audited_at_random(
    service: Service, held_out_steps: Sequence[LoggedStep], sample_catalogue: TierCatalogue
) -> None:
    """The rules send most steps down, so that there is something to audit."""
    from tierwise.router_model.rules import RulesRouter

    service.start(RulesRouter(sample_catalogue))
    found = route_and_audit(service.address, held_out_steps[:N_STEPS], sample_catalogue.names)
    service.stop()
    with DecisionLog.open(service.log_url) as log:
        steps = list(log.logged_steps())
    cheap = [s for s in steps if s.decision is not None and s.decision.tier != "frontier"]
    audited = [s for s in cheap if any(a.tier == "frontier" and is_mirror(a) for a in s.attempts)]
    assert (found.n_routed, found.n_cheaper, found.n_audited) == (N_STEPS, len(cheap), len(audited))
    assert found.n_different == sum(a.extra["is_same"] is not True for s in audited for a in s.attempts if is_mirror(a))
    assert 0 < found.n_different < found.n_audited
    assert abs(found.n_audited / found.n_cheaper - AUDIT_SHARE) < 0.25
    assert all(a.success is None for s in steps for a in s.attempts)


@pytest.mark.slow
def test_cheap_answers_are_judged_by_the_service_and_logged_as_opinions(service: Service, answered: Router) -> None:
    service.start(answered)
    found = route_and_audit(service.address, answered_world(N_STEPS, seed=5), tuple(P_RIGHT))
    service.stop()
    with DecisionLog.open(service.log_url) as log:
        steps = list(log.logged_steps())
    ran = [step for step in steps if ran_course(step)]
    opinions = [attempt for step in ran for attempt in step.attempts if "acceptance" in attempt.extra]
    accepted = [attempt for attempt in opinions if attempt.extra["is_used"]]
    assert N_STEPS / 2 < found.n_courses == len(ran)
    assert 0 < len(accepted) < len(ran)
    assert all(attempt.extra["acceptance"]["accepted"] == attempt.tier for attempt in accepted)
    assert "learned" in {attempt.extra["course"]["accept"] for attempt in opinions}
    audits = [attempt for step in ran for attempt in step.attempts if is_audit(attempt)]
    assert {attempt.tier for attempt in audits} == {"frontier"}
    assert {attempt.extra["p_audit"] for attempt in audits} == {AUDIT_SHARE}
    for step in ran:  # who was not accepted had the top tier's answer, once, and nothing is asked beside that
        served = [attempt for attempt in step.attempts if attempt.tier == "frontier" and not is_audit(attempt)]
        assert len(served) == (not any(attempt.extra.get("is_used") for attempt in step.attempts))
        assert all(a.success is None for a in step.attempts)


def watch(process: "subprocess.Popen[str]", address: str, said: list[str]) -> str:
    """Keeps what is said until the audit is told; the page of the certificate then."""
    assert process.stderr is not None
    for line in process.stderr:
        said.append(line)
        if "The dashboard is ready" in line:
            with urllib.request.urlopen(address, timeout=30) as page:
                assert page.url == f"{address}/dashboard/"
        if "has it all, by part" in line:
            break
    with urllib.request.urlopen(f"{address}/dashboard/certificate", timeout=30) as page:
        return str(page.read().decode())


@pytest.mark.slow
def test_the_whole_story_in_the_terminal_and_on_the_dashboard(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "HOME": str(tmp_path),
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
    }
    command = [sys.executable, "-m", "tierwise", "demo", "--port", address.rpartition(":")[2]]
    said: list[str] = []
    with (
        (tmp_path / "out").open("w") as out,
        subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=out, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            shown = watch(process, address, said)
        finally:
            process.terminate()
    text = "".join(said)
    chapters = ["1. Everything on one", "2. Mirrored", "3. Certificate", "4. Routed", "The dashboard is", "5. Audited"]
    places = [text.index(each) for each in chapters]
    assert places == sorted(places)
    assert "no saving of the router's own" in text
    assert "of the dollars" in shown
    assert "answers differ" in shown
    assert "Start the ramp" in shown

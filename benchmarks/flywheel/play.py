"""The play: rules, an experiment, a promotion, a tier that degrades, a poisoned log, a bad promotion taken back.

Every act uses the commands that people use; what they print is kept. The traffic goes through the service, a batch of
tasks at a time, and its outcomes are reported as a caller would.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner

from benchmarks.flywheel.service import Service
from benchmarks.flywheel.traffic import FAIR, Weather, sample_traffic
from tierwise.cli import app
from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import LoggedStep
from tierwise.data.samples import sample_tiers_path
from tierwise.data.serialise import attempt_to_dict
from tierwise.training.flywheel.registry import Registry
from tierwise.training.runs.tracking import CHAMPION

MODEL = "weeks"
_BATCH_TASKS = 12
_TRAIN_TOML = "max_quality_loss = {max_quality_loss}\nn_folds = 3\nn_components = 16\n[booster]\nn_rounds = 60\n"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done after ``at_step`` steps of traffic."""

    at_step: int
    name: str
    text: str


@dataclass(slots=True)
class Timeline:
    """What happened: per step whether it ended well and what it cost, and the events between them."""

    success: list[float] = field(default_factory=list)
    cost_usd: list[float] = field(default_factory=list)
    policy: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    commands: list[dict[str, object]] = field(default_factory=list)

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


class Play:
    """Runs acts on one service; ``folder`` is the working directory, whose MLflow store and decision log are used."""

    def __init__(self, service: Service, folder: Path, log_url: str) -> None:
        self.timeline = Timeline()
        self._service = service
        self._folder = folder
        self._log_url = log_url
        self._tasks: Iterator[list[LoggedStep]] = sample_traffic()

    def traffic(self, n_steps: int, weather: Weather = FAIR) -> float:
        """At least ``n_steps`` steps, whole tasks; returns when it began, seconds since the epoch."""
        began, n_done = time.time(), 0
        while n_done < n_steps:
            steps = [step for _ in range(_BATCH_TASKS) for step in next(self._tasks)]
            self._serve(steps, weather)
            n_done += len(steps)
        return began

    def run(self, *arguments: str) -> tuple[int, str]:
        """One command; returns its exit code (2 for a refusal) and what it printed."""
        result = CliRunner().invoke(app, list(arguments))
        refusal = "" if isinstance(result.exception, SystemExit | None) else str(result.exception)
        code = 2 if refusal else result.exit_code
        output = result.output + refusal
        self.timeline.commands.append({"command": " ".join(arguments[:2]), "code": code, "output": output})
        return code, output

    def retrain(
        self, since: float, test_share: float, max_quality_loss: float = 0.25, margin: float = 0.05
    ) -> tuple[int, str]:
        config = self._folder / "train.toml"
        config.write_text(_TRAIN_TOML.format(max_quality_loss=max_quality_loss))
        return self.run(
            "retrain", "--log", self._log_url, "--name", MODEL, "--tiers", str(sample_tiers_path()),
            "--config", str(config), "--since", _moment(since), "--test-share", str(test_share),
            "--margin", str(margin),
        )  # fmt: skip

    def promote(self, *more: str) -> tuple[int, str]:
        return self.run("promote", "--name", MODEL, "--log-url", self._log_url, "--by", "play", *more)

    def rollback(self, why: str) -> tuple[int, str]:
        return self.run("rollback", "--name", MODEL, "--log-url", self._log_url, "--by", "play", "--why", why)

    def experiment(self, command: str, *more: str) -> tuple[int, str]:
        return self.run("experiment", command, "rules-or-learned", "--log-url", self._log_url, *more)

    def drift(self, since: float, reference_since: float) -> list[str]:
        """The kinds and names of what drifted."""
        path = self._folder / "drift.json"
        code, output = self.run(
            "drift", "--log", self._log_url, "--name", MODEL, "--json", str(path),
            "--since", _moment(since), "--reference-since", _moment(reference_since),
        )  # fmt: skip
        if code != 0:
            raise RuntimeError(output)
        findings = json.loads(path.read_text(encoding="utf-8"))["findings"]
        return [f"{finding['kind']} {finding['name']}" for finding in findings if finding["is_drift"]]

    def note(self, name: str, text: str) -> None:
        self.timeline.events.append(Event(len(self.timeline.success), name, text))

    def follow_champion(self) -> None:
        """Waits until the service decides with the champion, or by the rules where there is none."""
        champion = Registry.open(MODEL).by_alias(CHAMPION)
        self._service.wait_for_router((champion and champion.router_version) or "rules-1")

    def follow_challenger(self) -> None:
        self._service.wait_for_shadow()

    def follow_experiment(self) -> None:
        self._service.wait_for_arm("challenger")

    def trail(self) -> list[str]:
        """The actions of the audit trail, without the looks at the experiment, which it keeps too."""
        with DecisionLog.open(self._log_url) as log:
            return [entry.action for entry in log.audit() if entry.action != "experiment report"]

    def _serve(self, steps: list[LoggedStep], weather: Weather) -> None:
        outcomes = []
        for logged, answer in zip(steps, self._service.route(steps), strict=True):
            attempts = weather.outcomes(logged, answer["tier"])
            outcomes += [attempt_to_dict(each) | {"decision_id": answer["decision_id"]} for each in attempts]
            self.timeline.success.append(float(attempts[0].success or False))
            self.timeline.cost_usd.append(attempts[0].cost_usd or 0.0)
            self.timeline.policy.append(answer["policy"])
        self._service.report(outcomes)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()

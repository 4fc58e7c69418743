"""Retraining: from the log to a registered challenger with its evidence. The story on one page."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.catalogue.pricing import priced_steps
from tierwise.data.drawing.splits import split_by_time
from tierwise.data.records import Decision, LoggedStep
from tierwise.features.tasks import rebuilt
from tierwise.router_model.decider import Decider
from tierwise.router_model.router import Router
from tierwise.router_model.rules import RulesRouter
from tierwise.training.config import TrainConfig
from tierwise.training.evaluation.decisions import evaluate_decisions
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.evaluation import Evaluation
from tierwise.training.evaluation.reporting.report import write_report
from tierwise.training.flywheel.contest import Contest, hold_contest
from tierwise.training.flywheel.errors import FlywheelError
from tierwise.training.flywheel.gates import (
    Gate,
    GateSettings,
    budget_gates,
    calibration_gate,
    failed,
    slice_gate,
    value_gates,
)
from tierwise.training.flywheel.registry import (
    TAG_GATES,
    TAG_MEASURED_AGAINST,
    TAG_NEWEST_STEP,
    TAG_SNAPSHOT,
    Registry,
)
from tierwise.training.flywheel.snapshot import Snapshot, take_snapshot
from tierwise.training.progress import Progress, silent_progress
from tierwise.training.runs.account import TrainingAccount
from tierwise.training.runs.tracking import CHALLENGER, CHAMPION, track_bundle
from tierwise.training.train import MIN_STEPS, train_router

DEFAULT_HALF_LIFE_DAYS = 30.0
RULES = "rules"


@dataclass(frozen=True, slots=True)
class RetrainSettings:
    """``min_new_steps`` newer than the last version's newest must be there; ``test_share`` of the steps, the newest,
    are kept aside to measure on."""

    train: TrainConfig = field(default_factory=lambda: TrainConfig(half_life_days=DEFAULT_HALF_LIFE_DAYS))
    gates: GateSettings = field(default_factory=GateSettings)
    test_share: float = 0.25
    min_new_steps: int = 100

    def __post_init__(self) -> None:
        if not 0 < self.test_share < 1:
            raise FlywheelError(f"test_share is {self.test_share}; a share between 0 and 1 is needed")

    @property
    def digest(self) -> str:
        """Changes when anything that shapes the bundle does."""
        content = json.dumps([asdict(self.train), self.test_share], sort_keys=True, default=str)
        return sha256(content.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Retraining:
    """What came of it. ``version`` is the registered challenger; ``is_new`` false when this very dataset with these
    settings had been trained on before, and nothing was done."""

    version: str
    is_new: bool
    snapshot: Snapshot
    incumbent: str
    gates: tuple[Gate, ...]
    contest: Contest | Refusal | None
    report: Path | None = None

    @property
    def is_ready(self) -> bool:
        """Every gate was passed."""
        return self.is_new and not failed(self.gates)


def retrain(
    steps: Iterable[LoggedStep],
    catalogue: TierCatalogue,
    registry: Registry,
    folder: Path,
    settings: RetrainSettings | None = None,
    since: float | None = None,
    progress: Progress = silent_progress,
) -> Retraining:
    """Trains on all but the newest steps, measures on those, registers the result as ``challenger``.

    The incumbent is the champion, or the rules where there is none. The bundle that was measured is the bundle that
    is registered. Doing it twice on the same data changes nothing. Raises ``FlywheelError`` for too little new data.
    """
    settings = settings or RetrainSettings()
    if settings.train.task_memory:
        steps = rebuilt(steps, catalogue.names)
    snapshot = take_snapshot(priced_steps(steps, catalogue), catalogue.names, since)
    key = f"{snapshot.fingerprint[:24]}-{settings.digest}"
    same = next((each for each in registry.versions() if each.tags.get(TAG_SNAPSHOT) == key), None)
    if same is not None:
        return Retraining(same.number, False, snapshot, same.tags.get(TAG_MEASURED_AGAINST, RULES), (), None)
    _check_enough(snapshot, registry, settings)
    earlier, later = _windows(snapshot, settings)

    kept = snapshot.write(folder / "snapshots")
    trained = train_router(earlier, catalogue, settings.train, progress=progress)
    bundle = folder / "challenger"
    trained.save(bundle)
    challenger = Router.load(bundle)

    progress("measuring", 3)
    incumbent = _incumbent(registry, catalogue)
    decisions = _decide(challenger, later)
    progress.step()
    contest = hold_contest(later, catalogue, decisions, _decide(incumbent.decider, later))
    progress.step()
    evaluation = evaluate_decisions(later, catalogue, decisions, "challenger")
    gates = _pass_gates(bundle, challenger, later, contest, evaluation, settings.gates)
    report = _write_report(folder / "report", snapshot, incumbent.name, gates, contest, evaluation)
    progress("registering", 1)
    tags = {
        TAG_SNAPSHOT: key,
        TAG_NEWEST_STEP: _moment(snapshot.newest),
        TAG_GATES: ", ".join(failed(gates)) or "passed",
        TAG_MEASURED_AGAINST: incumbent.name,
    }
    gated = f"Measured against {incumbent.name} on {len(later)} later steps; gates: {tags[TAG_GATES]}."
    account = TrainingAccount([str(kept)], len(snapshot.steps), settings.train, [gated])
    registered = track_bundle(bundle, registry.name, report, CHALLENGER, tags, account)
    return Retraining(registered.version, True, snapshot, incumbent.name, tuple(gates), contest, report)


def newest_mark(registry: Registry) -> float | None:
    """The time of the newest step that any version was trained or measured on; None when there is no version."""
    marks = [each.tags.get(TAG_NEWEST_STEP) for each in registry.versions()]
    return max((datetime.fromisoformat(mark).timestamp() for mark in marks if mark), default=None)


@dataclass(frozen=True, slots=True)
class _Incumbent:
    """``name`` is ``version N`` of the champion, or ``rules``."""

    name: str
    decider: Decider


def _incumbent(registry: Registry, catalogue: TierCatalogue) -> _Incumbent:
    champion = registry.by_alias(CHAMPION)
    if champion is None:
        return _Incumbent(RULES, RulesRouter(catalogue))
    router = Router.load(registry.download(champion.number))
    if router.catalogue.names != catalogue.names:
        raise FlywheelError(
            f"the champion decides between {', '.join(router.catalogue.names)}, the tiers given are "
            f"{', '.join(catalogue.names)}; train and register a first version for them under another --name"
        )
    return _Incumbent(f"version {champion.number}", router)


def _check_enough(snapshot: Snapshot, registry: Registry, settings: RetrainSettings) -> None:
    mark = newest_mark(registry)
    n_new = snapshot.n_since(mark)
    if n_new < settings.min_new_steps:
        than = "" if mark is None else f" newer than {_moment(mark)}, the newest of the last version,"
        left_out = "".join(f"; {count} left out: {reason}" for reason, count in snapshot.left_out.items())
        raise FlywheelError(
            f"the log has {n_new} steps with a known outcome{than} and {settings.min_new_steps} are needed{left_out}; "
            "wait for more, or lower --min-new-steps"
        )


def _windows(snapshot: Snapshot, settings: RetrainSettings) -> tuple[list[LoggedStep], list[LoggedStep]]:
    earlier, later = split_by_time(snapshot.steps, settings.test_share)
    if len(earlier) < MIN_STEPS or len(later) < MIN_STEPS:
        raise FlywheelError(
            f"by time the steps part into {len(earlier)} to train on and {len(later)} to measure on, whole tasks and "
            f"groups together; {MIN_STEPS} of each are needed: give timestamps, a longer log or another --test-share"
        )
    return earlier, later


def _decide(decider: Decider, steps: list[LoggedStep]) -> list[Decision]:
    if isinstance(decider, Router):
        return decider.decide_many([logged.step for logged in steps])
    return [decider.decide(logged.step) for logged in steps]


def _pass_gates(
    bundle: Path,
    challenger: Router,
    later: list[LoggedStep],
    contest: Contest | Refusal,
    evaluation: Evaluation,
    settings: GateSettings,
) -> list[Gate]:
    golden = Gate("golden rows", True, "all come out the same", "the bundle loads and decides as it was saved")
    return [
        *value_gates(contest, settings),
        slice_gate(contest, settings),
        calibration_gate(evaluation.calibration, settings),
        *budget_gates(bundle, challenger, [logged.step for logged in later], settings),
        golden,
    ]


def _write_report(
    folder: Path,
    snapshot: Snapshot,
    incumbent: str,
    gates: list[Gate],
    contest: Contest | Refusal,
    evaluation: Evaluation,
) -> Path:
    write_report(evaluation, folder)
    content: Mapping[str, object] = {
        "snapshot": snapshot.to_dict(),
        "measured_against": incumbent,
        "gates": [gate.to_dict() for gate in gates],
        "contest": contest.to_dict(),
    }
    (folder / "gates.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return folder


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()

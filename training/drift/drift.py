"""Is the log still the one that the champion learned from? Everything that is compared, on one page."""

from collections.abc import Sequence
from dataclasses import dataclass

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import LoggedStep
from tierwise.router_model.router import Router
from tierwise.training.drift.attempts import calibration_findings, outcome_findings, price_findings
from tierwise.training.drift.finding import DriftSettings, Finding
from tierwise.training.drift.promise import audit_findings, promise_findings
from tierwise.training.drift.steps import feature_findings, mix_findings
from tierwise.training.errors import TrainingError

MIN_STEPS = 30
_MAX_FEATURE_STEPS = 3000


@dataclass(frozen=True, slots=True)
class DriftReport:
    """``findings`` with drift first; ``router_version`` is the router whose predictions were compared, if any."""

    findings: tuple[Finding, ...]
    n_reference: int
    n_current: int
    router_version: str | None

    @property
    def drifted(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.is_drift)

    def to_dict(self) -> dict[str, object]:
        return {
            "format": "tierwise-drift/1",
            "has_drift": bool(self.drifted),
            "n_reference": self.n_reference,
            "n_current": self.n_current,
            "router_version": self.router_version,
            "findings": [finding.to_dict() for finding in self.findings],
        }


def measure_drift(
    reference: Sequence[LoggedStep],
    current: Sequence[LoggedStep],
    catalogue: TierCatalogue,
    router: Router | None = None,
    settings: DriftSettings | None = None,
) -> DriftReport:
    """Compares the ``current`` steps with those of the ``reference`` time, and with what ``router`` predicts for them.

    Raises ``TrainingError`` when either has fewer than 30 steps.
    """
    for name, steps in (("reference", reference), ("current", current)):
        if len(steps) < MIN_STEPS:
            raise TrainingError(f"the {name} window has {len(steps)} steps; {MIN_STEPS} are needed: move --since")
    settings = settings or DriftSettings()
    found = mix_findings(reference, current, settings)
    found += outcome_findings(reference, current, catalogue.names, settings)
    found += price_findings(reference, current, catalogue, settings)
    if router is not None:
        found += _router_findings(router, reference, current, settings)
    found.sort(key=lambda finding: not finding.is_drift)
    version = None if router is None else router.version
    return DriftReport(tuple(found), len(reference), len(current), version)


def _router_findings(
    router: Router, reference: Sequence[LoggedStep], current: Sequence[LoggedStep], settings: DriftSettings
) -> list[Finding]:
    """What only a router can tell: its features, and how far its predictions are off."""
    pipeline = router.parts.pipeline()
    windows = [pipeline.transform([logged.step for logged in of[-_MAX_FEATURE_STEPS:]]) for of in (reference, current)]
    decisions = router.decide_many([logged.step for logged in current])
    policy, names = router.parts.policy, router.catalogue.names
    promised = [*reference, *current], names, router.version, policy.default_max_quality_loss, policy.target
    return [
        *promise_findings(*promised),
        *audit_findings([*reference, *current], router, settings.max_different),
        *calibration_findings(current, decisions, router.catalogue.names, settings),
        *feature_findings(windows[0], windows[1], router.parts.schema.names, settings),
    ]

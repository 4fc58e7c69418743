"""Does the log still bear out what the router promised, and do its courses' audits? The same watches as the service's,
over a whole log."""

from collections.abc import Sequence

from tierwise.data.records import LoggedStep
from tierwise.router_model.monitor.audits import AuditMonitor, part_namer
from tierwise.router_model.monitor.promise import PromiseMonitor, PromiseState
from tierwise.router_model.router import Router
from tierwise.training.drift.finding import Finding


def promise_findings(
    steps: Sequence[LoggedStep],
    tiers: Sequence[str],
    router_version: str,
    max_quality_loss: float,
    target: str = "success",
) -> list[Finding]:
    """One finding where ``steps`` hold decisions of the version, none where they do not. It is drift where the promise
    is disproved; ``change`` is the least relative loss that is not ruled out, 0 or more."""
    own = _decided_by(steps, router_version)
    if not own:
        return []
    monitor = PromiseMonitor(tiers, max_quality_loss, target=target)
    monitor.take(own)
    state = monitor.state()
    return [Finding("promise", router_version, max(0.0, state.lower), state.is_broken, _text(state))]


def audit_findings(steps: Sequence[LoggedStep], router: Router, max_different: float) -> list[Finding]:
    """A finding for all audited answers of the router's courses and one for each part with enough of them; none where
    nothing was audited. ``change`` is the least share that differs and is not ruled out."""
    monitor = AuditMonitor(router.catalogue.names, max_different, part_namer(router.parts.policy))
    if not monitor.take(_decided_by(steps, router.version)):
        return []
    state = monitor.state()
    return [
        Finding("audit", each.part or "courses", each.lower, each.is_broken, each.text())
        for each in (state.whole, *state.shown_parts)
    ]


def _decided_by(steps: Sequence[LoggedStep], router_version: str) -> list[LoggedStep]:
    """In the order of their time."""
    own = [s for s in steps if s.decision is not None and s.decision.extra.get("router_version") == router_version]
    return sorted(own, key=lambda logged: logged.timestamp or 0.0)


def _text(state: PromiseState) -> str:
    promise = f"at most {state.max_quality_loss:.1%} of the top tier's success lost"
    if not state.n_tasks:
        return f"{promise}: no decision with an outcome speaks of it"
    found = f"{state.lower:.1%} to {state.upper:.1%} lost in {state.n_tasks} tasks"
    return f"{promise}: {state.verdict} ({found}, each end at {state.confidence:.0%})"

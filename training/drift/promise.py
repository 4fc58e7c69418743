"""Does the log still bear out what the router promised? The same watch as the service's, over a whole log."""

from collections.abc import Sequence

from tierwise.data.records import LoggedStep
from tierwise.router_model.monitor.promise import PromiseMonitor, PromiseState
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
    own = [s for s in steps if s.decision is not None and s.decision.extra.get("router_version") == router_version]
    if not own:
        return []
    monitor = PromiseMonitor(tiers, max_quality_loss, target=target)
    monitor.take(sorted(own, key=lambda logged: logged.timestamp or 0.0))
    state = monitor.state()
    return [Finding("promise", router_version, max(0.0, state.lower), state.is_broken, _text(state))]


def _text(state: PromiseState) -> str:
    promise = f"at most {state.max_quality_loss:.1%} of the top tier's success lost"
    if not state.n_tasks:
        return f"{promise}: no decision with an outcome speaks of it"
    found = f"{state.lower:.1%} to {state.upper:.1%} lost in {state.n_tasks} tasks"
    return f"{promise}: {state.verdict} ({found}, each end at {state.confidence:.0%})"

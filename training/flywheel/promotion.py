"""Promotion and rollback: who may serve, and a trail of who decided so, when, why and on what evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.data.decision_log import AuditEntry, DecisionLog
from tierwise.router_model.router import Router
from tierwise.training.flywheel.errors import FlywheelError
from tierwise.training.flywheel.registry import (
    TAG_GATES,
    TAG_MEASURED_AGAINST,
    TAG_REPLACED,
    Registry,
    Version,
)
from tierwise.training.flywheel.retrain import RULES
from tierwise.training.runs.tracking import CHALLENGER, CHAMPION

PROMOTE, ROLLBACK, REFUSE = "promote", "rollback", "refuse"


@dataclass(frozen=True, slots=True)
class Change:
    """``replaced`` is None where the rules decided before, or decide again."""

    version: str | None
    replaced: str | None


@dataclass(frozen=True, slots=True)
class Grounds:
    """Who wants the change and why. ``experiment`` is the verdict of an A/B test that the challenger won, if there is
    one; ``is_forced`` overrules the gates, which the trail will show."""

    actor: str
    reason: str
    experiment: Mapping[str, Any] | None = None
    is_forced: bool = False


def promote(registry: Registry, log: DecisionLog, grounds: Grounds, number: str | None = None) -> Change:
    """Makes a version the champion: ``number``, or whatever is ``challenger``.

    A refusal goes to the audit trail too. Raises ``FlywheelError`` for a version that has not passed its gates, that
    was measured against something else than what serves now, or whose bundle does not load.
    """
    candidate = registry.by_alias(CHALLENGER) if number is None else registry.version(number)
    if candidate is None:
        raise FlywheelError(
            f"'{registry.name}' has no challenger; make one with `tierwise retrain`, or name a --version"
        )
    champion = registry.by_alias(CHAMPION)
    try:
        _check(candidate, champion, grounds)
    except FlywheelError as error:
        log.record_audit(_entry(REFUSE, registry, grounds, candidate, champion, {"refused": str(error)}))
        raise
    Router.load(registry.download(candidate.number))
    replaced = champion.number if champion else ""
    registry.tag(candidate.number, {TAG_REPLACED: replaced, **_signed(grounds, "promoted")})
    registry.point(CHAMPION, candidate.number)
    challenger = registry.by_alias(CHALLENGER)
    if challenger is not None and challenger.number == candidate.number:
        registry.unpoint(CHALLENGER)
    log.record_audit(_entry(PROMOTE, registry, grounds, candidate, champion, {}))
    return Change(candidate.number, replaced or None)


def rollback(registry: Registry, log: DecisionLog, grounds: Grounds) -> Change:
    """Puts back what the champion replaced; where that were the rules, the alias is taken away.

    Raises ``FlywheelError`` when there is no champion, or when it never replaced anything.
    """
    champion = registry.by_alias(CHAMPION)
    if champion is None:
        raise FlywheelError(f"'{registry.name}' has no champion; there is nothing to roll back")
    if TAG_REPLACED not in champion.tags:
        raise FlywheelError(
            f"version {champion.number} of '{registry.name}' was never promoted over another; promote the version "
            "that you want with --version"
        )
    before = champion.tags[TAG_REPLACED]
    if before:
        Router.load(registry.download(before))
        registry.point(CHAMPION, before)
    else:
        registry.unpoint(CHAMPION)
    registry.tag(champion.number, _signed(grounds, "rolled_back"))
    restored = registry.version(before) if before else None
    log.record_audit(_entry(ROLLBACK, registry, grounds, restored, champion, {}))
    return Change(before or None, champion.number)


def _check(candidate: Version, champion: Version | None, grounds: Grounds) -> None:
    if champion is not None and candidate.number == champion.number:
        raise FlywheelError(f"version {candidate.number} is the champion already")
    if grounds.is_forced or grounds.experiment is not None:
        return
    gates = candidate.tags.get(TAG_GATES)
    if gates != "passed":
        found = f"did not pass: {gates}" if gates else "was never measured"
        raise FlywheelError(
            f"version {candidate.number} {found}; see report/gates.json of its run, let it win an experiment, or "
            "overrule with --force"
        )
    serving = f"version {champion.number}" if champion else RULES
    measured = candidate.tags.get(TAG_MEASURED_AGAINST)
    if measured != serving:
        raise FlywheelError(
            f"version {candidate.number} was measured against {measured}, but {serving} serves now; retrain, or "
            "overrule with --force"
        )


def _signed(grounds: Grounds, what: str) -> dict[str, str]:
    return {f"tierwise.{what}_by": grounds.actor, f"tierwise.{what}_because": grounds.reason[:400]}


def _entry(
    action: str,
    registry: Registry,
    grounds: Grounds,
    to: Version | None,
    champion: Version | None,
    more: Mapping[str, Any],
) -> AuditEntry:
    evidence: dict[str, Any] = {
        "from": champion.number if champion else RULES,
        "to": to.number if to else RULES,
        "router_version": to.router_version if to else None,
        "gates": to.tags.get(TAG_GATES) if to else None,
        "measured_against": to.tags.get(TAG_MEASURED_AGAINST) if to else None,
        "is_forced": grounds.is_forced,
        "experiment": grounds.experiment,
    }
    return AuditEntry(action, registry.name, grounds.actor, grounds.reason, evidence | dict(more))

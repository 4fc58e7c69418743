"""Deciders that learn nothing: the hand-written heuristic that Tierwise replaces, and constant tiers."""

from dataclasses import dataclass, field

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Decision, Reason, Step
from tierwise.router_model.choosing.guardrails import Guardrails, open_tiers
from tierwise.router_model.options import NO_OPTIONS, DecideOptions

SIMPLE_TASK_TYPES = frozenset({"extract", "format", "classify", "route"})
MAX_MID_COMPLEXITY = 6.0


@dataclass(frozen=True, slots=True)
class RulesRouter:
    """The seed heuristic.

    Extract, format, classify or route without judgment goes to the cheapest tier; complexity up to 6 without judgment
    to the middle one; everything else, and everything whose complexity is unknown, to the top.
    """

    catalogue: TierCatalogue
    guardrails: Guardrails = field(default_factory=Guardrails)
    policy: str = "rules"
    version: str = "rules-1"
    is_slow: bool = False

    def decide(self, step: Step, options: DecideOptions = NO_OPTIONS) -> Decision:
        """The tier that the rules give, within guardrails and options. Raises ``RecordError`` for bad options."""
        options.check(self.catalogue)
        tier, reason = self._choose(step)
        return _limited(self, tier, reason, step, options)

    def _choose(self, step: Step) -> tuple[int, Reason]:
        top = len(self.catalogue) - 1
        if step.requires_judgment:
            return top, Reason("rule_judgment", "The step requires judgment.")
        if (step.task_type or "").lower() in SIMPLE_TASK_TYPES:
            return 0, Reason("rule_simple_task", f"'{step.task_type}' without judgment is simple work.")
        if step.input_complexity is not None and step.input_complexity <= MAX_MID_COMPLEXITY:
            return top // 2, Reason("rule_complexity", f"Complexity {step.input_complexity:g} is at most 6.")
        return top, Reason("rule_default", "No rule allows a cheaper tier.")


@dataclass(frozen=True, slots=True)
class ConstantRouter:
    """Always the same tier, within the guardrails."""

    catalogue: TierCatalogue
    tier: str
    guardrails: Guardrails = field(default_factory=Guardrails)

    @property
    def policy(self) -> str:
        return f"always-{self.tier}"

    @property
    def is_slow(self) -> bool:
        return False

    @property
    def version(self) -> str:
        return f"always-{self.tier}"

    def decide(self, step: Step, options: DecideOptions = NO_OPTIONS) -> Decision:
        """The one tier, within guardrails and options. Raises ``CatalogueError`` when the catalogue lacks it."""
        options.check(self.catalogue)
        reason = Reason("constant", f"Every step goes to '{self.tier}'.")
        return _limited(self, self.catalogue.index(self.tier), reason, step, options)


def _limited(
    router: RulesRouter | ConstantRouter, tier: int, reason: Reason, step: Step, options: DecideOptions
) -> Decision:
    allowed = open_tiers(step, options, router.guardrails, router.catalogue)
    chosen = router.catalogue.tiers[allowed.clamp(tier)]
    if allowed.clamp(tier) > tier:
        reason = Reason("guardrail", f"Raised to '{chosen.name}' by {allowed.raised_by}.")
    elif allowed.clamp(tier) < tier:
        reason = Reason("max_tier", f"Limited to '{chosen.name}' by the highest tier allowed.")
    return Decision(
        tier=chosen.name,
        model=chosen.model.name if chosen.model else None,
        policy=router.policy,
        router_version=router.version,
        reason=reason,
    )

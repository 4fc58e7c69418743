"""Guardrails: the tiers that configuration and request leave open, whatever the policy would like."""

from dataclasses import dataclass, fields, replace

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Step
from tierwise.features.stuck import sign_of_trouble
from tierwise.features.tasks import trajectory_of
from tierwise.router_model.options import DecideOptions


@dataclass(frozen=True, slots=True)
class Guardrails:
    """Tier floors by property of the step. None leaves the property to the policy.

    ``human_visible_min_tier`` holds for steps whose output a person sees, ``judgment_min_tier`` for steps marked
    ``requires_judgment``, ``stuck_min_tier`` for steps whose messages, or what is told of those before, show a loop, a
    run of failures or a failed check (:mod:`tierwise.features.stuck`), and for the next few; ``min_tier`` and
    ``max_tier`` hold for all.
    """

    min_tier: str | None = None
    max_tier: str | None = None
    human_visible_min_tier: str | None = None
    judgment_min_tier: str | None = None
    stuck_min_tier: str | None = None

    def overlaid(self, other: "Guardrails") -> "Guardrails":
        """These guardrails, with those that ``other`` sets in their place."""
        given = {each.name: getattr(other, each.name) for each in fields(other)}
        return replace(self, **{name: value for name, value in given.items() if value is not None})

    def check(self, catalogue: TierCatalogue) -> None:
        """Raises ``CatalogueError`` when a guardrail names a tier that the catalogue does not have."""
        for name in (getattr(self, each.name) for each in fields(self)):
            if name is not None:
                catalogue.index(name)


@dataclass(frozen=True, slots=True)
class TierRange:
    """The tiers ``low..high`` (indices) that are open; ``raised_by`` names the guardrail that set ``low``."""

    low: int
    high: int
    raised_by: str | None = None

    def clamp(self, tier: int) -> int:
        """The open tier nearest to ``tier``."""
        return max(self.low, min(self.high, tier))


def open_tiers(step: Step, options: DecideOptions, guardrails: Guardrails, catalogue: TierCatalogue) -> TierRange:
    """The tiers that are open for ``step``.

    Floors and ceilings that contradict each other are settled for quality: the highest floor wins over a ceiling of
    the configuration, and a ceiling of the request wins over everything, because the caller pays.
    """
    floors = [("min_tier", guardrails.min_tier), ("options.min_tier", options.min_tier)]
    if step.human_visible:
        floors.append(("human_visible", guardrails.human_visible_min_tier))
    if step.requires_judgment:
        floors.append(("requires_judgment", guardrails.judgment_min_tier))
    if guardrails.stuck_min_tier is not None and (sign := sign_of_trouble(trajectory_of(step))) is not None:
        floors.append((f"stuck ({sign})", guardrails.stuck_min_tier))
    low, raised_by = 0, None
    for name, floor in floors:
        if floor is not None and catalogue.index(floor) > low:
            low, raised_by = catalogue.index(floor), name
    high = len(catalogue) - 1
    if guardrails.max_tier is not None:
        high = max(low, catalogue.index(guardrails.max_tier))
    if options.max_tier is not None:
        high = min(high, catalogue.index(options.max_tier))
    return TierRange(min(low, high), high, raised_by)

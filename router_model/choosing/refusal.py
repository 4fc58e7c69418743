"""A router that certifies nothing says so in one line, with the command that gets what is missing."""

from tierwise.router_model.choosing.operating_point import OperatingPoint, point_at
from tierwise.router_model.choosing.parts import Cascades, cascade_point
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.options import NO_OPTIONS, DecideOptions


def nothing_certified(policy: Policy, top_tier: str, options: DecideOptions = NO_OPTIONS) -> str | None:
    """One line where ``policy`` leaves no step below ``top_tier`` with what ``options`` asks for; else None."""
    asked = policy.default_max_quality_loss if options.max_quality_loss is None else options.max_quality_loss
    if _is_supported(policy, asked, options.catch_rate or 0.0):
        return None
    reasons = {part.missing for part in policy.parts} or {policy.missing}
    alone = reasons.pop() if len(reasons) == 1 else ""
    why = policy.missing or alone or f"the log cannot support a quality loss of {asked:.1%}"
    return (
        f"Nothing is certified: {why}; every step stays with the top tier. Next: let cheaper tiers answer some of "
        f"these steps as well, with `tierwise collect --compare {top_tier}`, and train again."
    )


def _is_supported(policy: Policy, asked: float, catch_rate: float) -> bool:
    offers = [(part.points, part.cascades) for part in policy.parts] or [(policy.points, policy.cascades)]
    return any(_leaves_top(points, cascades, asked, catch_rate) for points, cascades in offers)


def _leaves_top(points: tuple[OperatingPoint, ...], cascades: Cascades, asked: float, catch_rate: float) -> bool:
    cascade = cascade_point(cascades, catch_rate, asked) if catch_rate else None
    if cascade is not None:
        return cascade.cost_weight is not None or cascade.start is not None
    return catch_rate == 1 or point_at(points, asked).cost_weight is not None

"""What a log of compared answers is worth: steps that each tier still needs, and dollars a month."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.compared.spending import usd_a_month
from tierwise.data.drawing.splits import split_unit
from tierwise.data.records import LoggedStep
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.steps_needed import Seen, steps_needed


def mirrored_lines(steps: Sequence[LoggedStep], n_read: int, policy: Policy, catalogue: TierCatalogue) -> Iterator[str]:
    """For people: dollars a month at the pace of the log, and what every cheaper tier still needs by itself.

    ``steps`` carry success by comparison; ``n_read`` is the size of the log that they were drawn from.
    """
    top, point = catalogue.names[-1], policy.certified(None)
    monthly = usd_a_month(steps, top)
    if monthly is not None and point.cost_weight is not None:
        monthly *= n_read / max(1, len(steps))
        yield (
            f"At your traffic: {_usd(point.saving_usd * monthly)} saved of {_usd(monthly)} a month, "
            f"at most {policy.default_max_quality_loss:.0%} of answers different."
        )
    seen = {name: _seen(steps, name) for name in catalogue.names[:-1]}
    yield from needed_lines(seen, policy.default_max_quality_loss, policy.confidence)


def needed_lines(seen: Mapping[str, Seen], max_loss: float, confidence: float) -> Iterator[str]:
    """One line a tier: whether all steps may go there, or how many more mirrored steps that needs."""
    if not any(each.n_compared for each in seen.values()):
        return
    yield f"If every step went to one tier, at most {max_loss:.0%} different with {confidence:.0%} confidence:"
    for name, each in seen.items():
        told = steps_needed(each, max_loss, confidence).text() if each.n_compared else "nothing was compared yet"
        yield f"  {name:<10} {told}"


def _seen(steps: Sequence[LoggedStep], tier: str) -> Seen:
    """By the last attempt on the tier whose outcome is known."""
    n_different, sizes = 0, Counter[str]()
    for step in steps:
        known = [a.success for a in step.attempts if a.tier == tier and a.success is not None]
        if known:
            n_different += not known[-1]
            sizes[split_unit(step)] += 1
    return Seen.by_task(n_different, 0, sizes.values())


def _usd(amount: float) -> str:
    return f"${amount:,.0f}" if amount >= 100 else f"${amount:,.2f}"

"""What the served policy promises part by part, as the Quality page shows it."""

from dataclasses import dataclass

from tierwise.router_model.choosing.operating_point import OperatingPoint, point_at
from tierwise.router_model.choosing.policy import Policy


@dataclass(frozen=True, slots=True)
class PartPromise:
    """What is certified for one part of the work at a tolerated loss.

    ``n_effective`` tells ``n_tasks`` in tasks of equal size. ``refused`` says why the part stays with the top tier, or
    nothing.
    """

    name: str
    n_steps: int
    n_tasks: int
    n_effective: float
    point: OperatingPoint
    refused: str


def part_promises(policy: Policy, max_quality_loss: float) -> list[PartPromise]:
    """Every part, in the order of the policy; nothing where the work is not split."""
    if len(policy.parts) < 2:
        return []
    found = []
    for part in policy.parts:
        point = point_at(part.points, max_quality_loss)
        unsupported = "" if point.cost_weight is not None else "its steps cannot support this target"
        name = policy.part_text(part) or part.name
        found.append(
            PartPromise(name, part.n_steps, part.n_tasks, part.n_effective, point, part.missing or unsupported)
        )
    return found

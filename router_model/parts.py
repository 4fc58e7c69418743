"""Parts of the work that are certified apart, so that none pays for another: which one a step belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.data.records import Step
from tierwise.router_model.operating_point import OperatingPoint

PART_FIELDS = ("task_type", "agent", "node")


@dataclass(frozen=True, slots=True)
class Part:
    """What was certified for steps whose field has one of ``values``.

    ``points`` ascend by ``max_quality_loss``. ``tiers`` are the indices of those that were tried often enough to be
    chosen at all; ``n_outcomes`` counts the tasks with an outcome of each. ``n_effective`` is ``n_tasks`` told in tasks
    of equal size. ``missing`` says in words what evidence lacks, or nothing.
    """

    name: str
    values: tuple[str, ...]
    points: tuple[OperatingPoint, ...]
    tiers: tuple[int, ...]
    n_steps: int
    n_tasks: int
    n_effective: float
    n_outcomes: tuple[int, ...] = ()
    missing: str = ""

    def to_mapping(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "points"}
        lists = {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}
        return lists | {"points": [point.to_mapping() for point in self.points]}

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "Part":
        lists: dict[str, Any] = {name: tuple(raw[name]) for name in ("values", "tiers", "n_outcomes")}
        plain: dict[str, Any] = {name: raw[name] for name in ("name", "n_steps", "n_tasks", "n_effective", "missing")}
        return cls(points=tuple(OperatingPoint(**point) for point in raw["points"]), **lists, **plain)


def part_value(step: Step, field: str | None) -> str:
    """The value of the field that parts go by; nothing where the step does not say."""
    if field is None:
        return ""
    value = getattr(step, field, None)
    if value is None:
        value = step.extra.get(field)
    return "" if value is None else str(value)

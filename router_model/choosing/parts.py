"""Parts of the work that are certified apart, so that none pays for another: which one a step belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.data.records import Step
from tierwise.router_model.choosing.operating_point import CATCH_RATES, OperatingPoint, point_at

Cascades = tuple[tuple[OperatingPoint, ...], ...]
"""Points of cascades, by rate of :data:`tierwise.router_model.choosing.operating_point.CATCH_RATES`, or nothing."""


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
    cascades: Cascades = ()

    def to_mapping(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in ("points", "cascades")}
        lists = {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}
        points = {"points": [point.to_mapping() for point in self.points]}
        return lists | points | {"cascades": cascades_to_lists(self.cascades)}

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "Part":
        lists: dict[str, Any] = {name: tuple(raw[name]) for name in ("values", "tiers", "n_outcomes")}
        plain: dict[str, Any] = {name: raw[name] for name in ("name", "n_steps", "n_tasks", "n_effective", "missing")}
        return cls(
            points=tuple(OperatingPoint(**point) for point in raw["points"]),
            **lists,
            **plain,
            cascades=cascades_of(raw["cascades"]),
        )


def cascades_to_lists(cascades: Cascades) -> list[list[dict[str, Any]]]:
    """The form of ``policy.json``."""
    return [[point.to_mapping() for point in points] for points in cascades]


def cascades_of(raw: Sequence[Sequence[Mapping[str, Any]]]) -> Cascades:
    return tuple(tuple(OperatingPoint(**point) for point in points) for points in raw)


def cascade_point(cascades: Cascades, catch_rate: float, max_quality_loss: float) -> OperatingPoint | None:
    """What is certified for the nearest catch rate up to the asked one; None where nothing is."""
    n_rates = sum(rate <= catch_rate + 1e-9 for rate in CATCH_RATES)
    return point_at(cascades[n_rates - 1], max_quality_loss) if cascades and n_rates else None


def part_value(step: Step, field: str | None) -> str:
    """The value of the field that parts go by; nothing where the step does not say."""
    if field is None:
        return ""
    value = getattr(step, field, None)
    if value is None:
        value = step.extra.get(field)
    return "" if value is None else str(value)

"""Experiments: which arms share the traffic, from when to when, and what may still change while one runs.

An experiment is a record in the decision log, so that every replica of the service and every analysis reads the same
one. Assignment is :mod:`tierwise.router_model.choosing.assignment`.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from tierwise.data.errors import TierwiseError

MAX_EXPLORATION = 0.2
FIXED_DECIDERS = ("rules", "champion", "challenger")
CONSTANT_PREFIX = "always-"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_MAY_CHANGE = ("shares", "stage", "exploration", "stopped_at", "stop_reason")


class ExperimentError(TierwiseError):
    """An experiment that cannot be run as it is described; the message names the value and the fix."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One policy of an experiment.

    ``decider`` is ``rules``, ``champion`` (whatever router is live), ``challenger``, or ``always-<tier>``; ``share``
    the part of all tasks that the arm gets, 0 to 1. An arm with share 0 gets none: a challenger in the shadow.
    """

    name: str
    decider: str
    share: float


@dataclass(frozen=True, slots=True)
class Experiment:
    """Tasks are assigned to ``arms`` by a hash of ``salt`` and task id; the first arm is the control.

    Times are seconds since the epoch (UTC); ``stopped_at`` None means that it runs. ``margin`` is the loss of success
    that still counts as not inferior, ``confidence`` that of the verdict. ``exploration`` is the chance that a
    decision tries a neighbouring tier instead of the arm's own, at most 0.2. ``stage`` names the step of a ramp for
    people and reports, such as ``shadow`` or ``10%``. While it runs, only shares, stage, exploration and the end may
    change. As the share of the second of two arms grows, tasks only ever move from the control to it.

    >>> arms = (Arm("rules", "rules", 0.5), Arm("learned", "champion", 0.5))
    >>> Experiment("rules-or-learned", arms, salt="x", started_at=0.0).control.name
    'rules'
    """

    name: str
    arms: tuple[Arm, ...]
    salt: str
    started_at: float
    stopped_at: float | None = None
    margin: float = 0.02
    confidence: float = 0.95
    exploration: float = 0.0
    stage: str = "all"
    stop_reason: str | None = None

    @property
    def control(self) -> Arm:
        return self.arms[0]

    def is_live(self, at: float) -> bool:
        """Whether the experiment runs at ``at``, seconds since the epoch."""
        return self.started_at <= at and (self.stopped_at is None or at < self.stopped_at)

    def check(self) -> None:
        """Raises ``ExperimentError`` for values that cannot be run."""
        if not _NAME.fullmatch(self.name):
            raise ExperimentError(f"experiment '{self.name[:80]}': use letters, digits, '.', '_' and '-', at most 80")
        _check_arms(self.arms)
        for name, low, high in (("margin", 0, 1), ("confidence", 0.5, 0.9999), ("exploration", 0, MAX_EXPLORATION)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ExperimentError(f"{name} is {value:g}; {low:g} to {high:g} is possible")
        if self.stopped_at is not None and self.stopped_at < self.started_at:
            raise ExperimentError(f"experiment '{self.name}' would stop before it starts; name a later end")

    def check_successor(self, later: "Experiment") -> None:
        """Raises ``ExperimentError`` when ``later`` is no continuation of this one, which would spoil its analysis."""
        if self.stopped_at is not None:
            raise ExperimentError(f"experiment '{self.name}' is stopped; start one with another name")
        for field in (name for name in _names(Experiment) if name not in (*_MAY_CHANGE, "arms")):
            if getattr(self, field) != getattr(later, field):
                raise ExperimentError(f"experiment '{self.name}' runs: its {field} cannot change; start another one")
        if [(arm.name, arm.decider) for arm in self.arms] != [(arm.name, arm.decider) for arm in later.arms]:
            raise ExperimentError(f"experiment '{self.name}' runs: of its arms only the shares can change")

    def to_mapping(self) -> dict[str, Any]:
        """The experiment as plain values, for JSON."""
        plain = {name: getattr(self, name) for name in _names(Experiment)}
        return plain | {"arms": [{name: getattr(arm, name) for name in _names(Arm)} for arm in self.arms]}

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "Experiment":
        """The inverse of ``to_mapping``; fields of a newer version are left out."""
        known = {name: raw[name] for name in _names(cls) if name in raw}
        arms = tuple(Arm(str(arm["name"]), str(arm["decider"]), float(arm["share"])) for arm in raw["arms"])
        return cls(**known | {"arms": arms})


def _check_arms(arms: tuple[Arm, ...]) -> None:
    if not 1 <= len(arms) <= 8:
        raise ExperimentError(f"an experiment has {len(arms)} arms; 1 to 8 are possible")
    names = [arm.name for arm in arms]
    if len(set(names)) != len(names):
        raise ExperimentError(f"the arms are called {', '.join(names)}; give each its own name")
    for arm in arms:
        if not _NAME.fullmatch(arm.name):
            raise ExperimentError(f"arm '{arm.name[:80]}': use letters, digits, '.', '_' and '-', at most 80")
        if arm.decider not in FIXED_DECIDERS and not arm.decider.startswith(CONSTANT_PREFIX):
            known = ", ".join(FIXED_DECIDERS)
            raise ExperimentError(f"arm '{arm.name}' has the decider '{arm.decider}'; they are {known}, always-TIER")
        if not 0 <= arm.share <= 1:
            raise ExperimentError(f"arm '{arm.name}' has the share {arm.share:g}; 0 to 1 is possible")
    total = math.fsum(arm.share for arm in arms)
    if abs(total - 1) > 1e-9:
        raise ExperimentError(f"the shares of the arms add up to {total:g}; they must add up to 1")


def _names(record: type[Experiment] | type[Arm]) -> list[str]:
    return [field.name for field in fields(record)]

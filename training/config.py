"""The training configuration: sane defaults, or a ``train.toml`` in which unknown keys are errors."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.choosing.policy import DEFAULT_MAX_QUALITY_LOSS
from tierwise.training.errors import TrainingError
from tierwise.training.fitting.tier_classifier import BoosterParams
from tierwise.training.same_answer import TARGETS

MOST_REPEATED_STEPS = 18_000
"""Steps times draws of the folds, at most: what a draw moves shrinks as a log grows, and the time it takes does not."""

COSTS = ("relative", "dollars")
_WANTED: dict[Any, str] = {int: "a whole number", float: "a number", str: "a text"}


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """All that training can be told.

    ``confidence`` is that of the bound on quality loss; ``unfamiliar_share`` the share of familiar held-out steps that
    the caution on unfamiliar ones may cost; ``n_similar_steps`` how many logged steps must be near to make a step
    familiar, a twentieth of the log at most; ``n_components`` the components of the sentence embedding;
    ``n_repeats`` how often cross-fitting draws its folds at most, ``repeats`` how often on a log of some length;
    ``half_life_days`` the age at which a step counts half, None for no ageing; ``parts`` the field of the step by whose
    values the promise is certified ("none": for the whole log alone); ``cost`` how a step's cost counts, "relative" to
    its own cost on the top tier, so that no step is worth more loss than another, or in "dollars"; ``max_steps`` how
    many steps of a longer log are drawn at random to learn from (docs/scale.md says what more would add), 0 for all;
    ``target`` what an attempt is for: "success", or "same-answer" as the top tier, which needs no outcomes;
    ``spread`` how far steps lean where the policy is in doubt (:mod:`tierwise.router_model.choosing.leaning`), 0 for
    not at all; ``weak_weight`` what a step counts of which only the end of its task is known, where one with an outcome
    of its own counts 1, 0 for nothing; ``task_memory`` whether the router hears what came of a task's earlier steps
    (:mod:`tierwise.features.tasks`); ``trained_by`` who answers for the router, as its card says.
    """

    seed: int = 0
    n_folds: int = 5
    n_repeats: int = 3
    n_components: int = 32
    confidence: float = 0.9
    max_quality_loss: float = DEFAULT_MAX_QUALITY_LOSS
    unfamiliar_share: float = 0.05
    n_similar_steps: int = 100
    n_reference_steps: int = 3000
    half_life_days: float | None = None
    parts: str = "task_type"
    cost: str = "relative"
    max_steps: int = 50_000
    target: str = "success"
    spread: float = 0.3
    weak_weight: float = 0.5
    task_memory: bool = False
    trained_by: str = ""
    booster: BoosterParams = field(default_factory=BoosterParams)
    guardrails: Guardrails = field(default_factory=Guardrails)

    def __post_init__(self) -> None:
        for name in ("confidence", "max_quality_loss", "unfamiliar_share", "spread"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise TrainingError(f"{name} is {value}; a share from 0 to below 1 is needed")
        if not 0 <= self.weak_weight <= 1:
            raise TrainingError(f"weak_weight is {self.weak_weight}; a number from 0 to 1 is needed")
        if self.seed < 0:
            raise TrainingError(f"seed is {self.seed}; a whole number from 0 is needed")
        for name, least in (
            ("n_folds", 2),
            ("n_repeats", 1),
            ("n_similar_steps", 1),
            ("n_components", 0),
            ("n_reference_steps", 2),
        ):
            if getattr(self, name) < least:
                raise TrainingError(f"{name} is {getattr(self, name)}; at least {least} are needed")
        _check_words(self.cost, self.target)
        if not self.parts:
            raise TrainingError("parts is empty; name a field of the step, such as 'task_type', or 'none'")
        if self.max_steps < 0:
            raise TrainingError(f"max_steps is {self.max_steps}; a number of steps is needed, or 0 for all")
        if self.half_life_days is not None and not self.half_life_days > 0:
            raise TrainingError(f"half_life_days is {self.half_life_days}; a number of days above 0 is needed")

    @property
    def part_field(self) -> str | None:
        """The field that parts go by; None for one part."""
        return None if self.parts == "none" else self.parts

    @property
    def is_relative(self) -> bool:
        """Whether a step's cost counts in its own cost on the top tier."""
        return self.cost == "relative"

    def repeats(self, n_steps: int) -> int:
        """How often cross-fitting draws its folds on a log of ``n_steps``."""
        return max(1, min(self.n_repeats, MOST_REPEATED_STEPS // max(n_steps, 1)))

    @classmethod
    def load(cls, path: Path | str | None) -> "TrainConfig":
        """Reads ``train.toml``; None gives the defaults. Raises ``TrainingError``."""
        if path is None:
            return cls()
        try:
            raw = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise TrainingError(f"{path}: {error}") from None
        return cls.from_mapping(raw)

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "TrainConfig":
        """From a decoded ``train.toml``. Raises ``TrainingError`` for an unknown key or a value that makes no sense."""
        values = dict(raw)
        tables = {"booster": BoosterParams, "guardrails": Guardrails}
        for name, table in tables.items():
            if name in values:
                values[name] = _filled(table, values[name], f"[{name}]")
        config: TrainConfig = _filled(cls, values, "train.toml")
        return config


def _check_words(cost: str, target: str) -> None:
    for name, value, known in (("cost", cost, COSTS), ("target", target, TARGETS)):
        if value not in known:
            raise TrainingError(f"{name} is {value!r}; {' or '.join(map(repr, known))} is needed")


def _filled(kind: type[Any], values: object, where: str) -> Any:
    """A settings object from a table. Raises ``TrainingError`` for an unknown key or a value of another type."""
    if not isinstance(values, Mapping):
        raise TrainingError(f"{where} is {values!r}; a table is needed")
    known = get_type_hints(kind)
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise TrainingError(f"{where}: unknown key '{unknown[0]}'; known are {', '.join(sorted(known))}")
    return kind(**{name: _typed(name, value, known[name]) for name, value in values.items()})


def _typed(name: str, value: object, hint: Any) -> object:
    kind = next(kind for kind in (*get_args(hint), hint) if kind is not NoneType)
    if kind is bool and not isinstance(value, bool):
        raise TrainingError(f"{name} is {value!r}; true or false is needed")
    if kind not in _WANTED:
        return value
    accepted = (int, float) if kind is float else kind
    if isinstance(value, bool) or not isinstance(value, accepted):
        raise TrainingError(f"{name} is {value!r}; {_WANTED[kind]} is needed")
    return kind(value)

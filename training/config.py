"""The training configuration: sane defaults, or a ``train.toml`` in which unknown keys are errors."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tierwise.router_model.guardrails import Guardrails
from tierwise.router_model.policy import DEFAULT_MAX_QUALITY_LOSS
from tierwise.training.errors import TrainingError
from tierwise.training.tier_classifier import BoosterParams


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """All that training can be told.

    ``confidence`` is that of the bound on quality loss; ``unfamiliar_share`` the share of familiar held-out steps that
    the caution on unfamiliar ones may cost; ``n_components`` the components of the sentence embedding;
    ``half_life_days`` the age at which a step counts half, None for no ageing.
    """

    seed: int = 0
    n_folds: int = 5
    n_components: int = 32
    confidence: float = 0.9
    max_quality_loss: float = DEFAULT_MAX_QUALITY_LOSS
    unfamiliar_share: float = 0.05
    n_reference_steps: int = 3000
    half_life_days: float | None = None
    booster: BoosterParams = field(default_factory=BoosterParams)
    guardrails: Guardrails = field(default_factory=Guardrails)

    def __post_init__(self) -> None:
        for name in ("confidence", "max_quality_loss", "unfamiliar_share"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise TrainingError(f"{name} is {value}; a share from 0 to below 1 is needed")
        if self.n_folds < 2:
            raise TrainingError(f"n_folds is {self.n_folds}; at least 2 are needed")
        if self.half_life_days is not None and not self.half_life_days > 0:
            raise TrainingError(f"half_life_days is {self.half_life_days}; a number of days above 0 is needed")

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
        values = dict(raw)
        tables = {"booster": BoosterParams, "guardrails": Guardrails}
        for name, table in tables.items():
            if name in values:
                values[name] = _filled(table, values[name], f"[{name}]")
        config: TrainConfig = _filled(cls, values, "train.toml")
        return config


def _filled(kind: type[Any], values: Mapping[str, Any], where: str) -> Any:
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise TrainingError(f"{where}: unknown key '{unknown[0]}'; known are {', '.join(sorted(known))}")
    return kind(**values)

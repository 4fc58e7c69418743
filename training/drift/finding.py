"""One thing that was compared, and the bounds beyond which a difference counts as drift.

With enough steps every difference is significant, and with few of them large ones are chance: a finding is drift only
when it is both, beyond the effect size that matters and beyond what chance explains at a strict level (drift is looked
for daily).
"""

from dataclasses import dataclass

from tierwise.router_model.monitor.different import DIFFERENT
from tierwise.training.errors import TrainingError


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """``alpha`` is the error level of each test (of all features together); the others are effect sizes: KS distance
    of a feature, total variation of a mix, difference of a success rate, gap of a calibration, relative change of a
    price, share of steps with a value never seen. Of audited answers the share ``max_different`` may differ."""

    alpha: float = 0.001
    min_feature_distance: float = 0.15
    min_mix_change: float = 0.15
    min_rate_change: float = 0.07
    min_calibration_gap: float = 0.07
    min_price_change: float = 0.1
    min_new_share: float = 0.02
    max_different: float = DIFFERENT

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not 0 < value < 1:
                raise TrainingError(f"{name} is {value}; a number between 0 and 1 is needed")


@dataclass(frozen=True, slots=True)
class Finding:
    """``kind`` is feature, mix, new, outcome, calibration, price, model, promise or audit; ``name`` what was compared;
    ``change`` its effect size; ``p_value`` None where no test is needed; ``text`` says it to people."""

    kind: str
    name: str
    change: float
    is_drift: bool
    text: str
    p_value: float | None = None

    def to_dict(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}

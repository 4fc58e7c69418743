"""What the evaluation refuses: arrays that do not fit, and questions that the data cannot answer."""

from dataclasses import dataclass

from tierwise.data.errors import TierwiseError


class EvaluationError(TierwiseError):
    """Arrays or logs that cannot be evaluated; the message names what was wrong and the fix."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Stands where an estimate was asked for and would have misled. ``reason`` is a sentence for people."""

    reason: str

    def to_dict(self) -> dict[str, str]:
        return {"refused": self.reason}

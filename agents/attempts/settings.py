"""How far an attempt loop goes."""

from dataclasses import dataclass

from tierwise.data.errors import TierwiseError


@dataclass(frozen=True, slots=True)
class AttemptSettings:
    """``max_tokens`` bounds each answer unless the call's parameters do. ``n_retries`` are for a provider's passing
    trouble, with ``backoff_seconds`` doubling; ``n_repairs`` ask a model on the same tier again with the verifier's
    message; ``escalates`` lets a step that still fails go one tier up, until the top.

    ``courses`` runs the course of a step where its decision has one: cheap tiers side by side, judged. Steps whose
    call has an effect are run with ``courses=False``, so that they never run twice.
    """

    max_tokens: int = 1024
    call_timeout_seconds: float = 120.0
    n_retries: int = 2
    backoff_seconds: float = 0.5
    n_repairs: int = 1
    escalates: bool = True
    courses: bool = False

    def __post_init__(self) -> None:
        for name in ("max_tokens", "call_timeout_seconds", "backoff_seconds"):
            if not getattr(self, name) > 0:
                raise TierwiseError(f"{name} is {getattr(self, name)}; a number above 0 is needed")
        for name in ("n_retries", "n_repairs"):
            if getattr(self, name) < 0:
                raise TierwiseError(f"{name} is {getattr(self, name)}; it cannot be below 0")


DEFAULT_SETTINGS = AttemptSettings()

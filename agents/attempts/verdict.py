"""What a verifier says about a reply."""

from dataclasses import dataclass
from typing import Protocol

from tierwise.agents.attempts.allowance import Allowance
from tierwise.agents.upstreams import Reply


@dataclass(frozen=True, slots=True)
class Verdict:
    """``passed`` None means that nobody can tell. ``message`` says what is wrong, in words for the model that is asked
    to repair it. ``stands`` says that a reply which did not pass is taken all the same where no tier gives a better
    one: what is wrong with it harms nobody, and the task can go on."""

    passed: bool | None
    message: str = ""
    score: float | None = None
    stands: bool = False


class Verifier(Protocol):
    """Judges replies. ``name`` becomes the outcome's ``evaluator``.

    ``catch_rate`` is the share of failures that it notices, as far as known. Set it where it was measured: the router
    then starts on the tier from which escalating is cheapest. None leaves the router deciding for a single attempt.
    """

    @property
    def name(self) -> str:
        """What judges."""

    @property
    def catch_rate(self) -> float | None:
        """The probability that a failure is noticed, 0 to 1."""

    async def check(self, reply: Reply, allowance: Allowance) -> Verdict:
        """Judges ``reply``; a verifier that calls models spends from ``allowance``."""

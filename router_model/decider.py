"""The protocol of everything that can decide, from a constant tier to the learned router."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Decision, Step
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.options import NO_OPTIONS, DecideOptions


class Decider(Protocol):
    """Decides the tier of a step before it runs. Deciding never looks at outcomes and has no side effects."""

    @property
    def policy(self) -> str:
        """The kind of decider, such as ``rules``, ``always-small`` or ``learned``."""

    @property
    def version(self) -> str:
        """What exactly decided: the same version gives the same decision for the same step and options."""

    @property
    def catalogue(self) -> TierCatalogue:
        """The tiers that decisions choose from."""

    @property
    def guardrails(self) -> Guardrails:
        """What the configuration leaves open; nobody, exploration included, goes beyond."""

    @property
    def is_slow(self) -> bool:
        """Whether a decision takes so long (milliseconds) that it must not run on an event loop."""

    def decide(self, step: Step, options: DecideOptions = NO_OPTIONS) -> Decision:
        """The tier for ``step``. Raises ``RecordError`` for options that cannot be honoured."""


@runtime_checkable
class DecidesMany(Protocol):
    """A decider that is cheaper a step when it decides several at once."""

    def decide_many(self, steps: Sequence[Step], options: DecideOptions = NO_OPTIONS) -> list[Decision]:
        """One decision a step, in order, each the same as if it were decided alone."""

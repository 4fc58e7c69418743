"""Logging calls that were made without asking: where a team stands, before anything is routed."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from tierwise.agents.client.decision import RoutedDecision, new_decision_id
from tierwise.agents.client.outcome import OutcomeFields
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.parsing import parse_step
from tierwise.data.records import Outcome, Reason, Step

CALLERS_POLICY = "caller"

Messages = Sequence[Mapping[str, Any]]


class Observing(ABC):
    """Gives a client ``observe``."""

    @property
    @abstractmethod
    def catalogue(self) -> TierCatalogue:
        """The tiers that models are looked for in."""

    @abstractmethod
    def outcome(self, decision: RoutedDecision, **fields: Unpack[OutcomeFields]) -> Outcome:
        """Reports an attempt."""

    def observe(
        self,
        step: Step | str | Messages,
        *,
        task_id: str | None = None,
        session_id: str | None = None,
        step_id: str | None = None,
        **fields: Unpack[OutcomeFields],
    ) -> RoutedDecision:
        """Logs a call with its answer; ``model`` says which it was, nothing is decided and nobody is asked.

        A model that no tier lists counts as the top tier, unless ``tier`` says otherwise. Raises ``RecordError`` for a
        value of the wrong type.

        >>> client.observe("Summarise this.", model="gpt-4o", output="It is short.", input_tokens=812,
        ...                output_tokens=64)                                                    # doctest: +SKIP
        """
        named = fields.get("model")
        tier = fields.get("tier") or tier_of(named, self.catalogue)
        decision = RoutedDecision(
            decision_id=new_decision_id(),
            tier=tier,
            model=named,
            reason=Reason("named", f"The caller named the model '{named}'." if named else "The caller chose."),
            policy=CALLERS_POLICY,
            router_version=CALLERS_POLICY,
            arm=CALLERS_POLICY,
            propensity=1.0,
            step=_step(step),
            is_local=True,
            decided_at=time.time(),
            task_id=task_id,
            session_id=session_id,
            step_id=step_id,
        )
        self.outcome(decision, **fields)
        return decision


def tier_of(model: str | None, catalogue: TierCatalogue) -> str:
    """The tier that lists ``model``; the top one where none does."""
    listed = (tier.name for tier in catalogue.tiers if any(each.name == model for each in tier.models))
    return next(listed, catalogue.top.name)


def _step(step: Step | str | Messages) -> Step:
    if isinstance(step, Step):
        return step
    return parse_step({"text": step} if isinstance(step, str) else {"messages": list(step)})

"""What a run tells those who watch it, while it goes on."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from tierwise.agents.runtime.plans.plan import Plan
from tierwise.agents.runtime.trace import Role, StepTrace

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Planned:
    """There is a plan: the first, or one that was repaired. ``is_reused``: it was kept from another task."""

    plan: Plan
    is_reused: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    """A call is about to be made. ``step_id`` is its name in the log."""

    step_id: str
    role: Role
    plan_step: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A call ended, or was taken from the journal."""

    trace: StepTrace


Event = Planned | Started | Ended
Watch = Callable[[Event], None]


def tell(watch: Watch | None, event: Event) -> None:
    """Calls ``watch`` on the event loop; one that breaks costs the run nothing."""
    if watch is None:
        return
    try:
        watch(event)
    except Exception as error:
        _LOGGER.warning("who watches a run failed: %s", type(error).__name__)

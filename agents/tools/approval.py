"""Who says yes to what cannot be taken back."""

import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tierwise.agents.tools.thread import in_thread
from tierwise.agents.tools.tool import Effect

_LOGGER = logging.getLogger(__name__)


class Occasion(StrEnum):
    """Why somebody is asked. ``IRREVERSIBLE``: the call cannot be taken back. ``INTERRUPTED``: it was begun when the
    task was interrupted, and nobody knows whether it took effect."""

    IRREVERSIBLE = "irreversible"
    INTERRUPTED = "interrupted"


class Approval(StrEnum):
    """``CALL``: make the call. ``REFUSE``: do not. ``DONE``: it took effect already, go on without it."""

    CALL = "call"
    REFUSE = "refuse"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """The call in question. ``arguments`` are those that the tool will get. Where a tier's call is refused and the next
    tier asks for another one in its place, both have the same ``call_id``."""

    task_id: str
    call_id: str
    tool: str
    arguments: dict[str, Any]
    effect: Effect
    occasion: Occasion


Approve = Callable[[ApprovalRequest], "Approval | bool | Awaitable[Approval | bool]"]
"""True is ``Approval.CALL``, False ``Approval.REFUSE``. One that is not ``async`` runs on a thread of its own."""


async def approval_of(approve: Approve | None, request: ApprovalRequest) -> Approval:
    """What ``approve`` says; a hook that is not there, raises or says something else refuses."""
    if approve is None:
        return Approval.REFUSE
    try:
        said = await in_thread(lambda: approve(request))  # it may ask a person on a terminal
        if inspect.isawaitable(said):
            said = await said
    except Exception as error:
        _LOGGER.warning("the approval hook failed: %s", type(error).__name__)
        return Approval.REFUSE
    if isinstance(said, Approval):
        return said
    return Approval.CALL if said is True else Approval.REFUSE

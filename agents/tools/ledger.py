"""What the box writes down about calls, so that an interrupted task can tell what it has done."""

from typing import Protocol

from tierwise.agents.tools.call import CallRequest, ToolResult
from tierwise.data.errors import TierwiseError


class UnsettledError(TierwiseError):
    """A write was begun before an interruption, and nothing says whether it took effect."""


class Ledger(Protocol):
    """Keeps results by ``call_id``. What ``begin`` and ``finish`` wrote is on disk when they return."""

    @property
    def task_id(self) -> str:
        """The task that the calls belong to."""

    def key_of(self, call_id: str) -> str:
        """The idempotency key of a call: the same after an interruption, and never that of another task's call."""

    def result_of(self, call_id: str) -> ToolResult | None:
        """The result of a call that was finished."""

    def was_begun(self, call_id: str) -> bool:
        """Whether the call was begun and never finished."""

    async def begin(self, request: CallRequest) -> None:
        """Notes that the call is about to be made."""

    async def finish(self, request: CallRequest, result: ToolResult) -> None:
        """Notes what came of the call."""


class NoLedger:
    """Keeps nothing: for tasks that end with their process."""

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id

    def key_of(self, call_id: str) -> str:
        return call_id

    def result_of(self, call_id: str) -> ToolResult | None:
        del call_id
        return None

    def was_begun(self, call_id: str) -> bool:
        del call_id
        return False

    async def begin(self, request: CallRequest) -> None:
        """Nothing to note."""

    async def finish(self, request: CallRequest, result: ToolResult) -> None:
        """Nothing to note."""

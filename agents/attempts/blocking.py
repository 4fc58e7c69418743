"""The attempt loop for code that is not ``async``."""

from collections.abc import Mapping
from typing import Any, Self, Unpack

from tierwise.agents.attempts.allowance import Allowance
from tierwise.agents.attempts.loop import AttemptLoop
from tierwise.agents.attempts.result import StepResult
from tierwise.agents.attempts.verdict import Verifier
from tierwise.agents.background import BackgroundLoop
from tierwise.agents.client import RouteFields
from tierwise.data.records import Step


class BlockingAttemptLoop:
    """Runs ``loop`` on a thread of its own. Safe to share between threads."""

    def __init__(self, loop: AttemptLoop) -> None:
        self._loop = loop
        self._background = BackgroundLoop("tierwise-attempts")

    def run(
        self,
        step: Step,
        *,
        verifier: Verifier | None = None,
        allowance: Allowance | None = None,
        parameters: Mapping[str, Any] | None = None,
        **fields: Unpack[RouteFields],
    ) -> StepResult:
        """As :meth:`AttemptLoop.run`, while the caller waits."""
        running = self._loop.run(step, verifier=verifier, allowance=allowance, parameters=parameters, **fields)
        return self._background.run(running)

    def close(self) -> None:
        """Closes the connections to the models and ends the thread."""
        self._background.run(self._loop.upstreams.close())
        self._background.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

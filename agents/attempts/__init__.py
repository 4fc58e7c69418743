"""Running a step: call, verify, repair or escalate, report, within money and time."""

from tierwise.agents.attempts.allowance import Allowance, AllowanceError
from tierwise.agents.attempts.blocking import BlockingAttemptLoop
from tierwise.agents.attempts.judge import JudgeVerifier
from tierwise.agents.attempts.loop import AttemptLoop
from tierwise.agents.attempts.result import AttemptKind, Failure, StepAttempt, StepResult
from tierwise.agents.attempts.settings import AttemptSettings
from tierwise.agents.attempts.verdict import Verdict, Verifier
from tierwise.agents.attempts.verifiers import (
    AllOf,
    FunctionVerifier,
    RegexVerifier,
    SchemaVerifier,
    ToolCallVerifier,
    verifier_of,
)

__all__ = [
    "AllOf",
    "Allowance",
    "AllowanceError",
    "AttemptKind",
    "AttemptLoop",
    "AttemptSettings",
    "BlockingAttemptLoop",
    "Failure",
    "FunctionVerifier",
    "JudgeVerifier",
    "RegexVerifier",
    "SchemaVerifier",
    "StepAttempt",
    "StepResult",
    "ToolCallVerifier",
    "Verdict",
    "Verifier",
    "verifier_of",
]

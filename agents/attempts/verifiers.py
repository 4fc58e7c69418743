"""Verifiers that need no model: JSON schema, tool calls, regular expressions, and any function."""

import importlib
import inspect
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from tierwise.agents.attempts.allowance import Allowance
from tierwise.agents.attempts.verdict import Verdict, Verifier
from tierwise.agents.upstreams import Reply
from tierwise.data.errors import MissingExtraError, TierwiseError
from tierwise.data.records import Step, Tool

_MAX_SHOWN = 3
_UNKNOWN = Verdict(None)
_PASSED = Verdict(True, score=1.0)

Opinion = bool | str | Verdict | None
Check = Callable[[Reply], Opinion | Awaitable[Opinion]]


class SchemaVerifier:
    """The reply is JSON that ``schema`` allows (Draft 2020-12 unless ``$schema`` says otherwise)."""

    name = "schema"

    def __init__(self, schema: Mapping[str, Any], catch_rate: float | None = None) -> None:
        self.catch_rate = catch_rate
        self._errors_of = schema_check(schema)

    async def check(self, reply: Reply, allowance: Allowance) -> Verdict:
        del allowance
        try:
            value = reply.json()
        except ValueError as error:
            return Verdict(False, f"The answer is not JSON: {error}", score=0.0)
        return _verdict(self._errors_of(value))


class ToolCallVerifier:
    """Every tool call names a tool of the step and has arguments that the tool's schema allows.

    A reply without tool calls is wrong where ``is_required``, and otherwise for others to judge.
    """

    name = "tool_call"

    def __init__(self, tools: Sequence[Tool], is_required: bool = False, catch_rate: float | None = None) -> None:
        self.catch_rate = catch_rate
        self._is_required = is_required
        self._errors_of = {tool.name: schema_check(tool.parameters or {}) for tool in tools}

    async def check(self, reply: Reply, allowance: Allowance) -> Verdict:
        del allowance
        if not reply.tool_calls:
            return Verdict(False, "The answer calls no tool.", score=0.0) if self._is_required else _UNKNOWN
        return _verdict([error for call in reply.tool_calls for error in self._errors(call.name, call.arguments)])

    def _errors(self, name: str, arguments: str) -> list[str]:
        if name not in self._errors_of:
            return [f"there is no tool '{name}', only {', '.join(sorted(self._errors_of))}"]
        try:
            value = json.loads(arguments)
        except ValueError as error:
            return [f"the arguments of '{name}' are not JSON: {error}"]
        return [f"'{name}': {error}" for error in self._errors_of[name](value)]


class RegexVerifier:
    """The whole text, without surrounding space, matches ``pattern``."""

    name = "regex"

    def __init__(self, pattern: str, catch_rate: float | None = None) -> None:
        self.catch_rate = catch_rate
        try:
            self._pattern = re.compile(pattern, re.DOTALL)
        except re.error as error:
            raise TierwiseError(f"'{pattern}' is no regular expression: {error}") from None

    async def check(self, reply: Reply, allowance: Allowance) -> Verdict:
        del allowance
        if self._pattern.fullmatch(reply.text.strip()):
            return _PASSED
        return Verdict(False, f"The answer does not match the pattern {self._pattern.pattern}", score=0.0)


class FunctionVerifier:
    """Whatever ``function`` says about the reply: true, false, a message that says what is wrong, None for "cannot
    tell", or a ``Verdict``; it may be ``async``. One that raises says no, so unit tests can stand in it."""

    def __init__(self, function: Check, name: str | None = None, catch_rate: float | None = None) -> None:
        self.name: str = name or str(getattr(function, "__name__", type(function).__name__))
        self.catch_rate = catch_rate
        self._function = function

    async def check(self, reply: Reply, allowance: Allowance) -> Verdict:
        del allowance
        try:
            opinion = self._function(reply)
            if inspect.isawaitable(opinion):
                opinion = await opinion
        except Exception as error:  # a failing test in the user's function is a verdict
            return Verdict(False, f"The answer does not pass {self.name}: {error or type(error).__name__}", score=0.0)
        if isinstance(opinion, Verdict):
            return opinion
        if isinstance(opinion, str):
            return Verdict(False, opinion, score=0.0)
        if opinion is None:
            return _UNKNOWN
        return _PASSED if opinion else Verdict(False, f"The answer does not pass {self.name}.", score=0.0)


class AllOf:
    """Every verifier must pass, asked in order until one says no. What nobody can tell stays unknown.

    Failures that one of several notices are noticed: the catch rate is at least the best one's.
    """

    def __init__(self, verifiers: Sequence[Verifier]) -> None:
        self._verifiers = tuple(verifiers)
        self.name = "+".join(verifier.name for verifier in self._verifiers)
        rates = [verifier.catch_rate for verifier in self._verifiers if verifier.catch_rate is not None]
        self.catch_rate = max(rates, default=None)

    async def check(self, reply: Reply, allowance: Allowance) -> Verdict:
        verdicts = []
        for verifier in self._verifiers:
            verdict = await verifier.check(reply, allowance)
            if verdict.passed is False:
                return verdict
            verdicts.append(verdict)
        return _PASSED if any(verdict.passed for verdict in verdicts) else _UNKNOWN


def verifier_of(step: Step) -> Verifier | None:
    """What the step itself asks for: its response schema, its tools; None when it asks for nothing."""
    if step.response_schema is not None:
        return SchemaVerifier(step.response_schema)
    return ToolCallVerifier(step.tools) if step.tools else None


def schema_check(schema: Mapping[str, Any]) -> Callable[[Any], list[str]]:
    """A function that says what ``schema`` has against a value. References lead nowhere outside the schema.

    Raises ``TierwiseError`` for a schema that is none, ``MissingExtraError`` without the library.
    """
    try:
        jsonschema = importlib.import_module("jsonschema")
        registry = importlib.import_module("referencing").Registry()
    except ImportError:
        raise MissingExtraError("jsonschema", "agents") from None
    cls = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        cls.check_schema(dict(schema))
    except jsonschema.exceptions.SchemaError as error:
        raise TierwiseError(f"the JSON schema is wrong at {error.json_path}: {error.message}") from None
    validator = cls(dict(schema), registry=registry)

    def errors_of(value: Any) -> list[str]:
        try:
            found = sorted(validator.iter_errors(value), key=lambda error: error.json_path)
        except Exception as error:  # a reference that leads nowhere, a pattern that Python does not know
            return [f"the schema cannot be applied: {error}"]
        return [f"{error.json_path}: {error.message[:200]}" for error in found]

    return errors_of


def _verdict(errors: Sequence[str]) -> Verdict:
    if not errors:
        return _PASSED
    more = f"; and {len(errors) - _MAX_SHOWN} more" if len(errors) > _MAX_SHOWN else ""
    return Verdict(False, f"The answer is wrong: {'; '.join(errors[:_MAX_SHOWN])}{more}", score=0.0)

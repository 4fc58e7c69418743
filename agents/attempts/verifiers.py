"""Verifiers that need no model: JSON schema, tool calls, regular expressions, and any function."""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from tierwise.agents.attempts.allowance import Allowance
from tierwise.agents.attempts.verdict import Verdict, Verifier
from tierwise.agents.upstreams import Reply
from tierwise.data.errors import TierwiseError
from tierwise.data.foreign import ForeignError, UncheckableError
from tierwise.data.foreign.json_text import decode_json
from tierwise.data.foreign.limits import MAX_CHECKED_CHARS
from tierwise.data.foreign.patterns import found_in, is_linear
from tierwise.data.foreign.schema import check_schema, misfits
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
        return await asyncio.to_thread(self._checked, reply)

    def _checked(self, reply: Reply) -> Verdict:
        if len(reply.text) > MAX_CHECKED_CHARS:
            return _UNKNOWN
        try:
            value = reply.json()
        except ValueError as error:
            return Verdict(False, f"The answer is not JSON: {error}", score=0.0)
        try:
            return _verdict(self._errors_of(value))
        except UncheckableError as error:
            return Verdict(None, f"Nobody can tell: {error}")


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
        return await asyncio.to_thread(self._checked, reply)

    def _checked(self, reply: Reply) -> Verdict:
        try:
            return _verdict([error for call in reply.tool_calls for error in self._errors(call.name, call.arguments)])
        except UncheckableError as error:
            return Verdict(None, f"Nobody can tell: {error}")

    def _errors(self, name: str, arguments: str) -> list[str]:
        if name not in self._errors_of:
            return [f"there is no tool '{name[:80]}', only {', '.join(sorted(self._errors_of))}"]
        try:
            value = decode_json(arguments, MAX_CHECKED_CHARS)
        except ForeignError as error:
            return [f"the arguments of '{name}' are not JSON: {error}"]
        return [f"'{name}': {error}" for error in self._errors_of[name](value)]


class RegexVerifier:
    """The whole text, without surrounding space, matches ``pattern``.

    Runs in linear time where RE2 is installed and knows the pattern; look-around and references back are left to
    Python's engine, which a long answer can keep busy: keep such patterns simple.
    """

    name = "regex"

    def __init__(self, pattern: str, catch_rate: float | None = None) -> None:
        self.catch_rate = catch_rate
        try:
            self._pattern = re.compile(pattern, re.DOTALL)
        except re.error as error:
            raise TierwiseError(f"'{pattern}' is no regular expression: {error}") from None
        self._whole = rf"(?s)\A(?:{pattern})\z"
        self._is_linear = is_linear(self._whole)

    def _matches(self, text: str) -> bool:
        return found_in(self._whole, text) if self._is_linear else self._pattern.fullmatch(text) is not None

    async def check(self, reply: Reply, allowance: Allowance) -> Verdict:
        del allowance
        try:
            has_matched = await asyncio.to_thread(self._matches, reply.text.strip())
        except UncheckableError as error:
            return Verdict(None, f"Nobody can tell: {error}")
        if has_matched:
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
    """A function that says what ``schema`` has against a value, and raises ``UncheckableError`` where that cannot be
    told within bounded work. References lead nowhere outside the schema.

    Raises ``TierwiseError`` for a schema that is none, ``MissingExtraError`` without the library.
    """
    with suppress(UncheckableError):  # it will say so of every value
        check_schema(schema)

    def errors_of(value: Any) -> list[str]:
        found = sorted(misfits(schema, value), key=lambda misfit: misfit.path)
        return [f"{misfit.path}: {misfit.message}" for misfit in found]

    return errors_of


def _verdict(errors: Sequence[str]) -> Verdict:
    if not errors:
        return _PASSED
    more = f"; and {len(errors) - _MAX_SHOWN} more" if len(errors) > _MAX_SHOWN else ""
    return Verdict(False, f"The answer is wrong: {'; '.join(errors[:_MAX_SHOWN])}{more}", score=0.0)

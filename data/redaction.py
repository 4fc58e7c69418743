"""What of a step may be stored: all of it, all but secrets and personal data, or only what has no words in it.

Redaction is a net, not a proof: it finds what has a recognisable form. Where prompts must not be stored at all, use
``features_only``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tierwise.data.answers.key import parse_key
from tierwise.data.records import Attempt, Message, Step, Tool, ToolCall
from tierwise.data.sensitive_text import RULES, Rule, redact_text, rules_for


class Redaction(StrEnum):
    """``full`` stores the step as it came; ``redacted`` replaces secrets and personal data; ``features_only`` keeps
    names, numbers and the shape of the step and drops every text."""

    FULL = "full"
    REDACTED = "redacted"
    FEATURES_ONLY = "features_only"


def redact_step(step: Step, mode: Redaction) -> Step:
    """The part of ``step`` that ``mode`` allows to store."""
    if mode is Redaction.FULL:
        return step
    return _redacted_step(step) if mode is Redaction.REDACTED else _wordless_step(step)


def redact_attempt(attempt: Attempt, mode: Redaction) -> Attempt:
    """The part of ``attempt`` that ``mode`` allows to store: error texts and unknown fields may hold prompts.

    A key that is a keyed digest is always kept. One in the clear is an answer: it goes where it holds what must not be
    stored, because two that differ in that alone would look the same without it.
    """
    if mode is Redaction.FULL:
        return attempt
    key = attempt.answer_key
    is_digest = key is not None and parse_key(key).digest_id is not None
    if mode is Redaction.FEATURES_ONLY:
        return replace(
            attempt,
            error=None if attempt.error is None else "[text]",
            output=None,
            tool_calls=None,
            answer_key=key if is_digest else None,
            extra={name: value for name, value in attempt.extra.items() if name in _FLAGS and _is_number(value)},
        )
    redactor = _Redactor(RULES)
    return replace(
        attempt,
        error=redactor.text_or_none(attempt.error),
        output=redactor.text_or_none(attempt.output),
        tool_calls=None if attempt.tool_calls is None else tuple(map(redactor.call, attempt.tool_calls)),
        answer_key=key if key is None or is_digest or redactor.text(key) == key else None,
        extra=redactor.values(attempt.extra),
    )


_FLAGS = frozenset({"mirror", "audit", "is_same", "judge_score", "mirror_latency_ms", "status", "stream"})


def _is_number(value: object) -> bool:
    return isinstance(value, bool | int | float)


def _redacted_step(step: Step) -> Step:
    rules = rules_for(_all_texts(step))
    if not rules:
        return step
    redactor = _Redactor(rules)
    return replace(
        step,
        text=redactor.text(step.text),
        messages=tuple(redactor.message(message) for message in step.messages),
        tools=tuple(redactor.tool(tool) for tool in step.tools),
        response_schema=None if step.response_schema is None else redactor.values(step.response_schema),
        previous_error=redactor.text_or_none(step.previous_error),
        extra=redactor.values(step.extra),
    )


def _all_texts(step: Step) -> str:
    """Everything that redaction may change, in one text: most steps hold nothing, and one look tells."""
    texts = [step.text, step.previous_error or ""]
    texts += [message.content for message in step.messages]
    texts += [tool.description for tool in step.tools]
    values = [step.response_schema, step.extra, *(tool.parameters for tool in step.tools)]
    values += [message.extra for message in step.messages]
    values += [tool.extra for tool in step.tools]
    return "\n".join(texts) + "\n".join(str(value) for value in values if value)


@dataclass(frozen=True, slots=True)
class _Redactor:
    """Applies the rules that a step gives reason to try to each of its parts."""

    rules: Sequence[Rule]

    def text(self, text: str) -> str:
        return redact_text(text, self.rules)

    def text_or_none(self, text: str | None) -> str | None:
        return None if text is None else self.text(text)

    def message(self, message: Message) -> Message:
        return Message(message.role, self.text(message.content), self.values(message.extra))

    def tool(self, tool: Tool) -> Tool:
        return Tool(tool.name, self.text(tool.description), self.values(tool.parameters), self.values(tool.extra))

    def call(self, call: ToolCall) -> ToolCall:
        arguments = call.arguments
        kept = self.text(arguments) if isinstance(arguments, str) else self.values(arguments)
        return ToolCall(call.name, kept, self.values(call.extra))

    def values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self._value(value) for key, value in values.items()}

    def _value(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self.values(value)
        return [self._value(item) for item in value] if isinstance(value, list | tuple) else value


def _wordless_step(step: Step) -> Step:
    return replace(
        step,
        text="",
        messages=tuple(Message(message.role, "") for message in step.messages),
        tools=tuple(Tool(tool.name, "", _wordless_schema(tool.parameters)) for tool in step.tools),
        response_schema=None if step.response_schema is None else _wordless_schema(step.response_schema),
        previous_error=None if step.previous_error is None else "[text]",
        extra={"text_chars": len(step.prompt)},
    )


_SCHEMA_TEXTS = frozenset({"description", "title", "default", "const", "enum", "example", "examples", "$comment"})


def _wordless_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON schema without its prose and sample values; names and types of fields stay."""

    def wordless(value: object) -> object:
        if isinstance(value, Mapping):
            return {
                key: wordless(item)
                for key, item in value.items()
                if key not in _SCHEMA_TEXTS or isinstance(item, Mapping)  # a mapping is a field that bears that name
            }
        return [wordless(item) for item in value] if isinstance(value, list | tuple) else value

    return {key: wordless(value) for key, value in schema.items() if key not in _SCHEMA_TEXTS}

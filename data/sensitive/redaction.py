"""What of a step may be stored: all of it, all but secrets and personal data, or only what has no words in it.

Redaction is a net, not a proof: it finds what has a recognisable form or name; docs/security.md has the recall by
kind. Where prompts must not be stored at all, use ``features_only``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tierwise.data.answers.key import parse_key
from tierwise.data.courses import COURSE
from tierwise.data.declared import Declared, Words, declared
from tierwise.data.foreign.limits import MAX_REDACTED_ATTEMPT_CHARS, MAX_REDACTED_STEP_CHARS
from tierwise.data.records import (
    CALLERS_ARM,
    Attempt,
    Decision,
    EarlierStep,
    LoggedDecision,
    LoggedStep,
    Message,
    Reason,
    Step,
    Tool,
    ToolCall,
)
from tierwise.data.sensitive.keyed import looks_secret, secret_name_in
from tierwise.data.sensitive.mode import Redaction as Redaction
from tierwise.data.sensitive.text import redact_name, redact_text

_SOURCE = "source"  # from which calls an import made the step; the next import finds it by them
REST = "[text beyond what is looked at]"


def redact_step(step: Step, mode: Redaction) -> Step:
    """The part of ``step`` that ``mode`` allows to store."""
    if mode is Redaction.FULL:
        return step
    redactor = _Redactor(MAX_REDACTED_STEP_CHARS)
    found = _stored(step, mode, redactor)
    if mode is Redaction.FEATURES_ONLY:
        return replace(step, **found, extra={"text_chars": len(step.prompt)})
    found["extra"] = redactor.values(step.extra)
    return replace(step, **found) if redactor.has_changed else step


def redact_attempt(attempt: Attempt, mode: Redaction) -> Attempt:
    """The part of ``attempt`` that ``mode`` allows to store: error texts and unknown fields may hold prompts.

    A key that is a keyed digest is always kept. One in the clear is an answer: it goes where it holds what must not be
    stored, because two that differ in that alone would look the same without it.
    """
    if mode is Redaction.FULL:
        return attempt
    redactor = _Redactor(MAX_REDACTED_ATTEMPT_CHARS)
    found = _stored(attempt, mode, redactor)
    extra = redactor.values(attempt.extra) if mode is Redaction.REDACTED else _flags(attempt.extra)
    return replace(attempt, **found, extra=extra)


_FLAGS = frozenset(
    {"mirror", "audit", "p_audit", "is_same", "is_used", "judge_score", "mirror_latency_ms", "status", "stream"}
)


def _flags(extra: Mapping[str, Any]) -> dict[str, Any]:
    """What holds no words; of a course, that there was one: evidence for single shots leaves such steps aside."""
    found = {name: value for name, value in extra.items() if name in _FLAGS and _is_number(value)}
    return found | ({COURSE: True} if COURSE in extra else {})


def _is_number(value: object) -> bool:
    return isinstance(value, bool | int | float)


def redact_decision(decision: Decision, mode: Redaction) -> Decision:
    """The part of ``decision`` that ``mode`` allows to store: one that a caller took has the caller's reason."""
    if mode is Redaction.FULL:
        return decision
    redactor = _Redactor(MAX_REDACTED_ATTEMPT_CHARS)
    found = _stored(decision, mode, redactor)
    is_kept = mode is Redaction.REDACTED and not redactor.has_changed
    return decision if is_kept else replace(decision, **found)


def _stored(
    record: Step | Attempt | Decision | LoggedDecision, mode: Redaction, redactor: "_Redactor"
) -> dict[str, Any]:
    """The fields of a record that hold words, as ``mode`` allows; names first, a long text must not cost them."""
    told = [(each, value) for each in _WORDED[type(record)] if (value := getattr(record, each[0])) is not None]
    if mode is Redaction.REDACTED:
        return {name: part(redactor, value) for (name, part, _), value in told}
    return {name: _wordless_part(value, part, field, redactor) for (name, part, field), value in told}


def _wordless_part(value: Any, part: "_Part", field: Declared, redactor: "_Redactor") -> Any:
    words = field.spec.words
    if words is Words.NAME:
        return part(redactor, value)
    if words is Words.KEY:
        return value if _is_digest(value) else None
    if words is Words.WORD:
        return _name(redactor.text(value))
    if words is Words.NOTE and isinstance(value, str):
        return _NOTE
    if words is Words.NOTE and isinstance(value, Reason):
        return Reason(redactor.text(value.code), _NOTE)
    if words is Words.SHAPE:
        return tuple(map(_wordless_item, value)) if isinstance(value, tuple) else _wordless_schema(value)
    return field.default


def _is_digest(key: str) -> bool:
    return parse_key(key).digest_id is not None


def redact_values(values: dict[str, Any], mode: Redaction) -> dict[str, Any]:
    """A record that is still a mapping; ``features_only`` keeps its short names and numbers and drops its texts."""
    if mode is Redaction.FULL:
        return values
    redacted = _Redactor(MAX_REDACTED_STEP_CHARS).values(values)
    return redacted if mode is Redaction.REDACTED else {key: _wordless(value) for key, value in redacted.items()}


def redact_logged_step(logged: LoggedStep, mode: Redaction) -> LoggedStep:
    """A whole line of the step log, as the service would have stored it."""
    if mode is Redaction.FULL:
        return logged
    kept = {key: value for key, value in logged.extra.items() if key == _SOURCE}
    extra = kept if mode is Redaction.FEATURES_ONLY else _Redactor(MAX_REDACTED_STEP_CHARS).values(logged.extra) | kept
    attempts = tuple(redact_attempt(attempt, mode) for attempt in logged.attempts)
    decision = None if logged.decision is None else _redact_logged_decision(logged.decision, mode)
    return replace(logged, step=redact_step(logged.step, mode), attempts=attempts, decision=decision, extra=extra)


def _redact_logged_decision(decision: LoggedDecision, mode: Redaction) -> LoggedDecision:
    """Our own reasons name tiers and figures, and the monitor reads them; those of a caller may say anything."""
    redactor = _Redactor(MAX_REDACTED_ATTEMPT_CHARS)
    found = _stored(decision, mode, redactor)
    extra = redactor.values(decision.extra)
    if mode is Redaction.FEATURES_ONLY and decision.arm == CALLERS_ARM and "reason_text" in extra:
        extra["reason_text"] = _NOTE
    return replace(decision, **found, extra=extra)


_NAME_CHARS = 64


class _Redactor:
    """Redacts the parts of one record, ``n_chars`` of them at most; a text beyond that is cut, never stored unseen."""

    def __init__(self, n_chars: int) -> None:
        self._n_left = n_chars
        self.has_changed = False

    def text(self, text: str) -> str:
        n_chars = len(text)
        if n_chars <= self._n_left:
            redacted = redact_text(text) if n_chars > _NAME_CHARS else redact_name(text)
        else:
            redacted = redact_text(text[: self._n_left]) + REST
        self._n_left = max(0, self._n_left - n_chars)
        self.has_changed = self.has_changed or redacted != text
        return redacted

    def by_tier(self, values: Mapping[str, float]) -> dict[str, float]:
        return {self.text(tier): value for tier, value in values.items()}

    def key(self, key: str) -> str | None:
        return key if _is_digest(key) or self.text(key) == key else None

    def reason(self, reason: Reason) -> Reason:
        return Reason(self.text(reason.code), self.text(reason.text))

    def message(self, message: Message) -> Message:
        return Message(self.text(message.role), self.text(message.content), self.values(message.extra))

    def tool(self, tool: Tool) -> Tool:
        name, description = self.text(tool.name), self.text(tool.description)
        return Tool(name, description, self.values(tool.parameters), self.values(tool.extra))

    def earlier(self, step: EarlierStep) -> EarlierStep:
        return _with_names(step, self.text)

    def call(self, call: ToolCall) -> ToolCall:
        arguments = call.arguments
        kept = self.text(arguments) if isinstance(arguments, str) else self.values(arguments)
        return ToolCall(self.text(call.name), kept, self.values(call.extra))

    def values(self, values: Mapping[str, Any], name: str | None = None) -> dict[str, Any]:
        """Keys are texts too, and a key may tell that what is below it is a secret; ``name`` is such a key above."""
        return {
            self.text(str(key)): self._value(
                value, secret_name_in(str(key)) or (None if key in _SCHEMA_WORDS else name)
            )
            for key, value in values.items()
        }

    def _value(self, value: object, name: str | None) -> object:
        if isinstance(value, str):
            return self._named(value, name)
        if isinstance(value, Mapping):
            return self.values(value, name)
        return [self._value(item, name) for item in value] if isinstance(value, list | tuple) else value

    def _named(self, value: str, name: str | None) -> str:
        if name is None or not looks_secret(name, value):
            return self.text(value)
        self.has_changed = True
        return "[secret]"


# Under a name such as "password", a schema describes the field; its own words are no secrets.
_SCHEMA_WORDS = frozenset({"type", "format", "description", "title", "$ref", "pattern", "$comment", "in", "name"})


_NOTE = "[text]"


def _with_names(step: EarlierStep, written: Callable[[str], str]) -> EarlierStep:
    """The same with its names as ``written`` gives them."""
    action, kind = (None if name is None else written(name) for name in (step.action, step.kind))
    return replace(step, action=action, kind=kind)


def _wordless_item(item: Message | Tool | EarlierStep) -> Message | Tool | EarlierStep:
    if isinstance(item, EarlierStep):
        return _with_names(item, _name)
    if isinstance(item, Message):
        return Message(_name(item.role), "")
    return Tool(_name(item.name), "", _wordless_schema(item.parameters))


def _wordless(value: object) -> object:
    return (_name(value) if isinstance(value, str) else None) if isinstance(value, str | list | dict) else value


_NAME = re.compile(r"[\w$./:-]{1,64}\Z")


def _name(text: str) -> str:
    """A name as programs have them; what has spaces, or is a secret, is a text."""
    return text if not text or (_NAME.match(text) and redact_text(text) == text) else "[name]"


_SCHEMA_TEXTS = frozenset({"description", "title", "default", "const", "enum", "example", "examples", "$comment"})


def _wordless_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON schema without its prose and sample values; names and types of fields stay."""

    def wordless(value: object) -> object:
        if isinstance(value, Mapping):
            return {
                _name(str(key)): wordless(item)
                for key, item in value.items()
                if key not in _SCHEMA_TEXTS or isinstance(item, Mapping)  # a mapping is a field that bears that name
            }
        if isinstance(value, list | tuple):
            return [wordless(item) for item in value]
        return _name(value) if isinstance(value, str) else value

    return {_name(str(key)): wordless(value) for key, value in schema.items() if key not in _SCHEMA_TEXTS}


_Part = Callable[[_Redactor, Any], Any]
_PARTS: dict[Any, _Part] = {
    str: _Redactor.text,
    Reason: _Redactor.reason,
    Mapping[str, float]: _Redactor.by_tier,
    Mapping[str, Any]: _Redactor.values,
    tuple[Message, ...]: lambda redactor, items: tuple(map(redactor.message, items)),
    tuple[Tool, ...]: lambda redactor, items: tuple(map(redactor.tool, items)),
    tuple[EarlierStep, ...]: lambda redactor, items: tuple(map(redactor.earlier, items)),
    tuple[ToolCall, ...]: lambda redactor, items: tuple(map(redactor.call, items)),
}


def _worded(kind: type) -> list[tuple[str, _Part, Declared]]:
    fields = [field for field in declared(kind) if field.spec.words is not Words.NONE and field.spec.is_logged]
    fields.sort(key=lambda field: field.spec.words not in (Words.NAME, Words.WORD))
    return [(f.name, _Redactor.key if f.spec.words is Words.KEY else _PARTS[f.kind], f) for f in fields]


_WORDED = {kind: _worded(kind) for kind in (Step, Attempt, Decision, LoggedDecision)}

"""What of a step may be stored: all of it, all but secrets and personal data, or only what has no words in it.

Redaction is a net, not a proof: it finds what has a recognisable form. Where prompts must not be stored at all, use
``features_only``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tierwise.data.records import Attempt, Message, Step, Tool


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
    """The part of ``attempt`` that ``mode`` allows to store: error texts and unknown fields may hold prompts."""
    if mode is Redaction.FULL:
        return attempt
    if mode is Redaction.FEATURES_ONLY:
        return replace(attempt, error=None if attempt.error is None else "[text]", extra={})
    return replace(attempt, error=_redact_or_none(attempt.error), extra=_redact_values(attempt.extra))


def redact_text(text: str) -> str:
    """``text`` with secrets and personal data replaced by ``[kind]``; takes time linear in its length.

    >>> redact_text("mail ada@example.org, key sk-abcdefghijklmnop1234")
    'mail [email], key [secret]'
    """
    for rule in _rules_worth_trying(text):
        text = rule.pattern.sub(rule.replacement, text)
    return text


def _redacted_step(step: Step) -> Step:
    if not _rules_worth_trying(_all_texts(step)):
        return step
    return replace(
        step,
        text=redact_text(step.text),
        messages=tuple(_redacted_message(message) for message in step.messages),
        tools=tuple(_redacted_tool(tool) for tool in step.tools),
        response_schema=None if step.response_schema is None else _redact_values(step.response_schema),
        previous_error=_redact_or_none(step.previous_error),
        extra=_redact_values(step.extra),
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


def _rules_worth_trying(text: str) -> list["_Rule | _NumberRule"]:
    """The rules of which a hint occurs in ``text``: looking for hints is ten times faster than matching."""
    lowered = text.lower()
    marks = {mark for mark in _MARKS if mark in text}
    rules: list[_Rule | _NumberRule] = []
    for rule in _WORD_RULES:
        if rule.marks and marks.isdisjoint(rule.marks):
            continue
        for hint in rule.hints:
            if hint in lowered:
                rules.append(rule)
                break
    rules += _number_rules_worth_trying(text)
    return rules


def _number_rules_worth_trying(text: str) -> list["_NumberRule"]:
    """The number rules whose shape occurs in the text; in ASCII a table finds shapes thirty times faster."""
    if not text.isascii():
        return list(_NUMBER_RULES) if _NUMBER_HINT.search(text) else []
    shape = text.encode("ascii").translate(_SHAPE)
    return [rule for rule in _NUMBER_RULES if rule.shape.search(shape)]


def _redacted_message(message: Message) -> Message:
    return Message(message.role, redact_text(message.content), _redact_values(message.extra))


def _redacted_tool(tool: Tool) -> Tool:
    description, parameters = redact_text(tool.description), _redact_values(tool.parameters)
    return Tool(tool.name, description, parameters, _redact_values(tool.extra))


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


def _redact_values(values: Mapping[str, Any]) -> dict[str, Any]:
    def redacted(value: object) -> object:
        if isinstance(value, str):
            return redact_text(value)
        if isinstance(value, Mapping):
            return {key: redacted(item) for key, item in value.items()}
        return [redacted(item) for item in value] if isinstance(value, list | tuple) else value

    return {key: redacted(value) for key, value in values.items()}


def _redact_or_none(text: str | None) -> str | None:
    return None if text is None else redact_text(text)


def _card_or_digits(match: re.Match[str]) -> str:
    digits = [int(char) for char in match.group() if char.isdigit()]
    doubled = [
        digit if i % 2 == 0 else (2 * digit - 9 if digit > 4 else 2 * digit) for i, digit in enumerate(digits[::-1])
    ]
    return "[card]" if sum(doubled) % 10 == 0 else match.group()


_NUMBER_HINT = re.compile(r"\d[\d ().-]{6}|[A-Z]{2}\d\d|\+\d")  # what every pattern of a number needs
_SHAPE = bytes(  # each character becomes its kind
    ord("0" if char.isdigit() else "A" if char.isupper() else " " if char in " ().-" else "+" if char == "+" else "x")
    for char in map(chr, range(256))
)
_MARKS = "-_:=@"


@dataclass(frozen=True, slots=True)
class _Rule:
    """``hints``: the lowercase texts of which one must occur before the pattern is worth its time; ``marks``: the
    characters of which, if there are any, one must occur too."""

    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str
    marks: str = ""


@dataclass(frozen=True, slots=True)
class _NumberRule:
    """``shape`` is what every match comes to once each character has become its kind (see ``_SHAPE``).

    It begins with characters and not with choices, which lets it be searched many times faster than ``pattern``.
    """

    shape: re.Pattern[bytes]
    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str]


# Repetitions are bounded, so that no text is slow.
_WORD_RULES = (
    _Rule(
        ("private key-----",),
        re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,20000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"),
        "[secret]",
        "-",
    ),
    _Rule(("eyj",), re.compile(r"\beyJ[\w-]{10,4000}\.[\w-]{10,4000}\.[\w-]{0,4000}"), "[secret]"),
    _Rule(("sk-", "pk-", "rk-", "sk_", "pk_", "rk_"), re.compile(r"\b[spr]k[-_][\w-]{16,200}"), "[secret]", "-_"),
    _Rule(
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "hf_", "npm_", "pypi-"),
        re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|hf_|npm_|pypi-)[\w-]{10,300}"),
        "[secret]",
        "-_",
    ),
    _Rule(("akia", "asia", "aiza"), re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{35}"), "[secret]"),
    _Rule(("bearer", "basic"), re.compile(r"(?i)\b(bearer|basic)[ \t]{1,4}[\w.~+/=-]{16,4000}"), r"\1 [secret]"),
    _Rule(
        ("passw", "pwd", "secret", "token", "api", "key"),
        re.compile(
            r"(?i)\b(password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|client[_-]?secret)"
            r"(\"?[ \t]{0,4}[:=][ \t]{0,4}\"?)(?!\[)[^\s\"',;]{4,500}"
        ),
        r"\1\2[secret]",
        ":=",
    ),
    _Rule(("://",), re.compile(r"(://[^\s:/@]{1,100}:)[^\s/@]{1,200}@"), r"\1[secret]@", "@"),
    _Rule(("@",), re.compile(r"[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"), "[email]", "@"),
)

_NUMBER_RULES = (
    _NumberRule(
        re.compile(rb"AA00 ?[A0]{4}"),
        re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
        "[iban]",
    ),
    _NumberRule(re.compile(rb"0 ?0(?: ?0){11}"), re.compile(r"\b\d(?:[ -]?\d){12,18}\b"), _card_or_digits),
    _NumberRule(re.compile(rb"000 00 0000"), re.compile(r"\b\d{3}-\d{2}-\d{4}\b"), "[ssn]"),
    _NumberRule(
        re.compile(rb"\+0"),
        re.compile(r"(?<![\w.])\+\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]?\d{2,4}){2,4}\b"),
        "[phone]",
    ),
    _NumberRule(
        re.compile(rb"000  ?000 0000"),
        re.compile(r"(?<![\w.])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b"),
        "[phone]",
    ),
    _NumberRule(
        re.compile(rb"0 00?0? 00?0? 0"),
        re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])"),
        "[ip]",
    ),
)

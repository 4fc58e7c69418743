"""Secrets and personal data in a text: found by their form, replaced by their kind.

A pattern that may begin anywhere is slow on a long prompt. Every rule therefore knows *anchors*, plain beginnings that
each of its matches has and that are searched fifty times faster; the pattern itself is only tried where one stands. A
test holds this to trying every pattern everywhere.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

_MAX_LOCAL_CHARS = 64
# Where Unicode has digits beyond ASCII's, and the few others that stand among them.
_FOREIGN = re.compile("[\u0660-\u1fff\ua620-\uabf9\uff10-\uff19\U000104a0-\U0001e959\U0001fbf0-\U0001fbf9]+")
_KINDS = bytes(  # what each ASCII character is to a rule of numbers
    ord("0" if char.isdigit() else "A" if char.isupper() else " " if char in " ().-" else "+" if char == "+" else "x")
    for char in map(chr, range(256))
)

Replacement = str | Callable[[re.Match[str]], str]


class _View:
    """A text as the rules look at it.

    ``lowered`` is None where lower case would move its characters, ``kinds`` where there are digits beyond ASCII.
    """

    __slots__ = ("kinds", "lowered", "text")

    def __init__(self, text: str) -> None:
        self.text, self.lowered = text, _lowered(text)
        self.kinds = None if _has_foreign_digits(text) else text.encode("ascii", "replace").translate(_KINDS)


def _lowered(text: str) -> str | None:
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else None


def _has_foreign_digits(text: str) -> bool:
    return not text.isascii() and any(map(str.isdecimal, "".join(_FOREIGN.findall(text))))


class Rule(Protocol):
    """Finds one kind of secret or of personal data."""

    @property
    def pattern(self) -> re.Pattern[str]: ...
    @property
    def replacement(self) -> Replacement: ...
    def may_match(self, view: _View) -> bool:
        """False where no match is possible."""

    def starts(self, view: _View) -> Iterable[int] | None:
        """Ascending positions where a match may begin, or where one that begins further left would have been found
        already; None: anywhere."""


@dataclass(frozen=True, slots=True)
class _WordRule:
    """Every match has one of ``anchors`` (in lower case if ``ignores_case``) at most ``before`` characters after its
    beginning."""

    pattern: re.Pattern[str]
    replacement: str
    anchors: tuple[re.Pattern[str], ...]
    before: int = 0
    ignores_case: bool = False

    def may_match(self, view: _View) -> bool:
        text = view.lowered if self.ignores_case else view.text
        return text is None or any(anchor.search(text) for anchor in self.anchors)

    def starts(self, view: _View) -> Iterable[int] | None:
        text = view.lowered if self.ignores_case else view.text
        if text is None:
            return None
        places = sorted(match.start() for anchor in self.anchors for match in anchor.finditer(text))
        return chain.from_iterable(range(max(0, place - self.before), place + 1) for place in places)


@dataclass(frozen=True, slots=True)
class _NumberRule:
    """Every match begins with ``shape`` once each character has become its kind, or ``before`` characters earlier."""

    pattern: re.Pattern[str]
    replacement: Replacement
    shape: re.Pattern[bytes]
    before: int = 0

    def may_match(self, view: _View) -> bool:
        return view.kinds is None or self.shape.search(view.kinds) is not None

    def starts(self, view: _View) -> Iterable[int] | None:
        return None if view.kinds is None else self._starts(view.kinds)

    def _starts(self, kinds: bytes) -> Iterator[int]:
        found = self.shape.search(kinds)
        while found:
            yield from range(max(0, found.start() - self.before), found.start() + 1)
            found = self.shape.search(kinds, found.start() + 1)


@dataclass(frozen=True, slots=True)
class _EmailRule:
    """What stands before an ``@`` is read backwards from it."""

    pattern = re.compile(rf"[\w.%+-]{{1,{_MAX_LOCAL_CHARS}}}@(?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}[A-Za-z]{{2,24}}\b")
    replacement = "[email]"
    _local_part = re.compile(r"[\w.%+-]+")

    def may_match(self, view: _View) -> bool:
        return "@" in view.text

    def starts(self, view: _View) -> Iterator[int]:
        text, at = view.text, view.text.find("@")
        while at >= 0:
            local = self._local_part.match(text[max(0, at - _MAX_LOCAL_CHARS) : at][::-1])
            if local:
                yield at - local.end()
            at = text.find("@", at + 1)


def _replaced(rule: Rule, view: _View, starts: Iterable[int]) -> str:
    """What ``rule.pattern.sub`` makes of the text; the very text where it changes nothing."""
    text, parts, done = view.text, [], 0
    for start in starts:
        match = rule.pattern.match(text, max(start, done))
        if match:
            written = match.expand(rule.replacement) if isinstance(rule.replacement, str) else rule.replacement(match)
            parts += [text[done : match.start()], written]
            done = match.end()
    return "".join(parts) + text[done:] if parts else text


def _card_or_digits(match: re.Match[str]) -> str:
    """A number that passes the check of Luhn (ISO/IEC 7812-1) is a card's."""
    digits = [int(char) for char in match.group() if char.isdigit()]
    doubled = [
        digit if i % 2 == 0 else (2 * digit - 9 if digit > 4 else 2 * digit) for i, digit in enumerate(digits[::-1])
    ]
    return "[card]" if sum(doubled) % 10 == 0 else match.group()


def _anchors(*beginnings: str) -> tuple[re.Pattern[str], ...]:
    """Each begins with a plain character, which the regular expressions of Python search fastest."""
    return tuple(map(re.compile, beginnings))


# Repetitions are bounded, so that no text is slow.
RULES: tuple[Rule, ...] = (
    _WordRule(
        re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,20000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"),
        "[secret]",
        _anchors("-----BEGIN "),
    ),
    _WordRule(re.compile(r"\beyJ[\w-]{10,4000}\.[\w-]{10,4000}\.[\w-]{0,4000}"), "[secret]", _anchors("eyJ")),
    _WordRule(re.compile(r"\b[spr]k[-_][\w-]{16,200}"), "[secret]", _anchors("k[-_]"), before=1),
    _WordRule(
        re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|hf_|npm_|pypi-)[\w-]{10,300}"),
        "[secret]",
        _anchors(
            "_(?:(?<=gh[pousr]_)|(?<=github_pat_)|(?<=hf_)|(?<=npm_))", "-(?:(?<=glpat-)|(?<=xox[abprs]-)|(?<=pypi-))"
        ),
        before=len("github_pat"),
    ),
    _WordRule(re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{35}"), "[secret]", _anchors("A(?:KIA|SIA|Iza)")),
    _WordRule(
        re.compile(r"(?i)\b(bearer|basic)[ \t]{1,4}[\w.~+/=-]{16,4000}"),
        r"\1 [secret]",
        _anchors("b(?:earer|asic)"),
        ignores_case=True,
    ),
    _WordRule(
        re.compile(
            r"(?i)\b(password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|client[_-]?secret)"
            r"(\"?[ \t]{0,4}[:=][ \t]{0,4}\"?)(?!\[)[^\s\"',;]{4,500}"
        ),
        r"\1\2[secret]",
        _anchors("passw", "pwd", "secret", "token", "api[_-]?key", "access[_-]?key", "client[_-]?secret"),
        ignores_case=True,
    ),
    _WordRule(re.compile(r"(://[^\s:/@]{1,100}:)[^\s/@]{1,200}@"), r"\1[secret]@", _anchors("://")),
    _EmailRule(),
    _NumberRule(
        re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
        "[iban]",
        re.compile(rb"AA00 ?[A0]{4}"),
    ),
    _NumberRule(re.compile(r"\b\d(?:[ -]?\d){12,18}\b"), _card_or_digits, re.compile(rb"0 ?0(?: ?0){11}")),
    _NumberRule(re.compile(r"\b\d{3}-\d{2}-\d{4}\b"), "[ssn]", re.compile(rb"000 00 0000")),
    _NumberRule(
        re.compile(r"(?<![\w.])\+\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]?\d{2,4}){2,4}\b"), "[phone]", re.compile(rb"\+0")
    ),
    _NumberRule(
        re.compile(r"(?<![\w.])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b"), "[phone]", re.compile(rb"000  ?000 0000"), before=1
    ),
    _NumberRule(
        re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])"),
        "[ip]",
        re.compile(rb"00?0? 00?0? 00?0? 0"),
    ),
)


def rules_for(text: str) -> list[Rule]:
    """The rules that have an anchor in ``text``: none for most texts. They do for all parts of it, too."""
    view = _View(text)
    return [rule for rule in RULES if rule.may_match(view)]


def redact_text(text: str, rules: Iterable[Rule] = RULES) -> str:
    """``text`` with secrets and personal data replaced by ``[kind]``; takes time linear in its length.

    Nothing that one rule writes is an anchor of another.

    >>> redact_text("mail ada@example.org, key sk-abcdefghijklmnop1234")
    'mail [email], key [secret]'
    """
    view = _View(text)
    for rule in rules:
        starts = rule.starts(view)
        redacted = rule.pattern.sub(rule.replacement, view.text) if starts is None else _replaced(rule, view, starts)
        view = view if redacted == view.text else _View(redacted)
    return view.text

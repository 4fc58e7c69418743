"""How rules look at a text: anchors first, patterns only where one stands.

A pattern that may begin anywhere is slow on a long prompt. Every rule therefore knows *anchors*, plain beginnings that
each of its matches has and that are searched fifty times faster. A test holds this to trying every pattern everywhere.

What one try reads and gives up must not be read by the next: every pattern begins where a run of its own characters
begins, or takes all that it reads. So a text takes time in proportion to its length, whoever wrote it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

# Where Unicode has digits beyond ASCII's, and the few others that stand among them.
_FOREIGN = re.compile("[\u0660-\u1fff\ua620-\uabf9\uff10-\uff19\U000104a0-\U0001e959\U0001fbf0-\U0001fbf9]+")
MIN_RUN = 19
_RUN = re.compile(rf"[A-Za-z0-9_.-]{{{MIN_RUN},}}+")
_DIGIT = re.compile(r"\d")
_KINDS = bytes(  # what each ASCII character is to a rule of numbers
    ord(
        "0" if char.isdigit() else "A" if char.isupper() else " " if char in " ().-/" else char if char in "+:" else "x"
    )
    for char in map(chr, range(256))
)

Writer = Callable[[re.Match[str]], str]


class View:
    """A text as the rules look at it, each look taken once and only when it is needed."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def lowered(self) -> str:
        """As long as the text: U+0130 is the one letter whose lower case is longer."""
        return self.text.replace("\u0130", "I").lower()

    @cached_property
    def kinds(self) -> bytes | None:
        """One character for each, its kind; None where there are digits beyond ASCII, empty where there is no digit."""
        if _DIGIT.search(self.text) is None:
            return b""
        return None if _has_foreign_digits(self.text) else self.text.encode("ascii", "replace").translate(_KINDS)

    @cached_property
    def runs(self) -> list[tuple[int, int]]:
        """Where characters of tokens stand long enough to be one."""
        return [run.span() for run in _RUN.finditer(self.text)]


class Rule(Protocol):
    """Finds one kind of secret or of personal data, and says what to write instead."""

    @property
    def pattern(self) -> re.Pattern[str]: ...
    @property
    def write(self) -> Writer: ...
    def may_match(self, view: View) -> bool:
        """False where no match is possible."""

    def starts(self, view: View) -> Iterable[int] | None:
        """Ascending positions where a match may begin; None: anywhere."""


@dataclass(frozen=True, slots=True)
class WordRule:
    """Every match begins with one of ``anchors``, in lower case; ``gate`` are fewer texts, of which each has one."""

    pattern: re.Pattern[str]
    write: Writer
    anchors: tuple[str, ...]
    gate: tuple[str, ...] = ()

    def may_match(self, view: View) -> bool:
        lowered = view.lowered
        for anchor in self.gate or self.anchors:  # noqa: SIM110  a generator takes twice as long
            if anchor in lowered:
                return True
        return False

    def starts(self, view: View) -> Iterable[int]:
        lowered, found = view.lowered, list[int]()
        for anchor in self.anchors:
            at = lowered.find(anchor)
            while at >= 0:
                found.append(at)
                at = lowered.find(anchor, at + 1)
        return sorted(found)


@dataclass(frozen=True, slots=True)
class NumberRule:
    """Every match begins with ``shape`` once each character has become its kind, or ``before`` characters earlier.

    Each match of ``shape`` holds one of ``gate``, which is searched much faster. So is a shape that begins with a plain
    character, for which reason ``0(?<!00)`` says that no digit stands before.
    """

    pattern: re.Pattern[str]
    write: Writer
    shape: re.Pattern[bytes]
    before: int = 0
    gate: tuple[bytes, ...] = (b"",)

    def may_match(self, view: View) -> bool:
        kinds = view.kinds
        if not kinds:
            return kinds is None
        for part in self.gate:
            if part in kinds:
                return self.shape.search(kinds) is not None
        return False

    def starts(self, view: View) -> Iterable[int] | None:
        return None if view.kinds is None else self._starts(view.kinds)

    def _starts(self, kinds: bytes) -> Iterator[int]:
        found = self.shape.search(kinds)
        while found:
            yield from range(max(0, found.start() - self.before), found.start() + 1)
            found = self.shape.search(kinds, found.start() + 1)


@dataclass(frozen=True, slots=True)
class RunRule:
    """Every match lies in a run of ``MIN_RUN`` or more letters, digits, ``_``, ``.`` and ``-``, as tokens have them."""

    pattern: re.Pattern[str]
    write: Writer

    def may_match(self, view: View) -> bool:
        return bool(view.runs)

    def starts(self, view: View) -> Iterator[int]:
        for start, end in view.runs:
            for match in self.pattern.finditer(view.text, start, end):
                yield match.start()


def redact(text: str, rules: Iterable[Rule]) -> str:
    """``text`` with what the rules find replaced; takes time in proportion to its length."""
    view = View(text)
    for rule in rules:
        if not rule.may_match(view):
            continue
        starts = rule.starts(view)
        redacted = rule.pattern.sub(rule.write, view.text) if starts is None else _replaced(rule, view, starts)
        view = view if redacted == view.text else View(redacted)
    return view.text


def kind_of(name: str) -> Writer:
    """Writes ``[name]`` for whatever was found."""
    written = f"[{name}]"

    def write(match: re.Match[str]) -> str:
        del match
        return written

    return write


def _replaced(rule: Rule, view: View, starts: Iterable[int]) -> str:
    """What ``rule.pattern.sub`` makes of the text; the very text where it changes nothing."""
    text, parts, done = view.text, list[str](), 0
    for start in starts:
        match = rule.pattern.match(text, max(start, done))
        if match:
            parts += [text[done : match.start()], rule.write(match)]
            done = match.end()
    return "".join(parts) + text[done:] if parts else text


def _has_foreign_digits(text: str) -> bool:
    return not text.isascii() and any(map(str.isdecimal, "".join(_FOREIGN.findall(text))))

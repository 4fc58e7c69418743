"""How rules look at a text: anchors first, patterns only where one stands.

A pattern that may begin anywhere is slow on a long prompt. Every rule therefore knows *anchors*, plain beginnings that
each of its matches has and that are searched fifty times faster. A test holds this to trying every pattern everywhere.

What one try reads and gives up must not be read by the next: every pattern begins where a run of its own characters
begins, or takes all that it reads. So a text takes time in proportion to its length, whoever wrote it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

# Where Unicode has digits beyond ASCII's, and the few others that stand among them.
_FOREIGN = re.compile("[\u0660-\u1fff\ua620-\uabf9\uff10-\uff19\U000104a0-\U0001e959\U0001fbf0-\U0001fbf9]+")
MIN_RUN = 19
_RUN = re.compile(rf"[A-Za-z0-9_.-]{{{MIN_RUN},}}+")
_IN_RUN = bytes(ord("r") if chr(i) in "_.-" or (i < 128 and chr(i).isalnum()) else ord(" ") for i in range(256))
_ANY_RUN = b"r" * MIN_RUN
_LONG_CHARS = 2_000
_KINDS = bytes(  # what each ASCII character is to a rule of numbers
    ord(
        "0" if char.isdigit() else "A" if char.isupper() else " " if char in " ().-/" else char if char in "+:" else "x"
    )
    for char in map(chr, range(256))
)

Writer = Callable[[re.Match[str]], str]


class View:
    """A text as the rules look at it.

    ``lowered`` is as long as the text: U+0130 is the one letter whose lower case is longer. ``words`` holds all of its
    words, of a long text each once. ``kinds`` has one character for each, its kind; None where there are digits beyond
    ASCII, empty where there is no digit. ``runs`` are where characters of tokens stand long enough to be one.
    """

    __slots__ = ("kinds", "lowered", "runs", "text", "words")

    def __init__(self, text: str) -> None:
        is_ascii = text.isascii()
        raw = text.encode("ascii", "replace")
        kinds = raw.translate(_KINDS)
        self.text = text
        self.lowered = text.lower() if is_ascii else text.replace("\u0130", "I").lower()
        self.words = self.lowered if len(text) < _LONG_CHARS else " ".join(set(self.lowered.split()))
        self.kinds = None if not is_ascii and _has_foreign_digits(text) else kinds if b"0" in kinds else b""
        has_run = _ANY_RUN in raw.translate(_IN_RUN)  # searched much faster than the pattern is
        self.runs = [run.span() for run in _RUN.finditer(text)] if has_run else []


class Rule(Protocol):
    """Finds one kind of secret or of personal data, and says what to write instead."""

    @property
    def pattern(self) -> re.Pattern[str]: ...
    @property
    def write(self) -> Writer: ...
    def starts(self, view: View) -> Iterable[int] | None:
        """Ascending positions where a match may begin; None: anywhere."""


@dataclass(frozen=True)
class WordRule:
    """Every match begins with one of ``anchors``, in lower case, and of these each holds one of ``gate``."""

    pattern: re.Pattern[str]
    write: Writer
    anchors: tuple[str, ...]
    gate: tuple[str, ...] = ()

    @cached_property
    def signs(self) -> tuple[str, ...]:
        """Words, or parts of them: a text without any holds no anchor."""
        signs = self.gate or tuple(sign for sign, _ in self._searched)
        return tuple(sign for sign in signs if not any(sign != other and other in sign for other in signs))

    @cached_property
    def _searched(self) -> tuple[tuple[str, str], ...]:
        """A word and the anchor that holds it; without anchors that only go on where another ends."""
        shortest = [each for each in self.anchors if not any(each != a and each.startswith(a) for a in self.anchors)]
        return tuple((max(anchor.split(), key=len), anchor) for anchor in shortest)

    def starts(self, view: View) -> Iterable[int]:
        lowered, words, found = view.lowered, view.words, list[int]()
        for sign, anchor in self._searched:
            if sign in words:
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
    gate: tuple[bytes, ...]
    before: int = 0

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

    def starts(self, view: View) -> Iterator[int]:
        for start, end in view.runs:
            for match in self.pattern.finditer(view.text, start, end):
                yield match.start()


class Rules:
    """Rules in the order in which they are applied. One look at a text tells which of them may find something."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.all = tuple(rules)
        placed = tuple(enumerate(rules))
        self._words = [(part, i) for i, rule in placed if isinstance(rule, WordRule) for part in rule.signs]
        self._kinds = [(part, i) for i, rule in placed if isinstance(rule, NumberRule) for part in rule.gate]
        self._of_numbers = {i for _, i in self._kinds}
        self._of_runs = {i for i, rule in placed if isinstance(rule, RunRule)}

    def that_may_match(self, view: View) -> list[int]:
        """The places of those rules, ascending."""
        words, kinds = view.words, view.kinds
        found = {place for part, place in self._words if part in words}
        if kinds:
            found.update([place for part, place in self._kinds if part in kinds])
        elif kinds is None:
            found |= self._of_numbers
        if view.runs:
            found |= self._of_runs
        return sorted(found)

    def redact(self, text: str) -> str:
        """``text`` with what the rules find replaced; takes time in proportion to its length."""
        view = View(text)
        waiting = self.that_may_match(view)
        while waiting:
            place, *waiting = waiting
            rule = self.all[place]
            starts = rule.starts(view)
            redacted = rule.pattern.sub(rule.write, view.text) if starts is None else _replaced(rule, view, starts)
            if redacted != view.text:
                view = View(redacted)
                waiting = [other for other in self.that_may_match(view) if other > place]
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

"""A goal with slots: what is the same in every goal of its kind, and where they differ."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

from tierwise.agents.plan_store.kinds import Kind, SlotKind, slot_kind

_FILLERS = frozenset({"a", "an", "kindly", "please", "the"})
_KEPT_MARKS = frozenset("-+!<>=%$€£#@&|/\\*")
_HEAD = re.compile(r"\s*(?:[-*•]|\d+[.)]|[^\n]{0,60}:)?\s*")
_MAX_LOOKS = 5_000
_MAX_PARTS = 200
_BEFORE_CHARS = 50
_SENTENCE = re.compile(r"(?:^|[.!?:;\n•*-])\s*$")


@dataclass(frozen=True, slots=True)
class Part:
    """Words that are always there, or the name of a slot."""

    text: str
    is_slot: bool = False


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The parts of a goal in order. Two slots never touch."""

    parts: tuple[Part, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.text for part in self.parts if part.is_slot))

    @property
    def constant(self) -> str:
        """All words that are always there."""
        return " ".join(part.text for part in self.parts if not part.is_slot)

    @property
    def digest(self) -> str:
        """Names the kind of goal: the same words with slots at the same places, whatever the slots are called."""
        shown = "\x00".join(f"\x01{self.slots.index(p.text)}" if p.is_slot else p.text for p in self.parts)
        return sha256(shown.encode()).hexdigest()[:24]

    def shown(self) -> str:
        """The goal with its slots in braces."""
        return "".join(f"{{{part.text}}}" if part.is_slot else part.text for part in self.parts)

    def match(self, goal: str) -> dict[str, str] | None:
        """The values of the slots where ``goal`` says the very same otherwise; None where it does not, or where it
        could be read in two ways.

        >>> skeleton_of("Close ticket 17.", {"ticket": "17"}).match("Close ticket 18.")
        {'ticket': '18'}
        >>> skeleton_of("Close ticket 17.", {"ticket": "17"}).match("Delete ticket 18.")
        """
        if len(self.parts) > _MAX_PARTS:
            return None
        readings = _Readings(self.parts)
        readings.look(goal.strip(), 0, {}, "")
        return readings.found[0] if len(readings.found) == 1 else None

    def accepts(self, goal: str, values: Mapping[str, str]) -> bool:
        """Whether ``goal`` without ``values`` says the same, but for case, commas, articles and politeness."""
        if set(values) != set(self.slots) or any(not _found(value, goal) for value in values.values()):
            return False
        other = _cut(goal.strip(), values)
        return other is not None and _words(other.parts) == _words(self.parts)


class _Readings:
    """The ways in which a goal can be read with some parts, two at most; none where that takes too long to tell."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.found: list[dict[str, str]] = []
        self._parts = parts
        self._n_left = _MAX_LOOKS

    def look(self, rest: str, n_part: int, values: dict[str, str], waiting: str) -> None:
        """Reads ``rest`` from part ``n_part`` on; ``waiting`` is the slot that comes before it."""
        if n_part == len(self._parts):
            if _take(values, waiting, rest) and values not in self.found:
                self.found.append(values)
            return None
        part = self._parts[n_part]
        if part.is_slot:
            return self.look(rest, n_part + 1, values, part.text)
        place = rest.find(part.text)
        while place >= 0 and len(self.found) < 2:
            self._n_left -= 1
            if self._n_left < 0:
                self.found = []
                return None
            own = dict(values)
            if _take(own, waiting, rest[:place]):
                self.look(rest[place + len(part.text) :], n_part + 1, own, "")
            elif not waiting:
                return None
            place = rest.find(part.text, place + 1)
        return None


def skeleton_of(goal: str, slots: Mapping[str, str]) -> Skeleton:
    """The skeleton of ``goal``. A slot that cannot be one stays among the words: one whose value is a plain word, is
    that of another slot, begins a sentence (there verbs stand), or touches another slot."""
    goal = goal.strip()
    usable = {name: value for name, value in slots.items() if _is_usable(value, goal, slots)}
    while usable:
        skeleton = _cut(goal, usable)
        if skeleton is not None:
            return skeleton
        usable.popitem()
    return Skeleton((Part(goal),))


def kinds_of(values: Mapping[str, str], goal: str) -> dict[str, SlotKind]:
    """The kinds of values where they stand in ``goal``."""
    return {name: slot_kind(value, _has_line(value, goal)) for name, value in values.items()}


def _is_usable(value: str, goal: str, slots: Mapping[str, str]) -> bool:
    kind = slot_kind(value, _has_line(value, goal)).kind
    if kind is Kind.WORD or list(slots.values()).count(value) > 1 or not _found(value, goal):
        return False
    return kind is not Kind.NAME or not any(_SENTENCE.search(_before(m, goal)) for m in _pattern(value).finditer(goal))


def _before(match: re.Match[str], goal: str) -> str:
    """The end of what stands before a place."""
    return goal[max(0, match.start() - _BEFORE_CHARS) : match.start()]


def _has_line(value: str, goal: str) -> bool:
    """Whether ``value`` is all that some lines say, behind the mark of a list or a heading with a colon."""
    places = [(goal[: m.start()].rpartition("\n")[2], goal[m.end() :][:1]) for m in _pattern(value).finditer(goal)]
    return bool(places) and all(_HEAD.fullmatch(before) and after in ("", "\n") for before, after in places)


def _cut(goal: str, values: Mapping[str, str]) -> Skeleton | None:
    """The goal cut at every place where one of ``values`` stands, longer ones first; None where two touch, or where one
    stands nowhere of its own."""
    parts = [Part(goal)]
    for name, value in sorted(values.items(), key=lambda item: -len(item[1])):
        parts = [piece for part in parts for piece in _cut_part(part, name, value)]
    if len(parts) > _MAX_PARTS:
        return None
    slots = {part.text for part in parts if part.is_slot}
    between = [part.text for part in parts[1:-1] if not part.is_slot]
    touching = any(one.is_slot and two.is_slot for one, two in pairwise(parts))
    if slots != set(values) or touching or not all(text.strip() for text in between):
        return None
    return Skeleton(tuple(parts))


def _cut_part(part: Part, name: str, value: str) -> list[Part]:
    if part.is_slot:
        return [part]
    texts = _pattern(value).split(part.text)
    pieces = [piece for text in texts for piece in (Part(text), Part(name, True))][:-1]
    return [piece for piece in pieces if piece.is_slot or piece.text]


def _take(found: dict[str, str], name: str, value: str) -> bool:
    """Notes the value of a slot; False where there is none to take it, or where it is another one than before."""
    if not name:
        return not value
    return bool(value) and found.setdefault(name, value) == value


def _found(value: str, goal: str) -> bool:
    return bool(value) and _pattern(value).search(goal) is not None


def _pattern(value: str) -> re.Pattern[str]:
    start, end = (r"(?<!\w)" if value[:1].isalnum() else ""), (r"(?!\w)" if value[-1:].isalnum() else "")
    return re.compile(f"{start}{re.escape(value)}{end}")


def _words(parts: tuple[Part, ...]) -> list[str]:
    slots = list(dict.fromkeys(part.text for part in parts if part.is_slot))
    found: list[str] = []
    for part in parts:
        tokens = re.findall(r"\w+|[^\w\s]", part.text.casefold())
        kept = [t for t in tokens if t not in _FILLERS and (t[0].isalnum() or t[0] == "_" or t in _KEPT_MARKS)]
        found += [f"\x01{slots.index(part.text)}"] if part.is_slot else kept
    return found

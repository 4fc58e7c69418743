"""What may stand in a slot: a value is taken only where it is of the kind that was there before."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

MAX_TEXT_CHARS = 20_000
MAX_FACTOR = 10.0
"""How far a number may be beyond those that were seen: an invoice of another size may need other steps."""
_NUMBER = re.compile(r"[-+]?[$€£]?\d[\d,]*(?:\.\d+)?%?")
_MONTHS = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:]+Z?)?|(?:\d{1,2}\.? )?" + _MONTHS + r" \d{4}")
_NAME = re.compile(r"[A-Z][\w'’-]*(?: [A-Z][\w'’-]*){0,3}")
_EVERYBODY = frozenset({"all", "any", "anybody", "anyone", "each", "every", "everybody", "everyone", "everything"})
_NOBODY = frozenset({"no", "nobody", "none", "noone", "nothing", "never", "not", "except", "only"})
_MIN_TEXT_WORDS = 4
_MIN_LINE_PIECES = 3
LINE = "line"


class Kind(StrEnum):
    """``WORD`` is a word that may be what matters (archive, delete): it is never a slot. ``TEXT`` is free, so a model
    has to say that the plan fits it."""

    NUMBER = "number"
    DATE = "date"
    CODE = "code"
    NAME = "name"
    TEXT = "text"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class SlotKind:
    """``shape`` is the form of a code (``A-0`` for INV-17), the sign of a number, or tells a text that has a line of
    its own; ``low`` and ``high`` are the sizes of the numbers that were seen, the words of the names, or
    the lengths of the texts."""

    kind: Kind
    shape: str = ""
    low: float = 0.0
    high: float = 0.0

    def takes(self, value: str) -> bool:
        """Whether ``value`` may stand where values of this kind stood.

        >>> slot_kind("17").takes("18"), slot_kind("17").takes("-18"), slot_kind("17").takes("1800")
        (True, False, False)
        """
        other = slot_kind(value, has_line=self.shape == LINE)
        if (other.kind, other.shape) != (self.kind, self.shape) or self.kind is Kind.WORD:
            return False
        if self.kind is Kind.NUMBER:
            return self.low / MAX_FACTOR <= other.low and other.high <= self.high * MAX_FACTOR
        if self.kind is Kind.NAME and other.high > self.high + 1:
            return False  # several names may be several people
        return self.kind is not Kind.TEXT or other.high <= min(MAX_TEXT_CHARS, self.high * MAX_FACTOR)

    def with_value(self, value: str) -> "SlotKind":
        """The kind when ``value`` was seen as well."""
        other = slot_kind(value, has_line=self.shape == LINE)
        return replace(self, low=min(self.low, other.low), high=max(self.high, other.high))


def slot_kind(value: str, has_line: bool = False) -> SlotKind:
    """The kind of one value. What has a line of its own is a text from three pieces on, whatever they are."""
    if "\n" in value or value != value.strip() or not value:
        return SlotKind(Kind.WORD)
    if has_line and len(value.split()) >= _MIN_LINE_PIECES:
        return SlotKind(Kind.TEXT, LINE, float(len(value)), float(len(value)))
    if _NUMBER.fullmatch(value):
        return _number(value)
    if _DATE.fullmatch(value):
        return SlotKind(Kind.DATE, _shape(value))
    if " " not in value and re.search(r"[\d@/_.:#]", value):
        return SlotKind(Kind.CODE, _shape(value))
    words = re.findall(r"\w+", value.casefold())
    if not (_EVERYBODY | _NOBODY).isdisjoint(words) and len(words) < _MIN_TEXT_WORDS:
        return SlotKind(Kind.WORD)
    if _NAME.fullmatch(value):
        return SlotKind(Kind.NAME, "", float(len(value.split())), float(len(value.split())))
    if len(words) >= _MIN_TEXT_WORDS:
        return SlotKind(Kind.TEXT, "", float(len(value)), float(len(value)))
    return SlotKind(Kind.WORD)


def _number(value: str) -> SlotKind:
    size = abs(float(re.sub(r"[^\d.]", "", value)))
    sign = "0" if size == 0 else "-" if value.startswith("-") else "+"
    unit = "".join(char for char in value if char in "$€£%")
    return SlotKind(Kind.NUMBER, sign + unit, size, size)


def _shape(value: str) -> str:
    """Letters and digits by their runs: INV-0017 is ``A-0``."""
    text = re.sub(r"[^\W\d_]+", lambda run: "A" if run[0].isupper() else "a", value)
    return re.sub(r"\d+", "0", text)
